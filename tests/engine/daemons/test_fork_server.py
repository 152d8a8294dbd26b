"""Workers come from a process of their own, which may die; what failed says why."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from queuectl.engine.daemons import pool as pool_module
from queuectl.engine.daemons.pool import Pool
from queuectl.engine.machine import process
from queuectl.engine.queue import Queue
from queuectl.model.errors import DaemonUnavailable
from queuectl.store.schema import VERSION
from tests.engine.daemons.forking import one_slot
from tests.engine.running import RunningPool, attempts, python, wait_for_file, wait_for_state
from tests.support import FakeClock, Processes, identify, run_cli, wait_until

WORK_ONCE = """
import os
import signal
from queuectl.engine.work.worker import Worker
from queuectl.store import Home

worker = Worker(Home(sys.argv[1]))
os.kill(os.getpid(), signal.SIGTERM)
worker.run()
"""


def work_once(home: str) -> subprocess.CompletedProcess[str]:
    """Start a worker that ends at once."""
    return subprocess.run(python(WORK_ONCE, home), capture_output=True, encoding="utf-8", timeout=60, check=False)


def fork_servers(pool: RunningPool) -> list[int]:
    return [entry.pid for entry in process.list_processes().values() if entry.parent == pool.pid]


def test_workers_outlive_the_fork_server_and_no_more_are_started(
    queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    pool.start("--count", "2")
    job = queue.add(f"echo >{tmp_path}/started; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done", retries=0)
    wait_for_file(tmp_path / "started")
    workers = pool.pids()
    (server,) = fork_servers(pool)
    os.kill(server, signal.SIGKILL)
    wait_until(lambda: "its workers go on" in pool.log())
    # A new one replaces what ends from now on, and nothing else.
    pool.run("scale", "3")
    assert set(workers) < set(pool.pids()) and len(pool.pids()) == 3
    (busy,) = [row.pid for row in queue.store.workers.all() if row.job]
    (idle,) = set(workers) - {busy}
    os.kill(idle, signal.SIGKILL)
    wait_until(lambda: idle not in pool.pids() and len(pool.pids()) == 3)
    (tmp_path / "go").touch()
    assert wait_for_state(queue, job, "completed", "dead").state == "completed"
    assert [row["outcome"] for row in attempts(queue, job)] == ["exited"]
    pool.run("stop")
    assert not any(identify(pid) for pid in workers)


def stop_all(pids: list[int]) -> None:
    """Stop processes as Ctrl-Z does, and wait until they are."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: all(state(pid) == "T" for pid in pids))


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_pool_that_was_stopped_as_a_whole_ends_in_order(queue: Queue, pool: RunningPool) -> None:
    # What does not go on is ended after that time; the command is not waited for so long.
    queue.config.set("shutdown_timeout", "10m")
    pid = pool.start("--count", "2")
    doomed = [pid, *fork_servers(pool), *pool.pids()]
    stop_all(doomed)
    pool.run("stop")
    wait_until(lambda: not any(identify(each) for each in doomed))
    assert queue.store.workers.all() == []


def test_a_fork_server_that_was_stopped_keeps_no_killed_worker_from_its_replacement(
    queue: Queue, pool: RunningPool
) -> None:
    pool.start("--count", "2")
    (server,) = fork_servers(pool)
    before = pool.pids()
    stop_all([server])
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: len(pool.pids()) == 2 and before[0] not in pool.pids())
    assert state(server) != "T" and "was killed by SIGKILL" in pool.log()


def test_a_fork_server_that_was_stopped_starts_the_workers_that_are_added(queue: Queue, pool: RunningPool) -> None:
    pool.start("--count", "1")
    stop_all(fork_servers(pool))
    pool.run("scale", "3")
    assert len(pool.pids()) == 3


def test_a_fork_server_leaves_without_a_traceback_when_its_pool_dies_with_unread_news(
    queue: Queue, pool: RunningPool
) -> None:
    pid = pool.start("--count", "2")
    (server,) = fork_servers(pool)
    os.kill(pid, signal.SIGSTOP)
    (first, *_) = pool.pids()
    os.kill(first, signal.SIGKILL)
    # The fork server takes the exit code only when it tells of it.
    wait_until(lambda: not os.path.exists(f"/proc/{first}"))
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: identify(server) is None and pool.pids() == [])
    assert "Traceback" not in pool.log()


def test_a_worker_makes_the_directories_that_are_missing_when_it_starts(home: str, queue: Queue) -> None:
    shutil.rmtree(queue.home.run)
    done = work_once(home)
    assert (done.returncode, done.stderr) == (0, "") and os.path.isdir(queue.home.bells)


def test_a_worker_that_the_system_lets_make_no_files_says_so_in_a_line(
    home: str, queue: Queue, pool: RunningPool
) -> None:
    pool.start("--count", "1")
    (worker,) = pool.pids()
    shutil.rmtree(queue.home.run)
    Path(queue.home.run).touch()
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: f"cannot go on: Not a directory: {queue.home.run}" in pool.log())
    assert "Traceback" not in pool.log()
    os.unlink(queue.home.run)
    wait_until(lambda: len(pool.pids()) == 1)


def test_a_signal_to_all_processes_of_a_pool_is_an_orderly_stop(
    queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    pid = pool.start("--count", "2")
    jobs = [queue.add(f"echo >{tmp_path}/{n}; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done") for n in range(2)]
    for number in range(len(jobs)):
        wait_for_file(tmp_path / str(number))
    doomed = [pid, *fork_servers(pool), *pool.pids()]
    for each in doomed:
        os.kill(each, signal.SIGTERM)
    wait_until(lambda: "current jobs may finish" in pool.log())
    wait_until(lambda: all(row.stopping for row in pool.rows()))
    (tmp_path / "go").touch()
    wait_until(lambda: not any(identify(each) for each in doomed))
    assert [queue.get(job.id).state for job in jobs] == ["completed"] * 2
    assert "SIGTERM" not in pool.log() and queue.store.workers.all() == []


def test_nothing_is_left_in_the_directory_for_temporary_files(
    home: str, queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    pid = pool.start("--count", "1", env={"TMPDIR": str(place)})
    assert queue.wait(queue.add("true").id, timeout=60)[0].state == "completed"
    assert list(place.iterdir()) == []
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: pool.rows() == [])
    assert list(place.iterdir()) == []


def test_no_process_stays_in_the_directory_that_it_was_started_in_or_ran_a_job_in(
    home: str, queue: Queue, pool: RunningPool, processes: Processes, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    for words in (["worker", "start", "--count", "1"], ["scheduler", "start"], ["dashboard", "start", "-d", "-p", "0"]):
        assert run_cli(home, *words, cwd=place).returncode == 0
    assert queue.wait(queue.add("true", cwd=str(place)).id, timeout=60)[0].state == "completed"

    def stand_there() -> list[int]:
        found = []
        for pid in process.list_processes():
            try:
                if os.readlink(f"/proc/{pid}/cwd") == str(place):
                    found.append(pid)
            except OSError:
                continue  # It has ended, or is a stranger's.
        return found

    wait_until(lambda: stand_there() == [])
    for word in ("scheduler", "dashboard"):
        assert run_cli(home, word, "stop").returncode == 0


def test_the_reason_of_a_worker_that_fails_while_starting_is_in_the_error(
    home: str, queue: Queue, own_signals: None
) -> None:
    set_schema(queue, VERSION + 1)
    with one_slot(home, FakeClock()) as (slots, wakeup):
        slots.start(slots.due())
        with pytest.raises(DaemonUnavailable, match=r"ended with exit code 5 while starting: .*queue\.db has version"):
            while not slots.bury():
                wakeup.wait(1)
    set_schema(queue, VERSION)


def set_schema(queue: Queue, version: int) -> None:
    with queue.store.writing():
        queue.store.database.change(f"PRAGMA user_version={version}")


def test_a_pool_that_an_upgrade_has_outgrown_starts_no_more_workers(queue: Queue, pool: RunningPool) -> None:
    pid = pool.start("--count", "2")
    set_schema(queue, VERSION + 1)
    workers = pool.pids()
    os.kill(workers[0], signal.SIGKILL)
    wait_until(lambda: "no more workers are started; go on with: queuectl worker restart" in pool.log())
    assert pool.pids() == workers[1:]
    os.kill(workers[1], signal.SIGKILL)
    wait_until(lambda: identify(pid) is None, what="the pool makes room for the next")
    set_schema(queue, VERSION)
    assert pool.log().count("starting another") == 2


def test_a_pool_whose_package_was_replaced_starts_no_more_workers(
    queue: Queue, own_signals: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    made = Pool(queue.home, {"": 1}, clock=FakeClock(), on_ready=lambda: None)
    monkeypatch.setattr(pool_module, "installed_version", lambda: "99.0.0")
    made.run()
    said = capfd.readouterr().err
    assert "version 99.0.0 of QueueCTL has been installed" in said and "no worker is left" in said


@pytest.mark.parametrize("version", ["0.0.1", ""])
def test_a_pool_of_another_version_is_reported_with_what_helps(
    home: str, queue: Queue, pool: RunningPool, version: str
) -> None:
    pool.start("--count", "1")
    with queue.store.writing():
        record = queue.store.meta.daemon("pool")
        assert record is not None
        process_text, started_at, _, *rest = record.split("\n")
        queue.store.meta.set_daemon("pool", "\n".join([process_text, started_at, version, *rest]))
    for words in (["status"], ["worker", "status"]):
        done = run_cli(home, *words)
        assert done.returncode == 0
        told = done.stdout + done.stderr
        assert f"are of version {version} " in told and "queuectl worker restart" in told
    done = run_cli(home, "worker", "scale", "2")
    assert done.returncode == 6 and "queuectl worker restart" in done.stderr
    pool.run("restart")
    assert run_cli(home, "worker", "status").stderr == ""


@pytest.mark.parametrize("words", [("start", "-n", "3"), ("start", "-n", "1", "-Q", "a"), ("scale", "1")])
def test_a_pool_of_a_version_that_knew_no_groups_is_distinguished_from_one_that_ends(
    home: str, queue: Queue, pool: RunningPool, words: tuple[str, ...]
) -> None:
    pool.start("--count", "2")
    as_of_old(queue, "2")
    assert pool.run("start", "-n", "2").stdout.startswith("2 workers are running already\n")
    done = run_cli(home, "worker", *words)
    assert done.returncode == 6 and "version 0.0.1 (schema 4) of QueueCTL, which has been replaced" in done.stderr
    assert "hint: queuectl worker restart" in done.stderr and len(pool.pids()) == 2


def test_a_restart_remembers_how_many_workers_a_pool_of_a_version_that_knew_no_groups_had(
    queue: Queue, pool: RunningPool
) -> None:
    pool.start("--count", "1")
    as_of_old(queue, "3")
    assert pool.run("restart").stdout.startswith("3 workers started\n")
    assert len(pool.pids()) == 3
    # What the old one had does not matter to those that follow.
    pool.run("scale", "2")
    assert pool.run("restart").stdout.startswith("2 workers started\n")


def as_of_old(queue: Queue, target: str) -> None:
    """Have the store look as if a version that knew no groups had started the pool, with so many workers."""
    database, record = queue.store.database, queue.store.meta.daemon("pool")
    assert record is not None
    process_text, started_at, _, _, zone = record.split("\n")
    with queue.store.writing():
        queue.store.meta.set_daemon("pool", "\n".join([process_text, started_at, "0.0.1", "4", zone]))
        database.change("DELETE FROM meta WHERE key = 'pool_groups'")
        database.change("INSERT INTO meta (key, value) VALUES ('pool_target', ?)", (target,))


REAP = """
import os
import subprocess
from queuectl.engine.machine import process
from queuectl.engine.daemons.instance import LOOK_MS, Reaper
from tests.support import FakeClock

def zombies():
    ours = os.getpid()
    return [entry.pid for entry in process.list_processes().values() if entry.parent == ours and entry.is_zombie]

process.become_subreaper()
clock = FakeClock()
reaper = Reaper(clock)
for _ in range(5):
    subprocess.run(["sh", "-c", "(exit 0 & exec true) & exit 0"])
own = subprocess.Popen(["sh", "-c", "exit 7"])
while len(zombies()) < 6:
    clock.advance(1)
reaper.step()
assert own.wait() == 7
clock.advance(LOOK_MS - 1)
reaper.step()
print(len(zombies()) >= 5)
while zombies():
    clock.advance(LOOK_MS)
    reaper.step()
print("none left")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="orphans fall to PID 1 elsewhere")
def test_orphans_that_fall_to_a_daemon_leave_no_zombies(processes: Processes) -> None:
    started = processes.start(python(REAP), stdout=subprocess.PIPE)
    assert started.communicate(timeout=60)[0] == b"True\nnone left\n"
    assert started.returncode == 0
