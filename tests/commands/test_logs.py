"""`show`, `history` and `logs`: what happened to a job and what it printed."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests import support
from tests.commands.calling import await_output, bring, call, done, refused, state_of
from tests.support import run_cli

SHELL = "echo out $QUEUECTL_ATTEMPT; echo err $QUEUECTL_ATTEMPT >&2"


@pytest.fixture
def tried(workers: str) -> str:
    """A home with the dead job `j`: three attempts, each with a line on either stream."""
    done(workers, "add", f"{SHELL}; exit 3", "-r", "2", "--id", "j")
    assert call(workers, "wait", "j").code == 3
    return workers


def test_logs_choose_attempt_and_stream(tried: str) -> None:
    assert done(tried, "logs", "j").out == "out 3\nerr 3\n"
    assert done(tried, "logs", "j", "--attempt", "1").out == "out 1\nerr 1\n"
    assert done(tried, "logs", "j", "--stdout").out == "out 3\n"
    assert done(tried, "logs", "j", "-A", "2", "--stderr").out == "err 2\n"
    expected = "".join(f"--- attempt {n}: exit code 3 ---\nout {n}\nerr {n}\n" for n in (1, 2, 3))
    assert done(tried, "logs", "j", "--attempt", "all").out == expected
    assert done(tried, "logs", "j", "-A", "all", "--stdout").out.count("out") == 3
    assert done(tried, "logs", "j", "-f").out == "out 3\nerr 3\n"
    assert "job j has no attempt 4, it has 1 to 3" in refused(tried, 3, "logs", "j", "--attempt", "4").err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--stdout", "--stderr"], "either --stdout or --stderr"),
        (["--attempt", "0"], "--attempt must be"),
        (["--attempt", "x"], "--attempt must be"),
        (["--attempt", "all", "-f"], "neither --follow nor --tail"),
        (["--attempt", "all", "--tail", "1"], "neither --follow nor --tail"),
        (["--tail", "0"], "--tail must be"),
        (["--tail", "x"], "--tail must be"),
    ],
)
def test_what_does_not_go_together_is_refused(home: str, words: list[str], problem: str) -> None:
    bring(home, "dead")
    assert problem in refused(home, 2, "logs", "dead-1", *words).err


def test_a_job_that_has_not_run_has_no_output(home: str) -> None:
    done(home, "add", "true", "--id", "new")
    answer = refused(home, 3, "logs", "new")
    assert answer.problems == ['job "new" has not run yet, it is pending']
    assert answer.hint == "wait for its output with: queuectl logs -f new"
    refused(home, 3, "logs", "nope")


@pytest.mark.parametrize(("lines", "expected"), [(1, "99\n"), (3, "97\n98\n99\n"), (99, None), (1_000, None)])
def test_tail_shows_the_last_lines(workers: str, lines: int, expected: str | None) -> None:
    assert run_cli(workers, "add", "for i in $(seq 99); do echo $i; done", "--wait").returncode == 0
    everything = "".join(f"{n}\n" for n in range(1, 100))
    assert done(workers, "logs", "last", "--tail", str(lines)).out == (expected or everything)
    assert done(workers, "logs", "last", "-f", "--tail", str(lines)).out == (expected or everything)


def test_tail_counts_the_lines_of_the_stream_that_was_asked_for(workers: str) -> None:
    command = "for i in 1 2 3; do echo o$i; echo e$i >&2; done"
    assert run_cli(workers, "add", command, "--wait").returncode == 0
    assert done(workers, "logs", "last", "--tail", "2", "--stderr").out == "e2\ne3\n"
    assert done(workers, "logs", "last", "--tail", "2", "--stdout").out == "o2\no3\n"


def test_tail_of_an_unfinished_line_and_of_nothing(workers: str) -> None:
    assert run_cli(workers, "add", "printf 'a\\nb'", "--wait").returncode == 0
    assert done(workers, "logs", "last", "--tail", "1").out == "b"
    assert run_cli(workers, "add", "true", "--wait").returncode == 0
    assert done(workers, "logs", "last", "--tail", "1").out == ""


def test_bytes_come_out_as_they_went_in(workers: str) -> None:
    data = bytes(range(256)) * 20
    octal = "".join(f"\\{byte:03o}" for byte in range(256))
    assert run_cli(workers, "add", f"for i in $(seq 20); do printf '{octal}'; done", "--wait").returncode == 0
    shown = subprocess.run(support.cli_command(workers, "logs", "last"), stdout=subprocess.PIPE, check=True, timeout=60)
    assert shown.stdout == data


def test_following_goes_on_across_retries_until_the_job_is_done(workers: str, processes: support.Processes) -> None:
    """The job is released only once the follower looks, and passes one gate in each of its attempts."""
    gates = [os.path.join(os.path.dirname(workers), f"gate-{n}") for n in (1, 2)]
    for path in gates:
        os.mkfifo(path)
    waits = f"read line < {os.path.dirname(workers)}/gate-$QUEUECTL_ATTEMPT"
    done(workers, "add", f"{SHELL}; {waits}; echo $line; test $QUEUECTL_ATTEMPT = 2", "-r", "3", "--hold", "--id", "j")
    following = processes.start_cli(
        workers, "logs", "-f", "j", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    done(workers, "release", "j")
    read = support.pipe(following.stdout).readline
    assert [read(), read()] == [b"out 1\n", b"err 1\n"]
    with open(gates[0], "w") as gate:
        gate.write("first\n")
    assert [read(), read(), read()] == [b"first\n", b"out 2\n", b"err 2\n"]
    with open(gates[1], "w") as gate:
        gate.write("second\n")
    assert support.pipe(following.stdout).read() == b"second\n"
    assert following.wait(60) == 0
    assert b"attempt 1 ended: exit code 1, the job is " in support.pipe(following.stderr).read()


def test_following_one_attempt_ends_with_it(workers: str) -> None:
    done(workers, "add", f"{SHELL}; exit 1", "-r", "1", "--id", "j")
    assert call(workers, "wait", "j").code == 1
    assert done(workers, "logs", "-f", "j", "--attempt", "1").out == "out 1\nerr 1\n"


def test_following_a_job_that_is_removed_ends(home: str, processes: support.Processes) -> None:
    done(home, "add", "true", "--hold", "--id", "j")
    following = processes.start_cli(home, "logs", "-f", "j", stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    support.wait_until(lambda: _has_open(following.pid, "queue.db-shm"))
    done(home, "remove", "j", "--yes")
    assert following.wait(60) == 3
    assert b"Traceback" not in support.pipe(following.stderr).read()


def _has_open(pid: int, name: str) -> bool:
    directory = f"/proc/{pid}/fd"
    for descriptor in os.listdir(directory):
        try:
            if os.readlink(os.path.join(directory, descriptor)).endswith(name):
                return True
        except FileNotFoundError:
            continue  # It was closed meanwhile.
    return False


def test_output_beyond_the_limit_keeps_its_ends_and_says_so(workers: str) -> None:
    done(workers, "config", "set", "output_limit", "1KiB")
    assert run_cli(workers, "add", "seq 100000", "--wait").returncode == 0
    text = done(workers, "logs", "last").out
    assert text.startswith("1\n2\n3\n")
    assert text.endswith("99999\n100000\n")
    assert "bytes left out ...]" in text
    assert len(text) < 1_200


def test_show_tells_everything_that_is_known(tried: str) -> None:
    text = done(tried, "show", "j").out
    for part in (
        "j (number 1)",
        "dead: exit code 3",
        "queue:       default, priority 0",
        "attempts:    3 of 3",
        "attempt 3:   exited: exit code 3",
    ):
        assert part in text
    job = done(tried, "show", "j", "--json").json()
    assert (job["state"], job["exit_code"], job["error"], job["attempts"]) == ("dead", 3, "exit code 3", 3)
    assert [attempt["outcome"] for attempt in job["attempt_history"]] == ["exited"] * 3
    assert all(attempt["output_size"] == 12 for attempt in job["attempt_history"])


def test_history_joins_attempts_and_what_users_did(tried: str) -> None:
    done(tried, "retry", "j")
    assert call(tried, "wait", "j").code == 3
    rows = done(tried, "history", "j", "--json").json()
    attempts = [f"attempt {n} {what}" for n in range(1, 7) for what in ("started", "exited")]
    assert [row["what"] for row in rows] == ["enqueued", *attempts[:6], "retry", *attempts[6:]]
    assert rows[7]["detail"] == "was dead"
    assert rows[7]["by"].startswith("cli[")
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)


def test_a_job_being_run_can_be_read(workers: str) -> None:
    gate = os.path.join(os.path.dirname(workers), "gate")
    os.mkfifo(gate)
    done(workers, "add", f"echo first; read line < {gate}; echo second", "--id", "j")
    await_output(workers, "j", "first\n")
    assert state_of(workers, "j") == "processing"
    with open(gate, "w") as file:
        file.write("go\n")
    assert call(workers, "wait", "j").code == 0
    assert done(workers, "logs", "j").out == "first\nsecond\n"
