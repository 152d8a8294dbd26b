"""Starting in the background: it is up when the command returns, or says why it is not."""

from __future__ import annotations

import os
import select
import stat
import subprocess
from pathlib import Path

import pytest

from queuectl.engine.daemon import launch
from queuectl.engine.queue import Queue
from queuectl.model.errors import Conflict, DaemonUnavailable
from queuectl.store import Home
from tests.engine.running import RunningPool
from tests.support import cli_command, cli_environment, run_cli

LIMIT = 60.0


def arguments(home: str, count: str = "1") -> list[str]:
    return ["--home", home, "worker", "start", "--no-detach", "--count", count]


@pytest.fixture
def log(home: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("QUEUECTL_HOME", home)
    place = Home(home)
    place.prepare()
    return place.pool_log


def test_it_is_ready_when_launch_returns(home: str, pool: RunningPool, log: str) -> None:
    launch(arguments(home), Home(home), log)
    assert pool.is_running and len(pool.rows()) == 1


def test_the_reason_why_it_did_not_start_arrives_with_its_kind(home: str, pool: RunningPool, log: str) -> None:
    launch(arguments(home), Home(home), log)
    with pytest.raises(Conflict) as caught:
        launch(arguments(home), Home(home), log)
    assert f"(pid {pool.pid})" in caught.value.message
    assert caught.value.hint is not None and "worker scale" in caught.value.hint


def test_a_daemon_that_ends_without_a_word_is_told_with_its_log(home: str, pool: RunningPool, log: str) -> None:
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
    assert links == {"0": os.devnull, "1": pool.home.pool_log, "2": pool.home.pool_log}
    assert stat.S_IMODE(os.stat(pool.home.pool_log).st_mode) == 0o600


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


def test_a_home_that_cannot_be_used_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run_cli(tmp_path / "file", "worker", "start")
    assert done.returncode == 5 and "cannot be used" in done.stderr
