"""Programs by their names, as a shell finds them, and whether the shell of a job can run its command.

When a job is given, a path is refused if no program is there. A name is looked up in the PATH of the job, but only when
the job runs.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

from ...model.errors import InvalidInput, quoted, value_of
from ...model.surroundings import NO_SHELL, SHELL, words_of


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


def demand_shell(shell: str) -> None:
    """Raise InvalidInput for the path of a shell that is not there."""
    if shell.startswith("/") and shell != SHELL and not is_program(shell):
        raise InvalidInput(f"shell must be a program that can be run, got {quoted(shell)}", field="shell")


def demand_words(command: str, shell: str, subject: str) -> None:
    """Raise InvalidInput for a command that cannot be split into words, if no shell reads it; `subject` has both."""
    if shell == NO_SHELL:
        value_of(lambda: words_of(command), f"command of {subject}", command, "command")
