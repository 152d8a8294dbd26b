"""What `add` does beside adding: commands from stdin, a worker where nobody runs the job, and following it."""

from __future__ import annotations

import subprocess
from typing import Iterator

import pytest

from queuectl import Queue
from queuectl.model.worker import ALL
from tests import support
from tests.commands.calling import call, done, jobs, refused


@pytest.fixture
def stopped(home: str, processes: support.Processes) -> Iterator[str]:
    """A home whose workers are stopped at the end; its path."""
    yield home
    pid = Queue(home).workers.pid
    if pid is not None:
        processes.add(pid)
        done(home, "worker", "stop", "--force")


def test_each_line_of_stdin_is_a_job_but_for_blank_ones_and_comments(home: str) -> None:
    text = "echo a\n\n  # no job\n  echo 'b' | cat  # kept\r\n-x | y\nlast"
    answer = done(home, "add", "-", "--tag", "t", "--priority", "4", input=text.encode())
    assert answer.lines == ["job-1", "job-2", "job-3", "job-4"]
    found = jobs(home)
    assert [job["command"] for job in found] == ["echo a", "echo 'b' | cat  # kept", "-x | y", "last"]
    assert all(job["tags"] == ["t"] and job["priority"] == 4 for job in found)


def test_commands_from_stdin_are_like_another_job(home: str) -> None:
    done(home, "add", "true", "--timeout", "7", "--env", "API_TOKEN=x")
    done(home, "add", "-", "--like", "1", input=b"a\nb\n")
    with Queue(home) as queue:
        assert [(job.command, job.timeout, job.env) for job in queue.read([2, 3])] == [
            ("a", 7000, {"API_TOKEN": "x"}),
            ("b", 7000, {"API_TOKEN": "x"}),
        ]


@pytest.mark.parametrize(
    ("words", "text", "problem"),
    [
        ([], b"", "stdin holds no command"),
        ([], b"\n# only this\n", "stdin holds no command"),
        ([], b"a\n\0\n", "stdin:2: command must not contain a NUL"),
        ([], b'a\n{"command": "b"}\n', "this is a job in JSON"),
        ([], b"a\n\xff\n", "stdin is not UTF-8"),
        (["--id", "x"], b"a\nb\n", "an id is for one job"),
        (["--", "x"], b"a\n", "give the command once"),
    ],
)
def test_all_of_stdin_is_added_or_nothing(home: str, words: list[str], text: bytes, problem: str) -> None:
    assert problem in refused(home, 2, "add", "-", *words, input=text).err
    assert jobs(home) == []


def test_a_shell_whose_lines_are_stdin_has_none_for_add(home: str) -> None:
    answer = call(home, "shell", input=b"add -\n")
    assert answer.code == 2 and "stdin cannot be read here" in answer.err


def test_a_dash_can_still_be_a_command(home: str) -> None:
    done(home, "add", "--command=-")
    assert jobs(home)[0]["command"] == "-"


def test_a_worker_is_started_for_a_job_that_is_followed(stopped: str) -> None:
    answer = call(stopped, "add", "echo hi; exit 7", "--follow", "--start", "--retries", "0")
    assert (answer.code, answer.out) == (7, "hi\n")
    assert answer.err.splitlines() == [
        "1 worker started; stop it with: queuectl worker stop",
        "Job added: job-1",
        "job-1 is dead: exit code 7",
    ]
    again = call(stopped, "add", "true", "--wait", "--start", "-o", "ids")
    assert (again.code, again.out, again.err) == (0, "job-2\n", "")


def test_a_worker_is_started_for_a_queue_that_none_takes_jobs_from(stopped: str) -> None:
    done(stopped, "worker", "start", "--count", "1", "--queue", "mail")
    done(stopped, "add", "true", "--queue", "reports", "--start", "--wait")
    with Queue(stopped) as queue:
        assert queue.workers.groups() == {"mail": 1, "reports": 1}


def test_no_worker_is_started_for_a_job_that_is_refused(home: str) -> None:
    refused(home, 2, "add", "true", "--retries", "-1", "--start")
    refused(home, 2, "add", "\n", "--start")
    with Queue(home) as queue:
        assert queue.workers.pid is None


def test_jobs_from_stdin_are_followed_together_and_the_code_is_1_if_one_failed(stopped: str) -> None:
    with Queue(stopped) as queue:
        queue.workers.start(ALL, 1)
    answer = call(stopped, "add", "-", "--follow", "-r", "0", input=b"echo a\necho b; exit 9\n")
    assert (answer.code, sorted(answer.lines)) == (1, ["job-1 | a", "job-2 | b"])
    assert answer.err.splitlines() == ["Jobs added: job-1, job-2", "job-2 is dead: exit code 9"]
    assert call(stopped, "add", "-", "--wait", input=b"true\ntrue\n").code == 0


@pytest.mark.parametrize("words", [["add", "true", "--follow"], ["add", "true", "--wait"], ["logs", "-f", "1"]])
def test_ctrl_c_says_that_the_job_goes_on(home: str, processes: support.Processes, words: list[str]) -> None:
    if words[0] == "logs":
        done(home, "add", "true")
    waiting = processes.start_cli(home, *words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while b"job-1 waits: no workers are running" not in support.pipe(waiting.stderr).readline():
        assert waiting.poll() is None
    support.interrupt(waiting)
    assert waiting.wait(60) == 130
    assert b"job-1 goes on; cancel it with: queuectl cancel job-1\n" in support.pipe(waiting.stderr).read()
