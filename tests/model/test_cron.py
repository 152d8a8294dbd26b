"""Cron expressions: what they say and when they fire."""

from __future__ import annotations

import random
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from queuectl.model import cron
from queuectl.model.cron import Cron
from queuectl.model.when import LATEST_MS

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

SEED = time.time_ns()
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def millis(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def instant(text: str) -> int:
    """`2026-11-10 02:00` in UTC, or with an offset."""
    moment = datetime.fromisoformat(text)
    return millis(moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc))


def fires(expression: str, since: str, count: int, zone: timezone | ZoneInfo | None = timezone.utc) -> list[str]:
    """The next fire times, as local time with the offset."""
    entry, after, shown = Cron.parse(expression), instant(since), []
    for _ in range(count):
        found = entry.next_after(after, zone)
        assert found is not None
        after = found
        shown.append((EPOCH + timedelta(milliseconds=after)).astimezone(zone).isoformat(" ", "minutes"))
    return shown


def days_of(expression: str, since: str, count: int) -> list[str]:
    return [text[:10] for text in fires(expression, since, count)]


# Reading


@pytest.mark.parametrize(
    "text, name, expected",
    [
        ("*/20 * * * *", "minutes", [0, 20, 40]),
        ("1-30/10 * * * *", "minutes", [1, 11, 21]),
        ("5/15 * * * *", "minutes", [5, 20, 35, 50]),
        ("59,1,1,30-32 * * * *", "minutes", [1, 30, 31, 32, 59]),
        ("05 * * * *", "minutes", [5]),
        ("*/60 * * * *", "minutes", [0]),
        ("3-3 * * * *", "minutes", [3]),
        ("*,5 * * * *", "minutes", list(range(60))),
        ("* 22-23,0-2 * * *", "hours", [0, 1, 2, 22, 23]),
        ("* * 28/2 * *", "days", [28, 30]),
        ("* * * jan,DEC,Mar-may *", "months", [1, 3, 4, 5, 12]),
        ("* * * oct/1 *", "months", [10, 11, 12]),
        ("* * * * sun", "weekdays", [0]),
        ("* * * * 7", "weekdays", [0]),
        ("* * * * 0", "weekdays", [0]),
        ("* * * * 5-7", "weekdays", [0, 5, 6]),
        ("* * * * Mon-FRI", "weekdays", [1, 2, 3, 4, 5]),
        ("* * * * */2", "weekdays", [0, 2, 4, 6]),
        ("* * * * 6/1", "weekdays", [6]),
        ("* * * * 1/2", "weekdays", [1, 3, 5]),
        ("* * * * mon/2", "weekdays", [1, 3, 5]),
        ("* * * * tue/5", "weekdays", [2]),
        ("* * * * 7/2", "weekdays", [0, 2, 4, 6]),
        ("* * * * sunday/2", "weekdays", [0, 2, 4, 6]),
        ("* * * * */3", "weekdays", [0, 3, 6]),
        ("* * * * 1-7/2", "weekdays", [0, 1, 3, 5]),
        ("* * * * ?", "weekdays", list(range(7))),
        ("* * ? * *", "days", list(range(1, 32))),
        ("* * * * monday,Wednesday", "weekdays", [1, 3]),
        ("* * * * tues-THURSDAY", "weekdays", [2, 3, 4]),
        ("* * * january,sept *", "months", [1, 9]),
        ("* * * April-june *", "months", [4, 5, 6]),
        ("* * * * 0-7", "weekdays", list(range(7))),
    ],
)
def test_a_field_is_read(text: str, name: str, expected: list[int]) -> None:
    assert getattr(Cron.parse(text), name) == expected


@pytest.mark.parametrize("shortcut, fields", cron.SHORTCUTS.items())
def test_a_shortcut_fires_like_the_fields_that_it_stands_for(shortcut: str, fields: str) -> None:
    assert fires(shortcut.upper(), "2026-11-10 02:00", 3) == fires(fields, "2026-11-10 02:00", 3)


def test_the_expression_is_kept_with_single_spaces() -> None:
    assert Cron.parse("  */5\t*  * * MON \n").expression == "*/5 * * * MON"
    assert Cron.parse("@Daily").expression == "@Daily"


HOW = "must be written like *, 5, 1-5, 1,3 or */5, between"
NOT_HERE = "which is not supported"
FIVE = "minute hour day-of-month month day-of-week"


@pytest.mark.parametrize(
    "text, problem",
    [
        ("60 * * * *", 'minute must be between 0 and 59, got "60"'),
        ("* 24 * * *", 'hour must be between 0 and 23, got "24"'),
        ("* * 0 * *", 'day of the month must be between 1 and 31, got "0"'),
        ("* * * 13 *", 'month must be between 1 and 12 or jan to dec, got "13"'),
        ("* * * * 8", 'day of the week must be between 0 and 7 or sun to sat, got "8"'),
        ("1-60 * * * *", 'minute must be between 0 and 59, got "1-60"'),
        ("x * * * *", f'minute {HOW} 0 and 59, got "x"'),
        ("1,,2 * * * *", f'minute {HOW} 0 and 59, got ""'),
        ("-5 * * * *", f'minute {HOW} 0 and 59, got "-5"'),
        ("5- * * * *", f'minute {HOW} 0 and 59, got "5-"'),
        ("1-5-9 * * * *", f'minute {HOW} 0 and 59, got "1-5-9"'),
        ("+5 * * * *", f'minute {HOW} 0 and 59, got "+5"'),
        ("*5 * * * *", f'minute {HOW} 0 and 59, got "*5"'),
        ("* * L * *", f'day of the month has L (the last day), {NOT_HERE}, got "L"'),
        ("* * L-3 * *", f'day of the month has L (the last day), {NOT_HERE}, got "L-3"'),
        ("* * LW * *", f'day of the month has LW (the last weekday), {NOT_HERE}, got "LW"'),
        ("* * 15W * *", f'day of the month has W (the nearest weekday), {NOT_HERE}, got "15W"'),
        ("* * * * friL", f'day of the week has L (the last day), {NOT_HERE}, got "friL"'),
        ("* * * * 5#3", f'day of the week has # (a weekday of one week of the month), {NOT_HERE}, got "5#3"'),
        ("* * * * MON#1", f'day of the week has # (a weekday of one week of the month), {NOT_HERE}, got "MON#1"'),
        ("H(0-29)/10 * * * *", f'minute has H (a time by the name of the job), {NOT_HERE}, got "H(0-29)/10"'),
        ("0~59 * * * *", f'minute has ~ (a random time), {NOT_HERE}, got "0~59"'),
        ("? * * * *", f'minute {HOW} 0 and 59, got "?"'),
        ("* * * ? *", f'month {HOW} 1 and 12 or jan to dec, got "?"'),
        ("* * ?,5 * *", f'day of the month {HOW} 1 and 31, got "?"'),
        ("* * * may-juno *", f'month {HOW} 1 and 12 or jan to dec, got "may-juno"'),
        ("* * * * mo", f'day of the week {HOW} 0 and 7 or sun to sat, got "mo"'),
        ("* * * * lunes", f'day of the week {HOW} 0 and 7 or sun to sat, got "lunes"'),
        ("*/0 * * * *", 'minute must have a step between 1 and 60, got "*/0"'),
        ("*/90 * * * *", 'minute must have a step between 1 and 60, got "*/90"'),
        ("* */25 * * *", 'hour must have a step between 1 and 24, got "*/25"'),
        ("* * * * */8", 'day of the week must have a step between 1 and 7, got "*/8"'),
        ("*/ * * * *", 'minute must have a step between 1 and 60, got "*/"'),
        ("*/2/2 * * * *", 'minute must have a step between 1 and 60, got "*/2/2"'),
        ("* 22-2 * * *", 'hour has a range that runs backwards, "22-2" (write 22-23,0-2)'),
        ("* 23-0 * * *", 'hour has a range that runs backwards, "23-0" (write 23,0)'),
        ("* 22-2/2 * * *", 'hour has a range that runs backwards, "22-2/2"'),
        ("* * 30-2 * *", 'day of the month has a range that runs backwards, "30-2" (write 30-31,1-2)'),
        ("* * * nov-2 *", 'month has a range that runs backwards, "nov-2"'),
        ("* * * * fri-mon", 'day of the week has a range that runs backwards, "fri-mon" (write fri-sat,sun-mon)'),
        ("* * * * Fri-Sun", 'day of the week has a range that runs backwards, "Fri-Sun" (write Fri-sat,Sun)'),
        ("* * * * 5-1", 'day of the week has a range that runs backwards, "5-1" (write 5-6,0-1)'),
        ("", f"empty (write {FIVE}, or such as @daily)"),
        (" \n", f"empty (write {FIVE}, or such as @daily)"),
        ("0 * * * * *", f"6 fields, but seconds and years are not supported (write five: {FIVE})"),
        ("0 10 * * ? 2027", f"6 fields, but seconds and years are not supported (write five: {FIVE})"),
        ("* * * *", f"not five fields but 4 (write {FIVE})"),
        ("* * * * * * *", f"7 fields, but seconds and years are not supported (write five: {FIVE})"),
        ("@every 5m", "@every is not supported (write */5 * * * * for every five minutes)"),
        ("@reboot", "@reboot is not a time: a queue cannot tell when the machine starts (enqueue the job at boot)"),
        (
            "@dayly",
            '"@dayly" is none of @hourly @daily @midnight @weekly @monthly @yearly @annually (did you mean "@daily"?)',
        ),
        ("@daily true", 'nothing may follow @daily, got "true"'),
        ("\u0665 * * * *", "only ASCII characters are allowed"),
        ("\udc80 * * * *", "only ASCII characters are allowed"),
        ("0,0" * 70, "longer than 200 characters"),
        ("9" * 195 + " * * * *", "longer than 200 characters"),
        ("9" * 190 + " * * * *", f'minute must be between 0 and 59, got "{"9" * 80}..."'),
        ("0 0 30 2 *", "30 February never comes"),
        ("0 0 31 apr *", "31 April never comes"),
        ("0 0 30,31 2 *", "day 30 or 31 never comes in February"),
        ("0 0 31 2,4,6,9,11 *", "day 31 never comes in February or April or June or September or November"),
        ("0 0 30 2 */2", "30 February never comes"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_is_allowed(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as caught:
        Cron.parse(text)
    assert str(caught.value) == problem


def test_any_text_is_an_expression_or_a_value_error() -> None:
    print("seed", SEED)
    source, read = random.Random(SEED), 0
    parts = ("*", "1", "5", "1-3", "*/2", "2/3", "*", "2", "1,3", "/", "-", ",", "jan", "sun", "fri-", "99", "\x00")
    for _ in range(5_000):
        text = " ".join("".join(source.choices(parts, k=source.choice((1, 1, 1, 1, 2, 3)))) for _ in range(5))
        try:
            read += Cron.parse(text).next_after(0, timezone.utc) != 0
        except ValueError:
            continue
    assert read > 0


# Days


def test_one_matching_day_field_is_enough_if_both_are_restricted() -> None:
    assert days_of("0 0 13 * fri", "2026-11-01 00:00", 5) == [
        "2026-11-06",
        "2026-11-13",
        "2026-11-20",
        "2026-11-27",
        "2026-12-04",
    ]
    assert days_of("0 0 30 2 1", "2026-01-01 00:00", 2) == ["2026-02-02", "2026-02-09"]


def test_both_day_fields_must_match_if_one_begins_with_a_star() -> None:
    assert days_of("0 0 13 * */5", "2026-01-01 00:00", 3) == ["2026-02-13", "2026-03-13", "2026-09-13"]
    assert days_of("0 0 */10 * 1", "2026-01-01 00:00", 3) == ["2026-05-11", "2026-06-01", "2026-08-31"]


def test_a_day_field_that_is_a_question_mark_leaves_the_days_to_the_other() -> None:
    assert days_of("0 0 ? * fri", "2026-11-01 00:00", 2) == ["2026-11-06", "2026-11-13"]
    assert days_of("0 0 13 * ?", "2026-11-01 00:00", 2) == ["2026-11-13", "2026-12-13"]


def test_short_months_and_common_years_are_passed_over() -> None:
    assert days_of("0 0 31 * *", "2026-03-31 00:00", 3) == ["2026-05-31", "2026-07-31", "2026-08-31"]
    assert days_of("0 0 29 2 *", "2026-01-01 00:00", 2) == ["2028-02-29", "2032-02-29"]


def test_a_rare_weekday_of_a_leap_day_is_found() -> None:
    assert days_of("0 0 29 2 */7", "2032-03-01 00:00", 1) == ["2060-02-29"]


def test_2100_has_no_leap_day_and_is_the_last_year() -> None:
    leap_day = Cron.parse("0 0 29 2 *")
    assert leap_day.next_after(instant("2096-02-28 23:59"), timezone.utc) == instant("2096-02-29 00:00")
    assert leap_day.next_after(instant("2096-02-29 00:00"), timezone.utc) is None


def test_new_year_of_2101_is_out_of_reach() -> None:
    new_year = Cron.parse("@yearly")
    assert new_year.next_after(instant("2100-01-01 00:00"), timezone.utc) is None
    assert new_year.next_after(instant("2100-01-01 00:00"), timezone(timedelta(hours=1))) == instant("2100-12-31 23:00")


def test_nothing_fires_after_the_last_instant_or_before_the_first() -> None:
    every = Cron.parse("* * * * *")
    for hours in (-12, 0, 14):
        zone = timezone(timedelta(hours=hours))
        assert every.next_after(LATEST_MS, zone) is None
        assert every.next_after(LATEST_MS - 60_000, zone) == LATEST_MS - 59_999
        assert every.next_after(10**18, zone) is None
        assert every.next_after(-1, zone) == every.next_after(-(10**15), zone) == 0
        assert every.next_after(0, zone) == 60_000


@pytest.mark.parametrize("after, expected", [(-1, 0), (0, 60_000), (1, 60_000), (59_999, 60_000), (60_000, 120_000)])
def test_it_fires_strictly_after_the_instant(after: int, expected: int) -> None:
    assert Cron.parse("* * * * *").next_after(after, timezone.utc) == expected


def test_dates_over_leap_years_are_those_of_a_calendar() -> None:
    print("seed", SEED)
    source = random.Random(SEED)
    for _ in range(60):
        (days_text, days), (months_text, months), (weekdays_text, weekdays) = (
            field(source, low, high) for low, high in ((1, 31), (1, 12), (0, 7))
        )
        text = f"30 6 {days_text} {months_text} {weekdays_text}"
        start = datetime(source.choice((2023, 2027, 2092)), 1, 1, tzinfo=timezone.utc)
        want = [
            day
            for day in (start + timedelta(days=number) for number in range(366 * 8))
            if on_this_day(day, days_text, days, months, weekdays_text, weekdays)
        ]
        try:
            entry, after = Cron.parse(text), millis(start)
        except ValueError as error:
            assert "never comes" in str(error) and not want, text
            continue
        for day in want[:40]:
            found = entry.next_after(after, timezone.utc)
            after = millis(day.replace(hour=6, minute=30))
            assert found == after, text


# What the tests know of cron by themselves


def on_this_day(
    day: datetime, days_text: str, days: set[int], months: set[int], weekdays_text: str, weekdays: set[int]
) -> bool:
    dated, named_day = day.day in days, day.isoweekday() % 7 in {weekday % 7 for weekday in weekdays}
    both = days_text.startswith("*") or weekdays_text.startswith("*")
    return day.month in months and (dated and named_day if both else dated or named_day)


def field(source: random.Random, low: int, high: int) -> tuple[str, set[int]]:
    """Any field, with the values that it stands for."""
    kind, first = source.randrange(6), source.randrange(low, high + 1)
    if kind <= 1:
        return "*", set(range(low, high + 1))
    step = source.randrange(1, (high - low) // 2 + 2)
    if kind == 2:
        return f"*/{step}", set(range(low, high + 1, step))
    last = source.randrange(first, high + 1)
    if kind == 3:
        return f"{first}-{last}/{step}", set(range(first, last + 1, step))
    if kind == 4 and high == 7:
        return f"{first}/{step}", set(range(first % 7, 7, step))
    if kind == 4:
        return f"{first}/{step}", set(range(first, high + 1, step))
    return f"{first},{last}", {first, last}
