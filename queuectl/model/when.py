"""Text to instants and durations, and back.

A duration is integer milliseconds and is written `90` (seconds), `90s`, `1.5s`, `500ms`, `5m`,
`1h30m`, `1d` or `2w`: bigger units first, each at most once. An instant is integer milliseconds
since 1970, UTC, and is written

    +30m  30m  2h30m                  from now on; a day is 24 hours, also when the clocks change
    2026-11-10T02:00:00Z  ...+02:00   ISO 8601 with a zone; seconds and a fraction may be left out
    2026-11-10 02:00[:00]  2026-11-10 local time; without a time 00:00
    18:00  9am  5:30pm  noon          the next such local time; `midnight` is 00:00
    tomorrow 09:00  tomorrow          local time; without a time 00:00
    today 18:00                       local time, also one that is over
    fri 18:00  next friday noon  fri  the next such day and time that is still to come, be it today
    now

The words may have capitals. A local time that the clocks skip or repeat is refused. Only ASCII
digits are numbers. What cannot be read is a ValueError whose message is a phrase for the caller's
own sentence. Nothing here reads a clock: `now_ms` is always given.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime, tzinfo
    from typing import Match

NOT_A_DURATION = "not a duration (write 90, 90s, 5m or 1h30m)"
NOT_AN_INSTANT = "not a time (write +30m, 18:00, tomorrow 09:00, 2026-11-10 02:00 or 2026-11-10T02:00:00Z)"
OUT_OF_RANGE = "not a time between 1970 and 2100"

EARLIEST_MS = 0
LATEST_MS = 4_133_980_799_999  # 2100-12-31T23:59:59.999Z
LONGEST_MS = 131 * 366 * 86_400_000  # reaches from 1970 past 2100, and fits every store

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
UNITS = {"w": 7 * DAY, "d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": 1}
MAX_DIGITS = 18

INSTANT = (
    r"(\d{4})-(\d\d)-(\d\d)(?:(?:[Tt]| +)(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?"
    r"(?: ?([Zz]|[+-]\d\d(?::?\d\d)?))?)?"
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_WORDS = r"(today|tomorrow|(?:next +)?(?:" + "|".join(f"{day[:3]}(?:{day[3:]})?" for day in WEEKDAYS) + "))"
TIME_WORDS = r"(noon|midnight|(\d\d?):(\d\d)(?::(\d\d))?|(\d\d?)(?::(\d\d))? ?([ap])m)"


def is_digits(text: str) -> bool:
    """Return whether a text is a whole number without a sign that fits everywhere; str.isdigit() takes all scripts."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def integer(text: str) -> int | None:
    """Return the whole number that a text is, None if it is none."""
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
    """Return the milliseconds that a text such as `90`, `1.5s` or `1h30m` stands for."""
    rest = text.strip()
    try:
        total = _sum_of_parts(rest) if rest[-1:].isalpha() else scaled(rest, SECOND)
    except ValueError:
        raise ValueError(NOT_A_DURATION) from None
    if total > LONGEST_MS:
        raise ValueError("longer than 131 years")
    return total


def _sum_of_parts(rest: str) -> int:
    """Add up `1h30m`, `1h 30m` or `1 h 30 m`."""
    total, before = 0, UNITS["w"] + 1
    while rest:
        number, rest = _leading(rest, "0123456789.")
        name, rest = _leading(rest, "wdhms")
        unit = UNITS.get(name, before)
        if unit >= before:
            raise ValueError(NOT_A_DURATION)
        total += scaled(number, unit)
        before = unit
    return total


def _leading(text: str, chars: str) -> tuple[str, str]:
    """Split off what leads the text and consists of these characters."""
    length = len(text) - len(text.lstrip(chars))
    return text[:length], text[length:].lstrip()


def parse_instant(text: str, now_ms: int, zone: tzinfo | None = None) -> int:
    """Return the wall time that the text names; without a `zone`, local means this machine's."""
    for form in FORMS:
        instant = form(text.strip(), now_ms, zone)
        if instant is None:
            continue
        if not EARLIEST_MS <= instant <= LATEST_MS:
            raise ValueError(OUT_OF_RANGE)
        return instant
    raise ValueError(NOT_AN_INSTANT)


def _from_now(text: str, now_ms: int, zone: tzinfo | None) -> int | None:
    """Read `+30m`, `30m` and `now`. A number alone needs its plus: `2026` is no duration here."""
    if text.lower() == "now":
        return now_ms
    if text.startswith("+"):
        return now_ms + parse_duration(text[1:])
    if not text.endswith(tuple(UNITS)):
        return None
    try:
        return now_ms + parse_duration(text)
    except ValueError:
        return None


def is_from_now(text: str) -> bool:
    """Return whether a text that `parse_instant` reads counts from now on, as `+30m` does."""
    return _from_now(text.strip(), 0, None) is not None


def _timestamp(text: str, now_ms: int, zone: tzinfo | None) -> int | None:
    """Read ISO 8601, with a zone or in local time."""
    import re
    from datetime import datetime

    match = re.fullmatch(INSTANT, text, re.ASCII)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        wall = datetime(year, month, day, hour, minute, second)
    except ValueError as error:
        raise ValueError(f"no such date or time ({error})") from None
    if not 1969 <= year <= 2101:
        raise ValueError(OUT_OF_RANGE)
    seconds = _since_1970(wall) - _offset(match) if match[8] else _from_local(wall, zone)
    return seconds * 1_000 + int((match[7] or "").ljust(3, "0")[:3])


def _day_and_time(text: str, now_ms: int, zone: tzinfo | None) -> int | None:
    """Read `tomorrow 09:00`, `fri`, `18:00` and the like, in local time."""
    import re
    from datetime import datetime, timedelta

    match = re.fullmatch(f"{DAY_WORDS}?(?:(?:^| +){TIME_WORDS})?", text.lower(), re.ASCII)
    if match is None or not text:
        return None
    day = (match[1] or "").split(" ")[-1]
    if day == "today" and not match[2]:
        raise ValueError("a day without a time (write today 18:00)")
    today = datetime.fromtimestamp(now_ms // 1_000, zone).replace(tzinfo=None, fold=0)
    try:
        hour, minute, second = _time_of_day(match)
        wall = today.replace(hour=hour, minute=minute, second=second)
    except ValueError as error:
        raise ValueError(f"no such date or time ({error})") from None
    if day in ("today", "tomorrow"):
        return _from_local(wall + timedelta(days=day == "tomorrow"), zone) * 1_000
    if day:
        wall += timedelta(days=(_weekday(day) - wall.weekday()) % 7)
    # Only if it is over by both readings: what the clocks skip or repeat is refused, not passed over.
    if _since_1970(_readings(wall, zone)[-1]) * 1_000 <= now_ms:
        wall += timedelta(days=7 if day else 1)
    return _from_local(wall, zone) * 1_000


def _time_of_day(match: Match[str]) -> tuple[int, int, int]:
    """Return the hour, minute and second that the words stand for, 00:00 without any."""
    words, hour, minute, second, hour_of_half, minute_of_half, half = match.groups()[1:]
    if words in (None, "midnight"):
        return 0, 0, 0
    if words == "noon":
        return 12, 0, 0
    if half is None:
        return int(hour), int(minute), int(second or 0)
    if not 1 <= int(hour_of_half) <= 12:
        raise ValueError("hour must be in 1..12 before am and pm")
    return int(hour_of_half) % 12 + 12 * (half == "p"), int(minute_of_half or 0), 0


def _weekday(word: str) -> int:
    """Return 0 for Monday."""
    return next(number for number, name in enumerate(WEEKDAYS) if name.startswith(word))


def _offset(match: Match[str]) -> int:
    """Return the seconds that the written zone is ahead of UTC."""
    written = match[8]
    if written in "Zz":
        return 0
    digits = written[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        raise ValueError(f"no such time zone offset ({written})")
    seconds = hours * 3_600 + minutes * 60
    return -seconds if written[0] == "-" else seconds


def _from_local(wall: datetime, zone: tzinfo | None) -> int:
    """Return the seconds since 1970 of a local time that exists exactly once."""
    readings = _readings(wall, zone)
    shown = [reading.astimezone(zone) for reading in readings]
    exist = [reading for reading, back in zip(readings, shown) if back.replace(tzinfo=None, fold=0) == wall]
    if len(exist) == 1:
        return _since_1970(exist[0])
    problem = "happens twice, as the clocks go back" if exist else "does not exist, as the clocks go forward"
    choices = " or ".join(back.isoformat() for back in shown)
    raise ValueError(f"a local time that {problem} (write {choices})")


def _readings(wall: datetime, zone: tzinfo | None) -> list[datetime]:
    """Return the instants that a local time may mean, in UTC: two where the clocks change."""
    from datetime import timezone

    try:
        readings = {wall.replace(tzinfo=zone, fold=fold).astimezone(timezone.utc) for fold in (0, 1)}
        # The C library may have no local time there, as on Windows before 1970.
        return sorted(reading for reading in readings if reading.astimezone(zone))
    except (OverflowError, OSError):
        raise ValueError(OUT_OF_RANGE) from None


def _since_1970(moment: datetime) -> int:
    """Return the whole seconds from 1970 to a time in UTC; unlike timestamp(), also before it."""
    from datetime import datetime

    since = moment.replace(tzinfo=None) - datetime(1970, 1, 1)
    return since.days * 86_400 + since.seconds


# Each form answers None to what it does not know; a further way to write an instant is one more form.
FORMS = (_from_now, _timestamp, _day_and_time)


def iso(ms: int | None) -> str | None:
    """Return `2026-11-10T02:00:00.000Z`. No datetime: lists call this for every cell."""
    if ms is None:
        return None
    seconds, rest = divmod(ms, 1_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:03}Z"


def local(ms: int) -> str:
    """Return `2026-11-10 02:00:00` in this machine's zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(ms // 1_000))


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
        # What was asked for as `+1h` a moment ago is in 1h.
        distance = -(-distance // SECOND) * SECOND
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")):
        if distance >= unit:
            text = f"{distance // unit}{name}"
            return f"{text} ago" if ms < now_ms else f"in {text}"
    return "now"
