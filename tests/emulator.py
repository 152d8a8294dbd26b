"""A terminal's screen, as far as tests look at it."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Cell = tuple[str, str]

BLANK: Cell = (" ", "")


class Emulator:
    """A terminal as far as our front ends use one.

    `overflows` counts characters that did not fit in their row, `unknown` collects what it does not
    understand, `history` the lines that were scrolled off the top.
    """

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.columns, self.rows = columns, rows
        self.row = self.column = 0
        self.on_main = self.cursor_shown = self.wraps = True
        self.synchronized = False
        self.overflows = 0
        self.unknown: list[str] = []
        self.history: list[str] = []
        self._style = ""
        self._whole: list[str] = []
        self._wrap_next = False
        self._cells = self._empty()
        self._main: tuple[list[list[Cell]], int, int] = (self._cells, 0, 0)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""

    def _empty(self) -> list[list[Cell]]:
        return [[BLANK] * self.columns for _ in range(self.rows)]

    def lines(self) -> list[str]:
        """Return each row as text, without the blanks at its end; of a synchronized picture only when it is whole."""
        return self._whole if self.synchronized else self._rows()

    def _rows(self) -> list[str]:
        return ["".join(char for char, _ in row).rstrip(" ") for row in self._cells]

    def text(self) -> str:
        """Return all rows as they are, filled up with blanks."""
        return "\n".join("".join(char for char, _ in row) for row in self._cells)

    def style_at(self, row: int, column: int) -> str:
        """Return the parameters of the color sequence in force there, such as `7` or `31`."""
        return self._cells[row][column][1]

    def resize(self, columns: int, rows: int) -> None:
        """Change the size as terminals without reflow do: cut at the right, keep the rows at the bottom."""
        self.columns, self.rows = columns, rows
        saved, row, column = self._main
        self._main = self._fitted(saved), min(row, rows - 1), min(column, columns - 1)
        self._cells = self._main[0] if self.on_main else self._fitted(self._cells)
        self.row, self.column = min(self.row, rows - 1), min(self.column, columns - 1)
        self._wrap_next = False

    def _fitted(self, cells: list[list[Cell]]) -> list[list[Cell]]:
        cells = cells[max(0, min(len(cells) - self.rows, self.row - self.rows + 1)) :][: self.rows]
        cells = [(row + [BLANK] * self.columns)[: self.columns] for row in cells]
        return cells + [[BLANK] * self.columns for _ in range(self.rows - len(cells))]

    def feed(self, data: bytes) -> None:
        """Show what a program wrote."""
        text = self._pending + self._decoder.decode(data)
        position = 0
        while position < len(text):
            if text[position] == "\x1b":
                match = re.compile(r"\x1b(?:\[([?>]?)([0-9;]*)([@-~])|\][^\x07]*\x07|[^\[\]])").match(text, position)
                if match is None:
                    break  # The rest of the sequence has not come yet.
                self._sequence(match.group(), match.group(1), match.group(2), match.group(3))
                position = match.end()
            else:
                self._char(text[position])
                position += 1
        self._pending = text[position:]

    def _char(self, char: str) -> None:
        if char == "\r":
            self.column, self._wrap_next = 0, False
        elif char == "\n":
            self._line_feed()
        elif char == "\b":
            self.column, self._wrap_next = max(0, self.column - 1), False
        elif char == "\t":
            self.column = min(self.columns - 1, self.column // 8 * 8 + 8)
        elif char == "\x07":
            return
        elif not char.isprintable():
            self.unknown.append(char)
        else:
            self._put(char)

    def _put(self, char: str) -> None:
        if unicodedata.category(char) in ("Mn", "Me"):
            before = max(0, self.column - (0 if self._wrap_next else 1))
            kept, style = self._cells[self.row][before]
            self._cells[self.row][before] = (kept + char, style)
            return
        wide = 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if self._wrap_next or self.column + wide > self.columns:
            self.overflows += 1
            if self.wraps:
                self.column = 0
                self._line_feed()
            else:
                self.column = max(0, self.columns - wide)
        self._wrap_next = False
        row = self._cells[self.row]
        row[self.column] = (char, self._style)
        if wide == 2 and self.column + 1 < self.columns:
            row[self.column + 1] = ("", self._style)
        self.column += wide
        if self.column >= self.columns:
            self.column, self._wrap_next = self.columns - 1, True

    def _line_feed(self) -> None:
        self._wrap_next = False
        if self.row < self.rows - 1:
            self.row += 1
            return
        if self.on_main:
            self.history.append(self._rows()[0])
        del self._cells[0]
        self._cells.append([BLANK] * self.columns)

    def _sequence(self, whole: str, private: str, parameters: str, final: str) -> None:
        numbers = [int(number or 0) for number in (parameters or "").split(";")]
        if private == "?" and final in "hl":
            for number in numbers:
                self._mode(number, final == "h")
        elif private or final is None:
            # Keypad modes, titles and questions are none of our business.
            if not re.match("\x1b[=>\\](]|\x1b\\[>", whole):
                self.unknown.append(whole)
        elif final in "Hf":
            self._go(numbers[0] - 1, (numbers + [1])[1] - 1)
        elif final in "ABCD":
            distance = max(1, numbers[0])
            self._go(
                self.row + {"A": -distance, "B": distance}.get(final, 0),
                self.column + {"C": distance, "D": -distance}.get(final, 0),
            )
        elif final == "G":
            self._go(self.row, numbers[0] - 1)
        elif final in "JK":
            self._erase(final, numbers[0])
        elif final == "m":
            self._style = "" if not parameters or parameters == "0" else parameters
        else:
            self.unknown.append(whole)

    def _mode(self, number: int, on: bool) -> None:
        if number == 25:
            self.cursor_shown = on
        elif number == 7:
            self.wraps = on
        elif number == 2026:
            self._whole = self._rows()
            self.synchronized = on
        elif number == 1049 and on == self.on_main:
            self._switch(to_main=not on)
        elif number not in (1, 12, 1000, 1002, 1004, 1006, 1034, 1049, 2004):
            self.unknown.append(f"?{number}")

    def _switch(self, *, to_main: bool) -> None:
        if to_main:
            self._cells, self.row, self.column = self._main
        else:
            self._main = self._cells, self.row, self.column
            self._cells = self._empty()
        self.on_main, self._wrap_next = to_main, False

    def _go(self, row: int, column: int) -> None:
        self.row = max(0, min(self.rows - 1, row))
        self.column = max(0, min(self.columns - 1, column))
        self._wrap_next = False

    def _erase(self, final: str, what: int) -> None:
        """Erase in the row (K) or screen (J): 0 from the cursor on, 1 up to it, 2 all."""
        row = self._cells[self.row]
        start, end = (0 if what else self.column), (self.column + 1 if what == 1 else self.columns)
        row[start:end] = [BLANK] * (end - start)
        if final == "J":
            others = range(self.row) if what == 1 else range(self.row + 1 if what == 0 else 0, self.rows)
            for index in others:
                if index != self.row:
                    self._cells[index] = [BLANK] * self.columns
