"""The output formats of every kind of answer, read back; and which home a command uses."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.commands.calling import bring, call, done
from tests.support import run_cli

ROWS = (["list"], ["dlq", "list"], ["config", "show"], ["history", "dead-1"], ["template", "list"], ["dlq", "stats"])
RECORDS = (["show", "dead-1"], ["status"], ["metrics"], ["time"], ["config", "get", "timeout"])


@pytest.fixture
def full(home: str) -> str:
    bring(home, "dead", "completed", "pending")
    return home


def _plain(value: Any) -> str:
    """Return a JSON value as csv and tsv write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(_plain, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def _table(form: str, text: str) -> list[dict[str, str]]:
    if form == "csv":
        return list(csv.DictReader(io.StringIO(text, newline="")))
    lines = [[cell.replace("\\\\", "\\") for cell in line.split("\t")] for line in text.split("\n")[:-1]]
    return [dict(zip(lines[0], line)) for line in lines[1:]]


@pytest.mark.parametrize("words", ROWS, ids=" ".join)
@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_rows_are_the_same_in_every_format(full: str, words: list[str], form: str) -> None:
    expected = done(full, *words, "--json").json()
    assert expected
    assert [json.loads(line) for line in done(full, *words, "-o", "jsonl").lines] == expected
    found = _table(form, done(full, *words, "-o", form).out)
    assert len(found) == len(expected)
    for row, wanted in zip(found, expected):
        assert row == {name: _plain(wanted[name]) for name in row}
    header = done(full, *words).lines[0].split()
    assert [name.upper() for name in found[0]] == header


@pytest.mark.parametrize("words", RECORDS, ids=" ".join)
def test_a_record_is_one_object_or_one_row(full: str, words: list[str]) -> None:
    moving = ("utc", "local", "oldest_pending_age", "alerts", "attempt_history")
    record = done(full, *words, "--json").json()
    stable = [name for name in record if not isinstance(record[name], (dict, float)) and name not in moving]
    lines = done(full, *words, "-o", "jsonl").lines
    assert len(lines) == 1
    assert list(json.loads(lines[0])) == list(record)
    for form in ("csv", "tsv"):
        rows = _table(form, done(full, *words, "-o", form).out)
        assert len(rows) == 1
        assert list(rows[0]) == list(record)
        if form == "csv":
            assert [rows[0][name] for name in stable] == [_plain(record[name]) for name in stable]


def test_worker_status_without_workers_is_empty_in_every_format(home: str) -> None:
    found = {
        form: call(home, "worker", "status", "-o", form) for form in ("table", "json", "jsonl", "csv", "tsv", "ids")
    }
    assert {answer.code for answer in found.values()} == {6}
    assert [found[form].out for form in ("table", "json", "jsonl", "ids")] == ["", "[]\n", "", ""]
    assert found["csv"].out.startswith('"worker","pid","state"')
    assert found["tsv"].out.startswith("worker\tpid\tstate")


def test_ids_are_those_of_the_rows(full: str) -> None:
    assert done(full, "dlq", "list", "-o", "ids").out == "dead-1\n"
    assert done(full, "show", "dead-1", "-o", "ids").out == "dead-1\n"
    assert done(full, "list", "--quiet").out == "pending-1\ncompleted-1\ndead-1\n"


def test_an_explicit_format_goes_before_quiet(full: str) -> None:
    assert done(full, "list", "-q", "-o", "csv").out.startswith('"id",')


def init(directory: Path, *words: str) -> str:
    answer = run_cli("", "init", *words, cwd=directory, env={"QUEUECTL_HOME": None})
    assert answer.returncode == 0, answer
    return answer.stdout


def home_of(directory: Path, **env: str | None) -> str:
    answer = run_cli("", "status", "--json", cwd=directory, env={"QUEUECTL_HOME": None, **env})
    assert answer.returncode == 0, answer
    return str(json.loads(answer.stdout)["home"])


def test_init_makes_a_home_that_is_found_from_below(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b" / "c"
    below.mkdir(parents=True)
    assert init(tmp_path) == f"Queue made: {tmp_path}/.queuectl\n"
    assert home_of(below) == home_of(tmp_path) == f"{tmp_path}/.queuectl"
    init(tmp_path, "a/b")
    assert home_of(below) == f"{tmp_path}/a/b/.queuectl"
    assert home_of(tmp_path / "a") == f"{tmp_path}/.queuectl"
    assert os.stat(tmp_path / ".queuectl").st_mode & 0o777 == 0o700
    assert all(os.stat(path).st_mode & 0o077 == 0 for path in (tmp_path / ".queuectl").rglob("*"))


def test_the_option_goes_before_the_variable_before_the_nearest_before_the_user(tmp_path: Path) -> None:
    init(tmp_path)
    other, user = str(tmp_path / "other"), tmp_path / "user"
    user.mkdir()
    assert home_of(tmp_path, QUEUECTL_HOME=other) == other
    explicit = run_cli(tmp_path / "explicit", "status", "--json", cwd=tmp_path, env={"QUEUECTL_HOME": other})
    assert json.loads(explicit.stdout)["home"] == str(tmp_path / "explicit")
    assert home_of(Path("/"), HOME=str(user)) == f"{user}/.queuectl"


def test_init_says_when_another_home_goes_first(tmp_path: Path) -> None:
    other = str(tmp_path / "other")
    answer = run_cli(other, "init", cwd=tmp_path)
    assert answer.returncode == 0
    assert answer.stderr == f"QUEUECTL_HOME or --home names another one, which goes first: {other}\n"
    (tmp_path / "a").mkdir()
    assert run_cli(f"{tmp_path}/a/.queuectl", "init", "a", cwd=tmp_path).stderr == ""


def test_init_where_a_queue_is_already_is_a_conflict(home: str, tmp_path: Path) -> None:
    assert done(home, "init", str(tmp_path)).out == f"Queue made: {tmp_path}/.queuectl\n"
    answer = call(home, "init", str(tmp_path))
    assert (answer.code, answer.hint) == (4, "use it: queuectl status")
    answer = call(home, "init", str(tmp_path / "nope"))
    assert answer.code == 2
    assert "there is no directory" in answer.err


def test_a_zone_that_the_machine_does_not_know_is_named(home: str) -> None:
    for words in (["add", "true"], ["list", "-o", "json"]):
        assert run_cli(home, *words, env={"TZ": "Mars/Olympus"}).stderr == (
            'TZ is no time zone that this machine knows, "Mars/Olympus": local times are UTC\n'
        )
    assert run_cli(home, "list", "-o", "json", env={"TZ": "UTC"}).stderr == ""
