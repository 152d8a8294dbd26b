"""Instants and durations as they are shown."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from queuectl.model import instants, when
from tests.model.conftest import SetZone
from tests.model.test_when import BERLIN, EPOCH, NOW, TWO_O_CLOCK, millis
from tests.support import ROOT

SEED = time.time_ns()


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
def test_an_instant_is_shown_in_utc(ms: int | None, text: str | None) -> None:
    assert when.iso(ms) == text


def test_a_shown_instant_is_read_back(machine_zone: SetZone) -> None:
    print("seed", SEED)
    source = random.Random(SEED)
    machine_zone(BERLIN)
    for _ in range(1_000):
        ms = source.randrange(when.LATEST_MS + 1)
        assert instants.parse_instant(when.iso(ms) or "", NOW) == ms
        asked = (EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")
        assert when.iso(ms) == asked.replace("+00:00", "Z")


def test_an_instant_is_shown_in_local_time(machine_zone: SetZone) -> None:
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
def test_a_duration_is_shown_in_its_two_biggest_units(ms: int, text: str) -> None:
    assert when.duration_text(ms) == text


def test_a_shown_duration_is_read_back_except_for_what_was_cut_off() -> None:
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
def test_the_distance_from_now_is_one_rounded_number(distance: int, past: str, future: str) -> None:
    assert when.ago(NOW - distance, NOW) == past
    assert when.ago(NOW + distance, NOW) == future
    assert when.ahead(NOW - distance, NOW) == past
    assert when.ahead(NOW + distance, NOW) == ("in 1s" if 0 < distance < 1_000 else future)


def test_showing_and_reading_durations_loads_neither_datetime_nor_re() -> None:
    program = (
        "import sys; before = set(sys.modules); from queuectl.model import instants, when;"
        "when.iso(0); when.local(0); when.parse_duration('1h30m'); instants.parse_instant('+5m', 0);"
        "print(sorted({'datetime', 're', 'typing', 'calendar'} & (set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], stdout=subprocess.PIPE, check=True, timeout=60, cwd=ROOT
    )
    assert done.stdout.strip() == b"[]"
