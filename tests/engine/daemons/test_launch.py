"""Starting in the background: it is up when the command returns, or says why it is not."""

from __future__ import annotations

import errno
import os
import select
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from queuectl.dashboard.app import App
from queuectl.engine.daemons.launch import DIRECTORY, launch, reporting
from queuectl.engine.queue import Queue
from queuectl.model.errors import Conflict, DaemonUnavailable, StoreDamaged
from queuectl.store import Home
from tests.engine.running import RunningPool
from tests.support import cli_command, cli_environment, run_cli, wait_until

LIMIT = 60.0


def arguments(home: str, count: str = "1") -> list[str]:
    return ["--home", home, "worker", "start", "--no-detach", "--count", count]


@pytest.fixture
def log(home: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("QUEUECTL_HOME", home)
    place = Home(home)
    place.prepare()
    return place.daemon_log("pool")


def test_it_is_ready_when_launch_returns(home: str, pool: RunningPool, log: str) -> None:
    launch(arguments(home), Home(home), log)
    assert pool.is_running and len(pool.rows()) == 1


def test_the_reason_why_it_did_not_start_arrives_with_its_kind(home: str, pool: RunningPool, log: str) -> None:
    launch(arguments(home), Home(home), log)
    with pytest.raises(Conflict) as caught:
        launch(arguments(home), Home(home), log)
    assert f"(pid {pool.pid})" in caught.value.message
    assert caught.value.hint is not None and "worker scale" in caught.value.hint


def test_a_daemon_that_ends_without_a_word_is_reported_with_its_log(home: str, pool: RunningPool, log: str) -> None:
    with pytest.raises(DaemonUnavailable) as caught:
        launch(arguments(home, count="0"), Home(home), log)
    assert caught.value.hint is not None and log in caught.value.hint
    assert "--count" in Path(log).read_text()


def test_it_is_detached_from_session_terminal_and_directory_of_the_caller(pool: RunningPool) -> None:
    pid = pool.start("--count", "1")
    assert os.getsid(pid) != os.getsid(0)
    terminal = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[4]
    assert terminal == "0"
    links = {name: os.readlink(f"/proc/{pid}/fd/{name}") for name in "012"}
    assert links == {"0": os.devnull, "1": pool.home.daemon_log("pool"), "2": pool.home.daemon_log("pool")}
    assert stat.S_IMODE(os.stat(pool.home.daemon_log("pool")).st_mode) == 0o600


def test_who_has_started_it_and_goes_on_keeps_no_zombie_of_it(home: str, pool: RunningPool, log: str) -> None:
    launch(arguments(home), Home(home), log)
    pid = pool.pid
    pool.run("stop")
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"))


def test_a_shell_that_captures_its_output_does_not_wait_for_it(home: str, pool: RunningPool) -> None:
    command = " ".join(f"'{word}'" for word in cli_command(home, "worker", "start", "--count", "1"))
    done = subprocess.run(
        ["sh", "-c", f'x=$({command} 2>&1); echo "got $x"'],
        env=cli_environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=LIMIT,
    )
    assert done.stdout.startswith("got 1 worker started") and pool.is_running


def test_it_keeps_no_descriptor_of_the_caller(home: str, pool: RunningPool) -> None:
    read_end, write_end = os.pipe()
    started = subprocess.run(
        cli_command(home, "worker", "start", "--count", "1"),
        env=cli_environment(home),
        pass_fds=[write_end],
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=LIMIT,
    )
    assert started.returncode == 0 and pool.is_running
    os.close(write_end)
    readable, _, _ = select.select([read_end], [], [], 10)
    assert readable and os.read(read_end, 1) == b"", "somebody still holds the other end"
    os.close(read_end)


def test_it_does_not_inherit_what_tells_a_job_apart(home: str, queue: Queue, pool: RunningPool) -> None:
    pid = pool.start("--count", "1", env={"QUEUECTL_ATTEMPT_ID": "x-1-1", "QUEUECTL_JOB_ID": "outer", "KEPT": "yes"})
    for each in [pid, *pool.pids()]:
        variables = Path(f"/proc/{each}/environ").read_bytes().split(b"\0")
        names = {variable.partition(b"=")[0] for variable in variables}
        assert b"KEPT" in names and not names & {b"QUEUECTL_ATTEMPT_ID", b"QUEUECTL_JOB_ID"}


def test_a_home_that_cannot_be_used_is_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run_cli(tmp_path / "file", "worker", "start")
    assert done.returncode == 5 and "cannot be used" in done.stderr


def test_what_a_start_is_refused_for_keeps_its_kind(home: str, queue: Queue, pool: RunningPool, log: str) -> None:
    queue.close()
    whole = Path(Home(home).database).read_bytes()
    Path(Home(home).database).write_bytes(b"x" * 8192)
    with pytest.raises(StoreDamaged):
        launch(arguments(home), Home(home), log)
    Path(Home(home).database).write_bytes(whole)


@pytest.mark.parametrize(
    "words",
    [["worker", "start", "--count", "1"], ["scheduler", "start"], ["dashboard", "start", "--detach", "--port", "0"]],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize("files", [8, 10])
def test_the_reason_of_a_failed_start_is_in_the_error(home: str, queue: Queue, words: list[str], files: int) -> None:
    limit = f"import os, resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files})); os.execv"
    command = cli_command(home, *words)
    done = subprocess.run(
        [sys.executable, "-c", f"{limit}({command[0]!r}, {command!r})"],
        env=cli_environment(home),
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )
    run_cli(home, words[0], "stop")
    assert done.returncode in (5, 6)
    assert "Too many open files" in done.stderr or "cannot be opened" in done.stderr, done.stderr


def test_of_a_daemon_that_is_killed_the_end_is_reported(home: str, queue: Queue, log: str) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("queuectl.engine.daemons.launch.own_python", lambda *words: [sys.executable, "-c", code])
        with pytest.raises(DaemonUnavailable, match="ended by SIGKILL while starting"):
            launch([], Home(home), log)


def test_of_a_daemon_that_fails_without_an_answer_the_last_line_is_reported(home: str, queue: Queue, log: str) -> None:
    Path(log).write_text("a line of last week\n")
    code = "raise SystemExit('this is why')"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("queuectl.engine.daemons.launch.own_python", lambda *words: [sys.executable, "-c", code])
        with pytest.raises(DaemonUnavailable, match="ended with exit code 1 while starting: this is why$"):
            launch([], Home(home), log)
        patch.setattr(
            "queuectl.engine.daemons.launch.own_python",
            lambda *words: [sys.executable, "-c", "raise SystemExit(3)"],
        )
        with pytest.raises(DaemonUnavailable, match="ended with exit code 3 while starting$"):
            launch([], Home(home), log)


def test_a_mistake_of_ours_is_reported_with_its_kind() -> None:
    read_end, write_end = os.pipe()
    with pytest.raises(ZeroDivisionError), reporting(write_end, "pool"):
        raise ZeroDivisionError("by zero")
    with open(read_end, encoding="utf-8") as pipe:
        assert "ZeroDivisionError: by zero" in pipe.read()


def test_an_error_of_the_system_is_one_of_ours_with_what_helps() -> None:
    said = "cannot start: No space left on device: /home/run"
    with pytest.raises(DaemonUnavailable, match=said) as caught, reporting(None, "pool"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/home/run")
    assert caught.value.hint is not None and "free some space" in caught.value.hint


def test_of_a_daemon_that_was_ready_an_error_tells_the_end_and_is_written_to_no_other_file(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    read_end, write_end = os.pipe()
    with pytest.raises(SystemExit, match="6"), reporting(write_end, "pool") as start:
        start.succeed()
        # The next file that is opened gets the number of the one that was closed.
        other = os.open(tmp_path / "other", os.O_WRONLY | os.O_CREAT, 0o600)
        assert other == write_end
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.close(other)
    with open(read_end, encoding="utf-8") as pipe:
        assert pipe.read() == "ready\n"
    assert capfd.readouterr().err.endswith(f"Z pool[{os.getpid()}] the daemon ended: No space left on device\n")
    assert (tmp_path / "other").read_text() == ""


def test_jobs_that_a_dashboard_adds_run_where_it_was_started(home: str, tmp_path: Path) -> None:
    started = tmp_path / "started"
    started.mkdir()
    assert run_cli(home, "dashboard", "start", "--detach", "--port", "0", cwd=started).returncode == 0
    try:
        pid = Queue(home).dashboard.pid
        assert os.readlink(f"/proc/{pid}/cwd") == home
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        assert f"{DIRECTORY}={started}".encode() in variables
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(DIRECTORY, str(started))
            app = App(home)
            assert app.queue.add("true").cwd == str(started)
            app.queue.close()
    finally:
        assert run_cli(home, "dashboard", "stop").returncode == 0
