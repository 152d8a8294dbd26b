"""The scheduler as a process: one of a home, up when the command returns, gone when `stop` does."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
from pathlib import Path
from typing import Any, Iterator

import pytest

from queuectl.engine.machine import process
from queuectl.engine.queue import Queue
from queuectl.model.errors import Conflict, DaemonUnavailable
from queuectl.store.lockfile import is_held
from tests.engine.running import RunningPool, wait_for_state
from tests.engine.scheduling import RunningScheduler
from tests.support import Process, Processes, identify, is_alive, run_cli, wait_until

CONFLICT = Conflict.exit_code
UNAVAILABLE = DaemonUnavailable.exit_code


@pytest.fixture
def scheduler(home: str, processes: Processes) -> Iterator[RunningScheduler]:
    running = RunningScheduler(home, processes)
    yield running
    running.close()


def who(pid: int) -> Process:
    found = identify(pid)
    assert found is not None, "it does not run"
    return found


def answer(home: str, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run_cli(home, *words, "--json").stdout)
    return found


# Start and status


def test_it_is_up_when_start_returns(queue: Queue, scheduler: RunningScheduler) -> None:
    pid = scheduler.start()
    assert is_held(scheduler.home.daemon_lock("scheduler"))
    assert Path(scheduler.home.bells, "scheduler").exists()
    found = scheduler.status()
    assert (found["running"], found["pid"], found["mode"], found["max_workers"], found["interval"]) == (
        True,
        pid,
        "manual",
        None,
        5.0,
    )
    assert found["last_tick_at"] is not None and found["uptime"] < 60_000 and found["pool_running"] is False
    assert [found[name] for name in ("promoted", "fired", "recovered", "pruned")] == [0, 0, 0, 0]
    assert os.getsid(pid) != os.getsid(0)


def test_start_says_what_it_started(scheduler: RunningScheduler) -> None:
    assert "Scheduler started\n" in scheduler.run("start").stdout
    scheduler.run("stop")
    assert "with up to 2 workers" in scheduler.run("start", "--auto", "--workers", "2").stdout
    found = scheduler.status()
    assert (found["mode"], found["max_workers"]) == ("auto", 2)


def test_each_line_of_the_log_has_its_time_also_that_of_a_second_start(scheduler: RunningScheduler) -> None:
    scheduler.start()
    assert scheduler.try_command("start").returncode == 4
    lines = scheduler.run("logs").stdout.splitlines()
    assert [line for line in lines if not re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z scheduler\[\d+\] ", line)] == []
    assert "a scheduler is running already in" in lines[-1]


def test_status_tells_when_the_next_thing_is_due(queue: Queue, scheduler: RunningScheduler) -> None:
    scheduler.start("--interval", "60")
    assert scheduler.status()["next_due_at"] is None
    assert "next due:   nothing" in scheduler.run("status").stdout
    job = queue.add("true", run_at="+2h")
    found = scheduler.status()
    assert found["next_due_at"] == answer(queue.home.path, "show", job.id)["run_at"] and found["interval"] == 60
    schedule = queue.schedules.add("it", "* * * * *", "true")
    found = scheduler.status()
    assert found["schedules"] == 1 and found["next_due_at"] < answer(queue.home.path, "show", job.id)["run_at"]
    assert schedule.next_at is not None


def test_status_without_one_says_how_to_start_it(queue: Queue, scheduler: RunningScheduler) -> None:
    done = scheduler.try_command("status")
    assert done.returncode == UNAVAILABLE and "not running" in done.stdout and "scheduler start" in done.stderr
    assert scheduler.status()["pid"] is None


def test_a_second_one_is_refused_and_names_the_first(scheduler: RunningScheduler) -> None:
    pid = scheduler.start()
    for arguments in ((), ("--no-detach",), ("--auto", "--workers", "1")):
        done = scheduler.try_command("start", *arguments)
        assert done.returncode == CONFLICT and f"(pid {pid})" in done.stderr and "scheduler status" in done.stderr
    assert scheduler.pid == pid


def test_of_ten_that_are_started_at_once_one_wins_and_the_others_name_it(
    home: str, queue: Queue, scheduler: RunningScheduler, processes: Processes
) -> None:
    starters = [
        processes.start_cli(
            home,
            "scheduler",
            "start",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
        )
        for _ in range(10)
    ]
    said = [starter.communicate(timeout=120) for starter in starters]
    pid = scheduler.pid
    processes.add(pid)
    assert sorted(starter.returncode for starter in starters) == [0] + [CONFLICT] * 9, said
    assert [error for _, error in said].count("") == 1
    assert all(f"(pid {pid})" in error for _, error in said if error), said


# Its log


def test_its_log_is_its_own_and_nobody_elses_business(scheduler: RunningScheduler) -> None:
    pid = scheduler.start()
    path = Path(scheduler.home.path, "logs", "scheduler_daemon.log")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    links = {name: os.readlink(f"/proc/{pid}/fd/{name}") for name in "012"}
    assert links == {"0": os.devnull, "1": str(path), "2": str(path)}
    assert f"scheduler[{pid}] started, mode manual, checks at least every 5 s" in scheduler.log()
    assert "started, mode manual" in scheduler.run("logs").stdout
    scheduler.run("stop")
    assert scheduler.log().splitlines()[-1].endswith(f"scheduler[{pid}] stopped")


def test_its_start_and_end_are_events(queue: Queue, scheduler: RunningScheduler) -> None:
    pid = scheduler.start()
    scheduler.run("stop")
    found = [(row.what, row.detail, row.by) for row in queue.store.events.since(0, 50)]
    for kind in ("scheduler started", "scheduler stopped"):
        assert (kind, "mode manual", f"scheduler[{pid}]") in found


# Stop


def test_stop_returns_when_it_is_gone_and_may_be_repeated(queue: Queue, scheduler: RunningScheduler) -> None:
    daemon = who(scheduler.start())
    stopped = scheduler.run("stop", "--json")
    assert not scheduler.is_running
    # Letting its lock go is the last thing that it does.
    wait_until(lambda: not is_alive(daemon))
    assert json.loads(stopped.stdout) == {"stopped": True, "pid": daemon.pid}
    for _ in range(2):
        assert json.loads(scheduler.run("stop", "--json").stdout) == {"stopped": False, "pid": None}
    assert "no scheduler was running" in scheduler.run("stop").stdout
    assert not Path(scheduler.home.bells, "scheduler").exists()


def test_stop_without_a_home_stops_nothing(scheduler: RunningScheduler) -> None:
    assert scheduler.try_command("stop").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_one_in_the_foreground_in_order(
    home: str, scheduler: RunningScheduler, processes: Processes, number: signal.Signals
) -> None:
    started = processes.start_cli(
        home,
        "scheduler",
        "start",
        "--no-detach",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    wait_until(lambda: scheduler.is_running and "scheduler started" in run_cli(home, "events").stdout)
    assert scheduler.pid == started.pid
    started.send_signal(number)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 0 and said.endswith("stopped\n") and "Traceback" not in said
    assert not scheduler.is_running


def test_a_signal_ends_one_in_the_background_too(scheduler: RunningScheduler) -> None:
    daemon = who(scheduler.start())
    os.kill(daemon.pid, signal.SIGTERM)
    wait_until(lambda: not is_alive(daemon))
    assert scheduler.log().endswith("stopped\n")


def test_one_that_does_not_listen_is_killed(
    queue: Queue, scheduler: RunningScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    from queuectl.engine.daemons import daemon as daemons

    daemon = who(scheduler.start())
    os.kill(daemon.pid, signal.SIGSTOP)
    monkeypatch.setattr(daemons, "KILL_AFTER_MS", 300)
    assert queue.scheduler.stop() == daemon.pid
    wait_until(lambda: not is_alive(daemon))


def test_after_a_kill_another_one_starts(queue: Queue, scheduler: RunningScheduler) -> None:
    first = scheduler.start()
    scheduler.kill()
    assert not scheduler.is_running and scheduler.status()["running"] is False
    assert scheduler.start() != first
    assert scheduler.status()["running"] is True


# Locks of others


@pytest.mark.parametrize("text", ["", "999999 12345\n", "nonsense", "1 1\n", "{pid} 1\n", "{pid} {start}\n"])
def test_a_lock_file_that_nobody_holds_stops_nobody_and_harms_no_stranger(
    queue: Queue, scheduler: RunningScheduler, processes: Processes, text: str
) -> None:
    stranger = processes.start(["sleep", "300"])
    start = process.start_time(stranger.pid)
    Path(scheduler.home.daemon_lock("scheduler")).write_text(
        text.format(pid=stranger.pid, start=start), encoding="ascii"
    )
    assert scheduler.status()["running"] is False
    assert "no scheduler was running" in scheduler.run("stop").stdout
    assert scheduler.start() != stranger.pid
    scheduler.run("stop")
    assert stranger.poll() is None


def test_a_home_that_is_removed_ends_it(queue: Queue, scheduler: RunningScheduler) -> None:
    daemon = who(scheduler.start())
    queue.close()
    shutil.rmtree(scheduler.home.path)
    wait_until(lambda: not is_alive(daemon))
    assert not os.path.exists(scheduler.home.path), "it was made again"


# What it does


def test_without_workers_it_makes_jobs_pending_in_time(home: str, queue: Queue, scheduler: RunningScheduler) -> None:
    scheduler.start("--interval", "3600")
    assert answer(home, "status")["alerts"] == []
    job = queue.add("true", run_at="+1s")
    wait_for_state(queue, job, "pending")
    assert queue.get(job.id).updated_at >= job.run_at
    wait_until(lambda: scheduler.status()["promoted"] == 1)
    (alert,) = answer(home, "status")["alerts"]
    assert (alert["code"], alert["text"]) == ("no_workers", "1 job waits, but no workers are running")
    assert "no workers are running" in answer(home, "why", job.id)["reason"]


def make_due(queue: Queue, name: str) -> int:
    """Have a schedule wait for the minute that began last; return that. It may be over before anybody looks."""
    at = queue.clock.wall() // 60_000 * 60_000
    with queue.store.writing():
        queue.store.database.change("UPDATE schedules SET next_at = ? WHERE name = ?", (at, name))
    return at


def fired(queue: Queue) -> list[Any]:
    return [row[0] for row in queue.store.database.rows("SELECT fire_at FROM fires ORDER BY 1")]


def test_without_workers_it_fires(queue: Queue, scheduler: RunningScheduler) -> None:
    queue.schedules.add("it", "* * * * *", "true", catch_up="all")
    at = make_due(queue, "it")
    scheduler.start()
    wait_until(lambda: fired(queue))
    assert fired(queue)[0] == at and queue.list()[-1].schedule == "it"


def test_it_notices_a_schedule_that_is_added_meanwhile(queue: Queue, scheduler: RunningScheduler) -> None:
    scheduler.start("--interval", "3600")
    queue.schedules.add("it", "* * * * *", "true")
    make_due(queue, "it")
    # Adding another wakes it.
    queue.schedules.add("other", "0 0 1 1 *", "true")
    wait_until(lambda: fired(queue))


def test_with_neither_workers_nor_scheduler_everything_says_so(home: str, queue: Queue) -> None:
    job = queue.add("true", run_at="+1h")
    queue.schedules.add("it", "* * * * *", "true")
    waiting, recurring = answer(home, "status")["alerts"]
    assert waiting["text"] == "1 job waits, but neither workers nor a scheduler are running"
    assert recurring["text"].startswith("schedules do not fire: neither workers")
    assert recurring["command"] == "queuectl scheduler start --auto"
    found = answer(home, "why", job.id)
    assert "neither workers nor a scheduler are running" in found["reason"]
    assert found["hint"] == waiting["command"] == "queuectl worker start"


def test_a_pool_alone_promotes_and_fires(
    home: str, queue: Queue, pool: RunningPool, scheduler: RunningScheduler
) -> None:
    queue.schedules.add("it", "* * * * *", "echo it", catch_up="all")
    at = make_due(queue, "it")
    pool.start("--count", "1")
    job = queue.add("true", run_at="+1s")
    wait_for_state(queue, job, "completed")
    wait_until(lambda: queue.list("state:completed", search="echo it"))
    assert fired(queue)[0] == at and not scheduler.is_running
    done = scheduler.try_command("status")
    assert done.returncode == UNAVAILABLE and "the workers do what is due" in done.stderr
    assert answer(home, "status")["alerts"] == []


def test_stopping_the_scheduler_leaves_the_workers_alone(
    queue: Queue, pool: RunningPool, scheduler: RunningScheduler
) -> None:
    pool.start("--count", "1")
    scheduler.start()
    done = scheduler.run("stop")
    assert "workers go on" in done.stdout + done.stderr and pool.is_running
    job = queue.add("true")
    wait_for_state(queue, job, "completed")


# The workers of automatic mode


def test_a_number_without_auto_is_kept_for_auto(scheduler: RunningScheduler) -> None:
    started = scheduler.run("start", "--workers", "3")
    assert (started.returncode, started.stdout) == (0, "Scheduler started\n")
    assert "the number is kept for scheduler start --auto" in started.stderr
    found = scheduler.status()
    assert (found["mode"], found["max_workers"]) == ("manual", None)
    scheduler.run("stop")
    assert "with up to 3 workers" in scheduler.run("start", "--auto").stdout


def test_stop_ends_the_workers_that_it_started(queue: Queue, scheduler: RunningScheduler) -> None:
    scheduler.run("start", "--auto", "--workers", "1")
    wait_for_state(queue, queue.add("true"), "completed")
    stopped = scheduler.run("stop")
    assert (stopped.returncode, stopped.stdout) == (0, "Scheduler stopped\n")
    assert "the workers that it had started are stopped" in stopped.stderr
    assert queue.workers.pid is None


@pytest.mark.parametrize("started_by", ["the scheduler", "a user"])
def test_stop_leaves_workers_that_are_to_go_on(
    queue: Queue, scheduler: RunningScheduler, pool: RunningPool, started_by: str
) -> None:
    if started_by == "a user":
        pool.start("-n", "1")
    scheduler.run("start", "--auto", "--workers", "1")
    wait_for_state(queue, queue.add("true"), "completed")
    stopped = scheduler.run("stop", *(["--keep-workers"] if started_by == "the scheduler" else []))
    assert "workers go on; stop them with: queuectl worker stop" in stopped.stderr
    assert queue.workers.pid is not None
    queue.workers.stop()
