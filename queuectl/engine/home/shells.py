"""Whether the shell of a job can run its command, as far as that is known when the job is given.

A path is refused if no program is there. A name is looked up in the PATH of the job, but only when the job runs.
"""

from __future__ import annotations

from ...model.errors import InvalidInput, quoted, with_value
from ...model.surroundings import NO_SHELL, SHELL, words_of
from ..machine.programs import find_in, is_program


def demand_shell(shell: str) -> None:
    """Raise InvalidInput for the path of a shell that is not there."""
    if shell.startswith("/") and shell != SHELL and not is_program(shell):
        raise InvalidInput(f"shell must be a program that can be run, got {quoted(shell)}", field="shell")


def demand_words(command: str, shell: str, subject: str) -> None:
    """Raise InvalidInput for a command that cannot be split into words, if no shell reads it; `subject` has both."""
    if shell != NO_SHELL:
        return
    try:
        words_of(command)
    except ValueError as error:
        raise InvalidInput(f"command of {subject} {with_value(error, command)}", field="command") from None


def is_missing(shell: str, path: str) -> bool:
    """Return whether a shell has a name that is not in a search path now."""
    return shell != NO_SHELL and "/" not in shell and find_in(shell, path) is None
