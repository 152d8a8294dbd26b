"""Programs by their names, as a shell finds them."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping


def find_program(name: str, environment: Mapping[bytes, bytes], what: str) -> str:
    """Return the path of a program: its name, if that has a slash, or else what is found in PATH of an environment.

    Messages call it `what`. Raises OSError if there is no such program, or it cannot be run.
    """
    if "/" in name:
        if not is_program(name):
            number = errno.EACCES if os.path.exists(name) else errno.ENOENT
            raise OSError(number, f"{what} {name}: {os.strerror(number)}")
        return name
    path = os.fsdecode(environment.get(b"PATH", b"")) or os.defpath
    found = find_in(name, path)
    if found is None:
        raise OSError(errno.ENOENT, f"{what} {name} is not in the PATH of the job: {path}")
    return found


def find_in(name: str, path: str) -> str | None:
    """Return the path of the first program of this name in the directories of a search path, None if there is none."""
    for directory in path.split(os.pathsep):
        found = os.path.join(directory or os.curdir, name)
        if is_program(found):
            return found
    return None


def is_program(path: str) -> bool:
    """Return whether there is a file that may be run."""
    return os.path.isfile(path) and os.access(path, os.X_OK)
