"""How jobs are named on the command line: id, number, prefix, ranges, commas, last, and stdin."""

from __future__ import annotations

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.errors import NotFound
from tests.commands.calling import done, refused, store
from tests.store import building


@pytest.fixture
def named(home: str) -> str:
    """A home with the jobs alpha-1, alpha-2, beta, job-4, 3 (an id of an older version) and gamma."""
    with store(home) as opened:
        for identifier in ("alpha-1", "alpha-2", "beta", None, "3", "gamma"):
            building.add(opened, id=identifier)
    return home


def meant(home: str, *words: str, input: bytes = b"") -> list[str]:
    """Return the jobs that words name, in their order."""
    return done(home, "cancel", "--dry-run", "-o", "ids", *words, input=input).lines


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["beta"], ["beta"]),
        (["2"], ["alpha-2"]),
        (["bet"], ["beta"]),
        (["b"], ["beta"]),
        (["last"], ["gamma"]),
        (["job-4"], ["job-4"]),
        (["3"], ["3"]),
        (["alpha-1,beta"], ["alpha-1", "beta"]),
        (["beta", "alpha-1"], ["beta", "alpha-1"]),
        (["2-4"], ["alpha-2", "beta", "job-4"]),
        (["1-2,last,g"], ["alpha-1", "alpha-2", "gamma"]),
        (["5-999"], ["3", "gamma"]),
        (["beta", "beta", "2-2"], ["beta", "alpha-2"]),
    ],
)
def test_a_reference_names_its_jobs_each_once(named: str, words: list[str], expected: list[str]) -> None:
    assert meant(named, *words) == expected


def test_ids_come_from_stdin_beside_others(named: str) -> None:
    assert meant(named, "-", input=b"beta\n  2 job-4\n\nlast\n") == ["beta", "alpha-2", "job-4", "gamma"]
    assert meant(named, "1", "-", input=b"2") == ["alpha-1", "alpha-2"]
    assert meant(named, "-", input=b"") == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["alpha"], 2, '"alpha" is the beginning of several ids: alpha-1, alpha-2'),
        (["a"], 2, "write more of the id"),
        (["gama"], 3, 'no job with id "gama" (did you mean "gamma"?)'),
        (["exit_code:1"], 3, 'no job with id "exit_code:1" (did you mean "exit:1"?)'),
        (["web:nightly"], 3, 'no job with id "web:nightly"\n'),
        (["99"], 3, "no job with number 99"),
        (["7-9"], 3, "no jobs with numbers 7 to 9"),
        (["4-2"], 3, "no jobs with numbers 4 to 2"),
        ([""], 2, "an empty text names no job"),
        (["beta,"], 2, "an empty text names no job"),
        (["beta,nope"], 3, 'no job with id "nope"'),
        (["é"], 3, 'no job with id "é"'),
        (["\x1b[31m"], 3, 'no job with id "\\\\x1b[31m"'),
        (["9" * 40], 3, "no job with id"),
        (["BETA"], 3, 'no job with id "BETA"'),
        (["٣"], 3, "no job with id"),
        (["\U0010ffff"], 3, "no job with id"),
        (["%"], 3, "no job with id"),
        (["x" * 500], 3, "no job with id"),
    ],
)
def test_what_names_no_job_or_too_many_is_explained(named: str, words: list[str], code: int, said: str) -> None:
    answer = refused(named, code, "cancel", "--dry-run", *words)
    assert said.replace("\\\\", "\\") in answer.err
    assert "\x1b" not in answer.err
    assert len(answer.err) < 300


def test_an_ambiguous_prefix_of_many_names_a_few(home: str) -> None:
    done(home, "enqueue", "[" + ",".join(['{"command": "true"}'] * 9) + "]")
    answer = refused(home, 2, "show", "job")
    assert answer.problems == ['"job" is the beginning of several ids: job-1, job-2, job-3, job-4, job-5 and more']


def test_an_exact_id_goes_before_a_prefix_and_a_number(home: str) -> None:
    with store(home) as opened:
        for identifier in ("x", "x1", "1", "last", "1-2"):
            building.add(opened, id=identifier)
    assert [meant(home, word) for word in ("x", "1", "last", "1-2")] == [["x"], ["1"], ["last"], ["1-2"]]


def test_an_old_id_that_reads_like_a_filter_is_reached_by_its_number(home: str) -> None:
    with store(home) as opened:
        building.add(opened, id="tag:old")
    assert meant(home, "tag:old") == []
    assert meant(home, "1") == ["tag:old"]
    assert done(home, "show", "1", "--json").json()["id"] == "tag:old"


@pytest.mark.parametrize("command", ["show", "history"])
def test_a_command_for_one_job_refuses_several(named: str, command: str) -> None:
    for reference in ("1,2", "1-3"):
        assert "jobs, one is wanted" in refused(named, 2, command, reference).err


def test_last_in_an_empty_home_says_how_to_begin(home: str) -> None:
    answer = refused(home, 3, "show", "last")
    assert answer.problems == ["there is no last job, the queue is empty"]
    assert "queuectl add" in answer.hint


@pytest.mark.parametrize("number", [2**70, -(2**70), 2**63, 0, -1])
def test_a_number_that_no_job_can_have_is_not_found(named: str, number: int) -> None:
    with Queue(named) as queue:
        for act in (queue.get, queue.cancel, queue.wait):
            with pytest.raises(NotFound, match="no job with number"):
                act(number)


def test_a_text_that_no_store_can_hold_is_no_id(named: str) -> None:
    with Queue(named) as queue:
        assert not queue.has_id("\udc80") and queue.has_id("beta")
        with pytest.raises(NotFound):
            queue.get("\udc80")
