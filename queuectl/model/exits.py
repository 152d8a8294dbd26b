"""What an exit code or a signal says about a command."""

from __future__ import annotations

SIGNAL_BASE, HIGHEST_SIGNAL = 128, 64
KILLED = 9
NOT_RUNNABLE = "a file of the command is there but cannot be run: see its permissions and its first line"
NOT_FOUND = "the shell did not find a program of the command: jobs have the PATH of where they were added"
OUT_OF_MEMORY = "SIGKILL often comes from the kernel, when memory has run out: see dmesg"
MEANINGS = {126: NOT_RUNNABLE, 127: NOT_FOUND, SIGNAL_BASE + KILLED: OUT_OF_MEMORY}


def exit_error(code: int) -> str:
    """Return how a command failed; a code that stands for a signal comes with its name."""
    name = signal_name(code - SIGNAL_BASE)
    return f"exit code {code}" + (f" (as {name})" if name else "")


def accepted_end(exit_code: int | None, signal: int | None) -> str:
    """Return the words for an end other than 0 that a policy counts as a success."""
    if exit_code is not None:
        end = exit_error(exit_code)
    else:
        end = "a timeout" if signal is None else signal_name(signal) or f"signal {signal}"
    return f"{end} counts as a success"


def meaning(exit_code: int | None, signal: int | None) -> str | None:
    """Return the probable cause of an end, None if there is none to name."""
    if signal == KILLED:
        return OUT_OF_MEMORY
    return None if exit_code is None else MEANINGS.get(exit_code)


def signal_name(number: int) -> str | None:
    """Return the name of a signal, None for a number that has none."""
    if not 0 < number <= HIGHEST_SIGNAL:
        return None
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return None
