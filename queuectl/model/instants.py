"""Text to instants.

An instant is integer milliseconds since 1970, UTC, and is written

    +30m  30m  in 5 minutes  now      from now on, in any duration; a day is 24 hours, also when the clocks change
    2026-11-10T02:00:00Z  ...+02:00   ISO 8601 with a zone; seconds and a fraction may be left out
    20261110T020000Z  @1793930400     its basic form; seconds since 1970
    2026-11-10 02:00  2026/11/10 2pm  local time; without a time 00:00
    nov 30 2pm  30 November 2027      the same; without a year the next such day that is still to come
    Mon, 30 Nov 2026 14:00:00 +0000   the same, as mail has it; the weekday must be that of the date
    18:00  9am  5:30pm  noon          the next such local time; `midnight` is 00:00
    tomorrow 09:00  9am tomorrow      local time; without a time 00:00; also `day after tomorrow`
    today 18:00  yesterday 18:00      local time, also one that is over
    fri 18:00  this friday  fri       the next such day and time that is still to come, be it today
    next friday noon                  the same, but never today

Day and time stand in either order, with `at` or `on` before them where people write these, and `UTC` or an
offset at the end. Capitals do not matter. A local time that the clocks skip or repeat is refused, and so is a text
that may mean two things. Both, and other texts, raise ValueError with a phrase for the caller's sentence. Nothing here
reads a clock: `now` is always given, in milliseconds since 1970.
"""

from __future__ import annotations

from . import when
from .when import EARLIEST_MS, LATEST_MS, SECOND, Unclear, parse_duration, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import date, datetime, tzinfo
    from typing import Match

NOT_AN_INSTANT = "not a time (write +30m, 18:00, tomorrow 09:00, 2026-11-10 02:00 or 2026-11-10T02:00:00Z)"
OUT_OF_RANGE = "not a time between 1970 and 2100"

# As datetime counts them, from Monday on.
WEEKDAYS = tuple(day.lower() for day in (*when.WEEKDAYS[1:], when.WEEKDAYS[0]))
MONTHS = tuple(month.lower() for month in when.MONTHS)
DAY_WORDS = ("yesterday", "today", "tomorrow", "day after tomorrow")
LEAP_YEARS_APART = 8  # at most, as around 2100
WEEKDAY = "|".join(f"{day[:3]}(?:{day[3:]})?" for day in WEEKDAYS)
MONTH = "|".join(f"{month[:3]}(?:{month[3:]})?" for month in MONTHS) + "|sept"
DATE = r"(?P<year>\d{4})(?P<dash>[-/])(?P<month>\d\d?)(?P=dash)(?P<day>\d\d?)"
ORDINAL = "(?:st|nd|rd|th)?"
NAMED_DATE = (
    rf"(?:(?P<its_weekday>{WEEKDAY}),? )?"
    rf"(?:(?P<name>{MONTH}) (?P<nth>\d\d?){ORDINAL}|(?P<nth_before>\d\d?){ORDINAL} (?P<name_after>{MONTH}))"
    r"(?:,? (?P<its_year>\d{4}))?"
)
DAY_WORD = rf"(?P<word>{'|'.join(DAY_WORDS)})|(?:(?P<which>this|next) )?(?P<weekday>{WEEKDAY})"
DAY = f"(?:on )?(?P<date>{DATE}|{NAMED_DATE}|{DAY_WORD})"
CLOCK = r"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))?)?"
HALF_DAY = r"(?P<hour_of_half>\d\d?)(?::(?P<minute_of_half>\d\d))? ?(?P<half>[ap])m"
TIME = rf"(?:at )?(?P<time>noon|midnight|{CLOCK}|{HALF_DAY})"
ZONE = r"(?: ?(?P<zone>z|utc|gmt|[+-]\d\d(?::?\d\d)?))?"
ORDERS = (rf"{DAY}(?:(?: |(?<=\d)t(?=\d)){TIME}{ZONE})?", rf"{TIME}(?: {DAY})?{ZONE}")
BASIC = r"(\d{4})(\d\d)(\d\d)(?:t(\d\d)(\d\d)(\d\d)?)?(z|[+-]\d\d(?:\d\d)?)?"

# Texts that people write and a program cannot interpret, with the reasons.
REASONS = (
    (r"\d+(?:\.\d+)?", "a number alone (write +90 for seconds from now, 18:00, or @1893456000 for seconds since 1970)"),
    (
        r"(?:.* )?\d\d?(?:[/.]\d\d?[/.]\d\d(?:\d\d)?|-\d\d?-\d{4})(?: .*)?",
        "unclear, as day and month may stand in either order (write 2027-11-30)",
    ),
    (rf"(?:{DAY} )?(?:at )?\d\d?", "unclear, as an hour alone may be before or after noon (write 9am, 9pm or 17:00)"),
    (
        r".*\d(?: ?[ap]m)? (?:[a-z]+/[a-z_/]+|(?!gmt)[a-z]{1,3}t)",
        "not a time, as a zone is UTC or an offset here (write 18:00 UTC or 18:00 +01:00)",
    ),
    (
        r".*\b(?:tonight|night|morning|afternoon|evening|teatime|weekend|week|month|year|soon|later)\b.*",
        "too vague (write a day and a time, such as tomorrow 09:00)",
    ),
)


def parse_instant(text: str, now: int, zone: tzinfo | None = None) -> int:
    """Return the wall time that a text names; without a `zone`, local means this machine's."""
    written = _tidy(text)
    for form in FORMS:
        instant = form(written, now, zone)
        if instant is None:
            continue
        if not EARLIEST_MS <= instant <= LATEST_MS:
            raise ValueError(OUT_OF_RANGE)
        return instant
    import re

    reasons = (reason for pattern, reason in REASONS if re.fullmatch(pattern, written.lower(), re.ASCII))
    raise ValueError(next(reasons, NOT_AN_INSTANT))


def is_from_now(text: str) -> bool:
    """Return whether a text that `parse_instant` reads counts from now on, as `+30m` does."""
    return _from_now(_tidy(text), 0, None) is not None


def _tidy(text: str) -> str:
    return " ".join(part for part in text.strip().split(" ") if part)


def _from_now(text: str, now: int, zone: tzinfo | None) -> int | None:
    """Read `+30m`, `in 30m`, `30m` and `now`. A number alone needs its plus: `2026` is no duration here."""
    words = text.lower()
    if words == "now":
        return now
    for start in ("+", "in ", "now+", "now +"):
        if words.startswith(start):
            return now + parse_duration(text[len(start) :])
    if not text.strip("0123456789."):
        return None
    try:
        return now + parse_duration(text)
    except Unclear:
        raise
    except ValueError:
        return None


def _since_epoch(text: str, now: int, zone: tzinfo | None) -> int | None:
    """Read `@1893456000`."""
    if not text.startswith("@"):
        return None
    try:
        return scaled(text[1:], SECOND)
    except ValueError:
        raise ValueError("not a number of seconds since 1970 (write @1893456000)") from None


def _day_and_time(text: str, now: int, zone: tzinfo | None) -> int | None:
    import re

    for order in ORDERS:
        match = re.fullmatch(order, _extended(text.lower()), re.ASCII)
        if match is not None:
            return _instant(match, now, _zone(match["zone"] or "") or zone)
    return None


def _extended(text: str) -> str:
    """Return the basic form of ISO 8601, `20271110t020000z`, as the extended one, and other texts as they are."""
    import re

    match = re.fullmatch(BASIC, text, re.ASCII)
    if match is None:
        return text
    year, month, day, hour, minute, second, zone = match.groups()
    time = f"t{hour}:{minute}:{second or '00'}{zone or ''}" if hour else ""
    return f"{year}-{month}-{day}{time}"


def _instant(match: Match[str], now: int, zone: tzinfo | None) -> int:
    """Return the first of the times that the words may mean that is still to come, else the last."""
    from datetime import datetime

    if match["word"] == "today" and not match["time"]:
        raise ValueError("a day without a time (write today 18:00)")
    today = datetime.fromtimestamp(now // 1_000, zone)
    try:
        time = today.replace(tzinfo=None, fold=0, **_time_of_day(match)).time()
        walls = [datetime.combine(day, time) for day in _days(match, today.date())]
    except ValueError as error:
        raise ValueError(f"not a date or time that exists ({error})") from None
    if not 1969 <= walls[0].year <= 2101:
        raise ValueError(OUT_OF_RANGE)
    wall = next((wall for wall in walls if not _is_over(wall, now, zone)), walls[-1])
    return _from_local(wall, zone) * 1_000 + int((match["fraction"] or "").ljust(3, "0")[:3])


def _days(match: Match[str], today: date) -> list[date]:
    """Return the days that the words may mean, the nearest first."""
    from datetime import date, timedelta

    if match["year"]:
        return [date(int(match["year"]), int(match["month"]), int(match["day"]))]
    if match["name"] or match["name_after"]:
        return _named_days(match, today)
    if match["word"]:
        return [today + timedelta(days=DAY_WORDS.index(match["word"]) - 1)]
    if not match["weekday"]:
        return [today, today + timedelta(days=1)]
    ahead = (_number(WEEKDAYS, match["weekday"]) - today.weekday()) % 7
    if match["which"] == "next":
        return [today + timedelta(days=ahead or 7)]
    return [today + timedelta(days=ahead), today + timedelta(days=ahead + 7)]


def _named_days(match: Match[str], today: date) -> list[date]:
    """Return `30 nov` of the year that is written, else of this year and those to come in which the day exists."""
    from calendar import monthrange
    from datetime import date

    month = _number(MONTHS, match["name"] or match["name_after"]) + 1
    day = int(match["nth"] or match["nth_before"])
    years = range(today.year, today.year + LEAP_YEARS_APART + 1)
    days = [date(year, month, day) for year in years if 1 <= day <= monthrange(year, month)[1]]
    if match["its_year"] or not days:
        days = [date(int(match["its_year"] or today.year), month, day)]
    if not match["its_weekday"]:
        return days
    # Only those of this year and the next that fall on the weekday before the date.
    weekday = _number(WEEKDAYS, match["its_weekday"])
    found = [day for day in days[:2] if day.weekday() == weekday]
    if not found:
        raise ValueError(f"{days[0]} is not a {WEEKDAYS[weekday].capitalize()}")
    return found


def _time_of_day(match: Match[str]) -> dict[str, int]:
    """Return the hour, minute and second that the words stand for, 00:00 without any."""
    hour, minute = int(match["hour"] or 0), int(match["minute"] or 0)
    if match["half"]:
        hour, minute = int(match["hour_of_half"]), int(match["minute_of_half"] or 0)
        if not 1 <= hour <= 12:
            raise ValueError("hour must be in 1..12 before am and pm")
        hour = hour % 12 + 12 * (match["half"] == "p")
    if match["time"] == "noon":
        hour = 12
    return {"hour": hour, "minute": minute, "second": int(match["second"] or 0), "microsecond": 0}


def _number(names: tuple[str, ...], word: str) -> int:
    return next(number for number, name in enumerate(names) if name.startswith(word))


def _zone(written: str) -> tzinfo | None:
    """Return the zone that `z`, `utc` or an offset such as `+02:00` stands for, None for an empty text."""
    from datetime import timedelta, timezone

    if not written:
        return None
    if written[0] not in "+-":
        return timezone.utc
    digits = written[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        raise ValueError(f"no such time zone offset ({written})")
    ahead = timedelta(hours=hours, minutes=minutes)
    return timezone(-ahead if written[0] == "-" else ahead)


def _is_over(wall: datetime, now: int, zone: tzinfo | None) -> bool:
    """Return whether a local time is over by both readings: what the clocks skip or repeat is not passed over."""
    return _since_1970(_readings(wall, zone)[-1]) * 1_000 <= now


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
    from datetime import datetime, timedelta

    return (moment.replace(tzinfo=None) - datetime(1970, 1, 1)) // timedelta(seconds=1)


# A form returns None for a text that it does not know; a new way to write an instant is one more form.
FORMS = (_from_now, _since_epoch, _day_and_time)
