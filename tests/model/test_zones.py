"""Names of time zones."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone
from types import ModuleType

import pytest

from queuectl.model import zones


@pytest.fixture
def zoneinfo() -> ModuleType:
    module: ModuleType = pytest.importorskip("zoneinfo", reason="Python 3.8 has no zoneinfo")
    if not module.available_timezones():
        pytest.skip("this machine has no time zone data")
    return module


@pytest.mark.parametrize("name", ["local", "LOCAL", " Local "])
def test_local_is_the_zone_of_this_machine(name: str) -> None:
    assert zones.zone(name) is None


@pytest.mark.parametrize("name", ["UTC", "utc", " Utc "])
def test_utc_needs_no_database(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zoneinfo", None)
    assert zones.zone(name) is timezone.utc


@pytest.mark.parametrize(
    "name, hours",
    [
        ("Europe/London", 1),
        ("America/New_York", -4),
        ("Asia/Kathmandu", 5.75),
        ("Etc/GMT+3", -3),
        ("America/Argentina/Buenos_Aires", -3),
        ("America/Port-au-Prince", -4),
    ],
)
def test_a_name_of_the_database_is_a_zone(zoneinfo: ModuleType, name: str, hours: float) -> None:
    assert datetime(2026, 7, 1, tzinfo=zones.zone(name)).utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize(
    "name, meant",
    [("Europe/Lodnon", "Europe/London"), ("europe/berlin", "Europe/Berlin"), ("America/NewYork", "America/New_York")],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(zoneinfo: ModuleType, name: str, meant: str) -> None:
    with pytest.raises(ValueError) as caught:
        zones.zone(name)
    assert str(caught.value) == f'no such time zone (did you mean "{meant}"?)'


@pytest.mark.parametrize("name", ["xyzzy", "America", "leapseconds", "A" * 64])
def test_an_unlikely_name_is_refused(zoneinfo: ModuleType, name: str) -> None:
    with pytest.raises(ValueError, match=r"^no such time zone( \(did you mean \"[A-Za-z/_]+\"\?\))?$"):
        zones.zone(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "/etc/localtime",
        "/usr/share/zoneinfo/UTC",
        "../zoneinfo/UTC",
        "Europe/../UTC",
        "Europe//London",
        "Europe/London/",
        "Europe/Lon\x00don",
        "Europe\nLondon",
        "zone.tab",
        "C:\\UTC",
        "Europe/L\u00f6ndon",
        "\udc80",
        "right/UTC",
        "posix/UTC",
        "A" * 65,
        "A/" * 1_000,
        "UTC UTC",
        "+02:00",
        "\u0660",
    ],
)
def test_an_odd_name_is_refused_before_anything_is_looked_up(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zoneinfo", None)
    with pytest.raises(ValueError) as caught:
        zones.zone(name)
    assert str(caught.value) == "no such time zone (write UTC, local or such as Europe/London)"


def test_an_old_python_says_what_named_zones_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zoneinfo", None)
    with pytest.raises(ValueError) as caught:
        zones.zone("Europe/London")
    assert str(caught.value) == "needs Python 3.9 or later for named zones; UTC and local work here"


def test_a_machine_without_the_database_says_what_to_install(
    zoneinfo: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(name: str) -> None:
        raise zoneinfo.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(zoneinfo, "ZoneInfo", nothing)
    with pytest.raises(ValueError, match=r"install the tzdata package"):
        zones.zone("Europe/Nowhere")


@pytest.mark.parametrize(
    "given, stored", [("LOCAL", "local"), (" utc", "UTC"), ("Europe/Nowhere", "Europe/Nowhere"), (" EST ", "EST")]
)
def test_a_name_is_stored_whether_or_not_this_machine_knows_it(
    given: str, stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zoneinfo", None)
    assert zones.canonical(given) == stored
