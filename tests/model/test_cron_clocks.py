"""When cron entries fire around the days on which the clocks change."""

from __future__ import annotations

import bisect
import random
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Callable, Iterator

import pytest

from queuectl.model.cron import Cron
from tests.model.conftest import SetZone, named
from tests.model.test_cron import field, fires, millis, on_this_day

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    ZoneLike = Callable[[str], ZoneInfo | None]

SEED = time.time_ns()
MINUTE = timedelta(minutes=1)
LONDON = "GMT0BST,M3.5.0/1,M10.5.0"
NEW_YORK = "EST5EDT,M3.2.0,M11.1.0"
LORD_HOWE = "LHST-10:30LHDT-11,M10.1.0,M4.1.0"
SAO_PAULO = "BRT3BRST,M10.3.0/0,M2.3.0/0"
ST_JOHNS = "NST3:30NDT,M4.1.0/0:01,M10.5.0/0:01"
NAMED = {LONDON: "Europe/London", NEW_YORK: "America/New_York", LORD_HOWE: "Australia/Lord_Howe"}


@pytest.fixture(params=["this machine's", "given"])
def zone_like(request: pytest.FixtureRequest, machine_zone: SetZone) -> ZoneLike:
    """Make a zone in both ways: None on a machine that is set to it, and by its name."""

    def change(rule: str) -> ZoneInfo | None:
        if request.param == "given":
            return named(NAMED[rule])
        machine_zone(rule)
        return None

    return change


# One entry


@pytest.mark.parametrize(
    "rule, text, since, expected",
    [
        (LONDON, "30 1 * * *", "2026-03-27 12:00", ["28 01:30+00:00", "29 02:00+01:00", "30 01:30+01:00"]),
        (LONDON, "0,30 1 * * *", "2026-03-28 12:00", ["29 02:00+01:00", "30 01:00+01:00"]),
        (LONDON, "30 1,2 * * *", "2026-03-28 12:00", ["29 02:00+01:00", "29 02:30+01:00", "30 01:30+01:00"]),
        (LONDON, "0 1,2 * * *", "2026-03-28 12:00", ["29 02:00+01:00", "30 01:00+01:00"]),
        (LONDON, "0 * * * *", "2026-03-28 23:30", ["29 00:00+00:00", "29 02:00+01:00", "29 03:00+01:00"]),
        (LONDON, "*/30 1 * * *", "2026-03-28 12:00", ["30 01:00+01:00", "30 01:30+01:00"]),
        (LONDON, "30 1 * * *", "2026-10-24 12:00", ["25 01:30+01:00", "26 01:30+00:00"]),
        (
            LONDON,
            "0,30 1-2 * * *",
            "2026-10-24 12:00",
            ["25 01:00+01:00", "25 01:30+01:00", "25 02:00+00:00", "25 02:30+00:00"],
        ),
        (
            LONDON,
            "*/30 1 * * *",
            "2026-10-24 12:00",
            ["25 01:00+01:00", "25 01:30+01:00", "25 01:00+00:00", "25 01:30+00:00", "26 01:00+00:00"],
        ),
        (
            LONDON,
            "30 * * * *",
            "2026-10-25 00:00+01:00",
            ["25 00:30+01:00", "25 01:30+01:00", "25 01:30+00:00", "25 02:30+00:00"],
        ),
        (NEW_YORK, "15 2 * * *", "2026-03-07 12:00", ["08 03:00-04:00", "09 02:15-04:00"]),
        (NEW_YORK, "15 2 * * sun", "2026-03-07 12:00", ["08 03:00-04:00", "15 02:15-04:00"]),
        (NEW_YORK, "15 */2 * * *", "2026-03-08 00:00-05:00", ["08 00:15-05:00", "08 04:15-04:00"]),
        (NEW_YORK, "59 1 * * *", "2026-10-31 12:00", ["01 01:59-04:00", "02 01:59-05:00"]),
        (NEW_YORK, "59 1 * * *", "2026-11-01 01:30-05:00", ["02 01:59-05:00"]),
        (
            NEW_YORK,
            "*/59 1 * * *",
            "2026-10-31 12:00",
            ["01 01:00-04:00", "01 01:59-04:00", "01 01:00-05:00", "01 01:59-05:00"],
        ),
        (LORD_HOWE, "15 2 * * *", "2026-10-03 00:00", ["04 02:30+11:00", "05 02:15+11:00"]),
        (LORD_HOWE, "45 2 * * *", "2026-10-03 00:00", ["04 02:45+11:00", "05 02:45+11:00"]),
        (LORD_HOWE, "*/15 2 * * *", "2026-10-03 00:00", ["04 02:30+11:00", "04 02:45+11:00", "05 02:00+11:00"]),
        (LORD_HOWE, "45 1 * * *", "2026-04-04 00:00", ["05 01:45+11:00", "06 01:45+10:30"]),
        (LORD_HOWE, "15 1 * * *", "2026-04-04 00:00", ["05 01:15+11:00", "06 01:15+10:30"]),
        (
            LORD_HOWE,
            "15,45 */1 * * *",
            "2026-04-05 01:00+11:00",
            ["05 01:15+11:00", "05 01:45+11:00", "05 01:45+10:30", "05 02:15+10:30"],
        ),
    ],
)
def test_an_entry_fires_when_the_clocks_change(
    zone_like: ZoneLike, rule: str, text: str, since: str, expected: list[str]
) -> None:
    assert [shown[8:] for shown in fires(text, since, len(expected), zone_like(rule))] == expected


def test_a_midnight_that_is_skipped_comes_an_hour_later_and_one_that_comes_twice_counts_once(
    machine_zone: SetZone,
) -> None:
    machine_zone(SAO_PAULO)
    assert fires("0 0 * * 0", "2026-10-17 12:00", 1, None) == ["2026-10-18 01:00-02:00"]
    assert [text[8:] for text in fires("30 23 * * *", "2026-02-13 12:00", 3, None)] == [
        "13 23:30-02:00",
        "14 23:30-02:00",
        "15 23:30-03:00",
    ]
    assert [text[8:] for text in fires("30 */23 * * *", "2026-02-14 12:00", 3, None)] == [
        "14 23:30-02:00",
        "14 23:30-03:00",
        "15 00:30-03:00",
    ]


def test_clocks_that_go_back_over_midnight_bring_some_of_both_days_twice(machine_zone: SetZone) -> None:
    machine_zone(ST_JOHNS)
    # At 00:01 it was 23:01 again.
    assert [text[8:] for text in fires("0,30 */23 * * *", "2026-10-25 01:45", 6, None)] == [
        "24 23:30-02:30",
        "25 00:00-02:30",
        "24 23:30-03:30",
        "25 00:00-03:30",
        "25 00:30-03:30",
        "25 23:00-03:30",
    ]
    assert [text[8:] for text in fires("30 23,0 * * *", "2026-10-25 01:45", 3, None)] == [
        "24 23:30-02:30",
        "25 00:30-03:30",
        "25 23:30-03:30",
    ]


def test_a_day_that_a_country_leaves_out_is_not_made_up_for() -> None:
    apia = named("Pacific/Apia")
    assert fires("0 9 * * *", "2011-12-29 00:00", 2, apia) == ["2011-12-29 09:00-10:00", "2011-12-31 09:00+14:00"]


def test_minutes_are_those_of_the_local_clock_also_under_an_odd_offset() -> None:
    odd = timezone(-timedelta(minutes=44, seconds=30))
    assert Cron.parse("0 0 * * *").next_after(0, odd) == (44 * 60 + 30) * 1_000
    monrovia = named("Africa/Monrovia")
    # Its clocks went from 00:00:00 to 00:44:30 on that day.
    assert fires("30 0 * * *", "1972-01-06 12:00", 2, monrovia) == ["1972-01-07 00:45+00:00", "1972-01-08 00:30+00:00"]


# Any entry

RULES = (LONDON, NEW_YORK, LORD_HOWE, SAO_PAULO, ST_JOHNS)
ZONES = (
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Antarctica/Troll",
    "Antarctica/Casey",
    "Pacific/Apia",
    "Asia/Gaza",
)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_any_entry_fires_like_a_cron_that_looks_each_minute_on_this_machine(machine_zone: SetZone, rule: str) -> None:
    machine_zone(rule)
    agree_with_each_minute(None, range(2025, 2030))


@pytest.mark.slow
@pytest.mark.parametrize("key", ZONES)
def test_any_entry_fires_like_a_cron_that_looks_each_minute_in_a_named_zone(key: str) -> None:
    agree_with_each_minute(named(key), range(2005, 2030))


def agree_with_each_minute(zone: ZoneInfo | None, years: range) -> None:
    print("seed", SEED)
    source = random.Random(SEED)
    changes = changes_of(zone, years) or [datetime(2026, 3, 1, tzinfo=timezone.utc)]
    for _ in range(3):
        change = source.choice(changes)
        start = change - timedelta(days=source.randrange(2, 5), minutes=source.randrange(1_440))
        clock = [start + number * MINUTE for number in range(6 * 1_440)]
        walls = [moment.astimezone(zone).replace(tzinfo=None, fold=0) for moment in clock]
        for _ in range(12):
            fields = [field(source, low, high) for low, high in ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))]
            if source.random() < 0.7:
                fields[3] = ("*", set(range(1, 13)))
            text = " ".join(written for written, _ in fields)
            try:
                entry = Cron.parse(text)
            except ValueError:
                continue
            want = [millis(moment) for moment in look_each_minute(clock, walls, fields)]
            for asked in instants(source, clock, change):
                found = entry.next_after(asked, zone)
                place = bisect.bisect_right(want, asked)
                if place < len(want):
                    assert found == want[place], (text, asked, change)
                else:
                    assert found is None or found > millis(clock[-1]), (text, asked, change)


def changes_of(zone: ZoneInfo | None, years: range) -> list[datetime]:
    """The first minutes with another offset."""
    found = []
    for year in years:
        for day in range(365):
            low = datetime(year, 1, 1, tzinfo=timezone.utc) + timedelta(days=day)
            high = low + timedelta(days=1)
            if low.astimezone(zone).utcoffset() == high.astimezone(zone).utcoffset():
                continue
            while high - low > MINUTE:
                middle = low + (high - low) // MINUTE // 2 * MINUTE
                same = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            found.append(high)
    return found


def instants(source: random.Random, clock: list[datetime], change: datetime) -> Iterator[int]:
    for _ in range(8):
        yield millis(source.choice(clock)) - source.choice((0, 1, 500))
        yield millis(change) + source.randrange(-180, 180) * 60_000 - source.choice((0, 1, 500))


def look_each_minute(
    clock: list[datetime], walls: list[datetime], fields: list[tuple[str, set[int]]]
) -> Iterator[datetime]:
    """Vixie's cron: it sees the time once a minute, and what it does if that is not the next minute."""
    fixed = not fields[0][0].startswith("*") and not fields[1][0].startswith("*")
    expected, until = walls[0], walls[0]
    for moment, wall in zip(clock, walls):
        jump = wall - expected
        if abs(jump) >= timedelta(hours=3):
            until = wall
        elif jump and fixed:
            until = max(until, expected)
        due = matches(wall, fields) and not (fixed and wall < until)
        if fixed and timedelta(0) < jump < timedelta(hours=3):
            due = due or any(matches(expected + number * MINUTE, fields) for number in range(jump // MINUTE))
        if due:
            yield moment
        expected = wall + MINUTE


def matches(wall: datetime, fields: list[tuple[str, set[int]]]) -> bool:
    (_, minutes), (_, hours), (days_text, days), (_, months), (weekdays_text, weekdays) = fields
    return (
        wall.minute in minutes
        and wall.hour in hours
        and on_this_day(wall, days_text, days, months, weekdays_text, weekdays)
    )
