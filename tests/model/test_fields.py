"""The table of a job's fields: what is written by hand as well says the same, and every kind can be read again."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.model.checks import MAX_PRIORITY, MAX_RETRIES
from queuectl.model.fields import (
    BY_NAME,
    BY_SPELLING,
    EDITABLE,
    FROM_NOW,
    GIVEN,
    JOB_FIELDS,
    KEPT,
    RECURRING,
    Field,
    columns,
)
from queuectl.model.job import GivenFields, Job
from queuectl.model.schedule import Schedule
from queuectl.model.settings import find
from queuectl.model.spec import JobSpec
from tests.model.specs import NOW, parse

# Of each kind what a field may be given, and the text that means it again.
VALUES: list[tuple[str, object, str]] = [
    ("id", "nightly-1", "nightly-1"),
    ("command", "echo 'a b'\n", "echo 'a b'\n"),
    ("queue", "mail", "mail"),
    ("priority", -1000, "-1000"),
    ("max_retries", 0, "0"),
    ("timeout", None, "none"),
    ("timeout", 0.25, "250ms"),
    ("timeout", 90, "1m30s"),
    ("timeout", 2_592_000, "30d"),
    ("timeout", "1d 2h 3m 4s 5ms", "1d2h3m4s5ms"),
    ("run_at", "2026-11-10T02:00:00Z", "2026-11-10T02:00:00.000Z"),
    ("expires_at", "2026-11-11T02:00:00Z", "2026-11-11T02:00:00.000Z"),
    ("expires_at", None, "none"),
    ("cwd", "/tmp", "/tmp"),
    ("tags", ["a", "b"], "a,b"),
    ("tags", [], ""),
    ("nice", 19, "19"),
    ("shell", "bash", "bash"),
    ("shell", " /opt/my shell", "/opt/my shell"),
    ("shell", "NONE", "none"),
    ("inherit_env", "all", "all"),
    ("inherit_env", ["LANG", "CUDA_*"], "LANG,CUDA_*"),
    ("stdin", "two\nlines\n", "two\nlines\n"),
    ("kill_grace", 0, "0s"),
    ("key", "a b: c", "a b: c"),
    ("key", None, "none"),
    ("key_for", "1h", "1h"),
    ("if_exists", "replace", "replace"),
    ("kill_grace", "10m", "10m"),
    ("kill_grace", None, "none"),
    ("allow_background", True, "yes"),
    ("batch", "nightly", "nightly"),
    ("max_fails", 3, "3"),
    ("max_fails", "3", "3"),
    ("max_fails", "010%", "10%"),
    ("on_failure", None, ""),
    ("on_failure", "", ""),
    ("on_failure", " NONE ", "none"),
    ("on_failure", "mail -s 'it failed' me", "mail -s 'it failed' me"),
    ("item", " a\nb", " a\nb"),
    ("item_index", 0, "0"),
    ("hold", False, "no"),
    ("after", ["a", 7], "a,7"),
    ("after", ["tag:a,b"], "tag:a,b"),
    ("after", [], ""),
]

# The annotations of a job.
OF_A_JOB = {**GivenFields.__annotations__, **Job.__annotations__}


def names(fields: tuple[Any, ...]) -> list[str]:
    return [field.name for field in fields]


def test_a_job_has_the_fields_that_are_kept_in_this_order() -> None:
    assert list(Job.FIELDS) == names(KEPT)
    assert sorted(Job.FIELDS) == sorted(OF_A_JOB) == sorted([*GivenFields.__slots__, *Job.__slots__])


def test_a_new_job_has_the_fields_that_are_given() -> None:
    assert sorted([*names(GIVEN), *FROM_NOW.values()]) == sorted(JobSpec.FIELDS)


def test_a_schedule_has_the_fields_that_it_gives_its_jobs() -> None:
    assert set(names(RECURRING)) <= set(Schedule.__annotations__)


@pytest.mark.parametrize("field", KEPT, ids=repr)
def test_a_field_may_be_missing_where_its_annotation_says_so(field: Any) -> None:
    assert field.is_nullable == OF_A_JOB[field.name].endswith("| None")


def test_each_name_and_each_spelling_means_one_field() -> None:
    assert len(BY_NAME) == len(JOB_FIELDS)
    assert len(BY_SPELLING) == sum(1 + len(field.spellings) for field in GIVEN)
    assert BY_SPELLING["retries"] is BY_SPELLING["max_retries"]
    assert "state" not in BY_SPELLING


def test_what_is_edited_or_recurs_is_given() -> None:
    assert {*EDITABLE, *RECURRING} <= set(GIVEN)


def test_no_two_fields_share_an_option_or_a_key_of_a_filter() -> None:
    options = [word for field in GIVEN for word in (field.option, field.short) if word]
    keys = [field.filter for field in JOB_FIELDS if field.filter]
    assert len(options) == len(set(options))
    assert len(keys) == len(set(keys))


def test_a_setting_that_is_a_default_exists() -> None:
    found = [find(field.setting).name for field in GIVEN if field.setting]
    assert found == ["max_retries", "timeout", "shell", "inherit_env"]


def test_the_help_names_the_limits() -> None:
    assert str(MAX_PRIORITY) in BY_NAME["priority"].help
    assert parse(max_retries=MAX_RETRIES).max_retries == MAX_RETRIES


@pytest.mark.parametrize("name, given, text", VALUES)
def test_a_value_as_text_or_in_json_is_read_as_the_same_value(name: str, given: object, text: str) -> None:
    field = BY_NAME[name]
    value = field.check(given, NOW)
    assert field.kind.text(value) == text
    assert field.check(field.kind.read(text), NOW) == value
    assert field.check(field.kind.json(value), NOW) == value


def test_every_kind_that_is_given_was_tried() -> None:
    assert {BY_NAME[name].kind.name for name, _, _ in VALUES} == {f.kind.name for f in GIVEN} - {"variables"}


def test_an_unknown_trait_is_refused() -> None:
    with pytest.raises(ValueError, match="note has an unknown trait: editible"):
        Field("note", BY_NAME["command"].kind, "a note", "editible")


def test_what_is_computed_cannot_be_given() -> None:
    with pytest.raises(ValueError, match="is computed"):
        BY_NAME["state"].check("dead", NOW)


def test_free_text_comes_last_in_a_list() -> None:
    for long in (False, True):
        wide = [BY_NAME[name].is_wide for name in columns(long=long)]
        assert wide == sorted(wide) and wide[-1]
    assert set(columns()) < set(columns(long=True))
