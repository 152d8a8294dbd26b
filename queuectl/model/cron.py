"""A cron expression, and when it fires.

    minute  hour  day-of-month  month  day-of-week
    0-59    0-23  1-31          1-12   0-7, both 0 and 7 are Sunday

`cronfields` says how a field is written. Instead of five fields there may be one of @hourly @daily @midnight @weekly
@monthly @yearly @annually. Other texts raise ValueError with a phrase for the caller's sentence.

Where crons differ, this one follows Paul Vixie's cron 4.1, as in Debian's cron(8) and crontab(5):

    days        If neither day field begins with `*` or is `?`, one that matches is enough; else both must.
    ranges      A range never wraps: `fri-mon` and `22-2` are refused.
    the clocks  An entry has fixed times if neither minute nor hour begins with `*`. In a skipped
                hour those run once, in the first minute after it; in a repeated hour they run
                the first time only. All other entries follow the clock on the wall: not at all
                in a skipped hour, both times in a repeated one. A jump of three hours or more
                (a country changes its date) is not daylight saving time: nothing that it skips runs later.

Impossible dates such as 30 February are refused. Nothing here reads a clock.
"""

from __future__ import annotations

from . import zones
from .cronfields import FIELDS
from .errors import did_you_mean, quoted
from .when import LATEST_MS, MONTHS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo
    from typing import Callable, Iterator

LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
LAST_YEAR = 2101  # somewhere on earth the last instant of 2100 falls into it

MAX_EXPRESSION = 200
FIVE_FIELDS = "minute hour day-of-month month day-of-week"
SHORTCUTS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
# What other crons have, and why it is refused.
NO_SHORTCUTS = {
    "@every": "not supported (write */5 * * * * for every five minutes)",
    "@reboot": "not a time: a queue cannot tell when the machine starts (enqueue the job at boot)",
}

MINUTE, HOUR, DAY = 60, 3_600, 86_400
SUMMER_TIME = 3 * HOUR  # a smaller jump is one


class Cron:
    """A parsed expression. `expression` is its text with single spaces."""

    def __init__(self, expression: str, fields: list[str]) -> None:
        minutes, hours, days, months, weekdays = (field.read(text) for field, text in zip(FIELDS, fields))
        starred = [text.startswith(("*", "?")) for text in fields]
        self.expression = expression
        self.minutes = sorted(minutes)
        self.hours = sorted(hours)
        self.days = sorted(days)
        self.months = sorted(months)
        self.weekdays = sorted({weekday % 7 for weekday in weekdays})
        self.is_fixed = not starred[0] and not starred[1]
        self.one_day_is_enough = not starred[2] and not starred[4]

    @classmethod
    def parse(cls, expression: str) -> Cron:
        """Parse an expression. Raises ValueError with what is allowed."""
        if len(expression) > MAX_EXPRESSION:
            raise ValueError(f"longer than {MAX_EXPRESSION} characters")
        if not expression.isascii():
            raise ValueError("only ASCII characters are allowed")
        given = expression.split()
        cron = cls(" ".join(given), _five(given))
        if not cron.one_day_is_enough:
            _refuse_impossible(cron.days, cron.months)
        return cron

    def next_after(self, after_ms: int, zone: tzinfo | None) -> int | None:
        """Return the first instant after this one at which it fires, None if past 2100. Zone None is local time."""
        if after_ms >= LATEST_MS:
            return None
        after = max(after_ms, -1) // 1_000
        offset = zones.offsets(zone)
        first: int | None = None
        last_day = LATEST_MS // 1_000 // DAY + 1
        # Clocks that go back at midnight bring the day before once more,
        yesterday = (after + offset(after)) // DAY - 1
        for day in self._days(yesterday):
            if day > last_day:
                break
            second = self._first_on(day, after, offset)
            if second is None:
                continue
            if first is None:
                # and the following day before the rest of this one.
                last_day = day + 1
            first = second if first is None else min(first, second)
        return first * 1_000 if first is not None and first * 1_000 <= LATEST_MS else None

    def times_after(self, after_ms: int, zone: tzinfo | None) -> Iterator[int]:
        """Yield the instants after this one at which it fires, until past 2100."""
        at = self.next_after(after_ms, zone)
        while at is not None:
            yield at
            at = self.next_after(at, zone)

    def _days(self, start: int) -> Iterator[int]:
        """Yield the days on which it fires, as local days since 1970."""
        from datetime import date

        epoch = date(1970, 1, 1).toordinal()
        begin = date.fromordinal(epoch + start)
        for year in range(begin.year, LAST_YEAR + 1):
            for month in self.months:
                if (year, month) < (begin.year, begin.month):
                    continue
                first = date(year, month, 1).toordinal()
                length = date(year + month // 12, month % 12 + 1, 1).toordinal() - first
                for day in self._days_of_month(first, length):
                    if day >= epoch + start:
                        yield day - epoch

    def _days_of_month(self, first: int, length: int) -> list[int]:
        """Return the days that match of a month, as ordinals; those of Sundays are multiples of seven."""
        dated = [first + day - 1 for day in self.days if day <= length]
        if not self.one_day_is_enough:
            return [day for day in dated if day % 7 in self.weekdays]
        return [day for day in range(first, first + length) if day in dated or day % 7 in self.weekdays]

    def _first_on(self, day: int, after: int, offset: Callable[[int], int]) -> int | None:
        """Return the first second after `after` at which it fires because of this local day."""
        before: int | None = None
        spans = _spans(day, offset)
        ends = [start for start, _ in spans[1:]] + [spans[0][0] + 4 * DAY]
        for (start, ahead), end in zip(spans, ends):
            low, high = max(start, after + 1) + ahead, end + ahead
            if before is not None and self.is_fixed and abs(ahead - before) < SUMMER_TIME:
                skipped = self._time_between(day, start + before, start + ahead)
                made_up = -(-(start + ahead) // MINUTE) * MINUTE - ahead
                if skipped is not None and made_up > after:
                    return made_up
                low = max(low, start + before)
            found = self._time_between(day, low, high)
            if found is not None:
                return found - ahead
            before = ahead
        return None

    def _time_between(self, day: int, low: int, high: int) -> int | None:
        """Return the first local time of the day that matches: at least `low`, before `high`."""
        midnight = day * DAY
        start = max(0, -(-(low - midnight) // MINUTE))
        for hour in self.hours:
            if hour < start // 60:
                continue
            for minute in self.minutes:
                if hour * 60 + minute >= start:
                    found = midnight + hour * HOUR + minute * MINUTE
                    return found if found < high else None
        return None


def _five(given: list[str]) -> list[str]:
    """Return the five fields that were given, or that a shortcut stands for."""
    if not given:
        raise ValueError(f"empty (write {FIVE_FIELDS}, or such as @daily)")
    word = given[0].lower()
    if not word.startswith("@"):
        if len(given) in (6, 7):
            message = f"{len(given)} fields, but seconds and years are not supported (write five: {FIVE_FIELDS})"
            raise ValueError(message)
        if len(given) != 5:
            raise ValueError(f"not five fields but {len(given)} (write {FIVE_FIELDS})")
        return given
    if word in NO_SHORTCUTS:
        raise ValueError(f"{word} is {NO_SHORTCUTS[word]}")
    if word not in SHORTCUTS:
        raise ValueError(f"{quoted(given[0])} is none of {' '.join(SHORTCUTS)}{did_you_mean(word, SHORTCUTS)}")
    if len(given) > 1:
        raise ValueError(f"nothing may follow {word}, got {quoted(given[1])}")
    return SHORTCUTS[word].split()


def _refuse_impossible(days: list[int], months: list[int]) -> None:
    """Refuse the 31st of short months and the like. Any real date falls on each weekday some year."""
    if days[0] <= max(LONGEST_MONTHS[month - 1] for month in months):
        return
    names = " or ".join(MONTHS[month - 1] for month in months)
    if len(days) == len(months) == 1:
        raise ValueError(f"{days[0]} {names} never comes")
    raise ValueError(f"day {' or '.join(map(str, days))} never comes in {names}")


def _spans(day: int, offset: Callable[[int], int]) -> list[tuple[int, int]]:
    """Return each second from which another offset holds, with the offset, around a local day.

    The days before and after it are included: clocks may jump by that much. No zone has changed twice within a day.
    """
    start = day * DAY - offset(day * DAY) - DAY
    spans = [(start, offset(start))]
    for low in (start, start + DAY, start + 2 * DAY):
        if offset(low + DAY) != spans[-1][1]:
            change = _change(low, low + DAY, offset)
            spans.append((change, offset(change)))
    return spans


def _change(low: int, high: int, offset: Callable[[int], int]) -> int:
    """Return the first second with another offset than `low` has, by halving."""
    before = offset(low)
    while high - low > 1:
        middle = (low + high) // 2
        if offset(middle) == before:
            low = middle
        else:
            high = middle
    return high
