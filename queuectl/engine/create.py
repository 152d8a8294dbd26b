"""Making a queue for a directory and those below it."""

from __future__ import annotations

import os

from ..model.errors import Conflict, InvalidInput, quoted
from ..store.home import DIRECTORY
from .home.opened import here
from .queue import Queue


def create(directory: str = "") -> str:
    """Make the home of a directory, by default of the current one; return its path. Raises InvalidInput, Conflict."""
    base = os.path.abspath(os.path.join(here(), directory))
    if not os.path.isdir(base):
        raise InvalidInput(f"there is no directory {quoted(base)}", field="directory")
    path = os.path.join(base, DIRECTORY)
    if os.path.exists(os.path.join(path, "queue.db")):
        raise Conflict(f"there is a queue in {path} already", hint="use it: queuectl status")
    with Queue(path) as queue:
        queue.settings()
    return path
