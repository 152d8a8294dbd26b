"""Job templates: the four that come along, and the user's own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from queuectl.model.templates import SHIPPED
from tests.commands.calling import done, jobs, refused

OWN = '{"command": "./backup.sh", "timeout": "2h", "tags": ["mine"], "env": {"A": "1"}}'


def test_the_four_templates_come_along(home: str) -> None:
    assert set(SHIPPED) == {"simple_job", "job_template", "python_job", "test_job"}
    rows = done(home, "template", "list", "--json").json()
    assert {row["name"] for row in rows} == set(SHIPPED)


@pytest.mark.parametrize("name", sorted(SHIPPED))
@pytest.mark.parametrize("suffix", ["", ".json"])
def test_a_template_that_comes_along_is_a_job(home: str, name: str, suffix: str) -> None:
    shown = done(home, "template", "show", name + suffix).json()
    assert shown["command"]
    done(home, "enqueue", "--template", name + suffix)
    assert jobs(home)[0]["command"] == shown["command"]


def test_the_fullest_template_names_every_field_but_the_id_and_the_directory(home: str) -> None:
    from queuectl.model.fields import GIVEN

    assert set(done(home, "template", "show", "job_template").json()) == {field.name for field in GIVEN} - {"id", "cwd"}


@pytest.mark.parametrize("source", ["inline", "file", "@file", "stdin"])
def test_a_template_of_ones_own_is_saved_from_anywhere(home: str, tmp_path: Path, source: str) -> None:
    (tmp_path / "own.json").write_text(OWN)
    word = {"inline": OWN, "file": str(tmp_path / "own.json"), "@file": f"@{tmp_path}/own.json", "stdin": "-"}[source]
    done(home, "template", "save", "own", word, input=OWN.encode())
    assert done(home, "template", "show", "own").json() == json.loads(OWN)
    assert done(home, "template", "list", "-o", "ids").lines == [*SHIPPED, "own"]
    path = os.path.join(home, "templates", "own.json")
    row = done(home, "template", "list", "--json").json()[-1]
    assert row == {"name": "own", "source": "home", "description": None, "path": path}
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_fields_are_set_over_a_template(home: str) -> None:
    done(home, "template", "save", "own", OWN)
    changes = ["retries=7", "timeout=5m", "env.B=2", "tags=x,y", "id=a123", "hold=true", "priority=-5", "queue=1"]
    done(home, "enqueue", "--template", "own", *(f"--set={change}" for change in ("command=make 1", *changes)))
    job = jobs(home)[0]
    wanted = {
        "command": "make 1",
        "max_retries": 7,
        "timeout": 300,
        "env": {"A": "1", "B": "2"},
        "tags": ["x", "y"],
        "id": "a123",
        "state": "held",
        "priority": -5,
        "queue": "1",
    }
    assert {name: job[name] for name in wanted} == wanted


def test_validate_goes_with_a_template(home: str) -> None:
    done(home, "enqueue", "--template", "simple_job", "--validate")
    assert jobs(home) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("retries=xx", "template simple_job: retries must be a whole number between 0 and 100"),
        ("comand=x", 'template simple_job: unknown field "comand" (did you mean "command"?)'),
        ("command=", "command must not be empty"),
        ("timeout=NaN", "timeout is not a duration"),
        ("tags=a b", 'tag "a b"'),
        ("retries", "--set must be"),
        ("=x", "--set must be"),
        ("env=5", "env: must be an object"),
    ],
)
def test_a_bad_value_is_refused_and_nothing_is_stored(home: str, change: str, problem: str) -> None:
    assert problem in refused(home, 2, "enqueue", "--template", "simple_job", "--set", change).err
    assert jobs(home) == []


def test_an_unknown_template_is_not_found(home: str) -> None:
    for words in (("template", "show", "simple_jib"), ("enqueue", "--template", "simple_jib")):
        answer = refused(home, 3, *words)
        assert 'there is no template "simple_jib" (did you mean "simple_job"?)' in answer.err
        assert "queuectl template list" in answer.hint


def test_a_template_is_replaced_only_by_force(home: str) -> None:
    done(home, "template", "save", "own", OWN)
    assert "--force" in refused(home, 4, "template", "save", "own", '{"command": "b"}').hint
    assert done(home, "template", "show", "own").json() == json.loads(OWN)
    done(home, "template", "save", "own", '{"command": "b"}', "--force")
    assert done(home, "template", "show", "own").json() == {"command": "b"}


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "simple_job", "a b", "x" * 65, "-"])
def test_a_name_that_could_be_elsewhere_is_refused(home: str, name: str) -> None:
    refused(home, 2, "template", "save", name, OWN)
    assert not os.path.exists(os.path.join(home, "templates"))
    if name == "simple_job":
        refused(home, 2, "template", "save", name, OWN)
    else:
        refused(home, 3, "template", "show", name)


@pytest.mark.parametrize("text", ['{"comand": "x"}', "{", '{"command": ""}', "/nonexistent"])
def test_an_invalid_job_is_refused_as_a_template(home: str, text: str) -> None:
    refused(home, 2, "template", "save", "own", text)
    assert not os.path.exists(os.path.join(home, "templates"))


def test_a_template_that_somebody_broke_is_named(home: str) -> None:
    done(home, "template", "save", "own", OWN)
    Path(home, "templates", "own.json").write_text("{")
    assert "template own: not valid JSON" in refused(home, 2, "enqueue", "--template", "own").err
