"""The five fields of a cron expression, and how each is written.

A field is `*`, a number, a range `1-5`, either with a step (`*/5`, `1-30/2`; `5/15` is 5-59/15), or a list of these
with commas. Months and weekdays have names too, in full or their first three letters or more: `jan`, `sept`, `monday`.
A step without an end goes to the last of the field; a week begins on Sunday and ends on Saturday, though 7 is Sunday
too. `?` alone is `*` in the fields of days. Words that only other crons have, such as `L`, are refused by name. Other
texts raise ValueError with a phrase for the caller's sentence.
"""

from __future__ import annotations

from collections.abc import Sequence

from .errors import quoted
from .record import Record
from .when import MONTHS, WEEKDAYS

SHORTEST_NAME = 3
# Words of other crons, and their meaning there.
FOREIGN = {
    "l": "L (the last day)",
    "w": "W (the nearest weekday)",
    "lw": "LW (the last weekday)",
    "#": "# (a weekday of one week of the month)",
    "h": "H (a time by the name of the job)",
    "~": "~ (a random time)",
}


class Field(Record):
    """One of the five fields: the numbers and names that may stand in it, and how many differ."""

    name: str
    low: int
    high: int
    size: int
    names: Sequence[str] = ()
    is_day: bool = False

    def read(self, text: str) -> set[int]:
        """Return the values that a field stands for. Raises ValueError with what is allowed."""
        items = ["*"] if text == "?" and self.is_day else text.split(",")
        return {value for item in items for value in self._item(item)}

    def _item(self, item: str) -> range:
        span, slash, step = item.partition("/")
        last_of_all = self.low + self.size - 1
        if span == "*":
            low, high = self.low, last_of_all
        else:
            first, dash, last = span.partition("-")
            low = self._number(first, item)
            high = self._number(last, item) if dash else low
            if slash and not dash:
                # From Sunday on is the whole week, also if it is written as 7.
                low, high = self.low + (low - self.low) % self.size, last_of_all
        if low > high:
            way_out = "" if slash else self._forwards(first, last)
            raise ValueError(f"{self.name} has a range that runs backwards, {quoted(item)}{way_out}")
        return range(low, high + 1, self._step(step, item) if slash else 1)

    def _number(self, text: str, item: str) -> int:
        named = self._named(text.lower())
        if named is not None:
            return self.low + named
        limits = f"between {self.low} and {self.high}"
        if self.names:
            limits += f" or {self._short(0)} to {self._short(-1)}"
        foreign = self._foreign(text.lower())
        if foreign:
            raise ValueError(f"{self.name} has {foreign}, which is not supported, got {quoted(item)}")
        if not text.isdigit():
            raise ValueError(f"{self.name} must be written like *, 5, 1-5, 1,3 or */5, {limits}, got {quoted(item)}")
        if not self.low <= int(text) <= self.high:
            raise ValueError(f"{self.name} must be {limits}, got {quoted(item)}")
        return int(text)

    def _named(self, word: str) -> int | None:
        """Return the place of a name among the names, None if it is not one of them."""
        if len(word) < SHORTEST_NAME:
            return None
        return next((number for number, name in enumerate(self.names) if name.lower().startswith(word)), None)

    def _short(self, number: int) -> str:
        return self.names[number][:SHORTEST_NAME].lower()

    def _foreign(self, word: str) -> str | None:
        """Return what `5L`, `friL`, `15W`, `mon#1` or `H(0` has that only other crons know, None for other words."""
        if self._named(word[:SHORTEST_NAME]) is not None:
            word = word[SHORTEST_NAME:]
        return FOREIGN.get(word.strip("0123456789("))

    def _step(self, text: str, item: str) -> int:
        """Read a step. One bigger than the field would quietly mean something else: */90 is hourly."""
        if not text.isdigit() or not 1 <= int(text) <= self.size:
            raise ValueError(f"{self.name} must have a step between 1 and {self.size}, got {quoted(item)}")
        return int(text)

    def _forwards(self, first: str, last: str) -> str:
        """Say how to write what a range such as `22-2` means: 22-23,0-2."""
        if first.isdigit() != last.isdigit():
            return ""
        lowest, highest = str(self.low), str(self.low + self.size - 1)
        if not first.isdigit():
            lowest, highest = self._short(0), self._short(-1)
        until = first if first.lower().startswith(highest) else f"{first}-{highest}"
        since = last if last.lower().startswith(lowest) else f"{lowest}-{last}"
        return f" (write {until},{since})"


FIELDS = (
    Field("minute", 0, 59, 60),
    Field("hour", 0, 23, 24),
    Field("day of the month", 1, 31, 31, is_day=True),
    Field("month", 1, 12, 12, MONTHS),
    Field("day of the week", 0, 7, 7, WEEKDAYS, is_day=True),
)
