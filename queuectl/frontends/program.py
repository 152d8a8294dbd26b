"""How this program was called, so that the commands in its texts can be typed as they stand.

All texts call it `queuectl`; a front end writes them with `as_called` just before they are shown.
"""

from __future__ import annotations

import os
import sys

NAME = "queuectl"
# The name of an alias, since nothing else tells a program about that.
VARIABLE = "QUEUECTL_PROGRAM"
# Text in quotes, also with apostrophes as a shell writes them, is the user's; a quote within a word opens none.
QUOTED_OR_NAME = rf"""(?<!\w)'[^']*'(?:\\'(?:'[^']*')?)*|"(?:[^"\\]|\\.)*"|(?<![\w./-]){NAME} (?=[a-z<[-])"""


def called() -> str:
    """Return the words that this process was started with, without its arguments, as a shell reads them."""
    from shlex import quote

    if os.environ.get(VARIABLE):
        return os.environ[VARIABLE]
    directory, name = os.path.split(sys.argv[0])
    if name == NAME:
        return NAME if directory in _search_path() else quote(sys.argv[0])
    # The interpreter as it was typed; before Python 3.10 nothing tells us.
    python = getattr(sys, "orig_argv", [sys.executable])[0]
    short = os.path.basename(python)
    # A wrapper such as pyenv's calls it by its whole path.
    if any(os.access(os.path.join(place, short), os.X_OK) for place in _search_path()):
        python = short
    return f"{quote(python)} " + (f"-m {NAME}" if name == "__main__.py" else quote(sys.argv[0]))


def _search_path() -> list[str]:
    return os.environ.get("PATH", "").split(os.pathsep)


def as_called(text: str, program: str | None) -> str:
    """Return one of our own texts with `program` where it calls the program.

    None is what this process was called by. Within the shell it is "": no name stands before a command there.
    """
    if program == NAME or f"{NAME} " not in text:
        return text
    import re

    program = called() if program is None else program
    before = f"{program} " if program else ""
    return re.sub(QUOTED_OR_NAME, lambda found: before if found[0] == f"{NAME} " else found[0], text)
