"""A person at a terminal, for tests: a pseudo-terminal with a program in it, and what it would look like.

    session = PtySession(processes, cli_command(home, "top"), env=cli_environment(home))
    session.expect("q quit")
    session.send("q")
    assert session.wait() == 0

Nothing here sleeps: every wait is for output or for the end of the process, with a limit.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from typing import Any, Callable, Mapping, Pattern, Sequence, Union

from queuectl.model.clock import SYSTEM_CLOCK
from tests.emulator import Emulator
from tests.support import Processes, is_sleeping

LIMIT = 60.0
LOOK_SECONDS = 0.05
# Control sequences, and what zsh draws to show that a line had no end.
ESCAPES = re.compile("\x1b\\[[0-9;?>]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(\x07|\x1b\\\\)|\x1b[=>()][0-9AB]?|\x0f")
# What a program may ask a terminal: what it is, and where the cursor stands.
ANSWERS = {b"\x1b[c": b"\x1b[?62c", b"\x1b[0c": b"\x1b[?62c", b"\x1b[6n": b"\x1b[1;1R"}

Wanted = Union[str, Pattern[str]]


class PtySession:
    """A program in a new terminal, as the leader of a session of its own. `processes` ends it with the test.

    What it wrote is shown on `emulator`; `transcript` is the same without control sequences. `env`
    None is this process's. COLUMNS and LINES are left out: the terminal has its own size.
    """

    def __init__(
        self,
        processes: Processes,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        columns: int = 80,
        rows: int = 24,
        **options: Any,
    ) -> None:
        self.emulator = Emulator(columns or 80, rows or 24)
        self.forget()
        self._master, self._slave = pty.openpty()
        self._set_size(columns, rows)
        # What it was before the program: compare with `attributes()` after it.
        self.before = self.attributes()
        environment: dict[str, str] = {"TERM": "xterm-256color", **(os.environ if env is None else env)}
        for name in ("COLUMNS", "LINES"):
            environment.pop(name, None)
        if environment["TERM"] == "dumb" and env is None:
            environment["TERM"] = "xterm-256color"
        self.process: subprocess.Popen[Any] = processes.start(
            list(argv),
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env=environment,
            start_new_session=True,
            preexec_fn=_take_terminal,
            **options,
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def send(self, text: str) -> None:
        """Type."""
        data = text.encode()
        while data:
            data = data[os.write(self._master, data) :]

    def ask(self, text: str, wanted: Wanted) -> str:
        """Type, and wait until the screen shows the answer; return what was found."""
        __tracebackhide__ = True
        self.send(text)
        return self.expect(wanted)

    def leave(self, text: str = "") -> None:
        """Type what ends the program, or else press Ctrl-C, and check that its exit code is 0."""
        __tracebackhide__ = True
        if text:
            self.send(text)
        else:
            self.interrupt()
        assert self.wait() == 0, self._described()

    def interrupt(self) -> None:
        """Press Ctrl-C once the program sleeps.

        Python's readline loses sight of a signal that comes between its prompt and its wait for a key: it is
        raised only after the next line, which is lost with it.
        """
        self.rest()
        self.send("\x03")

    def rest(self) -> None:
        """Wait until the program waits for something, and take all that it has written."""
        self.until(lambda: is_sleeping(self.pid) or self.process.poll() is not None, what="the program waits")
        self.settle()

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        self.process.send_signal(number)

    def expect(self, wanted: Wanted, seconds: float = LIMIT) -> str:
        """Wait until the screen shows a text, or a pattern is found on it; return what was found."""
        __tracebackhide__ = True
        found: str = self.until(lambda: self._find(wanted), seconds, what=f"{wanted!r} is shown")
        return found

    def expect_gone(self, wanted: Wanted, seconds: float = LIMIT) -> None:
        """Wait until the screen does not show it any more."""
        __tracebackhide__ = True
        self.until(lambda: not self._find(wanted), seconds, what=f"{wanted!r} is gone")

    def _find(self, wanted: Wanted) -> str:
        """Return what is found on the screen; a text may end with blanks, as prompts do."""
        if isinstance(wanted, str):
            return wanted if wanted in "\n".join(self.screen()) or wanted in self.emulator.text() else ""
        match = wanted.search("\n".join(self.screen()))
        return "" if match is None else match.group() or "(empty)"

    def read_until(self, wanted: Wanted, seconds: float = LIMIT) -> str:
        """Wait for a text after what this method returned last; return all up to its end.

        For programs that write line by line, whose older lines leave the screen.
        """
        __tracebackhide__ = True

        def found() -> str:
            rest = self.transcript[self._taken :]
            match = re.search(re.escape(wanted) if isinstance(wanted, str) else wanted, rest)
            return rest[: match.end()] if match is not None else ""

        text: str = self.until(found, seconds, what=f"{wanted!r} is written")
        self._taken += len(text)
        return text

    def until(self, condition: Callable[[], Any], seconds: float = LIMIT, what: str = "") -> Any:
        """Wait until a condition is true while the program goes on writing; return its value."""
        __tracebackhide__ = True
        deadline = SYSTEM_CLOCK.monotonic() + seconds * 1000
        while True:
            value = condition()
            if value:
                return value
            if SYSTEM_CLOCK.monotonic() > deadline:
                raise AssertionError(f"waited {seconds} s in vain: {what}\n{self._described()}")
            self._pump(LOOK_SECONDS)

    def _described(self) -> str:
        code = self.process.poll()
        lines = "\n".join(f"| {line}" for line in self.screen())
        return f"the process {'runs' if code is None else f'ended with {code}'}, the screen shows\n{lines}"

    def _pump(self, seconds: float) -> bool:
        """Take what the program wrote meanwhile, if it comes in time."""
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._master, 65_536)
        except OSError:
            return False
        for question, answer in ANSWERS.items():
            if question in data:
                os.write(self._master, answer)
        self.emulator.feed(data)
        self._raw += data
        self.transcript = ESCAPES.sub("", self._raw.decode("utf-8", "replace")).replace("\r\n", "\n")
        return bool(data)

    def forget(self) -> None:
        """Begin the transcript again."""
        self._raw, self.transcript, self._taken = b"", "", 0

    def settle(self) -> None:
        """Take what is written already."""
        while self._pump(0):
            continue

    def screen(self) -> list[str]:
        """Return what a person sees, row by row."""
        return self.emulator.lines()

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the window; the kernel tells the program by SIGWINCH."""
        self.settle()
        self.emulator.resize(columns or 80, rows or 24)
        self._set_size(columns, rows)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def attributes(self) -> list[Any]:
        """Return the modes of the terminal."""
        return termios.tcgetattr(self._slave)

    def hang_up(self) -> None:
        """Close the window: the terminal is gone for the program."""
        os.close(self._master)
        self._master = -1

    def wait(self, seconds: float = LIMIT) -> int:
        """Wait for the end of the program; return its exit code, negative for a signal."""
        __tracebackhide__ = True
        if self._master < 0:
            return self.process.wait(seconds)
        self.until(lambda: self.process.poll() is not None, seconds, what="the process ends")
        self.settle()
        return int(self.process.returncode)

    def close(self) -> None:
        """Kill what still runs and let go of the terminal."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(LIMIT)
        for descriptor in (self._master, self._slave):
            if descriptor >= 0:
                os.close(descriptor)
        self._master = self._slave = -1

    def __enter__(self) -> PtySession:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _take_terminal() -> None:
    """In the child, after setsid: make standard input the terminal that controls the session."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
