"""The pool keeps as many workers as it should, whatever happens to them."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Iterator

import pytest

from queuectl.engine.daemons.fork_client import ForkReport
from queuectl.engine.daemons.fork_server import STARTED
from queuectl.engine.daemons.groups import ALL
from queuectl.engine.daemons.pool import LOOK_SECONDS, Pool
from queuectl.engine.daemons.slots import FIRST_DELAY_MS, LONGEST_DELAY_MS, SETTLED_MS, Slot
from queuectl.engine.machine import process
from queuectl.engine.machine.identity import Identity
from queuectl.engine.queue import Queue
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.store import Home
from tests.engine.running import RunningPool, wait_for_file, wait_for_state
from tests.support import FakeClock, Processes, identify, is_alive, run_cli, wait_until

STARTERS = 10


def test_ten_that_start_at_once_make_one_pool(home: str, queue: Queue, pool: RunningPool, processes: Processes) -> None:
    started: list[subprocess.Popen[Any]] = [
        processes.start_cli(home, "worker", "start", "--count", "1", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(STARTERS)
    ]
    said = [starter.communicate(timeout=60)[1].decode() for starter in started]
    assert [starter.returncode for starter in started] == [0] * STARTERS, said
    assert len(pool.rows()) == 1 and pool.log().count(" 1 worker is up\n") == 1


@pytest.mark.parametrize("text", ["", "123456 789\n", f"{os.getpid()} 1\n", "1 0\n", "nonsense\n"])
def test_a_lock_file_left_by_a_dead_pool_blocks_nothing(home: str, queue: Queue, pool: RunningPool, text: str) -> None:
    Path(Home(home).daemon_lock("pool")).write_text(text)
    for number in (7, 8):
        Path(Home(home).worker_lock(number)).write_text(text)
    pool.start("--count", "1")
    assert Path(Home(home).daemon_lock("pool")).read_text().split()[0] == str(pool.pid)


def _pair_without(killed: int, pids: list[int]) -> list[int]:
    """Return two pids that the killed one is not among, or nothing. One look: it may go between two."""
    return pids if len(pids) == 2 and killed not in pids else []


def test_a_killed_worker_is_replaced_at_once(queue: Queue, pool: RunningPool) -> None:
    pool.start("--count", "2")
    for _ in range(3):
        before = pool.pids()
        asked = SYSTEM_CLOCK.monotonic()
        os.kill(before[0], signal.SIGKILL)
        after = wait_until(lambda killed=before[0]: _pair_without(killed, pool.pids()))
        assert before[1] in after
        assert SYSTEM_CLOCK.monotonic() - asked < 10_000
    assert queue.wait(queue.add("true").id, timeout=30)[0].state == "completed"


def test_when_the_pool_is_killed_its_workers_finish_and_leave(queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    pid = pool.start("--count", "2")
    job = queue.add(f"echo >{tmp_path}/started; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done")
    wait_for_file(tmp_path / "started")
    workers = [identify(each) for each in pool.pids()]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(pool.rows()) == 1, what="the idle one leaves")
    assert queue.get(job.id).state == "processing"
    (tmp_path / "go").touch()
    wait_for_state(queue, job, "completed")
    wait_until(lambda: not any(is_alive(each) for each in workers if each is not None))
    assert queue.get(job.id).attempts == 1


def test_when_the_pool_is_killed_another_can_be_started_at_once(
    queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    first = pool.start("--count", "2")
    running = queue.add(f"echo >{tmp_path}/started; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done")
    wait_for_file(tmp_path / "started")
    os.kill(first, signal.SIGKILL)
    second = pool.start("--count", "2")
    assert second != first
    assert queue.wait(queue.add("true").id, timeout=30)[0].state == "completed"
    (tmp_path / "go").touch()
    wait_for_state(queue, running, "completed")
    assert queue.get(running.id).attempts == 1
    wait_until(lambda: len(pool.rows()) == len(queue.store.workers.all()) == 2)


def test_the_pool_can_be_made_larger_and_smaller(queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    pool.start("--count", "1")
    pool.run("scale", "4")
    assert len(pool.pids()) == 4
    job = queue.add(f"echo >{tmp_path}/started; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done")
    wait_for_file(tmp_path / "started")
    pool.run("scale", "1")
    (tmp_path / "go").touch()
    assert queue.wait(job.id, timeout=30)[0].state == "completed"
    wait_until(lambda: len(pool.pids()) == 1)
    assert queue.get(job.id).attempts == 1


def test_scaling_needs_a_pool_and_a_number_in_range(home: str, queue: Queue, pool: RunningPool) -> None:
    assert run_cli(home, "worker", "scale", "2").returncode == 6
    pool.start("--count", "1")
    assert run_cli(home, "worker", "scale", "11").returncode == 2
    assert len(pool.pids()) == 1


def test_a_restart_keeps_the_number_and_the_queues(queue: Queue, pool: RunningPool) -> None:
    first = pool.start("--count", "1", "--queue", "left", "--queue", "right")
    pool.run("scale", "3")
    pool.run("restart")
    assert pool.pid != first
    assert [row.queues for row in pool.rows()] == ["left,right"] * 3
    jobs = {name: queue.add("true", queue=name) for name in ("left", "right", "other")}
    queue.wait(jobs["left"].id, jobs["right"].id, timeout=30)
    assert queue.get(jobs["other"].id).state == "pending"


def test_a_setting_reaches_idle_workers_before_the_next_job(queue: Queue, pool: RunningPool) -> None:
    pool.start("--count", "1")
    queue.change_setting("output_limit", "1KiB")
    job = queue.add("head -c 1000000 /dev/zero")
    queue.wait(job.id, timeout=30)
    assert len(queue.output(job.id)) < 200_000


def test_a_setting_reaches_a_worker_that_is_never_idle(queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    pool.start("--count", "1")
    first = queue.add(f"echo >{tmp_path}/started; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done")
    second = queue.add("head -c 1000000 /dev/zero")
    wait_for_file(tmp_path / "started")
    queue.change_setting("output_limit", "1KiB")
    queue.change_setting("lease", "600s")
    wait_until(lambda: lease_left(queue) > 500_000, what="the lease is renewed for longer")
    (tmp_path / "go").touch()
    queue.wait(first.id, second.id, timeout=30)
    assert len(queue.output(second.id)) < 200_000


def lease_left(queue: Queue) -> int:
    running = queue.store.attempts.running(queue.store.contexts)
    return running[0].claim.lease_until - SYSTEM_CLOCK.monotonic() if running else 0


@pytest.fixture
def own_pool(home: str, queue: Queue, own_signals: None) -> Iterator[Pool]:
    """A pool of this process that is not run."""
    made = Pool(Home(home), {ALL: 1}, clock=FakeClock(), on_ready=lambda: None)
    made._slots.is_ready = True
    yield made
    made._scheduler.start()
    made._close()


def delays(pool: Pool, codes: list[int], lived: int) -> list[int]:
    """Let a worker end again and again after the time it lived; return the waits before the next one."""
    clock = pool._clock
    assert isinstance(clock, FakeClock)
    slot = Slot(ALL, clock.monotonic())
    found = []
    for code in codes:
        slot.started_at = clock.monotonic()
        clock.advance(lived)
        pool._slots._plan_replacement(slot, 4_000_000, code, "")
        found.append(slot.start_at - clock.monotonic())
    return found


def test_a_worker_that_fails_again_and_again_is_started_less_and_less_often(own_pool: Pool) -> None:
    found = delays(own_pool, [1] * 30, lived=10)
    assert found[:3] == [FIRST_DELAY_MS * 2, FIRST_DELAY_MS * 4, FIRST_DELAY_MS * 8]
    assert found == sorted(found) and found[-1] == LONGEST_DELAY_MS


def test_the_pool_gives_workers_the_time_that_the_settings_of_now_give_them(own_pool: Pool, queue: Queue) -> None:
    queue.change_setting("shutdown_timeout", "600s")
    own_pool._wakeup.stops = 1
    own_pool._stop_all()
    assert own_pool._stop_by is not None
    assert own_pool._stop_by - own_pool._clock.monotonic() > 600_000


def test_a_worker_that_was_killed_or_had_run_for_long_is_replaced_without_delay(own_pool: Pool) -> None:
    assert delays(own_pool, [-signal.SIGKILL] * 5, lived=10) == [0] * 5
    assert delays(own_pool, [1] * 5, lived=SETTLED_MS) == [0] * 5
    assert delays(own_pool, [1, 1, -signal.SIGKILL, 1], lived=10) == [200, 400, 0, 200]


def test_a_shortage_ends_no_pool(own_pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    slots = own_pool._slots
    slot = Slot(ALL, own_pool._clock.monotonic())
    slot.is_asked = True
    slots._slots = [slot]
    slots._untold.append(ForkReport(STARTED, pid=os.getpid()))

    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        for name in ("start_time", "list_processes", "open_files"):
            patch.setattr(process, name, refuse)
        patch.setattr(own_pool._wakeup, "wait", lambda seconds: [])
        patch.setattr(own_pool, "_follow", lambda: None)
        own_pool.step()
        own_pool.step()
    assert slot.is_asked and slot.worker is None
    slots.bury()
    assert slot.worker is not None and (slot.worker.pid, slot.is_asked) == (os.getpid(), False)
    slots._slots = []


def test_a_shortage_keeps_no_order_from_a_worker(
    own_pool: Pool, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = processes.start(["sleep", "600"])
    slot = Slot(ALL, own_pool._clock.monotonic())
    slot.worker = Identity.of(child.pid)
    own_pool._slots._slots = [slot]

    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(process, "start_time", refuse)
        own_pool._slots.dismiss(slot)
    assert child.wait(30) == -signal.SIGTERM
    own_pool._slots._slots = []


def test_a_pool_waits_though_its_time_to_stop_is_over(own_pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(own_pool._wakeup, "wait", waits.append)
    slot = Slot(ALL, own_pool._clock.monotonic())
    slot.start_at = own_pool._stop_by = own_pool._clock.monotonic()
    own_pool._slots._slots = [slot]
    own_pool._wait()
    own_pool._stop_by += 300
    own_pool._wait()
    own_pool._slots._slots = []
    assert waits == [LOOK_SECONDS, 0.3]


def test_a_killed_pool_waits_for_no_worker_that_is_not_there_yet(own_pool: Pool) -> None:
    slot = Slot(ALL, own_pool._clock.monotonic())
    slot.is_asked = True
    own_pool._slots._slots = [slot]
    own_pool._slots.kill()
    assert len(own_pool._slots) == 0


def test_a_place_that_was_given_up_is_left_when_the_fork_server_dies(own_pool: Pool) -> None:
    slots = own_pool._slots
    slots.resize({ALL: 1})
    slots.start(slots.due())
    (slot,) = slots
    slots.dismiss(slot)
    assert slots._server is not None
    slots._lose_server(slots._server)
    assert len(slots) == 0
