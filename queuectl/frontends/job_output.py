"""What jobs printed, as a terminal may show it.

    carriage return   what stands after the last one of a line is shown: a progress bar as it was in the end
    CRLF              ends a line
    colors            pass where colors are wanted and are left out elsewhere; none continues after its line
    all else          is shown as its code where it is unsafe: see `Screen.safe`

Text that hides itself (SGR 8) is unsafe. A character or a sequence may be spread over several pieces of output.
"""

from __future__ import annotations

import codecs
import re

from .terminal import ERASE_LINE, Screen
from .text import clip, width

RESET = "\x1b[0m"
# One parameter of a color sequence: all but 8, which hides. After 38, 48 and 58 stands a color, which may be an 8.
_PARAMETER = (
    r"(?:0?[0-79]|4:[0-5]|(?![345]8)[1-9]\d|10[0-7]|"
    r"[345]8(?:;5;\d{1,3}|;2;\d{1,3};\d{1,3};\d{1,3}|:5:\d{1,3}|:2(?::\d{0,3}){3,4}))?"
)
COLOR = re.compile(rf"(\x1b\[{_PARAMETER}(?:;{_PARAMETER})*m)", re.ASCII)
NO_COLOR = re.compile(r"\x1b\[0*m")
# Without the look back, a long run of carriage returns would be tried from each of them.
LINE_END = re.compile(r"(?<!\r)\r*\n")
# The meaning of these depends on what comes next.
BEGUN = re.compile(r"(?<!\r)\r*(?:\x1b(?:\[[\d;:]{0,64})?)?\Z", re.ASCII)
MOST_COLORS = 16


class JobOutput:
    """The output of one job for one screen, piece by piece.

    With `live`, a line that has begun is shown as far as it has come, and a carriage return erases it; otherwise it is
    shown when it is whole.
    """

    def __init__(self, screen: Screen, *, live: bool = False) -> None:
        self._screen = screen
        self._live = live
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        # The line that has not ended, in the pieces that it came in: joining at each takes time by the square.
        self._held: list[str] = []
        self._line_is_begun = False
        self._colors: list[str] = []

    def feed(self, data: bytes) -> str:
        """Return what is to be shown now that this was printed."""
        text = self._decoder.decode(data)
        self._held.append(text)
        return self._shown(is_end=False) if self._live or "\n" in text else ""

    def end(self) -> str:
        """Return what is still to be shown when no more will come."""
        self._held.append(self._decoder.decode(b"", True))
        return self._shown(is_end=True)

    def _shown(self, *, is_end: bool) -> str:
        text = "".join(self._held)
        known = len(text) if is_end else self._known(text)
        self._held = [text[known:]]
        *lines, rest = LINE_END.split(text[:known])
        shown = ""
        for line in lines:
            shown += self._line(line) + "\n"
            self._line_is_begun = False
        shown += self._line(rest)
        self._line_is_begun = self._line_is_begun or bool(rest)
        return shown

    def _known(self, text: str) -> int:
        """Return how much of a text can be shown whatever comes after it."""
        if not self._live:
            return text.rfind("\n") + 1
        begun = BEGUN.search(text)
        assert begun is not None  # It matches the empty end too.
        return begun.start()

    def _line(self, line: str) -> str:
        before, returned, line = line.rstrip("\r").rpartition("\r")
        start = ERASE_LINE if returned and self._line_is_begun else ""
        if "\x1b" not in before + line and not self._colors:
            return start + self._screen.safe(line, multiline=True)
        self._follow(before)
        if not line:
            return start
        parts = [*self._colors]
        for index, part in enumerate(COLOR.split(line)):
            is_color = index % 2 == 1
            parts.append(part * self._screen.color if is_color else self._screen.safe(part, multiline=True))
        self._follow(line)
        return start + "".join(parts) + (RESET if self._colors else "")

    def _follow(self, line: str) -> None:
        """Remember which colors are on at the end of a line."""
        for color in COLOR.findall(line) if self._screen.color else ():
            self._colors = [] if NO_COLOR.fullmatch(color) else [*self._colors, color][-MOST_COLORS:]


def shown_lines(text: str, columns: int, screen: Screen) -> list[str]:
    """Return all that a job printed as rows of at most `columns` columns."""
    output = JobOutput(screen)
    lines = (output.feed(text.encode("utf-8", "backslashreplace")) + output.end()).split("\n")
    if not lines[-1]:
        lines.pop()
    return [part for line in lines for part in wrap(line.expandtabs(), columns)]


def wrap(text: str, columns: int) -> list[str]:
    """Return safe text as rows of at most `columns` columns, each with its own colors."""
    # `textwrap` counts characters, of which some are two columns wide, and drops blanks that a job has printed.
    rows, row, room, colors = [], "", columns, ""
    for index, part in enumerate(COLOR.split(text)):
        if index % 2 == 1:
            colors = "" if NO_COLOR.fullmatch(part) else colors + part
            continue
        while part:
            head = clip(part[: 1 + max(0, 2 * room)], room, "")
            if not head and row:
                rows.append(row)
                row, room = "", columns
                continue
            # A single character that is wider than the screen stands alone, and is clipped later.
            head = head or part[0]
            row += colors + head + (RESET if colors else "")
            room -= width(head)
            part = part[len(head) :]
    return [*rows, row]
