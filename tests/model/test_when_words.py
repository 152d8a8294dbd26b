"""Instants in words: `tomorrow 09:00`, `fri noon`, `5:30pm`."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from queuectl.model import instants, when
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
        ("day after tomorrow", "12 00:00"),
        ("9am day after tomorrow", "12 09:00"),
        ("tomorrow  1am", "11 01:00"),
        ("tue 18:00", "10 18:00"),
        ("tue 02:00", "17 02:00"),
        ("tuesday", "17 00:00"),
        ("wed", "11 00:00"),
        ("FRI 18:00", "13 18:00"),
        ("friday noon", "13 12:00"),
        ("next fri 18:00", "13 18:00"),
        ("next  Tuesday 5pm", "17 17:00"),
        ("mon 01:00", "16 01:00"),
        ("sun midnight", "15 00:00"),
        ("thu", "12 00:00"),
        ("saturday 23:59:59", "14 23:59:59"),
    ],
)
def test_a_day_and_a_time_in_words_are_local(text: str, expected: str) -> None:
    assert instants.parse_instant(f" {text} ", NOW, timezone.utc) == millis(*parts_of(expected))
    zone = timezone(timedelta(hours=5, minutes=45))
    there = NOW - 20_700_000
    assert instants.parse_instant(text, there, zone) == millis(*parts_of(expected)) - 20_700_000


def parts_of(text: str) -> tuple[int, ...]:
    day, clock = text.split(" ")
    return (2026, 11, int(day), *map(int, clock.split(":")))


def test_now_is_now_to_the_millisecond() -> None:
    assert instants.parse_instant("now", NOW) == instants.parse_instant("NOW", NOW) == NOW


def test_the_next_such_time_is_in_the_future_however_close() -> None:
    assert instants.parse_instant("02:00", TWO_O_CLOCK - 1, timezone.utc) == TWO_O_CLOCK
    assert instants.parse_instant("02:00", TWO_O_CLOCK, timezone.utc) == TWO_O_CLOCK + when.DAY
    assert instants.parse_instant("tue 2am", TWO_O_CLOCK - 1, timezone.utc) == TWO_O_CLOCK
    assert instants.parse_instant("tue 2am", TWO_O_CLOCK, timezone.utc) == TWO_O_CLOCK + 7 * when.DAY


@pytest.mark.parametrize("name, number", list(zip(instants.WEEKDAYS, range(7))))
def test_each_weekday_is_known_by_its_name_and_its_first_three_letters(name: str, number: int) -> None:
    expected = millis(2026, 11, 16 + number) if number < 2 else millis(2026, 11, 9 + number)
    for word in (name, name[:3], name.upper(), f"next {name}", f"this {name}", f"on {name}"):
        assert instants.parse_instant(word, NOW, timezone.utc) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("in 5 minutes", millis(2026, 11, 10, 2, 5)),
        ("in 5m", millis(2026, 11, 10, 2, 5)),
        ("5 minutes", millis(2026, 11, 10, 2, 5)),
        ("in an hour", millis(2026, 11, 10, 3)),
        ("1h30", millis(2026, 11, 10, 3, 30)),
        ("PT1H30M", millis(2026, 11, 10, 3, 30)),
        ("now + 2 hours", millis(2026, 11, 10, 4)),
        ("now+2h", millis(2026, 11, 10, 4)),
        ("tomorrow at 9am", millis(2026, 11, 11, 9)),
        ("9am tomorrow", millis(2026, 11, 11, 9)),
        ("noon tomorrow", millis(2026, 11, 11, 12)),
        ("18:00 tomorrow", millis(2026, 11, 11, 18)),
        ("at 5pm", millis(2026, 11, 10, 17)),
        ("friday at 5pm", millis(2026, 11, 13, 17)),
        ("5 pm friday", millis(2026, 11, 13, 17)),
        ("at 9am on fri", millis(2026, 11, 13, 9)),
        ("nov 30 2pm", millis(2026, 11, 30, 14)),
        ("Mon, 30 Nov 2026 14:00:00 GMT", millis(2026, 11, 30, 14)),
        ("Mon, 30 Nov 2026 14:00:00 +0200", millis(2026, 11, 30, 12)),
        ("Mon Nov 30 14:00", millis(2026, 11, 30, 14)),
        ("tuesday nov 30 at 2pm", millis(2027, 11, 30, 14)),
        ("Nov 30", millis(2026, 11, 30)),
        ("30 Nov", millis(2026, 11, 30)),
        ("2pm 30 November", millis(2026, 11, 30, 14)),
        ("30 November 2027", millis(2027, 11, 30)),
        ("November 30th, 2027 at 2:30pm", millis(2027, 11, 30, 14, 30)),
        ("1st March", millis(2027, 3, 1)),
        ("29 feb", millis(2028, 2, 29)),
        ("Sept 3", millis(2027, 9, 3)),
        ("2027/11/10", millis(2027, 11, 10)),
        ("2027-11-10 2pm", millis(2027, 11, 10, 14)),
        ("2027-1-5 9:00", millis(2027, 1, 5, 9)),
        ("2027-11-10T02:00:00 UTC", millis(2027, 11, 10, 2)),
        ("18:00 UTC", millis(2026, 11, 10, 18)),
        ("9am+02:00", millis(2026, 11, 10, 7)),
        ("tomorrow 09:00Z", millis(2026, 11, 11, 9)),
        ("20271110T020000Z", millis(2027, 11, 10, 2)),
        ("20271110T0200+0100", millis(2027, 11, 10, 1)),
        ("20271110", millis(2027, 11, 10)),
        ("@1893456000", 1_893_456_000_000),
        ("@1893456000.5", 1_893_456_000_500),
        ("yesterday 18:00", millis(2026, 11, 9, 18)),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, expected: int) -> None:
    assert instants.parse_instant(text, TWO_O_CLOCK, timezone.utc) == expected


def test_next_friday_is_not_today_and_friday_may_be() -> None:
    friday = millis(2026, 11, 27, 9)
    assert instants.parse_instant("next friday noon", friday, timezone.utc) == millis(2026, 12, 4, 12)
    assert instants.parse_instant("friday noon", friday, timezone.utc) == millis(2026, 11, 27, 12)
    assert instants.parse_instant("this friday noon", friday, timezone.utc) == millis(2026, 11, 27, 12)


@pytest.mark.parametrize(
    "text, reason",
    [
        ("Tue, 30 Nov 2026", "2026-11-30 is not a Tuesday"),
        ("15-7-2027 2pm", "day and month may stand in either order"),
        ("18:00 CET", "a zone is UTC or an offset here"),
        ("9 am PST", "a zone is UTC or an offset here"),
        ("2027-11-10 02:00:00 Europe/Berlin", "a zone is UTC or an offset here"),
        ("11/30/2027", "day and month may stand in either order"),
        ("30.11.2027 9am", "day and month may stand in either order"),
        ("+1mo", "months and years differ in length"),
        ("1 month", "months and years differ in length"),
        ("in 2 years", "months and years differ in length"),
        ("5M", "M may be minutes or months"),
        ("1893456000", "a number alone"),
        ("90", "a number alone"),
        ("tomorrow 9", "before or after noon"),
        ("at 9", "before or after noon"),
        ("friday at 5", "before or after noon"),
        ("tonight", "too vague"),
        ("tomorrow morning", "too vague"),
        ("next week", "too vague"),
        ("teatime", "too vague"),
        ("30 feb", "not a date or time that exists"),
        ("2026-11-10 +25:00", "not a time"),
        ("18:00+25:00", "no such time zone offset"),
        ("@soon", "not a number of seconds since 1970"),
    ],
)
def test_what_is_unclear_or_vague_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        instants.parse_instant(text, NOW, timezone.utc)
    assert reason in str(caught.value)


@pytest.mark.parametrize("text", ["24:00", "9:60", "09:00:60", "0am", "13pm", "5:60pm", "tomorrow 25:00", "fri 99am"])
def test_an_impossible_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="^not a date or time that exists"):
        instants.parse_instant(text, NOW, timezone.utc)


def test_today_needs_a_time() -> None:
    with pytest.raises(ValueError) as caught:
        instants.parse_instant("today", NOW)
    assert str(caught.value) == "a day without a time (write today 18:00)"


def test_words_that_lead_past_2100_are_refused() -> None:
    with pytest.raises(ValueError, match="between 1970 and 2100"):
        instants.parse_instant("tomorrow", when.LATEST_MS, timezone.utc)


def test_words_keep_the_time_of_day_over_a_change_of_clocks(machine_zone: SetZone) -> None:
    machine_zone(BERLIN)
    evening = millis(2026, 3, 28, 19)  # 20:00 there
    assert instants.parse_instant("20:00", evening) == millis(2026, 3, 29, 18)
    assert instants.parse_instant("tomorrow", evening) == millis(2026, 3, 28, 23)
    assert instants.parse_instant("fri 8pm", evening) == millis(2026, 4, 3, 18)


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
        instants.parse_instant(text, millis(*now))
    assert problem in str(caught.value)
    assert f"(write {choices})" in str(caught.value)


@pytest.mark.parametrize(
    "now, expected", [((2026, 3, 29, 8), (2026, 3, 30, 0, 30)), ((2026, 10, 25, 8), (2026, 10, 26, 1, 30))]
)
def test_a_time_that_the_clocks_skipped_or_repeated_earlier_today_is_the_one_of_tomorrow(
    machine_zone: SetZone, now: tuple[int, int, int, int], expected: tuple[int, ...]
) -> None:
    machine_zone(BERLIN)
    assert instants.parse_instant("02:30", millis(*now)) == millis(*expected)
