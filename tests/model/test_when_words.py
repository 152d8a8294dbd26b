"""Instants in words: `tomorrow 09:00`, `fri noon`, `5:30pm`."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from queuectl.model import when
from tests.model.conftest import SetZone
from tests.model.test_when import BERLIN, NOW, REPEATED, SKIPPED, TWO_O_CLOCK, millis


@pytest.mark.parametrize(
    "text, expected",
    [
        ("midnight", "11 00:00"),
        ("noon", "10 12:00"),
        ("NOON", "10 12:00"),
        ("18:30", "10 18:30"),
        ("02:00", "11 02:00"),
        ("02:00:01", "10 02:00:01"),
        ("01:59", "11 01:59"),
        ("9:05", "10 09:05"),
        ("9am", "10 09:00"),
        ("9 AM", "10 09:00"),
        ("5:30pm", "10 17:30"),
        ("12am", "11 00:00"),
        ("12pm", "10 12:00"),
        ("12:30am", "11 00:30"),
        ("1am", "11 01:00"),
        ("today 18:00", "10 18:00"),
        ("today 01:00", "10 01:00"),
        ("today midnight", "10 00:00"),
        ("tomorrow", "11 00:00"),
        ("Tomorrow 09:00", "11 09:00"),
        ("tomorrow noon", "11 12:00"),
        ("tomorrow  1am", "11 01:00"),
        ("tue 18:00", "10 18:00"),
        ("tue 02:00", "17 02:00"),
        ("tuesday", "17 00:00"),
        ("wed", "11 00:00"),
        ("FRI 18:00", "13 18:00"),
        ("friday noon", "13 12:00"),
        ("next fri 18:00", "13 18:00"),
        ("next  Tuesday 5pm", "10 17:00"),
        ("mon 01:00", "16 01:00"),
        ("sun midnight", "15 00:00"),
        ("thu", "12 00:00"),
        ("saturday 23:59:59", "14 23:59:59"),
    ],
)
def test_a_day_and_a_time_in_words_are_local(text: str, expected: str) -> None:
    assert when.parse_instant(f" {text} ", NOW, timezone.utc) == millis(*parts_of(expected))
    zone = timezone(timedelta(hours=5, minutes=45))
    there = NOW - 20_700_000
    assert when.parse_instant(text, there, zone) == millis(*parts_of(expected)) - 20_700_000


def parts_of(text: str) -> tuple[int, ...]:
    day, clock = text.split(" ")
    return (2026, 11, int(day), *map(int, clock.split(":")))


def test_now_is_now_to_the_millisecond() -> None:
    assert when.parse_instant("now", NOW) == when.parse_instant("NOW", NOW) == NOW


def test_the_next_such_time_is_in_the_future_however_close() -> None:
    assert when.parse_instant("02:00", TWO_O_CLOCK - 1, timezone.utc) == TWO_O_CLOCK
    assert when.parse_instant("02:00", TWO_O_CLOCK, timezone.utc) == TWO_O_CLOCK + when.DAY
    assert when.parse_instant("tue 2am", TWO_O_CLOCK - 1, timezone.utc) == TWO_O_CLOCK
    assert when.parse_instant("tue 2am", TWO_O_CLOCK, timezone.utc) == TWO_O_CLOCK + 7 * when.DAY


@pytest.mark.parametrize("name, number", list(zip(when.WEEKDAYS, range(7))))
def test_each_weekday_is_known_by_its_name_and_its_first_three_letters(name: str, number: int) -> None:
    expected = millis(2026, 11, 16 + number) if number < 2 else millis(2026, 11, 9 + number)
    for word in (name, name[:3], name.upper(), f"next {name}"):
        assert when.parse_instant(word, NOW, timezone.utc) == expected


@pytest.mark.parametrize("text", ["24:00", "9:60", "09:00:60", "0am", "13pm", "5:60pm", "tomorrow 25:00", "fri 99am"])
def test_a_time_of_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="^no such date or time"):
        when.parse_instant(text, NOW, timezone.utc)


def test_today_needs_a_time() -> None:
    with pytest.raises(ValueError) as caught:
        when.parse_instant("today", NOW)
    assert str(caught.value) == "a day without a time (write today 18:00)"


def test_words_that_lead_past_2100_are_refused() -> None:
    with pytest.raises(ValueError, match="between 1970 and 2100"):
        when.parse_instant("tomorrow", when.LATEST_MS, timezone.utc)


def test_words_keep_the_time_of_day_over_a_change_of_clocks(machine_zone: SetZone) -> None:
    machine_zone(BERLIN)
    evening = millis(2026, 3, 28, 19)  # 20:00 there
    assert when.parse_instant("20:00", evening) == millis(2026, 3, 29, 18)
    assert when.parse_instant("tomorrow", evening) == millis(2026, 3, 28, 23)
    assert when.parse_instant("fri 8pm", evening) == millis(2026, 4, 3, 18)


@pytest.mark.parametrize(
    "text, now, problem, choices",
    [
        ("02:30", (2026, 3, 28, 19), SKIPPED, "2026-03-29T01:30:00+01:00 or 2026-03-29T03:30:00+02:00"),
        ("tomorrow 2:30am", (2026, 3, 28, 19), SKIPPED, "2026-03-29T01:30:00+01:00 or 2026-03-29T03:30:00+02:00"),
        ("02:30", (2026, 10, 24, 19), REPEATED, "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"),
        ("sun 02:30", (2026, 10, 20, 19), REPEATED, "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"),
        ("02:15", (2026, 10, 25, 0, 30), REPEATED, "2026-10-25T02:15:00+02:00 or 2026-10-25T02:15:00+01:00"),
    ],
)
def test_words_for_a_time_that_the_clocks_skip_or_repeat_are_refused_with_both_readings(
    machine_zone: SetZone, text: str, now: tuple[int, ...], problem: str, choices: str
) -> None:
    machine_zone(BERLIN)
    with pytest.raises(ValueError) as caught:
        when.parse_instant(text, millis(*now))
    assert problem in str(caught.value)
    assert f"(write {choices})" in str(caught.value)


@pytest.mark.parametrize(
    "now, expected", [((2026, 3, 29, 8), (2026, 3, 30, 0, 30)), ((2026, 10, 25, 8), (2026, 10, 26, 1, 30))]
)
def test_a_time_that_the_clocks_skipped_or_repeated_earlier_today_is_the_one_of_tomorrow(
    machine_zone: SetZone, now: tuple[int, int, int, int], expected: tuple[int, ...]
) -> None:
    machine_zone(BERLIN)
    assert when.parse_instant("02:30", millis(*now)) == millis(*expected)
