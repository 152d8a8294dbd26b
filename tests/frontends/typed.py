"""What tests at a terminal share: keys, and waiting for the shell's next prompt."""
from __future__ import annotations

import re
from typing import Callable

from tests.terminals import PtySession

PROMPT = re.compile(r"^queuectl(?: \[[^]]*\])?> ?$", re.MULTILINE)
ANY_PROMPT = re.compile(r"queuectl(?: \[[^]]*\])?> ")
CTRL_C, CTRL_D = "\x03", "\x04"
Open = Callable[..., PtySession]


def interrupt(session: PtySession) -> None:
    """Press Ctrl-C and wait for a new prompt: what is typed before that is lost in the terminal."""
    session.settle()
    before = len(ANY_PROMPT.findall(session.transcript))
    session.send(CTRL_C)
    session.until(lambda: len(ANY_PROMPT.findall(session.transcript)) > before, what="a new prompt")
