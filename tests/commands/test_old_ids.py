"""Jobs of older versions, whose ids read like filters or ranges: nothing acts on other jobs than were meant."""

from __future__ import annotations

import re
import shlex

import pytest

from queuectl.commands.completion.candidates import Lookup, candidates
from queuectl.engine.queue import Queue
from queuectl.model.errors import InvalidInput
from queuectl.model.job import DEAD
from queuectl.model.outcome import Outcome
from tests.commands.calling import call, done, refused, store
from tests.frontends.talking import Talk
from tests.store import building

OLD = ("state:dead", "tag:x", "queue:default", "3-9", "last", "*", "a,b")
PLAIN = 12
VERBS = ("cancel", "hold", "release", "remove", "retry")


@pytest.fixture
def old(home: str) -> str:
    """A home with twelve plain jobs and one of each old id, all held, and then five dead jobs."""
    with store(home) as opened:
        for place in range(PLAIN):
            building.add(opened, id=f"plain-{place}", tags=("x",), hold=True)
        for identifier in OLD:
            building.add(opened, id=identifier, hold=True)
        for place in range(5):
            building.add(opened, id=f"dead-{place}", max_retries=0)
            building.finish(opened, building.claim(opened), DEAD, Outcome.exited(1))
    return home


def changed(home: str, before: dict[str, str]) -> set[str]:
    """Return the ids of the jobs that are in another state now, or gone."""
    after = by_id(home)
    return {identifier for identifier, state in before.items() if after.get(identifier) != state}


def by_id(home: str) -> dict[str, str]:
    with Queue(home) as queue:
        return {job.id: job.state for job in queue.list()}


@pytest.mark.parametrize("identifier", OLD)
def test_an_id_on_stdin_is_never_a_filter(old: str, identifier: str) -> None:
    before = by_id(old)
    assert done(old, "remove", "-", "-o", "ids", input=identifier.encode()).lines == [identifier]
    assert changed(old, before) == {identifier}


def test_ids_of_a_list_go_through_a_pipe_whatever_they_read_like(old: str) -> None:
    ids = done(old, "list", "state:held", "-o", "ids").out
    assert done(old, "release", "-", "-o", "ids", input=ids.encode()).out == ids


def test_filters_on_stdin_name_no_job(old: str) -> None:
    assert 'no job with id "state:held"' in refused(old, 3, "remove", "-", input=b"state:held").err


@pytest.mark.parametrize("identifier", OLD)
def test_a_hinted_command_acts_on_that_job_alone(old: str, identifier: str) -> None:
    with Queue(old) as queue:
        job = queue.get(identifier)
        queue.release(job)
        queue.cancel(job)
    hints = call(old, "cancel", str(job.number)).hint + ";" + call(old, "logs", str(job.number)).hint
    commands = re.findall(r"queuectl ((?:retry|logs).*?)(?=;|$)", hints)
    assert len(commands) == 2, hints
    before = by_id(old)
    for command in commands:
        call(old, *shlex.split(command.replace("-f ", "")))
    assert changed(old, before) == {identifier}


@pytest.mark.parametrize("identifier", OLD)
def test_why_hints_at_that_job_alone(old: str, identifier: str) -> None:
    with Queue(old) as queue:
        number = queue.get(identifier).number
        hint = queue.reports.why(queue.get(number)).hint
    assert hint is not None and hint.endswith(f"queuectl release {number}")


@pytest.mark.parametrize("identifier", OLD)
def test_in_python_a_job_and_its_number_are_exact(old: str, identifier: str) -> None:
    with Queue(old) as queue:
        job = queue.get(identifier)
        for verb in VERBS:
            before = by_id(old)
            change = queue.apply(verb, job if verb != "hold" else job.number)
            assert changed(old, before) <= {identifier}, verb
            assert {*change.done, *(refusal.id for refusal in change.refused)} <= {identifier}
            if verb == "cancel":
                assert [one.id for one in queue.wait(job)] == [identifier]
            if verb == "remove":
                break


@pytest.mark.parametrize("identifier", ["state:dead", "tag:x", "queue:default"])
def test_a_text_that_is_a_filter_and_an_id_is_refused_in_python(old: str, identifier: str) -> None:
    with Queue(old) as queue:
        before = by_id(old)
        for act in (queue.retry, queue.remove, queue.wait):
            with pytest.raises(InvalidInput, match="is a filter, and the id of a job") as refusal:
                act(identifier)
            assert f"give {queue.get(identifier).number} for the job" in str(refusal.value.hint)
        assert changed(old, before) == set()


@pytest.mark.parametrize("nothing", [True, None, 1.0, b"a", ["a"]])
def test_an_invalid_name_of_a_job_is_refused_in_python(old: str, nothing: object) -> None:
    with Queue(old) as queue, pytest.raises(InvalidInput, match="a job is named by its id or number"):
        queue.cancel(nothing)  # type: ignore[arg-type]


def test_the_menu_acts_on_the_job_that_was_chosen(old: str) -> None:
    before = by_id(old)
    talk = Talk(old, "3", "", "", "", "queue:default", "release", "hold", "edit", *[""] * 30)
    with Queue(old) as queue:
        number = queue.get("queue:default").number
    assert talk.commands[1:3] == [f"queuectl release {number}", f"queuectl hold {number}"]
    assert talk.commands[3] == f"queuectl edit {number}"
    assert changed(old, before) == set()
    Talk(old, "3", "", "", "", "state:dead", "remove", "b", "b", "0")
    assert changed(old, before) == {"state:dead"}


def test_the_menu_removes_the_dead_job_that_was_chosen(home: str) -> None:
    with store(home) as opened:
        for identifier in ("state:dead", "dead-1", "dead-2"):
            building.add(opened, id=identifier, max_retries=0)
            building.finish(opened, building.claim(opened), DEAD, Outcome.exited(1))
    assert Talk(home, "7", "Remove one", "state:dead", "b", "0").commands == ["queuectl dlq remove 1"]
    assert set(by_id(home)) == {"dead-1", "dead-2"}


def test_an_id_that_is_a_filter_is_not_completed(old: str) -> None:
    for command in (["retry"], ["logs"]):
        offered = [one.value for one in candidates(command, "", Lookup(old))]
        assert "dead-1" in offered and "3-9" in offered
        assert not {"state:dead", "tag:x", "queue:default"} & {*offered}
