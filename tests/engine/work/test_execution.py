"""How commands run: what they are given, and how their end is told."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.job import Job
from tests.engine.running import attempts, drain, run_one

if TYPE_CHECKING:
    Ended = tuple[str, int | None, int | None, str | None]


def ended(job: Job) -> Ended:
    return job.state, job.exit_code, job.signal, job.error


@pytest.mark.slow
def test_every_exit_code_is_kept_as_it_is(home: str, queue: Queue, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch(0o644)
    expected: dict[str, int] = {
        "exit 0": 0,
        "exit 1": 1,
        "exit 2": 2,
        f"{plain}": 126,
        "no-such-command-anywhere": 127,
        "exit 255": 255,
        "sh -c 'kill -9 $$'; exit $?": 137,
        "exit 99": 99,
    }
    jobs = {command: queue.add(command, retries=0) for command in expected}
    drain(home)
    for command, code in expected.items():
        error = {0: None, 137: "exit code 137 (as SIGKILL)"}.get(code, f"exit code {code}")
        state = "dead" if code else "completed"
        assert ended(queue.get(jobs[command].id)) == (state, code, None, error), command


@pytest.mark.slow
def test_death_by_a_signal_is_reported_with_the_signal(home: str, queue: Queue) -> None:
    expected = {
        "kill -SEGV $$": signal.SIGSEGV,
        "kill -9 $$": signal.SIGKILL,
        "kill 0": signal.SIGTERM,
        "kill -INT $$": signal.SIGINT,
        "kill -QUIT $$": signal.SIGQUIT,
    }
    jobs = {command: queue.add(f"ulimit -c 0; {command}", retries=0) for command in expected}
    after = queue.add("echo still here")
    drain(home)
    for command, number in expected.items():
        assert ended(queue.get(jobs[command].id)) == ("dead", None, number, f"killed by {number.name}"), command
    assert queue.get(after.id).state == "completed"


def test_a_vanished_directory_counts_as_an_attempt_that_did_not_start(queue: Queue, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    job = queue.add("true", cwd=str(gone), retries=1)
    gone.rmdir()
    drain(queue.home.path)
    assert ended(queue.get(job.id)) == (
        "dead",
        None,
        None,
        f"cannot start: directory {gone}: No such file or directory",
    )
    assert [row["outcome"] for row in attempts(queue, job)] == ["not_started"] * 2


@pytest.mark.slow
def test_a_job_that_removes_its_directory_does_not_harm_the_next(queue: Queue, tmp_path: Path) -> None:
    doomed, other = tmp_path / "doomed", tmp_path / "other"
    doomed.mkdir()
    other.mkdir()
    queue.add(f"rmdir {doomed}", cwd=str(doomed))
    job = queue.add("pwd", cwd=str(other))
    drain(queue.home.path)
    assert queue.get(job.id).state == "completed"
    assert queue.output(job.id).decode() == f"{other}\n"


@pytest.mark.slow
def test_a_directory_that_was_made_again_is_the_one_that_is_used(queue: Queue, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    queue.add(f"cd /; rmdir {place}; mkdir {place}; echo new >{place}/file", cwd=str(place))
    job = queue.add("cat file", cwd=str(place))
    drain(queue.home.path)
    assert queue.output(job.id) == b"new\n"


def test_a_command_too_long_for_the_system_is_not_started(queue: Queue) -> None:
    # The worker itself still fits, with too little room left for the command and its variables.
    room = os.sysconf("SC_ARG_MAX") - 120_000
    filler = {f"FILLER_{number}": "x" * (room // 20) for number in range(20)}
    job = queue.add(": " + "y" * 60_000, env={f"V{number}": "z" * 30_000 for number in range(4)}, retries=0)
    after = queue.add("true")
    drain(queue.home.path, env=filler)
    assert ended(queue.get(job.id)) == ("dead", None, None, "cannot start: Argument list too long")
    assert attempts(queue, job)[0]["outcome"] == "not_started"
    assert queue.get(after.id).state == "completed"


def test_standard_input_is_empty(queue: Queue) -> None:
    job = run_one(queue, "cat; echo end of input $?; readlink /proc/self/fd/0")
    assert queue.output(job.id) == b"end of input 0\n/dev/null\n"


def test_a_job_inherits_no_descriptor(queue: Queue) -> None:
    job = run_one(queue, "ls /proc/self/fd")
    # The fourth is the directory that is being listed.
    assert queue.output(job.id).split() == [b"0", b"1", b"2", b"3"]


def environment_of(queue: Queue, job: Job) -> dict[str, str]:
    entries = os.fsdecode(queue.output(job.id)).split("\0")
    return dict(entry.split("=", 1) for entry in entries if entry)


@pytest.mark.slow
def test_a_job_learns_who_it_is(queue: Queue) -> None:
    job = run_one(queue, "env -0", id="who", queue="lane", retries=4)
    found = {name: value for name, value in environment_of(queue, job).items() if name.startswith("QUEUECTL_")}
    marker = found.pop("QUEUECTL_ATTEMPT_ID")
    assert marker.startswith(queue.store.meta.home_id()) and marker.endswith(f"-{attempts(queue, job)[0]['id']}")
    assert found == {
        "QUEUECTL_JOB_ID": "who",
        "QUEUECTL_JOB_NUMBER": str(job.number),
        "QUEUECTL_ATTEMPT": "1",
        "QUEUECTL_MAX_ATTEMPTS": "5",
        "QUEUECTL_QUEUE": "lane",
        "QUEUECTL_HOME": queue.home.path,
    }


@pytest.mark.slow
def test_a_job_learns_its_item_and_its_index(queue: Queue) -> None:
    job = run_one(queue, "env -0", item="a\n'b'", index=0)
    found = environment_of(queue, job)
    assert (found["QUEUECTL_ITEM"], found["QUEUECTL_INDEX"]) == ("a\n'b'", "0")


@pytest.mark.slow
def test_a_job_learns_what_it_has_waited_for(home: str, queue: Queue) -> None:
    parents = [queue.add("true", id=name) for name in ("b", "a")]
    child = queue.add('echo "$QUEUECTL_PARENTS"', after=[parents[1]], after_any=[parents[0]])
    drain(home)
    assert queue.output(child.id) == b"b a\n"


@pytest.mark.slow
def test_of_many_parents_as_many_are_named_as_fit_into_4_kib(home: str, queue: Queue) -> None:
    names = [f"j{number:0100}" for number in range(1, 60)]
    queue.enqueue([{"id": name, "command": "true"} for name in names])
    child = queue.add('printf %s "$QUEUECTL_PARENTS"', after=names)
    drain(home)
    assert queue.output(child.id).decode().split(" ") == names[:40]


@pytest.mark.slow
def test_the_attempt_is_counted_up_in_the_environment(queue: Queue) -> None:
    job = run_one(queue, "echo $QUEUECTL_ATTEMPT; [ $QUEUECTL_ATTEMPT = 3 ]", retries=5)
    assert [queue.output(job.id, attempt=number) for number in (1, 2, 3)] == [b"1\n", b"2\n", b"3\n"]


@pytest.mark.slow
def test_a_job_has_the_workers_environment_without_our_variables(queue: Queue) -> None:
    job = queue.add("env -0")
    drain(
        queue.home.path,
        env={"FROM_WORKER": "yes", "QUEUECTL_KILL_GRACE": "1s", "QUEUECTL_JOB_ID": "outer", "QUEUECTL_DEBUG": "1"},
    )
    found = environment_of(queue, job)
    assert found["FROM_WORKER"] == "yes"
    assert found["QUEUECTL_JOB_ID"] == job.id
    assert not {"QUEUECTL_KILL_GRACE", "QUEUECTL_DEBUG"} & set(found)


def test_a_job_has_the_path_of_who_enqueued_it_and_its_own_variables(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.environ["PATH"] + ":/path/of/the/enqueuer")
    job = queue.add("env -0", env={"MINE": "a b\n'c' \"d\" $e", "FROM_WORKER": "no"})
    monkeypatch.undo()
    drain(queue.home.path, env={"FROM_WORKER": "yes"})
    found = environment_of(queue, job)
    assert found["PATH"].endswith(":/path/of/the/enqueuer")
    assert found["MINE"] == "a b\n'c' \"d\" $e"
    assert found["FROM_WORKER"] == "no"


def test_the_umask_is_the_workers_if_the_caller_has_none(queue: Queue) -> None:
    queue.is_caller = False
    job = queue.add("umask")
    before = os.umask(0o027)
    try:
        drain(queue.home.path)
    finally:
        os.umask(before)
    assert queue.output(job.id) == b"0027\n"


def test_no_signal_is_ignored_or_blocked(queue: Queue) -> None:
    job = run_one(queue, "grep -E '^Sig(Blk|Ign)' /proc/self/status")
    masks = [int(line.split()[1], 16) for line in queue.output(job.id).splitlines()]
    # The C library ignores two signals of its own, 32 and 33, in what it starts.
    assert [mask & 0x7FFFFFFF for mask in masks] == [0, 0]


def test_a_pipeline_whose_reader_leaves_ends_quietly(queue: Queue) -> None:
    job = run_one(queue, "yes | head -1")
    assert ended(job) == ("completed", 0, None, None)
    assert queue.output(job.id) == b"y\n"


def test_a_job_has_a_session_of_its_own(queue: Queue) -> None:
    job = run_one(queue, "ps -o sid=,pgid= -p $$; echo $$")
    session, group, pid = queue.output(job.id).split()
    assert session == group == pid


def test_any_text_reaches_the_shell_unchanged(queue: Queue) -> None:
    chance = random.Random(7)
    text = "".join(chance.choice("ab'\"\\$`!*?[]{}()<>|&;#~%^=+ \t\n\u00e9\u4e2d") for _ in range(2_000))
    job = run_one(queue, "cat <<'end of text'\n" + text + "\nend of text\n")
    assert queue.output(job.id).decode() == text + "\n"
