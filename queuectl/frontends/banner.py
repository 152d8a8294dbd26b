"""What the shell and the menu begin with."""

from __future__ import annotations

from .. import __version__
from .terminal import Terminal
from .text import clip, wrapped

ART = r"""
  ___                       ___ _____ _
 / _ \ _  _ ___ _  _ ___   / __|_   _| |
| (_) | || / -_) || / -_) | (__  | | | |__
 \__\_\\_,_\___|\_,_\___|  \___| |_| |____|
""".strip("\n")


def banner(terminal: Terminal, home: str, hint: str) -> str:
    """Return the banner: the name as wide as there is room for, the version, the home, and a hint."""
    art = ART.split("\n")
    name = [terminal.paint(line, "cyan") for line in art] if max(map(len, art)) < terminal.columns else ["QueueCTL"]
    facts = clip(f"version {__version__}, home {terminal.safe(home)}", terminal.columns - 1, terminal.out.ellipsis)
    return "\n".join([*name, terminal.paint(facts, "dim"), *wrapped(hint, terminal.columns - 1), ""])
