"""What a lane lets start, and when."""

from __future__ import annotations

import pytest

from queuectl.model.checks import MAX_SLOTS
from queuectl.model.lane import MAX_RATE, Lane, Rate, parse_rate
from queuectl.model.when import DAY, HOUR, MINUTE, SECOND

NOW = 1_767_225_600_000
US = 1_000


@pytest.mark.parametrize(
    ("text", "rate", "written"),
    [
        ("10/s", Rate(10, SECOND, 1), "10/s"),
        ("30/m", Rate(30, MINUTE, 1), "30/m"),
        ("100/h:20", Rate(100, HOUR, 20), "100/h:20"),
        ("1/d", Rate(1, DAY, 1), "1/d"),
        ("5/min:1", Rate(5, MINUTE, 1), "5/m"),
        (" 5/Hour ", Rate(5, HOUR, 1), "5/h"),
    ],
)
def test_a_rate_is_read_and_written(text: str, rate: Rate, written: str) -> None:
    found = parse_rate(text)
    assert found is not None
    assert found.parts_by_name() == rate.parts_by_name()
    assert str(found) == written
    again = parse_rate(written)
    assert again is not None and again.parts_by_name() == rate.parts_by_name()


def test_no_rate_is_none() -> None:
    assert parse_rate("none") is None and parse_rate("None ") is None


@pytest.mark.parametrize(
    "text", ["", "10", "10/", "/s", "10/x", "10/w", "1.5/s", "-1/s", "10/s:", "10/s:x", "0/s", "1/s:0", "10/ms"]
)
def test_an_invalid_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_rate(text)
    with pytest.raises(ValueError, match="between 1 and"):
        parse_rate(f"{MAX_RATE + 1}/s")


@pytest.mark.parametrize(
    ("rate", "microseconds"),
    [("1/s", 1_000_000), ("600/s", 1_667), ("3/m", 20_000_000), ("7/s", 142_858), ("1000000/s", 1)],
)
def test_the_distance_of_starts_is_never_too_short(rate: str, microseconds: int) -> None:
    found = parse_rate(rate)
    assert found is not None and found.distance == microseconds


def starts(rate: str, milliseconds: int, *, step: int = 1) -> list[int]:
    """Return when jobs start, in milliseconds from now on, if one is always there."""
    found = parse_rate(rate)
    assert found is not None
    lane = Lane("mail", rate_count=found.count, rate_period=found.period, rate_burst=found.burst)
    seen = []
    for at in range(0, milliseconds, step):
        while lane.has_room(NOW + at, 0):
            lane.due = lane.due_after(NOW + at)
            seen.append(at)
    return seen


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("10/s", [0, 100, 200, 300, 400]),
        ("10/s:3", [0, 0, 0, 100, 200, 300, 400]),
        ("4/s", [0, 250]),
        ("1/m:2", [0, 0]),
        ("7/s", [0, 143, 286, 429]),
    ],
)
def test_jobs_start_at_an_even_distance_after_a_burst(rate: str, expected: list[int]) -> None:
    assert starts(rate, 500) == expected


def test_a_burst_comes_back_while_nothing_starts() -> None:
    lane = Lane("mail", rate_count=10, rate_period=SECOND, rate_burst=3)
    for _ in range(3):
        lane.due = lane.due_after(NOW)
    assert not lane.has_room(NOW, 0) and lane.starts_at(NOW) == NOW + 100
    later = NOW + 200
    for _ in range(2):
        assert lane.has_room(later, 0)
        lane.due = lane.due_after(later)
    assert not lane.has_room(later, 0)


def test_a_lane_is_not_shut_for_long_by_a_clock_that_was_wrong() -> None:
    lane = Lane("mail", rate_count=1, rate_period=MINUTE, due=(NOW + DAY) * US)
    assert lane.has_room(NOW, 0)
    lane.due = lane.due_after(NOW)
    assert lane.starts_at(NOW) == NOW + MINUTE


@pytest.mark.parametrize(
    ("lane", "running", "has_room", "opens"),
    [
        (Lane("a"), 100, True, 0),
        (Lane("a", slots=2), 1, True, 0),
        (Lane("a", slots=2), 2, False, None),
        (Lane("a", slots=2), 3, False, None),
        (Lane("a", paused_at=NOW), 0, False, None),
        (Lane("a", paused_at=NOW, paused_until=NOW + 5), 0, False, 5),
        (Lane("a", paused_at=NOW - 9, paused_until=NOW), 0, True, 0),
        (Lane("a", rate_count=1, rate_period=SECOND, due=(NOW + 700) * US), 0, False, 700),
        (Lane("a", rate_count=1, rate_period=SECOND, due=(NOW + 700) * US, slots=1), 1, False, None),
        (Lane("a", is_draining=1), 0, True, 0),
    ],
)
def test_slots_a_pause_and_a_rate_say_whether_a_job_may_start(
    lane: Lane, running: int, has_room: bool, opens: int | None
) -> None:
    assert lane.has_room(NOW, running) == has_room
    assert lane.opens_at(NOW, running) == (None if opens is None else NOW + opens)
    assert bool(lane.room(NOW, running)) == has_room


@pytest.mark.parametrize(
    ("lane", "running", "room"),
    [
        (Lane("a"), 3, MAX_SLOTS),
        (Lane("a", slots=5), 3, 2),
        (Lane("a", slots=5, rate_count=1), 0, 1),
        (Lane("a", slots=5, rate_count=1, rate_burst=3), 0, 3),
        (Lane("a", slots=5, rate_count=1, rate_burst=3), 4, 1),
        (Lane("a", paused_at=NOW), 0, 0),
    ],
)
def test_so_many_jobs_may_start_at_once(lane: Lane, running: int, room: int) -> None:
    assert lane.room(NOW, running) == room


def test_a_lane_that_was_given_nothing_is_plain() -> None:
    assert Lane("a").is_plain
    for given in ({"slots": 1}, {"rate_count": 1}, {"paused_at": NOW}, {"is_draining": 1}, {"defaults": "{}"}):
        assert not Lane("a", **given).is_plain
