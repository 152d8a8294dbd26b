"""Fixtures of the model's tests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Callable, Iterator

import pytest

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

SetZone = Callable[[str], None]


@pytest.fixture
def machine_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[SetZone]:
    """Sets the time zone of this process, as a machine is set to it, until the end of the test."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change its zone for one process")

    def change(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield change
    monkeypatch.undo()
    time.tzset()


def named(key: str) -> ZoneInfo:
    zoneinfo = pytest.importorskip("zoneinfo", reason="Python 3.8 has no zoneinfo")
    try:
        zone: ZoneInfo = zoneinfo.ZoneInfo(key)
        return zone
    except zoneinfo.ZoneInfoNotFoundError:
        pytest.skip("this machine has no time zone data")
