"""Text to instants and durations, and back."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

import pytest

from queuectl.model import when
from tests.support import ROOT

SEED = time.time_ns()
NOW = 1_794_276_000_123  # 2026-11-10T02:00:00.123Z
TWO_O_CLOCK = 1_794_276_000_000
BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
LORD_HOWE = "LHST-10:30LHDT-11,M10.1.0,M4.1.0"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def millis(*parts):
    return (datetime(*parts, tzinfo=timezone.utc) - EPOCH) // timedelta(milliseconds=1)


@pytest.fixture
def machine_zone(monkeypatch):
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change its zone for one process")

    def change(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield change
    monkeypatch.undo()
    time.tzset()


# Durations


@pytest.mark.parametrize(
    "text, expected",
    [
        ("90", 90_000),
        ("90s", 90_000),
        ("1.5s", 1_500),
        ("1.5", 1_500),
        ("500ms", 500),
        ("5m", 300_000),
        ("1h30m", 5_400_000),
        ("2h30m", 9_000_000),
        ("1d", 86_400_000),
        ("2w", 1_209_600_000),
        ("0", 0),
        ("0s", 0),
        ("1w2d3h4m5s6ms", 788_645_006),
        ("1h30ms", 3_600_030),
        ("1.5h", 5_400_000),
        ("0.1s", 100),
        ("007s", 7_000),
        (" 90 ", 90_000),
        ("\t5m\n", 300_000),
        ("1h 30m", 5_400_000),
        ("90 s", 90_000),
        ("3m 5s", 185_000),
    ],
)
def test_a_duration_is_read(text, expected):
    assert when.parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "s",
        "m5",
        "-5",
        "-5s",
        "+5s",
        "1_000",
        "1_000s",
        "٣",
        "٣s",
        "３m",
        "²s",
        "nan",
        "inf",
        "NaNs",
        "1e3",
        "1e3s",
        "0x10",
        "1.",
        ".5",
        "1.s",
        ".5s",
        "1..5s",
        "1.2.3s",
        "1,5s",
        "1h30",
        "30m1h",
        "5m5m",
        "1s500",
        "5 6s",
        "1h m",
        "1mh",
        "5x",
        "5M",
        "5S",
        "5 minutes",
        "1\u00a0000s",
        "5s\x00",
        "\udc80s",
        "9" * 19,
        "9" * 5_000 + "s",
        "1" + "." + "0" * 18 + "s",
    ],
)
def test_what_is_no_duration_is_refused_with_how_to_write_one(text):
    with pytest.raises(ValueError, match=r"^not a duration \(write 90, 90s, 5m or 1h30m\)$"):
        when.parse_duration(text)


def test_parts_of_a_millisecond_are_rounded_up_so_that_no_wait_is_shorter():
    assert when.parse_duration("0.0001s") == 1
    assert when.parse_duration("1.0001") == 1_001
    assert when.parse_duration("0.3ms") == 1


def test_decimal_fractions_are_exact():
    assert when.parse_duration("1.1s") == 1_100
    assert when.parse_duration("0.29s") == 290
    assert when.parse_duration("0.57h") == 2_052_000


def test_a_duration_has_a_longest_value():
    assert when.parse_duration("131d") == 131 * 86_400_000
    assert when.parse_duration(f"{131 * 366}d") == when.LONGEST_MS
    with pytest.raises(ValueError, match="longer than 131 years"):
        when.parse_duration(f"{131 * 366}d1ms")
    with pytest.raises(ValueError, match="longer than 131 years"):
        when.parse_duration("9" * 18)


def test_any_duration_written_in_parts_is_read_back():
    print("seed", SEED)
    source = random.Random(SEED)
    for _ in range(500):
        counts = [source.randrange(100) for _ in when.UNITS]
        text = "".join(f"{count}{unit}" for count, unit in zip(counts, when.UNITS))
        assert when.parse_duration(text) == sum(map(int.__mul__, counts, when.UNITS.values()))


def test_any_text_is_a_duration_or_a_value_error():
    print("seed", SEED)
    source = random.Random(SEED)
    read = 0
    for _ in range(5_000):
        text = "".join(source.choice("0123456789.mshdw +-_") for _ in range(source.randrange(8)))
        try:
            read += when.parse_duration(text) >= 0
        except ValueError:
            continue
    assert read > 0


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
def test_a_duration_counts_from_now(text, later):
    assert when.parse_instant(text, NOW) == NOW + later


@pytest.mark.parametrize(
    "text",
    [
        "90",
        "2026",
        "",
        "-30m",
        "m",
        "30m1h",
        "soon",
        "2h30",
        "9",
        "17",
        "\udc80",
        "٣m",
        "next",
        "tomorrow 9",
        "next 09:00",
        "next tomorrow",
        "tomorrow09:00",
        "fri9am",
        "09:00 fri",
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
        "9am UTC",
        "09:00Z",
        "9 :00",
        "fri, 9am",
        "x" * 100_000,
        " " * 1_000 + "fri" + " " * 1_000 + "x",
    ],
)
def test_a_number_alone_or_a_word_is_no_instant(text):
    with pytest.raises(ValueError, match=r"^not a time \(write \+30m, 18:00, tomorrow 09:00, 2026-11-10 02:00 or 20"):
        when.parse_instant(text, NOW)


def test_a_bad_duration_after_a_plus_is_called_one():
    with pytest.raises(ValueError, match="not a duration"):
        when.parse_instant("+5 parsecs", NOW)


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
def test_an_instant_with_a_zone_is_read(text):
    assert when.parse_instant(text, NOW) == TWO_O_CLOCK


@pytest.mark.parametrize(
    "fraction, extra", [(".5", 500), (".123", 123), (".1239", 123), (".000000001", 0), (".04", 40)]
)
def test_a_fraction_is_kept_to_the_millisecond(fraction, extra):
    assert when.parse_instant(f"2026-11-10T02:00:00{fraction}Z", NOW) == TWO_O_CLOCK + extra


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
def test_a_date_or_time_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="^no such date or time"):
        when.parse_instant(text, NOW)


@pytest.mark.parametrize("offset", ["+24:00", "-99", "+0260"])
def test_an_offset_that_is_none_is_refused(offset):
    with pytest.raises(ValueError, match="^no such time zone offset"):
        when.parse_instant(f"2026-11-10T02:00{offset}", NOW)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-1",
        "2026-11-10T",
        "2026-11-10Z",
        "2026-11-10+02:00",
        "2026-11-10T02Z",
        "2026-1-1 02:00",
        "26-11-10 02:00",
        "2026-11-10T02:00:00.Z",
        "2026-11-10T02:00:00,5Z",
        "2026-11-10T02:00:00ZZ",
        "2026-11-10T02:00:00Z+01",
        "2026-11-10_02:00",
        "2026-11-10 9am",
        "20261110T020000Z",
        "٢٠٢٦-11-10 02:00",
        "2026-11-10T02:00:00 CET",
        "2026-11-10T02:00.5Z",
        "2026-11-10\n02:00",
        "2026-11-10T02:00:00.1234567890Z",
    ],
)
def test_what_is_not_quite_a_timestamp_is_refused(text):
    with pytest.raises(ValueError, match="^not a time"):
        when.parse_instant(text, NOW)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:00:00-01:00", 0),
        ("2100-12-31T23:59:59.999Z", when.LATEST_MS),
        ("2101-01-01T00:59:59.999+01:00", when.LATEST_MS),
    ],
)
def test_the_first_and_last_instants_are_taken(text, expected):
    assert when.parse_instant(text, NOW) == expected
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
def test_an_instant_outside_1970_to_2100_is_refused(text):
    with pytest.raises(ValueError, match="between 1970 and 2100"):
        when.parse_instant(text, when.LATEST_MS)


# Instants: local time


def test_a_time_without_a_zone_is_in_the_given_zone():
    zone = timezone(timedelta(hours=2))
    assert when.parse_instant("2026-11-10 04:00", NOW, zone) == TWO_O_CLOCK
    assert when.parse_instant("2026-11-10T04:00:00.5", NOW, zone) == TWO_O_CLOCK + 500
    assert when.parse_instant("2026-11-10T02:00Z", NOW, zone) == TWO_O_CLOCK


def test_a_time_without_a_zone_is_in_the_machines_zone(machine_zone):
    machine_zone(BERLIN)
    assert when.parse_instant("2026-11-10 02:00:00", NOW) == millis(2026, 11, 10, 1)
    assert when.parse_instant("2026-07-10 02:00", NOW) == millis(2026, 7, 10, 0)
    machine_zone("UTC0")
    assert when.parse_instant("2026-11-10 02:00", NOW) == TWO_O_CLOCK


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
    machine_zone, zone, text, problem, choices
):
    machine_zone(zone)
    with pytest.raises(ValueError) as caught:
        when.parse_instant(text, NOW)
    assert problem in str(caught.value)
    assert f"(write {choices})" in str(caught.value)
    for choice in choices.split(" or "):
        assert when.parse_instant(choice, NOW) > 0


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2026-03-29 01:59:59", (2026, 3, 29, 0, 59, 59)),
        ("2026-03-29 03:00", (2026, 3, 29, 1)),
        ("2026-10-25 01:59:59", (2026, 10, 24, 23, 59, 59)),
        ("2026-10-25 03:00", (2026, 10, 25, 2)),
    ],
)
def test_the_times_beside_a_change_of_clocks_are_taken(machine_zone, text, expected):
    machine_zone(BERLIN)
    assert when.parse_instant(text, NOW) == millis(*expected)


@pytest.mark.parametrize("zone, key", [(BERLIN, "Europe/Berlin"), (LORD_HOWE, "Australia/Lord_Howe")])
def test_a_given_zone_means_the_same_as_a_machine_set_to_it(machine_zone, zone, key):
    zoneinfo = pytest.importorskip("zoneinfo", reason="Python 3.8 has no zoneinfo")
    try:
        given = zoneinfo.ZoneInfo(key)
    except zoneinfo.ZoneInfoNotFoundError:
        pytest.skip("this machine has no time zone data")
    machine_zone(zone)
    for day in (datetime(2026, 3, 29), datetime(2026, 10, 25), datetime(2026, 4, 5), datetime(2026, 10, 4)):
        for quarter in range(24):
            text = (day + timedelta(minutes=15 * quarter)).isoformat(" ")
            assert outcome(text, given) == outcome(text, None)


def outcome(text, zone):
    try:
        return when.parse_instant(text, NOW, zone)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize(
    "zone, expected", [(timezone.utc, (2026, 11, 10)), (timezone(timedelta(hours=2)), (2026, 11, 9, 22))]
)
def test_a_date_alone_is_the_start_of_that_local_day(zone, expected):
    assert when.parse_instant("2026-11-10", NOW, zone) == millis(*expected)


# Back to text


@pytest.mark.parametrize(
    "ms, text",
    [
        (TWO_O_CLOCK, "2026-11-10T02:00:00.000Z"),
        (NOW, "2026-11-10T02:00:00.123Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (7, "1970-01-01T00:00:00.007Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (when.LATEST_MS, "2100-12-31T23:59:59.999Z"),
        (None, None),
    ],
)
def test_an_instant_is_shown_in_utc(ms, text):
    assert when.iso(ms) == text


def test_any_instant_shown_is_read_back(machine_zone):
    print("seed", SEED)
    source = random.Random(SEED)
    machine_zone(BERLIN)
    for _ in range(1_000):
        ms = source.randrange(when.LATEST_MS + 1)
        assert when.parse_instant(when.iso(ms), NOW) == ms
        asked = (EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")
        assert when.iso(ms) == asked.replace("+00:00", "Z")


def test_an_instant_is_shown_in_local_time(machine_zone):
    machine_zone(BERLIN)
    assert when.local(TWO_O_CLOCK) == "2026-11-10 03:00:00"
    assert when.local(NOW) == "2026-11-10 03:00:00"
    assert when.local(millis(2026, 7, 10)) == "2026-07-10 02:00:00"


@pytest.mark.parametrize(
    "ms, text",
    [
        (0, "0s"),
        (4, "0.004s"),
        (250, "0.25s"),
        (999, "0.999s"),
        (1_000, "1s"),
        (1_239, "1.23s"),
        (9_999, "9.99s"),
        (12_345, "12.3s"),
        (59_999, "59.9s"),
        (60_000, "1m"),
        (185_000, "3m 5s"),
        (3_599_999, "59m 59s"),
        (3_600_000, "1h"),
        (7_380_000, "2h 3m"),
        (86_399_999, "23h 59m"),
        (86_400_000, "1d"),
        (446_400_000, "5d 4h"),
        (86_400_000 * 400, "400d"),
        (-250, "-0.25s"),
        (-185_000, "-3m 5s"),
    ],
)
def test_a_duration_is_shown_in_its_two_biggest_units(ms, text):
    assert when.duration_text(ms) == text


def test_any_duration_shown_is_read_back_but_for_what_was_cut_off():
    print("seed", SEED)
    source = random.Random(SEED)
    for _ in range(2_000):
        ms = source.randrange(10 ** source.randrange(1, 12))
        back = when.parse_duration(when.duration_text(ms))
        assert 0 <= ms - back < max(1, ms / 24)


@pytest.mark.parametrize(
    "distance, past, future",
    [
        (0, "now", "now"),
        (999, "now", "now"),
        (1_000, "1s ago", "in 1s"),
        (12_999, "12s ago", "in 13s"),
        (59_999, "59s ago", "in 1m"),
        (60_000, "1m ago", "in 1m"),
        (180_000, "3m ago", "in 3m"),
        (3_600_000, "1h ago", "in 1h"),
        (86_399_999, "23h ago", "in 1d"),
        (86_400_000 * 40, "40d ago", "in 40d"),
    ],
)
def test_the_distance_from_now_is_one_rounded_number(distance, past, future):
    assert when.ago(NOW - distance, NOW) == past
    assert when.ago(NOW + distance, NOW) == future


def test_showing_and_reading_durations_loads_neither_datetime_nor_re():
    program = (
        "import sys; before = set(sys.modules); from queuectl.model import when;"
        "when.iso(0); when.local(0); when.parse_duration('1h30m'); when.parse_instant('+5m', 0);"
        "print(sorted({'datetime', 're', 'typing', 'calendar'} & (set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], stdout=subprocess.PIPE, check=True, timeout=60, cwd=ROOT
    )
    assert done.stdout.strip() == b"[]"
