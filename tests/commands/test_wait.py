"""`wait`: which jobs it means, when it ends, and the exit code that tells how they ended."""

from __future__ import annotations

import subprocess
import threading
from typing import Any, Callable

import pytest

from queuectl import NotFound, Queue
from queuectl.engine.change import Change
from queuectl.engine.waiting import Waiting
from queuectl.model.outcome import Outcome
from queuectl.store import Store
from tests import support
from tests.commands.calling import await_state, bring, call, done, ids, refused, store
from tests.store import building
from tests.store.building import NOW


def end(opened: Store, name: str, state: str, code: int, **fields: Any) -> None:
    """Add a job that ended in a state with an exit code."""
    building.add(opened, id=name, max_retries=0, **fields)
    assert building.finish(opened, building.claim(opened), state, Outcome.exited(code))


@pytest.fixture
def ended(home: str) -> str:
    """A home with a batch of four jobs that have all ended: two dead ones, a completed and a cancelled one."""
    with store(home) as opened:
        for name, state, code in (("a", "dead", 3), ("b", "completed", 0), ("c", "dead", 9)):
            end(opened, name, state, code, tags=("batch",))
        cancelled = building.add(opened, id="d", tags=("batch",))
        building.write(opened, opened.jobs.cancel, cancelled, NOW)
    return home


def start(processes: support.Processes, home: str, *words: str) -> Any:
    """Start a `wait` for jobs that are open, and return it once it looks at them."""
    waiting = processes.start_cli(
        home, "wait", *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while b"no workers are running" not in support.pipe(waiting.stderr).readline():
        assert waiting.poll() is None
    return waiting


# One job


@pytest.mark.parametrize(("command", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 143), ("sleep 9", 1)])
def test_wait_for_one_job_returns_its_own_code(workers: str, command: str, code: int) -> None:
    done(workers, "add", command, "--retries", "0", "--timeout", "0.5", "--id", "one")
    answer = call(workers, "wait", "one")
    assert answer.code == code
    assert answer.lines[0].split()[0] == "ID"


@pytest.mark.parametrize(("name", "code"), [("a", 3), ("b", 0), ("c", 9), ("d", 1)])
def test_one_job_that_ended_before_has_its_own_code_too(ended: str, name: str, code: int) -> None:
    for words in ([name], [f"{name},{name}"]):
        answer = call(ended, "wait", *words, "-o", "ids")
        assert (answer.code, answer.lines, answer.err) == (code, [name], "")
    assert call(ended, "wait", "-", "-o", "ids", input=name.encode()).code == code


def test_wait_gives_up_with_124_and_the_job_goes_on(workers: str) -> None:
    done(workers, "add", "sleep 600", "--id", "long")
    answer = call(workers, "wait", "long", "--timeout", "0.1", "--json")
    assert answer.code == 124
    assert answer.error()["code"] == "wait_timeout"
    await_state(workers, "long", "processing")


def test_wait_says_when_nobody_works(home: str) -> None:
    done(home, "add", "true")
    answer = call(home, "wait", "1", "--timeout", "0")
    assert answer.code == 124
    assert "no workers are running; start them with: queuectl worker start" in answer.err
    assert "queuectl why job-1" in answer.err


def test_wait_ends_when_the_job_is_removed(home: str, processes: support.Processes) -> None:
    done(home, "add", "true", "--hold")
    waiting = start(processes, home, "1")
    done(home, "remove", "1")
    assert waiting.wait(60) == 3
    assert b"the job was removed" in waiting.stderr.read()


def test_ctrl_c_ends_waiting_with_130_and_no_traceback(home: str, processes: support.Processes) -> None:
    done(home, "add", "true", "--hold")
    waiting = start(processes, home, "1")
    support.interrupt(waiting)
    assert waiting.wait(60) == 130
    said = waiting.stderr.read()
    assert b"Traceback" not in said
    assert b"job-1 goes on; cancel it with: queuectl cancel job-1\n" in said
    assert ids(home, "--state", "held") == ["job-1"]


# Several jobs, and filters


def test_wait_for_several_is_1_if_one_did_not_complete(workers: str) -> None:
    done(workers, "add", "true", "-q")
    done(workers, "add", "exit 9", "-r", "0")
    done(workers, "add", "true")
    assert call(workers, "wait", "1-3").code == 1
    assert call(workers, "wait", "1,3").code == 0
    assert call(workers, "wait", "--all").code == 1


@pytest.mark.parametrize(
    ("words", "told", "shown"),
    [
        (["--tag", "batch"], "3 ended before: a, c dead; d cancelled\n", ["a", "c", "d"]),
        (["--all"], "3 ended before: a, c dead; d cancelled\n", ["a", "c", "d"]),
        (["--state", "dead"], "2 ended before: a, c dead\n", ["a", "c"]),
        (["state:cancelled,completed"], "1 ended before: d cancelled\n", ["d"]),
        (["a", "b"], "1 ended before: a dead\n", ["a", "b"]),
        (["2-4"], "2 ended before: c dead; d cancelled\n", ["b", "c", "d"]),
    ],
)
def test_jobs_that_ended_before_are_reported_and_count(
    ended: str, words: list[str], told: str, shown: list[str]
) -> None:
    answer = call(ended, "wait", *words, "-o", "ids")
    assert (answer.code, answer.err, answer.lines) == (1, told, shown)


def test_what_all_completed_before_is_0_without_a_word(ended: str) -> None:
    assert done(ended, "wait", "--state", "completed") == (0, "", "")


def test_of_many_that_ended_before_a_few_are_named(home: str) -> None:
    with store(home) as opened:
        for number in range(8):
            end(opened, f"j{number}", "dead", 1)
    assert call(home, "wait", "--all", "-o", "ids").err == "8 ended before: j0, j1, j2, j3, j4 and 3 more dead\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--tag", "nosuch"], 3),
        (["--queue", "nosuch"], 3),
        (["--all", "--tag", "nosuch"], 3),
        (["--state", "pending"], 3),
        (["state:pending,processing"], 3),
        (["state:open", "--tag", "nosuch"], 3),
        (["--all", "--queue", "default"], 1),
        (["state:open"], 0),
        (["--state", "open"], 0),
        (["--state", "scheduled,blocked,held", "--state", "pending,processing,failed"], 0),
        (["state:open", "--tag", "batch"], 0),
    ],
)
def test_a_filter_that_finds_nothing_is_3_unless_it_is_a_barrier(ended: str, words: list[str], code: int) -> None:
    answer = call(ended, "wait", *words)
    assert answer.code == code, answer
    assert ("no jobs match" in answer.err) == (code == 3)
    assert ("there is nothing to wait for" in answer.err) == (code == 0)


def test_in_an_empty_home_all_are_done_and_no_ids_are_a_mistake(home: str) -> None:
    assert done(home, "wait", "--all").out == ""
    assert done(home, "wait", "state:open", "--json").json() == []
    assert refused(home, 3, "wait", "--tag", "x").problems == ["no jobs match"]
    assert refused(home, 3, "wait", "-", input=b"\n").problems == ["there are no ids on stdin"]


def test_open_is_what_is_not_final(home: str) -> None:
    wanted = ("dead", "completed", "cancelled", "failed", "processing", "scheduled", "held", "blocked", "pending")
    bring(home, *wanted)
    assert set(ids(home, "--state", "open")) == {f"{state}-1" for state in wanted[3:]}
    assert ids(home, "--state", "open,dead") == ids(home, "-s", "dead", "-s", "OPEN")
    with Queue(home) as queue:
        assert {job.state for job in queue.list("state:open")} == set(wanted[3:])


def test_the_jobs_are_those_that_match_at_the_start(home: str, processes: support.Processes) -> None:
    done(home, "add", "true", "--hold", "--id", "first", "-t", "b")
    waiting = start(processes, home, "--tag", "b", "-o", "ids")
    done(home, "add", "true", "--hold", "--id", "late", "-t", "b")
    done(home, "cancel", "first")
    assert waiting.wait(60) == 1
    assert waiting.stdout.read() == b"first\n"


def test_one_of_several_that_is_removed_did_not_complete(home: str, processes: support.Processes) -> None:
    done(home, "add", "true", "--hold", "--id", "gone")
    done(home, "add", "true", "--hold", "--id", "stays")
    waiting = start(processes, home, "--all", "-o", "ids")
    done(home, "remove", "gone")
    done(home, "cancel", "stays")
    assert waiting.wait(60) == 1
    assert waiting.stdout.read() == b"stays\n"
    assert b"1 job removed before the end: number 1" in waiting.stderr.read()


def test_nothing_but_words_that_matter_goes_to_a_log(workers: str) -> None:
    done(workers, "add", "sleep 0.2", "--id", "one")
    assert support.run_cli(workers, "wait", "one").stderr == ""
    assert support.run_cli(workers, "add", "true", "--wait").stderr == ""


@pytest.mark.parametrize(("command", "code"), [("exit 3", 3), ("true", 0), ("kill -KILL $$", 137)])
def test_a_job_that_is_waited_for_when_added_gives_its_code(workers: str, command: str, code: int) -> None:
    assert call(workers, "add", command, "-r", "0", "--wait").code == code
    assert call(workers, "add", command, "-r", "0", "--follow").code == code
    assert call(workers, "shell", "-c", f"add {command!r} -r 0 --wait").code == code


# From Python


def test_a_job_that_is_retried_while_others_are_waited_for_is_waited_for_again(home: str) -> None:
    with Queue(home) as queue:
        first, second = (queue.add("true", hold=True).number for _ in range(2))
        waiting = Waiting(queue, [first, second], timeout=30)
        looks: list[list[int]] = []

        def act() -> None:
            """Do one thing at each look: another process would do it between two."""
            looks.append(list(waiting.open))
            steps: dict[int, tuple[Callable[..., Change], int]] = {
                1: (queue.cancel, first),
                2: (queue.retry, first),
                3: (queue.cancel, second),
                4: (queue.cancel, first),
            }
            if len(looks) in steps:
                verb, number = steps[len(looks)]
                with Queue(home) as other:
                    getattr(other, verb.__name__)(number)

        jobs = waiting.jobs([first, second], act)
        assert [job.state for job in jobs] == ["cancelled", "cancelled"]
        assert looks[0] == [first, second]
        assert [first] in looks[2:]
        assert not waiting.all_completed


def test_from_python_a_removed_job_is_an_error_at_once(home: str) -> None:
    with Queue(home) as queue:
        numbers = [queue.add("true", hold=True).number for _ in range(2)]
        remover = threading.Timer(0, lambda: Queue(home).remove(numbers[0]))
        remover.start()
        with pytest.raises(NotFound, match="1 of the jobs waited for were removed"):
            queue.wait(*numbers, timeout=60)
        remover.join()
        assert queue.wait() == []


def test_the_jobs_are_given_to_who_watches_their_changes(home: str) -> None:
    with Queue(home) as queue:
        number = queue.add("true", hold=True).number
        seen: list[str] = []

        def watch(jobs: Any) -> None:
            seen.append(jobs[0].state)
            with Queue(home) as other:
                other.cancel(number)

        assert [job.state for job in queue.wait(number, timeout=30, on_change=watch)] == ["cancelled"]
        assert (seen[0], seen[-1]) == ("held", "cancelled")


def test_a_long_history_is_read_at_the_start_and_the_end_only(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Queue(home) as queue:
        finished = [queue.add("true", hold=True).number for _ in range(20)]
        queue.cancel(*finished)
        number = queue.add("true", hold=True).number
        asked: list[int] = []
        standings_of = queue.store.search.standings_of

        def counted(numbers: list[int]) -> dict[int, str]:
            asked.append(len(numbers))
            return standings_of(numbers)

        monkeypatch.setattr(queue.store.search, "standings_of", counted)
        waiting = Waiting(queue, [*finished, number], timeout=30)

        def act() -> None:
            with Queue(home) as other:
                other.edit(number, priority=len(asked)) if len(asked) < 6 else other.cancel(number)

        waiting.jobs([number], act)
        assert asked[0] == asked[-1] == 21
        assert set(asked[1:-1]) == {1}
