"""Files in run/ that somebody removes, and a home that goes away, while things run."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any, Iterator

import pytest

from queuectl.engine.daemons.daemon import POOL
from queuectl.engine.home.presence import LOOK_MS, TAKEN_LOOKS, Presence
from queuectl.engine.machine.doorbell import WORKERS, Doorbell, ring
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.store import Home, Store
from queuectl.store.lockfile import LockFile, is_held
from tests.commands.calling import call
from tests.engine.running import RunningPool, attempts, wait_for_file, wait_for_state
from tests.support import FakeClock, Process, identify, is_alive, run_cli, wait_until

SOON = 60.0


class Bench:
    """A presence to step by hand."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.clock = FakeClock()
        self.store = Store(home, clock=self.clock)
        self.lock = LockFile(home.worker_lock(1))
        assert self.lock.acquire()
        self.bell = Doorbell(home, f"{WORKERS}1")
        self.presence = self.present(self.lock, self.bell, "who we are\n")

    def present(self, lock: LockFile, bell: Doorbell, text: str = "") -> Presence:
        return Presence(self.store, lock, bell, log=Log("test", self.clock), text=text)

    def look(self) -> int:
        self.clock.advance(LOOK_MS)
        return self.presence.step()

    def is_found(self) -> bool:
        ring(self.home, WORKERS)
        return is_held(self.lock.path) and self.bell.answer() != b""


@pytest.fixture
def bench(home: str) -> Iterator[Bench]:
    made = Bench(Home(home))
    yield made
    made.store.close()
    made.bell.close()
    made.lock.close()


@pytest.mark.parametrize("place", ["run", "bells", "lock", "bell"])
def test_a_removed_file_is_made_again_within_a_second(bench: Bench, place: str) -> None:
    path = {"lock": bench.lock.path, "bell": bench.bell.path, "bells": bench.home.bells, "run": bench.home.run}[place]
    descriptor = bench.bell.fileno()
    assert bench.look() == 0 and bench.is_found()
    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)
    assert not bench.is_found()
    assert bench.look() == 0 and bench.is_found()
    assert bench.presence.remade == 1 and bench.bell.fileno() == descriptor
    assert place in ("bells", "bell") or Path(bench.lock.path).read_text() == "who we are\n"


def test_a_lock_that_another_process_keeps_is_left_to_it(bench: Bench) -> None:
    os.unlink(bench.lock.path)
    other = LockFile(bench.lock.path)
    assert other.acquire()
    assert [bench.look() for _ in range(TAKEN_LOOKS)] == [0] * (TAKEN_LOOKS - 1) + [1]
    other.close()


def test_a_lock_that_another_process_has_for_an_instant_is_taken_back(bench: Bench) -> None:
    os.unlink(bench.lock.path)
    other = LockFile(bench.lock.path)
    assert other.acquire()
    assert bench.look() == 0
    other.close()
    assert bench.look() == 0 and bench.is_found()


@pytest.mark.parametrize("place", ["run", "bells", "home"])
def test_a_directory_that_is_closed_for_a_while_ends_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    closed = {"run": bench.home.run, "bells": bench.home.bells, "home": bench.home.path}[place]
    real = os.stat

    def closed_to_us(path: Any, *rest: Any, **more: Any) -> os.stat_result:
        if isinstance(path, str) and path.startswith(os.path.join(closed, "")):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return real(path, *rest, **more)

    assert bench.look() == 0
    os.unlink(bench.bell.path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", closed_to_us)
        assert [bench.look() for _ in range(3)] == [0, 0, 0]
        bench.lock.remove()
    assert bench.presence.remade == 0
    assert bench.look() == 0 and bench.is_found()


@pytest.mark.parametrize("place", ["lock", "bell"])
def test_a_directory_in_the_place_of_a_file_ends_nothing(bench: Bench, place: str) -> None:
    path = {"lock": bench.lock.path, "bell": bench.bell.path}[place]
    os.unlink(path)
    os.mkdir(path)
    assert [bench.look() for _ in range(3)] == [0, 0, 0]
    assert place == "bell" or not is_held(path)
    ring(bench.home, WORKERS)
    os.rmdir(path)
    assert bench.look() == 0 and bench.is_found()


def test_a_bell_that_cannot_be_removed_is_left(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    other = Doorbell(bench.home, f"{WORKERS}2")
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", refuse)
        other.close()
    ring(bench.home, WORKERS)
    assert os.path.exists(other.path)


def test_a_home_that_is_gone_ends_the_process_and_is_not_made_again(bench: Bench, home: str) -> None:
    os.rename(home, f"{home}-moved")
    assert bench.look() == 2
    assert not os.path.exists(home)


def test_what_is_closed_takes_nothing_of_another_process_away(bench: Bench) -> None:
    os.unlink(bench.bell.path)
    os.unlink(bench.lock.path)
    lock, bell = LockFile(bench.lock.path), Doorbell(bench.home, f"{WORKERS}1")
    assert lock.acquire()
    bench.lock.remove()
    bench.bell.close()
    assert os.path.exists(bell.path) and is_held(lock.path)
    bench.bell = bell
    bench.presence = bench.present(lock, bell)


def processes_of(pool: RunningPool) -> list[Process]:
    return [found for pid in [pool.pid, *pool.pids()] for found in [identify(pid)] if found is not None]


def files(home: Home) -> list[str]:
    """Return the locks and bells of what runs; the gate of the store is made by the next writer."""
    if not os.path.isdir(home.bells):
        return []
    return sorted({*os.listdir(home.run), *os.listdir(home.bells)} - {os.path.basename(home.gate)})


def start_jobs(queue: Queue, tmp_path: Path, count: int) -> list[Any]:
    """Start jobs that have no second attempt and end when told to."""
    command = f"echo >{tmp_path}/$QUEUECTL_JOB_ID; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done"
    jobs = [queue.add(command, retries=0) for _ in range(count)]
    for job in jobs:
        wait_for_file(tmp_path / job.id)
    return jobs


def test_run_may_be_removed_while_jobs_run(home: str, queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    pid = pool.start("--count", "3")
    jobs = start_jobs(queue, tmp_path, 2)
    before = files(pool.home)
    shutil.rmtree(pool.home.run)
    # At once: it is found without any file.
    assert pool.pid == pid
    done = run_cli(home, "worker", "start", "--no-detach")
    assert done.returncode == 4 and f"(pid {pid})" in done.stderr
    assert run_cli(home, "worker", "start").stdout.startswith("3 workers are running already\n")
    assert len(json.loads(run_cli(home, "worker", "status", "--json").stdout)) == 3
    wait_until(lambda: set(before) <= set(files(pool.home)), SOON, "all files are there again")
    assert queue.wait(queue.add("true").id, timeout=SOON)[0].state == "completed"
    (tmp_path / "go").touch()
    for job in jobs:
        assert wait_for_state(queue, job, "completed", "dead").state == "completed"
        assert [row["outcome"] for row in attempts(queue, job)] == ["exited"]
    os.unlink(pool.home.daemon_lock("pool"))
    pool.run("stop")
    assert identify(pid) is None


def test_jobs_of_a_home_that_is_moved_go_back_to_its_queue(
    home: str, queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    pool.start("--count", "2")
    (job,) = start_jobs(queue, tmp_path, 1)
    doomed = processes_of(pool)
    queue.close()
    os.rename(home, f"{home}-moved")
    wait_until(lambda: not any(is_alive(process) for process in doomed), 30, "the pool and its workers have ended")
    assert not os.path.exists(home)
    with Queue(f"{home}-moved") as moved:
        assert (moved.get(job.id).state, moved.get(job.id).attempts) == ("pending", 0)
        assert [row["outcome"] for row in attempts(moved, job)] == ["released"]
    os.rename(f"{home}-moved", home)


@pytest.mark.parametrize(
    "words, code",
    [
        (("worker", "stop"), 0),
        (("worker", "stop", "--force"), 0),
        (("worker", "status"), 6),
        (("worker", "scale", "2"), 6),
        (("worker", "restart"), 6),
        (("worker", "logs"), 0),
        (("scheduler", "stop"), 0),
        (("scheduler", "status"), 6),
        (("dashboard", "stop"), 0),
        (("dashboard", "status"), 6),
    ],
)
def test_who_only_looks_or_stops_makes_no_home(home: str, words: list[str], code: int) -> None:
    done = run_cli(home, *words)
    assert done.returncode == code, done.stderr
    assert not os.path.exists(home)


def test_a_pool_that_dies_with_its_home_makes_no_new_one(home: str, queue: Queue, pool: RunningPool) -> None:
    pool.start("--count", "1")
    doomed = processes_of(pool)
    queue.close()
    shutil.rmtree(home)
    wait_until(lambda: not any(is_alive(process) for process in doomed))
    assert not os.path.exists(home)


def test_a_copy_of_a_home_has_no_pool(home: str, queue: Queue, pool: RunningPool) -> None:
    pool.start("--count", "1")
    shutil.copytree(home, f"{home}-copy", ignore=shutil.ignore_patterns("bells"))
    copy = Home(f"{home}-copy")
    assert POOL.find(Queue(copy.path)) is None
    assert run_cli(copy.path, "worker", "start", "--count", "1").returncode == 0
    try:
        assert Queue(copy.path).workers.pid not in (None, pool.pid)
    finally:
        assert run_cli(copy.path, "worker", "stop").returncode == 0
    assert pool.is_running and run_cli(copy.path, "worker", "status").returncode == 6


@pytest.mark.parametrize("words", [("worker", "stop"), ("worker", "status"), ("scheduler", "status")])
def test_what_cannot_be_read_is_reported_as_the_trouble_of_the_home(
    home: str, queue: Queue, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    real = os.open

    def closed_to_us(path: Any, *rest: Any, **more: Any) -> int:
        if str(path).endswith((".lock", ".url")) and "write" not in str(path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", closed_to_us)
    answer = call(home, *words)
    assert answer.code == 5 and f"the home {home} cannot be used: Permission denied" in answer.err


def test_who_has_just_taken_the_lock_of_a_copy_is_not_taken_for_the_pool_of_the_original(
    home: str, queue: Queue, pool: RunningPool
) -> None:
    pid = pool.start("--count", "1")
    shutil.copytree(home, f"{home}-copy", ignore=shutil.ignore_patterns("bells"))
    copy = Home(f"{home}-copy")
    assert Path(copy.daemon_lock("pool")).read_text().split()[0] == str(pid)
    starter = LockFile(copy.daemon_lock("pool"))
    assert starter.acquire()
    found = POOL.find(Queue(copy.path))
    assert found is not None and found.identity is None
    done = run_cli(copy.path, "worker", "stop", "--force")
    assert done.returncode == 6 and "does not tell its pid" in done.stderr
    starter.close()
    assert POOL.find(Queue(copy.path)) is None
    assert pool.pid == pid


def test_a_pid_that_was_given_to_another_process_is_no_pool(home: str, queue: Queue) -> None:
    with queue.store.writing():
        queue.store.meta.set_daemon(POOL.name, f"{os.getpid()} 1\t\t\n0\t0.0.0\t1")
    assert Queue(home).workers.pid is None


def test_a_killed_pool_is_not_taken_for_a_living_one(home: str, queue: Queue, pool: RunningPool) -> None:
    pid = pool.start("--count", "1")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not pool.is_running)
    assert pool.start("--count", "1") != pid
