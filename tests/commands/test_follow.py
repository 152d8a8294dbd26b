"""Output of several jobs together: whole lines, each with the id of its job in front."""

from __future__ import annotations

import pytest

from queuectl.commands.context import Labeled
from queuectl.commands.jobs.follow import labeled
from tests.commands.calling import Answer, call, done


@pytest.fixture
def worked(home: str) -> str:
    """A home with two jobs that have run and one that has not."""
    done(home, "add", "printf 'a1\\na2\\n'", "--id", "a")
    done(home, "add", "printf 'b1\\nb2'; echo oops >&2; exit 3", "--id", "long-b", "--retries", "0")
    done(home, "worker", "start", "--count", "1")
    waited = call(home, "wait", "a", "long-b")
    done(home, "worker", "stop")
    assert waited.code == 1, waited
    done(home, "add", "true", "--id", "held", "--hold")
    return home


def logs(home: str, *words: str) -> Answer:
    return call(home, "logs", *words)


def test_each_line_begins_with_the_id_of_its_job(worked: str) -> None:
    answer = logs(worked, "a", "long-b", "--stdout")
    assert answer.lines == ["a      | a1", "a      | a2", "long-b | b1", "long-b | b2"]


def test_the_ids_may_be_left_out(worked: str) -> None:
    assert logs(worked, "a", "long-b", "--stdout", "--no-prefix").out == "a1\na2\nb1\nb2"


def test_one_job_has_no_prefix(worked: str) -> None:
    assert logs(worked, "a").out == "a1\na2\n"
    assert logs(worked, "a,a").out == "a1\na2\n"


def test_the_last_lines_of_each_are_shown(worked: str) -> None:
    assert logs(worked, "a", "long-b", "--tail", "1", "--stdout").lines == ["a      | a2", "long-b | b2"]


def test_a_job_that_has_not_run_is_noted(worked: str) -> None:
    answer = logs(worked, "held", "a")
    assert answer.lines == ["a    | a1", "a    | a2"]
    assert answer.err == "held has not run yet, it is held\n"
    assert logs(worked, "held").code == 3


def test_all_attempts_of_several_jobs(worked: str) -> None:
    lines = logs(worked, "a", "long-b", "--attempt", "all").lines
    assert lines[0] == "a      | --- attempt 1: exited ---"
    assert "long-b | --- attempt 1: exit code 3 ---" in lines


def test_following_ends_when_all_are_done(worked: str) -> None:
    answer = logs(worked, "-f", "a", "long-b", "--stdout")
    assert sorted(answer.lines) == ["a      | a1", "a      | a2", "long-b | b1", "long-b | b2"]
    assert answer.code == 0


def test_no_job_at_all_is_a_question(home: str) -> None:
    answer = logs(home)
    assert answer.code == 2
    assert "no jobs given" in answer.problems[0]


def test_a_line_is_whole_however_it_came() -> None:
    pieces = [(1, b"on"), (0, b"a"), (1, b"e\ntw"), (1, b"o\n\nthree"), (1, b""), (0, b"b\n"), (0, b"")]
    got = list(labeled(["abc", "x"], pieces))
    assert all(isinstance(line, Labeled) for line in got)
    of_x = [b"x   | one\n", b"x   | two\n", b"x   | \n", b"x   | three\n"]
    assert [bytes(line) for line in got] == [*of_x, b"abc | ab\n"]
    assert [line.index for line in got] == [1, 1, 1, 1, 0]
