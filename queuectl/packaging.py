"""The build backend for pip: setuptools, which runs after the manual page was made.

The page is made from the table of commands, so it is no file of the project that could differ from it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from .commands.grammar.manual import manual_page

# setup.cfg has it installed from there.
PAGE = Path("build", "queuectl.1")


def __getattr__(name: str) -> Any:
    """Return what setuptools has by this name: pip asks for the steps of a build, in the directory of the project."""
    found = getattr(import_module("setuptools.build_meta"), name)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(manual_page(), encoding="utf-8")
    return found
