"""Durations, and the texts of times.

A duration is integer milliseconds and is written `90` (seconds), `90s`, `1.5s`, `500ms`, `5m`,
`1h30m`, `1d`, `2w`, `5 min`, `2 hours`, `1 hour 30 minutes`, `1h30` or as ISO 8601 has it, `PT1H30M`:
bigger units first, each at most once. A unit without a fixed length, such as a month, is refused.
An instant is integer milliseconds since 1970, UTC; `instants` reads it.

Only ASCII digits are numbers. Other texts raise ValueError with a phrase for a sentence. Nothing here reads a clock.
"""

from __future__ import annotations

import time

NOT_A_DURATION = "not a duration (write 90, 90s, 5m or 1h30m)"
NO_FIXED_LENGTH = "unclear, as months and years differ in length (write days, such as 30d)"
MINUTES_OR_MONTHS = "unclear, as M may be minutes or months (write 5m)"

EARLIEST_MS = 0
LATEST_MS = 4_133_980_799_999  # 2100-12-31T23:59:59.999Z
LONGEST_MS = 131 * 366 * 86_400_000  # reaches from 1970 past 2100, and fits every store

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
UNITS = {"w": 7 * DAY, "d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": 1}
UNIT_WORDS = {
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), 7 * DAY),
    **dict.fromkeys(("d", "day", "days"), DAY),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), HOUR),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), MINUTE),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), SECOND),
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), 1),
}
NOT_FIXED = ("mo", "mos", "month", "months", "y", "yr", "yrs", "year", "years")
LONGER_THAN_ALL = 7 * DAY + 1
# The unit of a number that follows an hour or a minute without its own unit: 1h30.
IMPLIED = {HOUR: MINUTE, MINUTE: SECOND}
NUMBER, LETTERS = "0123456789.", "abcdefghijklmnopqrstuvwxyz"
MAX_DIGITS = 18
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
# As cron counts them.
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


class Unclear(ValueError):
    """A text that may mean two durations; the message says why."""


def is_digits(text: str) -> bool:
    """Return whether a text is a whole number without a sign that fits everywhere; str.isdigit() takes all scripts."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def integer(text: str) -> int | None:
    """Return the whole number that a text is, None for another text."""
    return int(text) if is_digits(text[1:] if text.startswith("-") else text) else None


def scaled(number: str, unit: int) -> int:
    """Return a decimal number times its unit, rounded up: exact, unlike a float."""
    whole, point, fraction = number.partition(".")
    digits = whole + fraction
    if not is_digits(digits) or not whole or (point and not fraction):
        raise ValueError("not a number")
    parts: int = 10 ** len(fraction)
    return -(-int(digits) * unit // parts)


def parse_duration(text: str) -> int:
    """Return the milliseconds that a text such as `90`, `1.5s`, `1h30m`, `5 minutes` or `PT1H30M` stands for."""
    try:
        total = _read_duration(text.strip())
    except Unclear:
        raise
    except ValueError:
        raise ValueError(NOT_A_DURATION) from None
    if total > LONGEST_MS:
        raise ValueError("longer than 131 years")
    return total


def is_duration(text: str, low: int, high: int) -> bool:
    """Return whether a text is a duration between two numbers of milliseconds."""
    try:
        return low <= parse_duration(text) <= high
    except ValueError:
        return False


def _read_duration(text: str) -> int:
    rest = text.lower()
    if not text.isascii():
        raise ValueError(NOT_A_DURATION)
    if rest.startswith("p"):
        return _iso_duration(rest)
    if text.endswith("M") and not text[-2:-1].isalpha():
        raise Unclear(MINUTES_OR_MONTHS)
    return _sum_of_parts(rest) if rest.lstrip(NUMBER) else scaled(rest, SECOND)


def _sum_of_parts(rest: str) -> int:
    """Add up `1h30m`, `1 hour and 30 minutes`, `an hour` or `1h30`, whose last part is of the next unit."""
    total, before = 0, LONGER_THAN_ALL
    while rest:
        number, rest = _leading(rest, NUMBER)
        name, rest = _leading(rest, LETTERS)
        if name in ("a", "an") and not number:
            number, (name, rest) = "1", _leading(rest, LETTERS)
        if not number:
            raise ValueError(NOT_A_DURATION)
        if not name and not rest and before in IMPLIED and len(number) == 2 and number < "60":
            return total + scaled(number, IMPLIED[before])
        if name in NOT_FIXED:
            raise Unclear(NO_FIXED_LENGTH)
        unit = UNIT_WORDS.get(name, LONGER_THAN_ALL)
        if unit >= before:
            raise ValueError(NOT_A_DURATION)
        total += scaled(number, unit)
        before = unit
        if rest.startswith("and "):
            rest = rest[len("and ") :].lstrip()
    return total


def _iso_duration(rest: str) -> int:
    """Read ISO 8601 in small letters: `p1dt2h30m`, `pt0.5s`, `p2w`."""
    days, clock, time_of_day = rest[1:].partition("t")
    if "m" in days or "y" in days:
        raise Unclear(NO_FIXED_LENGTH)
    if not days + time_of_day or clock and not time_of_day:
        raise ValueError(NOT_A_DURATION)
    if days.strip(NUMBER + "wd") or time_of_day.strip(NUMBER + "hms"):
        raise ValueError(NOT_A_DURATION)
    return _sum_of_parts(days + time_of_day)


def _leading(text: str, chars: str) -> tuple[str, str]:
    """Split off the leading characters that are among these."""
    length = len(text) - len(text.lstrip(chars))
    return text[:length], text[length:].lstrip()


def iso(ms: int | None) -> str | None:
    """Return `2026-11-10T02:00:00.000Z`. No datetime: lists call this for every cell."""
    if ms is None:
        return None
    seconds, rest = divmod(ms, 1_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:03}Z"


def local(ms: int) -> str:
    """Return `2026-11-10 02:00:00` in this machine's zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(ms // 1_000))


def clock_text(ms: int, now_ms: int) -> str:
    """Return `18:00` or `18:00:05` in this machine's zone, with the date before it if that is another day than now."""
    date, _, clock = local(ms).partition(" ")
    clock = clock[:-3] if clock.endswith(":00") else clock
    return clock if date == local(now_ms).partition(" ")[0] else f"{date} {clock}"


def duration_text(ms: int) -> str:
    """Return `0.25s`, `12.3s`, `3m 5s`, `2h 3m` or `5d 4h`: cut off, never rounded up."""
    if ms < 0:
        return "-" + duration_text(-ms)
    for big, small, names in ((DAY, HOUR, "dh"), (HOUR, MINUTE, "hm"), (MINUTE, SECOND, "ms")):
        if ms >= big:
            few = ms % big // small
            return f"{ms // big}{names[0]}" + (f" {few}{names[1]}" if few else "")
    grain = 1 if ms < SECOND else 10 if ms < 10 * SECOND else 100
    return f"{ms // grain * grain / SECOND:g}s"


def ago(ms: int, now_ms: int) -> str:
    """Return `12s ago`, `3m ago`, `in 3m`, or `now` for less than a second either way."""
    distance = abs(now_ms - ms)
    if ms > now_ms and distance >= SECOND:
        # A time that was given as `+1h` a moment ago is in 1h.
        distance = -(-distance // SECOND) * SECOND
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")):
        if distance >= unit:
            text = f"{distance // unit}{name}"
            return f"{text} ago" if ms < now_ms else f"in {text}"
    return "now"


def ahead(ms: int, now_ms: int) -> str:
    """Return the same, but `in 1s` for an instant that is less than a second away."""
    return ago(max(ms, now_ms + SECOND) if ms > now_ms else ms, now_ms)
