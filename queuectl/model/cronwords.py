"""A cron expression in words: `at 09:30 on weekdays`, `every 5 minutes`.

The words are made from the values that the fields stand for, not from how they are written, and
say all of them: what has no short name is listed.
"""

from __future__ import annotations

from collections.abc import Sequence

from .cron import Cron
from .when import MONTHS, WEEKDAYS

FEW_TIMES = 4  # so many are listed even if there is a shorter rule
SOME_TIMES = 12  # so many are listed if there is none


def describe(cron: Cron) -> str:
    """Return when it fires, as the end of "It runs ..."."""
    time, comes_again = _time(cron.minutes, cron.hours)
    return time + (_day(cron) or ("" if comes_again else " every day") + _in_months(cron))


def _time(minutes: list[int], hours: list[int]) -> tuple[str, bool]:
    """Return the times of the day, and whether their words already say that they come again."""
    times = [f"{hour:02}:{minute:02}" for hour in hours for minute in minutes]
    every_hour, every_minute = _every(hours, 24, "hour"), _every(minutes, 60, "minute")
    if len(times) <= FEW_TIMES:
        return f"at {listed(times)}", False
    if every_minute:
        return every_minute + _in_hours(hours), True
    if every_hour:
        return f"{every_hour} at {_numbers('minute', minutes)}", True
    if _is_run(hours) and len(minutes) == 1:
        return f"every hour from {times[0]} to {times[-1]}", True
    if len(times) <= SOME_TIMES:
        return f"at {listed(times)}", False
    return f"at {_numbers('minute', minutes)} of every hour" + _in_hours(hours), True


def _every(values: list[int], size: int, unit: str) -> str:
    """Return `every 5 minutes` if the steps are even, also from one hour or day to the next."""
    if len(values) < 2 or values != list(range(0, size, size // len(values))):
        return ""
    step = size // len(values)
    return f"every {step} {unit}s" if step > 1 else f"every {unit}"


def _in_hours(hours: list[int]) -> str:
    if len(hours) == 24:
        return ""
    if _is_run(hours):
        return f" from {hours[0]:02}:00 to {hours[-1]:02}:59"
    return f" in the {_numbers('hour', hours)}"


def _day(cron: Cron) -> str:
    """Return which days of which months; an empty text if all days of the months."""
    all_days, all_weekdays = len(cron.days) == 31, len(cron.weekdays) == 7
    if all_days and all_weekdays or cron.one_day_is_enough and (all_days or all_weekdays):
        return ""
    if all_days:
        return f" on {_weekdays(cron)}{_in_months(cron)}"
    if all_weekdays:
        return f" on {_dates(cron)}"
    if cron.one_day_is_enough:
        return f" on {_dates(cron)} or on {_weekdays(cron)}{_in_months(cron)}"
    names = [WEEKDAYS[weekday] for weekday in _from_monday(cron.weekdays)]
    return f" on {_dates(cron)} if that is a {listed(names, 'or')}"


def _dates(cron: Cron) -> str:
    if len(cron.days) == len(cron.months) == 1:
        return f"{cron.days[0]} {_months(cron)}"
    return f"{_numbers('day', cron.days)} of {'the month' if len(cron.months) == 12 else _months(cron)}"


def _weekdays(cron: Cron) -> str:
    if cron.weekdays == [1, 2, 3, 4, 5]:
        return "weekdays"
    return listed([WEEKDAYS[weekday] + "s" for weekday in _from_monday(cron.weekdays)])


def _from_monday(weekdays: list[int]) -> list[int]:
    return sorted(weekdays, key=lambda weekday: weekday or 7)


def _in_months(cron: Cron) -> str:
    return "" if len(cron.months) == 12 else f" in {_months(cron)}"


def _months(cron: Cron) -> str:
    return listed([MONTHS[month - 1] for month in cron.months])


def _numbers(name: str, values: list[int]) -> str:
    """Return `minute 5` or `minutes 1 to 30 and 45`."""
    if len(values) == 1:
        return f"{name} {values[0]}"
    parts: list[str] = []
    for value in values:
        if value - 1 in values and value + 1 in values:
            continue
        if value - 1 in values and value - 2 in values:
            parts[-1] += f" to {value}"
        else:
            parts.append(str(value))
    return f"{name}s {listed(parts)}"


def _is_run(values: list[int]) -> bool:
    return values[-1] - values[0] == len(values) - 1


def listed(words: Sequence[str], last: str = "and") -> str:
    """Return `a`, `a and b` or `a, b and c`."""
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
