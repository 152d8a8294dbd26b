"""A message on the desktop of the user who waits at this machine."""

from __future__ import annotations

import shutil
import subprocess

SECONDS = 10.0
# For each program the words before title and text, which are separate arguments: no program takes them for code.
PROGRAMS = {
    "notify-send": ["--app-name=queuectl", "--"],
    "osascript": [
        *("-e", "on run argv", "-e", "display notification (item 2 of argv) with title (item 1 of argv)"),
        *("-e", "end run"),
    ],
}


def notify(title: str, text: str) -> str | None:
    """Show a message; return None, or why that failed."""
    for program, words in PROGRAMS.items():
        path = shutil.which(program)
        if path is not None:
            return _run([path, *words, title, text])
    return f"there is neither {' nor '.join(PROGRAMS)}"


def _run(words: list[str]) -> str | None:
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"{words[0]} did not answer within {SECONDS:g} s"
    except OSError as error:
        return f"cannot run {words[0]}: {error.strerror}"
    told = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
    return None if done.returncode == 0 else f"{words[0]}: {told or f'exit code {done.returncode}'}"
