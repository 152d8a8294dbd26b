"""What the tests of time zones share: a process that goes into zones and forgets them, and schedules that follow."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.when import iso
from tests.engine.firings import every

Go = Callable[[str], None]
TOKYO, BERLIN = "Asia/Tokyo", "Europe/Berlin"

needs_files = pytest.mark.skipif(
    not Path("/usr/share/zoneinfo", TOKYO).exists() or not hasattr(time, "tzset"), reason="this machine has no zones"
)
needs_zones = pytest.mark.skipif(sys.version_info < (3, 9), reason="this Python has no named zones")


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch) -> Iterator[Go]:
    """Brings this process into a zone. It begins in UTC."""
    monkeypatch.delenv("QUEUECTL_TIMEZONE", raising=False)

    def move(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    move("UTC")
    yield move
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def lose() -> Iterator[Callable[[], Any]]:
    """Lets this process know no named zones any more, until what is returned is called or the test ends."""
    patched = pytest.MonkeyPatch()

    def forget() -> Callable[[], None]:
        patched.setitem(sys.modules, "zoneinfo", None)
        return patched.undo

    yield forget
    patched.undo()


def zone(queue: Queue) -> object:
    return queue.store.meta.settings().get("timezone")


def follow(queue: Queue, expression: str = "51 6 * * *", name: str = "it", **options: Any) -> int:
    """Add a schedule that goes by the home's zone; return its next time."""
    at = every(queue, expression, name=name, timezone="local", **options).next_at
    assert at is not None
    return at


def hour(ms: int) -> str:
    return (iso(ms) or "")[11:16]
