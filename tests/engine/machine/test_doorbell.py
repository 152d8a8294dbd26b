"""The doorbell wakes who listens, and nobody else minds."""

from __future__ import annotations

import os
import select
import stat
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from queuectl.engine.machine.doorbell import CONTROL, POOL, WORK, WORKERS, Doorbell, ring
from queuectl.store import Home
from tests.engine.running import python
from tests.support import Processes


@pytest.fixture
def place(home: str) -> Home:
    made = Home(home)
    made.prepare()
    return made


@pytest.fixture
def bells(place: Home) -> Iterator[list[Doorbell]]:
    made = [Doorbell(place, f"{WORKERS}1"), Doorbell(place, f"{WORKERS}2"), Doorbell(place, POOL)]
    yield made
    for bell in made:
        bell.close()


def is_ringing(bell: Doorbell) -> bool:
    return bool(select.select([bell], [], [], 0)[0])


def test_ringing_reaches_all_whose_name_begins_so(place: Home, bells: list[Doorbell]) -> None:
    assert not any(map(is_ringing, bells))
    ring(place, WORKERS)
    assert [is_ringing(bell) for bell in bells] == [True, True, False]
    ring(place, POOL, CONTROL)
    assert [bell.answer() for bell in bells] == [WORK, WORK, CONTROL]
    assert not any(map(is_ringing, bells))


def test_a_ring_meanwhile_is_answered_at_once(place: Home, bells: list[Doorbell]) -> None:
    for what in (WORK, CONTROL, WORK):
        ring(place, f"{WORKERS}1", what)
    assert bells[0].answer() == WORK + CONTROL + WORK
    assert bells[0].answer() == b""


def test_a_ring_wakes_a_process_that_waits(place: Home, bells: list[Doorbell], processes: Processes) -> None:
    code = (
        "from queuectl.engine.machine.doorbell import Doorbell\nfrom queuectl.store import Home\nimport select\n"
        "bell = Doorbell(Home(sys.argv[1]), 'worker-3')\nprint('waiting', flush=True)\n"
        "select.select([bell], [], [])\nprint(bell.answer().decode(), flush=True)\nbell.close()"
    )
    other = processes.start(python(code, place.path), stdout=subprocess.PIPE)
    assert other.stdout is not None and other.stdout.readline() == b"waiting\n"
    ring(place, WORKERS)
    assert other.stdout.readline() == WORK + b"\n"
    assert other.wait(60) == 0


def test_a_bell_that_nobody_listens_to_any_more_is_skipped(place: Home, bells: list[Doorbell]) -> None:
    os.mkfifo(os.path.join(place.bells, f"{WORKERS}0"))
    ring(place, WORKERS)
    assert is_ringing(bells[0]) and is_ringing(bells[1])


def test_a_full_bell_is_ringing_anyway(place: Home, bells: list[Doorbell]) -> None:
    writer = os.open(bells[0].path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        ring(place, WORKERS)
    finally:
        os.close(writer)
    assert is_ringing(bells[0]) and bells[1].answer() == WORK


def test_ringing_in_a_home_without_bells_does_nothing(tmp_path: Path) -> None:
    ring(Home(str(tmp_path / "nowhere")), WORKERS)
    assert not (tmp_path / "nowhere").exists()


def test_a_bell_left_by_a_dead_process_is_replaced(place: Home) -> None:
    path = os.path.join(place.bells, POOL)
    Path(path).write_text("left over")
    bell = Doorbell(place, POOL)
    assert stat.S_ISFIFO(os.stat(path).st_mode) and stat.S_IMODE(os.stat(path).st_mode) == 0o600
    ring(place, POOL)
    assert is_ringing(bell)
    bell.close()
    assert not os.path.exists(path)
    ring(place, POOL)
