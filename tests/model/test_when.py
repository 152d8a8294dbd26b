"""Text to instants and durations, and back."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from queuectl.model import instants, when
from tests.model.conftest import SetZone, named

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

NOW = 1_794_276_000_123  # 2026-11-10T02:00:00.123Z
TWO_O_CLOCK = 1_794_276_000_000
BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
LORD_HOWE = "LHST-10:30LHDT-11,M10.1.0,M4.1.0"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def millis(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0
) -> int:
    moment = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=timezone.utc)
    return (moment - EPOCH) // timedelta(milliseconds=1)


# Instants: from now on


@pytest.mark.parametrize(
    "text, later",
    [
        ("+30m", 1_800_000),
        ("+1d", 86_400_000),
        ("+90", 90_000),
        ("+ 5s", 5_000),
        ("30m", 1_800_000),
        ("+0", 0),
        ("2h30m", 9_000_000),
        (" 2h 30m ", 9_000_000),
        ("500ms", 500),
        ("2w", 1_209_600_000),
    ],
)
def test_a_duration_counts_from_now(text: str, later: int) -> None:
    assert instants.parse_instant(text, NOW) == NOW + later


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-30m",
        "m",
        "30m1h",
        "\udc80",
        "٣m",
        "next",
        "next 09:00",
        "next tomorrow",
        "tomorrow09:00",
        "fri9am",
        "9:5",
        "9:00:0",
        "123:00",
        "9 a m",
        "am",
        "friyay",
        "tues",
        "fri\n18:00",
        "fri 1\u00668:00",
        "\u212anoon",
        "noon noon",
        "now 9am",
        "today tomorrow",
        "9 :00",
        "fri, 9am",
        "x" * 100_000,
        " " * 1_000 + "fri" + " " * 1_000 + "x",
    ],
)
def test_other_texts_are_not_instants(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not a time \(write \+30m, 18:00, tomorrow 09:00, 2026-11-10 02:00 or 20"):
        instants.parse_instant(text, NOW)


def test_a_bad_duration_after_a_plus_is_called_one() -> None:
    with pytest.raises(ValueError, match="not a duration"):
        instants.parse_instant("+5 parsecs", NOW)


# Instants: with a zone


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-10T02:00:00Z",
        "2026-11-10T02:00Z",
        "2026-11-10T02:00:00.000Z",
        "2026-11-10t02:00:00z",
        "2026-11-10 02:00:00Z",
        "2026-11-10  02:00 Z",
        " 2026-11-10T02:00Z\n",
        "2026-11-10T04:00:00+02:00",
        "2026-11-10T04:00+0200",
        "2026-11-10T04:00+02",
        "2026-11-10 04:00:00 +0200",
        "2026-11-09T20:30:00-05:30",
        "2026-11-10T02:00:00-00:00",
        "2026-11-10T16:00+14:00",
    ],
)
def test_an_instant_with_a_zone_is_read(text: str) -> None:
    assert instants.parse_instant(text, NOW) == TWO_O_CLOCK


@pytest.mark.parametrize(
    "fraction, extra", [(".5", 500), (".123", 123), (".1239", 123), (".000000001", 0), (".04", 40)]
)
def test_a_fraction_is_kept_to_the_millisecond(fraction: str, extra: int) -> None:
    assert instants.parse_instant(f"2026-11-10T02:00:00{fraction}Z", NOW) == TWO_O_CLOCK + extra


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T00:00Z",
        "2026-13-01T00:00Z",
        "2026-00-10T00:00Z",
        "2026-11-10T24:00Z",
        "2026-11-10T02:60Z",
        "2026-11-10T02:00:60Z",
        "0000-01-01T00:00Z",
        "2025-02-29 00:00",
    ],
)
def test_an_impossible_date_or_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="^not a date or time that exists"):
        instants.parse_instant(text, NOW)


@pytest.mark.parametrize("offset", ["+24:00", "-99", "+0260"])
def test_an_impossible_offset_is_refused(offset: str) -> None:
    with pytest.raises(ValueError, match="^no such time zone offset"):
        instants.parse_instant(f"2026-11-10T02:00{offset}", NOW)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-10T",
        "2026-11-10Z",
        "2026-11-10+02:00",
        "2026-11-10T02Z",
        "26-11-10 02:00",
        "2026-11-10T02:00:00.Z",
        "2026-11-10T02:00:00,5Z",
        "2026-11-10T02:00:00ZZ",
        "2026-11-10T02:00:00Z+01",
        "2026-11-10_02:00",
        "٢٠٢٦-11-10 02:00",
        "2026-11-10T02:00:00 CET",
        "2026-11-10T02:00.5Z",
        "2026-11-10\n02:00",
        "2026-11-10T02:00:00.1234567890Z",
    ],
)
def test_what_is_not_quite_a_timestamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="^not a time"):
        instants.parse_instant(text, NOW)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:00:00-01:00", 0),
        ("2100-12-31T23:59:59.999Z", when.LATEST_MS),
        ("2101-01-01T00:59:59.999+01:00", when.LATEST_MS),
    ],
)
def test_the_first_and_last_instants_are_taken(text: str, expected: int) -> None:
    assert instants.parse_instant(text, NOW) == expected
    assert millis(2101, 1, 1) - 1 == when.LATEST_MS


@pytest.mark.parametrize(
    "text",
    [
        "1969-12-31T23:59:59.999Z",
        "1970-01-01T00:59:59+01:00",
        "2101-01-01T00:00:00Z",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+12:00",
        "0001-01-01 00:00",
        "9999-12-31 23:59",
        "+100d",
    ],
)
def test_an_instant_outside_1970_to_2100_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="between 1970 and 2100"):
        instants.parse_instant(text, when.LATEST_MS)


# Instants: local time


def test_a_time_without_a_zone_is_in_the_given_zone() -> None:
    zone = timezone(timedelta(hours=2))
    assert instants.parse_instant("2026-11-10 04:00", NOW, zone) == TWO_O_CLOCK
    assert instants.parse_instant("2026-11-10T04:00:00.5", NOW, zone) == TWO_O_CLOCK + 500
    assert instants.parse_instant("2026-11-10T02:00Z", NOW, zone) == TWO_O_CLOCK


def test_a_time_without_a_zone_is_in_the_machines_zone(machine_zone: SetZone) -> None:
    machine_zone(BERLIN)
    assert instants.parse_instant("2026-11-10 02:00:00", NOW) == millis(2026, 11, 10, 1)
    assert instants.parse_instant("2026-07-10 02:00", NOW) == millis(2026, 7, 10, 0)
    machine_zone("UTC0")
    assert instants.parse_instant("2026-11-10 02:00", NOW) == TWO_O_CLOCK


SKIPPED, REPEATED = "does not exist", "happens twice"


@pytest.mark.parametrize(
    "zone, text, problem, choices",
    [
        (BERLIN, "2026-03-29 02:30", SKIPPED, "2026-03-29T01:30:00+01:00 or 2026-03-29T03:30:00+02:00"),
        (BERLIN, "2026-03-29 02:00", SKIPPED, "2026-03-29T01:00:00+01:00 or 2026-03-29T03:00:00+02:00"),
        (BERLIN, "2026-10-25 02:30", REPEATED, "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"),
        (BERLIN, "2026-10-25 02:59:59", REPEATED, "2026-10-25T02:59:59+02:00 or 2026-10-25T02:59:59+01:00"),
        (LORD_HOWE, "2026-10-04 02:15", SKIPPED, "2026-10-04T01:45:00+10:30 or 2026-10-04T02:45:00+11:00"),
        (LORD_HOWE, "2026-04-05 01:45", REPEATED, "2026-04-05T01:45:00+11:00 or 2026-04-05T01:45:00+10:30"),
    ],
)
def test_a_local_time_that_the_clocks_skip_or_repeat_is_refused_with_both_readings(
    machine_zone: SetZone, zone: str, text: str, problem: str, choices: str
) -> None:
    machine_zone(zone)
    with pytest.raises(ValueError) as caught:
        instants.parse_instant(text, NOW)
    assert problem in str(caught.value)
    assert f"(write {choices})" in str(caught.value)
    for choice in choices.split(" or "):
        assert instants.parse_instant(choice, NOW) > 0


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2026-03-29 01:59:59", (2026, 3, 29, 0, 59, 59)),
        ("2026-03-29 03:00", (2026, 3, 29, 1)),
        ("2026-10-25 01:59:59", (2026, 10, 24, 23, 59, 59)),
        ("2026-10-25 03:00", (2026, 10, 25, 2)),
    ],
)
def test_the_times_beside_a_change_of_clocks_are_taken(
    machine_zone: SetZone, text: str, expected: tuple[int, ...]
) -> None:
    machine_zone(BERLIN)
    assert instants.parse_instant(text, NOW) == millis(*expected)


@pytest.mark.parametrize("zone, key", [(BERLIN, "Europe/Berlin"), (LORD_HOWE, "Australia/Lord_Howe")])
def test_a_given_zone_means_the_same_as_a_machine_set_to_it(machine_zone: SetZone, zone: str, key: str) -> None:
    given = named(key)
    machine_zone(zone)
    for day in (datetime(2026, 3, 29), datetime(2026, 10, 25), datetime(2026, 4, 5), datetime(2026, 10, 4)):
        for quarter in range(24):
            text = (day + timedelta(minutes=15 * quarter)).isoformat(" ")
            assert outcome(text, given) == outcome(text, None)


def outcome(text: str, zone: ZoneInfo | None) -> int | str:
    try:
        return instants.parse_instant(text, NOW, zone)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize(
    "zone, expected", [(timezone.utc, (2026, 11, 10)), (timezone(timedelta(hours=2)), (2026, 11, 9, 22))]
)
def test_a_date_alone_is_the_start_of_that_local_day(zone: timezone, expected: tuple[int, ...]) -> None:
    assert instants.parse_instant("2026-11-10", NOW, zone) == millis(*expected)
