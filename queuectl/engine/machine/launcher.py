"""The script `queuectl` in a home: it runs this program, so that a job can call it by `$QUEUECTL`.

Its path has blanks only if that of the home has, so `$QUEUECTL add ...` works without quotes too. The names of the
interpreter and the program may have blanks, and they need not be on the job's search path.
"""

from __future__ import annotations

import os
import sys
from shlex import quote

PACKAGE = __name__.partition(".")[0]


def place(path: str) -> None:
    """Make the script at a path, or bring it up to date. Raises OSError."""
    text = f'#!/bin/sh\nexec {" ".join(map(quote, _program()))} "$@"\n'
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            if file.read() == text and os.access(path, os.X_OK):
                return
    except FileNotFoundError:
        pass  # It is the first worker of this home.
    draft = f"{path}-{os.getpid()}"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o700), "w", errors="surrogateescape") as file:
        file.write(text)
    os.replace(draft, path)


def _program() -> list[str]:
    """Return the words that run this program: a checkout's main.py, an archive of zipapp, or the installed package."""
    modules = os.path.abspath(__file__)
    for _ in __name__.split("."):
        modules = os.path.dirname(modules)
    if os.path.isfile(modules):
        return [sys.executable, modules]
    main = os.path.join(modules, "main.py")
    return [sys.executable, main] if os.path.isfile(main) else [sys.executable, "-m", PACKAGE]
