"""What a fire of several jobs is called, and how such jobs are kept."""

from __future__ import annotations

import pytest

from queuectl.model.checks import MAX_ID, MAX_NAME, is_name
from queuectl.model.fields import GIVEN
from queuectl.model.fire import LONGEST_NAME, batch_name, job_id, jobs_of_fire, longest_id, parents_of, read, written
from queuectl.model.spec import JobSpec
from tests.model.specs import parse

# 2026-11-28T02:00:13.123Z
AT = 1_795_831_213_123


def parts(spec: JobSpec) -> dict[str, object]:
    return {field.name: getattr(spec, field.name) for field in GIVEN}


def test_a_batch_is_called_by_its_schedule_and_its_time() -> None:
    assert batch_name("site", AT) == "site-20261128T0200Z"
    assert batch_name("site", AT, by_hand=True) == "site-20261128T020013.123Z"
    assert job_id("site-20261128T0200Z", "fetch") == "site-20261128T0200Z-fetch"


@pytest.mark.parametrize("length", [1, LONGEST_NAME])
def test_the_longest_names_just_fit(length: int) -> None:
    name = "n" * length
    batch = batch_name(name, AT, by_hand=True)
    assert is_name(batch) and len(job_id(batch, "i" * longest_id(name))) == MAX_ID
    assert (len(batch) == MAX_NAME) == (length == LONGEST_NAME)


def test_jobs_are_read_as_they_were_written() -> None:
    whole = parse(
        id="a",
        command="echo 'ä'\n",
        queue="q",
        priority=-5,
        retries=0,
        timeout="none",
        env={"A": "1"},
        tags=["x", "y"],
        allow_background=True,
        nice=3,
        batch="b",
        max_fails="10%",
        on_success="echo",
        after=["b", {"job": "c", "when": "any"}],
        after_failed="d",
        hold=True,
    )
    plain = parse(timeout=5)
    assert [parts(spec) for spec in read(written([whole, plain]))] == [parts(whole), parts(plain)]


def test_what_is_written_has_no_defaults() -> None:
    assert written([parse(timeout="none", retries=2, cwd="/srv", command="true")]) == (
        '[{"command": "true", "max_retries": 2, "cwd": "/srv"}]'
    )


def test_the_jobs_of_a_fire_have_its_names_and_leave_those_of_the_schedule() -> None:
    specs = [parse(id="a"), parse()]
    made = jobs_of_fire(specs, "s-1", AT)
    assert [(spec.id, spec.batch, spec.expires_at) for spec in made] == [("s-1-a", "s-1", AT), (None, "s-1", AT)]
    assert [(spec.id, spec.batch, spec.expires_at) for spec in specs] == [("a", None, None), (None, None, None)]


def test_a_parent_that_is_named_twice_is_one_link_of_the_stronger_kind() -> None:
    assert parents_of(parse(after=["a", {"job": "a", "when": "any"}], after_failed="b")) == {
        "a": "completed",
        "b": "failed",
    }
    with pytest.raises(ValueError, match="a cannot both be completed and have failed"):
        parents_of(parse(after="a", after_failed="a"))
