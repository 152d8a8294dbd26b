"""`list`: every filter, order, column and format."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from typing import Any

import pytest

from queuectl.model.fields import columns
from queuectl.model.job import STATES, Job
from queuectl.model.sorts import SORT_KEYS
from tests import support
from tests.commands.calling import bring, call, done, ids, refused
from tests.support import run_cli

# Those that a job can be brought to side by side: claiming takes whatever is pending.
BESIDE = ("dead", "completed", "failed", "cancelled", "processing", "scheduled", "held", "blocked", "pending")


@pytest.fixture
def full(home: str) -> str:
    """A home with a job in each state."""
    bring(home, *BESIDE)
    return home


@pytest.mark.parametrize("state", STATES)
def test_a_state_finds_its_jobs(full: str, state: str) -> None:
    assert ids(full, "--state", state) == [f"{state}-1"]
    assert ids(full, "-s", state.upper()) == [f"{state}-1"]


def test_several_states_stand_with_commas(full: str) -> None:
    assert ids(full, "--state", "dead, pending") == ["pending-1", "dead-1"]


def test_queue_tag_and_search_find_their_jobs_and_go_together(full: str) -> None:
    assert ids(full, "--queue", "q-held") == ["held-1"]
    assert ids(full, "--tag", "dead") == ["dead-1"]
    assert ids(full, "--tag", "dea") == []
    assert ids(full, "--search", "echo FAIL") == ["failed-1"]
    assert ids(full, "--search", "-1") == ids(full)
    assert ids(full, "--search", "%") == []
    assert ids(full, "--search", "_") == []
    assert ids(full, "--search", "echo", "--state", "dead,held", "--queue", "q-held", "--tag", "held") == ["held-1"]
    assert ids(full, "--state", "dead", "--queue", "q-held") == []


def test_the_limit_is_reported(full: str) -> None:
    answer = done(full, "list", "--limit", "2", "-o", "ids")
    assert answer.lines == ["pending-1", "blocked-1"]
    assert answer.err == "showing 2 of 9 jobs, all with --limit 0\n"
    assert len(ids(full, "--limit", "0")) == 9
    assert done(full, "list", "--limit", "9").err == ""


def test_nothing_found_is_said_on_stderr_only(home: str) -> None:
    answer = done(home, "list")
    assert (answer.out, answer.err) == ("", "no jobs; add one with: queuectl add 'COMMAND'\n")
    assert done(home, "list", "--tag", "x").err == "no jobs match\n"
    assert done(home, "list", "--json").out == "[]\n"
    assert done(home, "list", "-o", "jsonl").out == ""
    assert done(home, "list", "-o", "csv").out.count("\n") == 1


@pytest.mark.parametrize("column", sorted(SORT_KEYS))
def test_any_sortable_column_orders_both_ways(full: str, column: str) -> None:
    rows = done(full, "list", "--limit", "0", "--json").json()
    up, down = (ids(full, f"--sort={sign}{column}") for sign in ("", "-"))
    assert up == list(reversed(down))
    keys = {
        row["id"]: (row[column] is not None, row[column] if row[column] is not None else 0, row["number"])
        for row in rows
    }
    assert up == sorted(up, key=keys.__getitem__)


def test_columns_are_the_ones_that_were_named_in_every_format(full: str) -> None:
    words = ("list", "--columns", "command,id", "--state", "dead")
    assert done(full, *words).lines == ["COMMAND    ID", "echo dead  dead-1"]
    assert done(full, *words, "--json").json() == [{"command": "echo dead", "id": "dead-1"}]
    assert done(full, *words, "-o", "csv").out == '"command","id"\r\n"echo dead","dead-1"\r\n'
    assert done(full, *words, "-o", "tsv").out == "command\tid\necho dead\tdead-1\n"


@pytest.mark.parametrize("column", Job.FIELDS)
def test_any_field_can_be_a_column(full: str, column: str) -> None:
    assert done(full, "list", "-c", column).lines[0] == column.upper()


@pytest.mark.parametrize(
    ("words", "columns"), [((), columns()), (("--verbose",), columns(long=True)), (("-v",), columns(long=True))]
)
def test_verbose_shows_more_columns(full: str, words: list[str], columns: list[str]) -> None:
    assert done(full, "list", *words).lines[0].split() == [name.upper() for name in columns]


def test_columns_that_were_named_do_not_hide_more_columns_silently(full: str) -> None:
    assert refused(full, 2, "list", "-v", "-c", "id").problems == ["give either --columns or --verbose"]


def _read(form: str, text: str) -> list[dict[str, Any]]:
    if form == "json":
        found: list[dict[str, Any]] = json.loads(text)
        return found
    if form == "jsonl":
        return [json.loads(line) for line in text.splitlines()]
    if form == "csv":
        return list(csv.DictReader(io.StringIO(text, newline="")))
    lines = [line.split("\t") for line in text.split("\n")[:-1]]
    return [dict(zip(lines[0], line)) for line in lines[1:]]


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "tsv"])
def test_what_programs_read_back_is_what_is_there(full: str, form: str) -> None:
    expected = done(full, "list", "--json").json()
    rows = _read(form, done(full, "list", "-v", "-o", form).out)
    assert [row["id"] for row in rows] == [row["id"] for row in expected]
    for row, job in zip(rows, expected):
        for name, value in row.items():
            text = "" if job[name] is None else ",".join(job[name]) if isinstance(job[name], list) else str(job[name])
            assert value == job[name] if form in ("json", "jsonl") else value == text, name


@pytest.mark.parametrize(
    "command", ["a,b;\"c\" 'd'", "two\nlines", "tab\there", "=1+1", "ünïcödé 漢字", "\x1b[31mred", "back\\slash\\n", ""]
)
def test_any_command_survives_the_formats_for_programs(home: str, command: str) -> None:
    done(home, "add", command or "x")
    command = command or "x"
    for form in ("json", "jsonl"):
        assert _read(form, done(home, "list", "-o", form).out)[0]["command"] == command
    assert _read("csv", done(home, "list", "-o", "csv").out)[0]["command"] in (command, "'" + command)
    line = done(home, "list", "-o", "tsv", "-c", "command").lines[1]
    assert line.encode().decode("unicode_escape").encode("latin-1").decode("utf-8") == command


def test_ids_are_one_a_line_and_feed_another_command(full: str) -> None:
    found = done(full, "list", "--state", "dead,cancelled", "-o", "ids")
    assert found.lines == ["cancelled-1", "dead-1"]
    assert done(full, "list", "--state", "dead,cancelled", "-q").out == found.out
    assert done(full, "retry", "-", input=found.out.encode()).out == "2 jobs queued again: cancelled-1, dead-1\n"


def test_times_are_iso_and_durations_seconds(full: str) -> None:
    job = done(full, "show", "completed-1", "--json").json()
    assert job["finished_at"].endswith("Z")
    assert job["duration"] == 0.005
    assert job["timeout"] == 300
    assert job["attempt_history"][0]["started_at"].endswith("Z")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--state", "pendin"], 'did you mean "pending"?'),
        (["--state", ""], "--state must be among"),
        (["--queue", "a b"], "--queue must be"),
        (["--tag", ""], "--tag must be"),
        (["--limit", "-1"], "--limit"),
        (["--limit", "x"], "--limit must be a whole number"),
        (["--limit", "10000001"], "--limit must be a whole number between 0 and 10000000"),
        (["--sort", "numbr"], 'did you mean "number"?'),
        (["--sort=--id"], "--sort must be one of"),
        (["--sort", "env"], "--sort must be one of"),
        (["--columns", "idd"], 'did you mean "id"?'),
        (["--columns", ","], "must name at least one column"),
        (["stat:dead"], 'there is no filter "stat" (did you mean "state"?)'),
        (["exit:x"], "exit: needs a whole number"),
        (["--", "-tag:x"], "write '!tag:x'"),
    ],
)
def test_a_bad_filter_is_refused(home: str, words: list[str], said: str) -> None:
    assert said in refused(home, 2, "list", *words).err


def test_a_table_in_a_pipe_is_neither_cut_nor_colored(home: str) -> None:
    command = "echo " + "long " * 60
    done(home, "add", command)
    answer = run_cli(home, "list", env={"COLUMNS": "40", "FORCE_COLOR": None})
    assert command.strip() in answer.stdout
    assert "\x1b" not in answer.stdout


@pytest.mark.parametrize(
    ("words", "env", "colored"),
    [
        (("--color", "always"), {}, True),
        (("--color=never",), {}, False),
        ((), {}, False),
        ((), {"NO_COLOR": "1"}, False),
        (("--color", "auto"), {"NO_COLOR": "1"}, False),
    ],
)
def test_color_is_as_asked_for(full: str, words: list[str], env: dict[str, str], colored: bool) -> None:
    answer = run_cli(full, "list", *words, env={"NO_COLOR": None, "FORCE_COLOR": None, **env})
    assert ("\x1b[31mdead\x1b[0m" in answer.stdout) is colored


def test_an_escape_sequence_in_a_command_does_not_reach_the_screen(home: str) -> None:
    done(home, "add", "echo '\x1b]0;owned\x07\u202e'")
    for words in (("list",), ("show", "last"), ("history", "last"), ("list", "-o", "tsv"), ("list", "--json")):
        assert not {"\x1b", "\x07", "\u202e"} & set(call(home, *words).out)


def test_a_search_that_is_no_text_is_refused(home: str) -> None:
    assert "--search must be valid Unicode" in refused(home, 2, "list", "--search", "\udcff").err


def test_a_pipe_gets_all_jobs(home: str) -> None:
    jobs = "\n".join(f'{{"command": "true", "id": "many-{number}"}}' for number in range(60))
    done(home, "enqueue", "-", input=jobs.encode())
    for words in (["-o", "ids"], ["-o", "jsonl"], ["-o", "tsv", "--columns", "id"]):
        answer = done(home, "list", *words)
        assert len(answer.lines) == 60 + ("tsv" in words)
        assert answer.err == ""


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "csv", "table", "ids"])
def test_many_jobs_are_written_some_at_a_time(many: str, processes: support.Processes, form: str) -> None:
    """Held all at once, they would take 20 MB."""
    one = memory_of(processes, many, "list", "-o", form, "--limit", "1")
    assert memory_of(processes, many, "list", "-o", form) < one + 8_000


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A home with 20,000 jobs."""
    home = str(tmp_path_factory.mktemp("many"))
    done(home, "enqueue", "-", "-q", input=b'{"command": "echo a usual command"}\n' * 20_000)
    return home


def memory_of(processes: support.Processes, home: str, *words: str) -> int:
    """Return how many KiB a command took at most."""
    started = processes.start_cli(home, *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(started.pid, 0)
    started.returncode = status
    assert status == 0
    return usage.ru_maxrss
