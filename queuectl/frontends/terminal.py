"""What the terminal is, and how text gets onto it safely.

Everything that did not come from QueueCTL itself (commands, ids, output, error texts) passes
`Screen.safe` on its way to a person: what could move the cursor, reorder or hide text is shown as its
code (`\\x1b`, `\\u202e`), and so is what the stream's encoding cannot hold. Width is measured on that
text; color is added last.

A `Screen` is one stream. The `Terminal` is the pair: data goes to `out`, words go to `err`.
"""

from __future__ import annotations

import io
import os
import sys

from .. import __version__
from ..model.clock import SYSTEM_CLOCK, Clock
from ..model.errors import InvalidInput
from ..model.job import STATE_TABLE
from ..model.when import is_digits
from .text import NAME, as_called, clip, escape, width, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, TextIO

STYLES = {
    **{"bold": "1", "dim": "2", "underline": "4"},
    **{"red": "31", "green": "32", "yellow": "33", "magenta": "35", "cyan": "36"},
}
STATE_STYLES = {name: state.style for name, state in STATE_TABLE.items()}
ERASE_LINE = "\r\x1b[K"
# The banner of the shell and the menu.
ART = r"""
  ___                       ___ _____ _
 / _ \ _  _ ___ _  _ ___   / __|_   _| |
| (_) | || / -_) || / -_) | (__  | | | |__
 \__\_\\_,_\___|\_,_\___|  \___| |_| |____|
""".strip("\n")


def wants_color(mode: str, environ: Mapping[str, str], is_tty: bool) -> bool:
    """Decide by the flag, then NO_COLOR, then the two that force, then the terminal."""
    if mode != "auto":
        return mode == "always"
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    if environ.get("TERM") == "dumb" or environ.get("CLICOLOR") == "0":
        return False
    return is_tty


class Screen:
    """One output stream: what it can show, and safe text for it."""

    def __init__(
        self, stream: TextIO | None, environ: Mapping[str, str], color: str = "auto", program: str | None = NAME
    ) -> None:
        # Python has no sys.stdout when it was started with the descriptor closed (`>&-`).
        self.stream = stream if stream is not None else io.StringIO()
        self.environ = environ
        self._program = program
        # Reconfiguring flushes, and that fails again for the screen that shows why the first flush has failed.
        if isinstance(self.stream, io.TextIOWrapper) and self.stream.errors != "backslashreplace":
            self.stream.reconfigure(errors="backslashreplace")
        self.is_tty = self.stream.isatty()
        self.color = wants_color(color, environ, self.is_tty)
        self.encoding: str = getattr(self.stream, "encoding", None) or "utf-8"
        self.utf8 = self.encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")
        self.unicode = self.utf8 or self._encoded("…█") == "…█"
        self.ellipsis = "…" if self.unicode else "~"
        self.rows_written = 0

    @property
    def columns(self) -> int:
        """The width: COLUMNS, else what the terminal says, else 80 (a pty may say 0)."""
        return self._size("COLUMNS", 0) or 80

    @property
    def rows(self) -> int:
        """The height: LINES, else what the terminal says, else 24."""
        return self._size("LINES", 1) or 24

    def _size(self, variable: str, index: int) -> int:
        wanted = self.environ.get(variable, "")
        if is_digits(wanted) and 0 < int(wanted) < 100_000:
            return int(wanted)
        try:
            return os.get_terminal_size(self.stream.fileno())[index]
        except (OSError, ValueError):
            return 0

    def safe(self, text: str, multiline: bool = False) -> str:
        """Return the text as it may be written here, from any source."""
        text = escape(text, multiline)
        return text if self.utf8 or text.isascii() else self._encoded(text)

    def _encoded(self, text: str) -> str:
        return text.encode(self.encoding, "backslashreplace").decode(self.encoding)

    def as_called(self, text: str) -> str:
        """Return one of our own texts with the commands in it as the program was called."""
        return as_called(text, self._program)

    def paint(self, text: str, style: str) -> str:
        """Return the (already safe) text in a style of STYLES, or as it is without color or style."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.color and style else text

    def takes_text(self) -> bool:
        """Return whether writing would not block now, as it does on a terminal that Ctrl-S has stopped."""
        import select

        try:
            return bool(select.select([], [self.stream.fileno()], [], 0)[1])
        except (OSError, ValueError):
            return True  # It has no descriptor, or one that cannot be asked: then it is not a terminal.

    def write(self, text: str) -> None:
        self.stream.write(text)
        if self.is_tty:
            self.rows_written += self.rows_of(text)

    def rows_of(self, text: str) -> int:
        """Return how many rows a text takes, without one that it leaves open; a line that is too wide takes several."""
        return sum(1 + max(0, width(line) - 1) // self.columns for line in text.split("\n")[:-1])

    def flush(self) -> None:
        self.stream.flush()

    def send(self, text: str) -> None:
        """Write a text at once."""
        self.write(text)
        self.flush()


class Terminal:
    """The two streams, the keyboard and the clock of one front end; what it says of itself is said of `out`."""

    def __init__(
        self,
        out: TextIO | None,
        err: TextIO | None,
        *,
        stdin: TextIO | None = None,
        color: str = "auto",
        environ: Mapping[str, str] | None = None,
        clock: Clock = SYSTEM_CLOCK,
        quiet: bool = False,
        program: str | None = NAME,
    ) -> None:
        environ = os.environ if environ is None else environ
        self.out = Screen(out, environ, color, program)
        self.err = Screen(err, environ, color, program)
        self.stdin = sys.stdin if stdin is None else stdin
        self.clock = clock
        self.quiet = quiet
        self.live = self.err.is_tty and environ.get("TERM") != "dumb"
        self.line_shown = False  # a progress line stands on err and must go before other words come
        self._line_is_open = False  # what was last written to a terminal did not end its line
        self.is_tty, self.color, self.unicode = self.out.is_tty, self.out.color, self.out.unicode
        self.paint, self.safe, self.as_called = self.out.paint, self.out.safe, self.out.as_called

    @property
    def columns(self) -> int:
        """The width of whichever stream is a terminal."""
        return (self.out if self.out.is_tty else self.err).columns

    @property
    def is_interactive(self) -> bool:
        """Whether a person can be asked: both the keyboard and the words are on a terminal."""
        return self.stdin is not None and self.stdin.isatty() and self.err.is_tty

    @property
    def can_page(self) -> bool:
        """Whether a pager makes sense: data goes to a terminal, and somebody is there who has typed nothing ahead."""
        if not (self.out.is_tty and self.live and self.is_interactive) or self.quiet:
            return False
        import select

        return not select.select([self.stdin], [], [], 0)[0]

    def write(self, text: str) -> None:
        """Write data to out, on a terminal at once; the caller made it safe."""
        self.out.write(text)
        if self.is_tty and text:
            self.out.flush()
            self._line_is_open = not text.endswith("\n")

    def end_line(self) -> None:
        """End the line that data has begun on a terminal, so that no words follow on it."""
        if self._line_is_open:
            self.write("\n")

    def say(self, text: str) -> None:
        """Write one line of words to err; the caller made it safe."""
        self.erase_line()
        if self.err.is_tty:
            self.end_line()
        self.err.send(text + "\n")

    def note(self, text: str, style: str = "") -> None:
        """Say something that --quiet leaves out; it is made safe here."""
        if not self.quiet:
            self.tell(self.err.paint(self.err.safe(text), style))

    def tell(self, text: str) -> None:
        """Write our own words to err: commands as called, and on a terminal no break within a word."""
        text = self.as_called(text)
        self.say("\n".join(wrapped(text, self.err.columns)) if self.err.is_tty else text)

    def erase_line(self) -> None:
        """Erase the progress line, if there is one."""
        if self.line_shown:
            self.err.send(ERASE_LINE)
            self.line_shown = False

    def banner(self, home: str, hint: str) -> str:
        """Return the banner: the name as wide as there is room for, the version, the home, and a hint."""
        art = ART.split("\n")
        name = [self.paint(line, "cyan") for line in art] if max(map(len, art)) < self.columns else ["QueueCTL"]
        facts = clip(f"version {__version__}, home {self.safe(home)}", self.columns - 1, self.out.ellipsis)
        return "\n".join([*name, self.paint(facts, "dim"), *wrapped(hint, self.columns - 1), ""])

    def confirm(self, question: str) -> bool:
        """Ask `question`, such as "Remove 12 jobs"; anything but yes is a no."""
        question = self.err.safe(question.rstrip("?"))
        if not self.is_interactive:
            raise InvalidInput(f"this would {question}, so it needs a confirmation", hint="pass --yes")
        self.erase_line()
        self.err.send(f"{question}? [y/N] ")
        answer = self.stdin.readline()
        if not answer:
            self.say("")
        return answer.strip().lower() in ("y", "yes")
