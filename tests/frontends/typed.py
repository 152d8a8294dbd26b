"""What tests at a terminal share: keys, and waiting for the shell's next prompt."""

from __future__ import annotations

import re
from typing import Callable

from tests.terminals import PtySession

PROMPT = re.compile(r"^queuectl(?: \[[^]]*\])?> ?$", re.MULTILINE)
ANY_PROMPT = re.compile(r"queuectl(?: \[[^]]*\])?> ")
CTRL_D = "\x04"
Open = Callable[..., PtySession]


def assert_restored(session: PtySession) -> None:
    """The terminal is as it was before the program."""
    emulator = session.emulator
    assert session.attributes() == session.before
    assert emulator.on_main and emulator.cursor_shown and emulator.wraps and not emulator.synchronized
    assert emulator.unknown == []


def interrupt(session: PtySession) -> None:
    """Press Ctrl-C and wait for a new prompt: what is typed before that is lost in the terminal."""
    # readline writes a prompt character by character: half of one must not be counted as none.
    session.rest()
    before = len(ANY_PROMPT.findall(session.transcript))
    session.interrupt()
    session.until(lambda: len(ANY_PROMPT.findall(session.transcript)) > before, what="a new prompt")
