"""`add` with inputs: a job for each, all in one batch, or none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from queuectl import Conflict, InvalidInput, Queue
from queuectl.commands.completion.candidates import Lookup, candidates
from queuectl.commands.grammar.commandline import CommandLine
from queuectl.commands.grammar.parser import parse
from queuectl.model.errors import NotFound
from tests.commands.calling import call, done, refused


def jobs(home: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = done(home, "list", "--sort", "number", "-o", "json").json()
    return found


def commands(home: str) -> list[str]:
    return [job["command"] for job in jobs(home)]


def test_each_input_becomes_a_job_of_one_batch(home: str) -> None:
    answer = done(home, "add", "mv {} {.}.old", ":::", "a.txt", "b c.txt")
    assert answer.out == "Jobs added: batch-1, 2 jobs, job-1 to job-2\n"
    assert [(job["command"], job["item"], job["item_index"], job["inputs"], job["batch"]) for job in jobs(home)] == [
        ("mv a.txt a.old", "a.txt", 1, None, "batch-1"),
        ("mv 'b c.txt' 'b c'.old", "b c.txt", 2, None, "batch-1"),
    ]
    assert done(home, "add", "true", ":::", "x").out == "Jobs added: batch-3, 1 job, job-3\n"
    assert done(home, "add", "true", "-q", ":::", "x", "y").lines == ["job-4", "job-5"]
    assert done(home, "add", "true", "-o", "json", ":::", "x").json() == [{"id": "job-6"}]


def test_all_that_follows_the_first_colons_is_input(home: str) -> None:
    answer = done(home, "add", "echo", ":::", "--id", "--", "-q", ":::", "x")
    assert answer.err == "--id, -q: what follows ::: is input, options stand before it\n"
    assert done(home, "add", "true", ":::", "--other", "a").err == ""
    assert commands(home)[:3] == ["echo --id x", "echo -- x", "echo -q x"]


def test_after_two_dashes_nothing_is_special(home: str) -> None:
    done(home, "add", "--", "echo", "{}", ":::", "a")
    assert commands(home) == ["echo '{}' ::: a"]
    assert jobs(home)[0]["batch"] is None


def test_without_a_source_nothing_is_replaced(home: str) -> None:
    done(home, "add", "find . -exec rm {} \\; # {2} {#}")
    assert commands(home) == ["find . -exec rm {} \\; # {2} {#}"]


def test_the_item_alone_is_a_command(home: str) -> None:
    done(home, "add", "{}", ":::", "ls", "my program")
    assert commands(home) == ["ls", "'my program'"]


def test_a_command_that_takes_no_inputs_takes_colons_for_a_word() -> None:
    assert CommandLine(["list", ":::", "x"]).inputs is None
    assert parse(["wait", ":::"]).arguments["ids"] == [":::"]


@pytest.mark.parametrize(
    "words", [["--json", "x", "-p", "-5"], ["-p", "-5", "-0", "x"], ["-0", "x", "-p=-5"], ["-qp-5", "x"]]
)
def test_options_before_the_inputs_are_read_as_ever(words: list[str]) -> None:
    parsed = parse(["add", *words, ":::", "-p", "3"])
    assert parsed.arguments["priority"] == -5
    assert (parsed.arguments["command"], parsed.arguments["inputs"]) == ("x", ["-p", "3"])
    assert parsed.arguments["null"] is ("-0" in words)


def test_an_option_whose_value_is_missing_is_reported_although_inputs_follow(home: str) -> None:
    assert refused(home, 2, "add", "x", "--tag", ":::", "a").problems == [
        "option --tag needs a value; write --tag=VALUE if it begins with -"
    ]


def test_sources_make_a_grid(home: str) -> None:
    done(home, "add", "run {2} {1} {#}", ":::", "a", "b", ":::", "1 2", "3")
    assert commands(home) == ["run '1 2' a 1", "run 3 a 2", "run '1 2' b 3", "run 3 b 4"]
    assert (jobs(home)[2]["item"], jobs(home)[2]["inputs"]) == ("b 1 2", {"1": "b", "2": "1 2"})


def test_each_line_of_a_file_is_an_input_also_a_blank_one(home: str, tmp_path: Path) -> None:
    (tmp_path / "items").write_bytes(b"\xef\xbb\xbfa\n\n b c \r\nlast")
    answer = done(home, "add", "echo {}", "--each-line", str(tmp_path / "items"))
    assert "carriage return" in answer.err
    assert commands(home) == ["echo a", "echo ''", "echo ' b c '", "echo last"]


def test_nul_ends_the_items_of_stdin(home: str) -> None:
    done(home, "add", "echo {}", "-0", input=b"a\nb\0\0 c\r\0")
    done(home, "add", "echo {}", "-0", "--each-line", "-", input=b"x")
    assert commands(home) == ["echo 'a\nb'", "echo ''", "echo ' c\r'", "echo x"]


def test_the_rows_of_csv_fill_the_names_of_their_columns(home: str) -> None:
    table = b'to, subject\n\nbob@x,"a, ""b"""\n"al\nan",\n'
    done(home, "add", "mail -s {subject} {to}", "--csv", "-", input=table)
    assert commands(home) == ["mail -s 'a, \"b\"' bob@x", "mail -s '' 'al\nan'"]
    assert [job["inputs"] for job in jobs(home)] == [
        {"to": "bob@x", "subject": 'a, "b"'},
        {"to": "al\nan", "subject": ""},
    ]


def test_files_and_words_make_a_grid_files_first(home: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("n\n1\n2\n")
    done(
        home, "add", "x {1} {2} {n} {3}", "--each-line", "-", "--csv", str(tmp_path / "t.csv"), ":::", "z", input=b"l\n"
    )
    assert commands(home) == ["x l 1 1 z", "x l 2 2 z"]


def test_an_array_sets_the_index_alone(home: str) -> None:
    answer = done(home, "add", "echo {} {#}", "--array", "2-9:3%2")
    assert answer.out == "Jobs added: batch-1, 3 jobs, job-1 to job-3\n"
    assert [(job["command"], job["item"], job["item_index"]) for job in jobs(home)] == [
        ("echo {} {#}", None, index) for index in (2, 5, 8)
    ]
    assert done(home, "batch", "show", "batch-1", "-o", "json").json()["slots"] == 2


@pytest.mark.parametrize(
    "array", ["", "1", "a-b", "9-0", "-1-3", "0-9:0", "0-9:", "0-9%0", "0-9%", "0-9%10001", "0-9%4:2", "0--1"]
)
def test_an_invalid_array_is_refused(home: str, array: str) -> None:
    assert refused(home, 2, "add", "x", f"--array={array}").problems[0].startswith("--array ")


@pytest.mark.parametrize(
    ("words", "input", "problem"),
    [
        (["x", ":::"], b"", "there is no input after :::"),
        (["x", ":::", "a", ":::"], b"", "there is no input after :::"),
        (["x", ":::", "a", ":::+", "b"], b"", "there is no :::+"),
        (["x", "::::", "f"], b"", "there is no ::::"),
        (["x", "--each-line", "-"], b"", "source 1 of the inputs is empty"),
        (["x", "-0"], b"", "source 1 of the inputs is empty"),
        (["x", "--csv", "-"], b"a,b\n", "source 1 of the inputs is empty"),
        (["x", "--csv", "-"], b"", "stdin is empty, a header row was expected"),
        (["x", "--csv", "-"], b"a,b\n1\n", "stdin:2: 1 values, the header has 2"),
        (["x", "--csv", "-"], b'a,b\n"x\ny",1\n1,2,3\n', "stdin:4: 3 values, the header has 2"),
        (["x", "--csv", "-"], b'a\n"x', "stdin:2: no CSV: unexpected end of data"),
        (["x", "--csv", "-"], b"a,a\n1,2\n", 'stdin: two columns are called "a"'),
        (["x", "--csv", "-"], b"a,\n1,2\n", 'stdin: "" cannot name a column'),
        (["x {b}", "--csv", "-"], b"a\n1\n", "there is no input {b}"),
        (["x {2}", ":::", "a"], b"", "there is no input {2}"),
        (["x", "--each-line", "-", "--csv", "-"], b"", "stdin can be read once only, not by --each-line and --csv"),
        (["-", ":::", "a"], b"", "the commands of stdin take no inputs"),
        (["x", "--id", "a", ":::", "a"], b"", "id is for one job, not for those of several inputs"),
        (["x", "--item", "a", ":::", "a"], b"", "item is for one job"),
        (["x", "--key", "a", ":::", "a"], b"", "key is for one job"),
        (["x", "--array", "0-1", ":::", "a"], b"", "--array is given beside other inputs"),
        (["x", "--array", "0-1%2", "--batch-limit", "3"], b"", "give the limit of the batch once"),
        (["x", ":::", "\udcff"], b"", "item 1: input"),
        (["x", "-0"], b"\xff\0", "stdin is not UTF-8 (byte 0)"),
        (["x", "--each-line", "-"], b"a\0b", "item 1: input"),
        (["x", "--each-line", "/nowhere"], b"", "cannot read /nowhere"),
        (["x", ":::", "a" * 65_537], b"", "must be at most 65536 bytes long"),
        (["x {} {}", ":::", "a" * 40_000], b"", "command 1 must be at most 65536 bytes long"),
        ([":::", "a"], b"", "command is missing"),
        (['{"command": "x"}', ":::", "a"], b"", "this is a job in JSON"),
        (["x", "--priority", "5000", ":::", "a"], b"", "priority must be"),
        (["x", "--after", "nothing", ":::", "a"], b"", "nothing"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_added(home: str, words: list[str], input: bytes, problem: str) -> None:
    answer = call(home, "add", *words, input=input)
    assert (answer.code, answer.out) == (3 if "--after" in words else 2, "")
    assert problem in answer.err
    assert jobs(home) == []


def test_too_many_jobs_are_counted_and_not_made(home: str) -> None:
    thousand = [str(number) for number in range(1000)]
    answer = refused(home, 2, "add", "x", *[":::", *thousand] * 3)
    assert answer.problems == ["these inputs make 1000000000 jobs, at most 100000 can be added at once"]
    assert refused(home, 2, "add", "x", "--array", "0-999999999").problems == answer.problems
    lines = refused(home, 2, "add", "x", "--each-line", "-", input=b"\n" * 5_000_000)
    assert lines.problems == ["stdin has 4999999 items, at most 100000 jobs can be added at once"]
    assert jobs(home) == []


def test_too_many_inputs_of_one_command_are_refused_at_once(home: str) -> None:
    many = refused(home, 2, "add", "x", *[":::", "a"] * 1001)
    assert many.problems == ["a command has at most 1000 inputs"]
    both = refused(home, 2, "add", "x", *[":::", "a", "b"] * 20_000)
    assert both.problems == ["these inputs make too many jobs, at most 100000 can be added at once"]
    grid = refused(home, 2, "add", "x", *[":::", "a", "b"] * 16, *[":::", "a"] * 900)
    assert grid.problems == ["these inputs make 65536 jobs with 60030976 inputs in all, at most 5000000 are allowed"]
    header = ",".join(f"c{number}" for number in range(1001)).encode()
    wide = refused(home, 2, "add", "x", "--csv", "-", input=header + b"\n")
    assert wide.problems == ["stdin has 1001 columns, at most 1000 are allowed"]
    commas = refused(home, 2, "add", "x", "--csv", "-", input=b"a\n" + b"," * 1_000_001)
    assert commas.problems == ["stdin has a line with more than 1000000 commas"]
    assert jobs(home) == []


def test_commands_that_are_too_long_together_are_not_made(home: str) -> None:
    items = [str(number) for number in range(2000)]
    answer = refused(home, 2, "add", "x" * 40_000 + " {}", ":::", *items)
    assert answer.problems == ["the commands have more than 67108864 bytes together"]
    assert jobs(home) == []


def test_a_batch_gets_a_name_that_is_free(home: str) -> None:
    done(home, "add", "x", "--batch", "batch-3")
    done(home, "add", "x", "--batch", "batch-3-2")
    assert done(home, "add", "x", ":::", "a").out == "Jobs added: batch-3-3, 1 job, job-3\n"
    done(home, "add", "x", "--id", "job-4")
    assert done(home, "add", "x", ":::", "a").out == "Jobs added: batch-5, 1 job, job-5\n"
    assert (
        done(home, "add", "x", "--batch", "batch-3", ":::", "a", "b").out
        == "Jobs added: batch-3, 2 jobs, job-6 to job-7\n"
    )
    assert done(home, "batch", "show", "batch-3", "-o", "json").json()["jobs"] == 3


def test_the_limits_of_a_batch_hold_for_one_that_is_named_by_its_first_job(home: str) -> None:
    done(home, "add", "x", "--max-fails", "10%", "--batch-limit", "4", "--tag", "t", "-p", "7", ":::", "a", "b")
    batch = done(home, "batch", "show", "batch-1", "-o", "json").json()
    assert (batch["max_fails"], batch["slots"]) == ("10%", 4)
    assert [(job["tags"], job["priority"]) for job in jobs(home)] == [(["t"], 7)] * 2


def test_a_dry_run_shows_the_ends_and_adds_nothing(home: str) -> None:
    items = [str(number) for number in range(9)]
    answer = done(home, "add", "x", "--dry-run", ":::", *items)
    assert answer.lines == ["x 0", "x 1", "x 2", "...", "x 6", "x 7", "x 8"]
    assert answer.err == "9 jobs would be added, nothing was\n"
    found = done(home, "add", "x", "--dry-run", "-o", "json", ":::", *items).json()
    assert found == {"jobs": 9, "commands": ["x 0", "x 1", "x 2", "x 6", "x 7", "x 8"]}
    assert done(home, "add", "one", "--dry-run", "--start").lines == ["one"]
    assert done(home, "add", "-", "--dry-run", input=b"a\n#\nb\n").lines == ["a", "b"]
    refused(home, 2, "add", "x", "-p", "5000", "--dry-run")
    assert jobs(home) == []


def test_a_job_like_another_one_makes_a_batch_of_its_own(home: str) -> None:
    done(home, "add", "echo", "-p", "3", "--tag", "t", ":::", "a")
    done(home, "add", "--like", "job-1", ":::", "b")
    done(home, "add", "--like", "job-1")
    first, second, third = jobs(home)
    assert (second["command"], second["item"], second["batch"]) == ("echo a b", "b", "batch-2")
    assert (second["priority"], second["tags"]) == (3, ["t"])
    assert (third["command"], third["item"], third["item_index"]) == ("echo a", "a", 1)


def test_words_with_inputs_are_quoted_as_a_whole(home: str) -> None:
    done(home, "add", "-0", "--", "mv", "{}", "to the/{/}", input=b"a b\0")
    done(home, "add", "-0", "--", "echo", "x y", input=b"a b\0")
    assert commands(home) == ["mv 'a b' 'to the/a b'", "echo 'x y' 'a b'"]


def test_jobs_from_inputs_may_wait_and_be_waited_for(home: str) -> None:
    done(home, "add", "true", "--id", "first")
    done(home, "add", "x", "--after", "first", ":::", "a", "b")
    done(home, "add", "last", "--after", "batch:batch-2")
    assert [job["after"] for job in jobs(home)] == [[], ["first"], ["first"], ["batch:batch-2"]]


def test_jobs_from_inputs_are_run_and_awaited(workers: str) -> None:
    command = 'echo "$QUEUECTL_INDEX:$QUEUECTL_ITEM:"{}; exit $((QUEUECTL_INDEX - 1))'
    answer = call(workers, "add", command, "--retries", "0", "--follow", ":::", "a b", "it's")
    assert answer.code == 1
    assert sorted(line.partition("| ")[2] for line in answer.lines) == ["1:a b:a b", "2:it's:it's"]
    assert done(workers, "logs", "job-1").out == "1:a b:a b\n"
    assert done(workers, "logs", "job-2").out == "2:it's:it's\n"
    assert done(workers, "add", "true", "--wait", ":::", "a", "b").code == 0


def test_items_and_indices_find_jobs(home: str) -> None:
    done(home, "add", "x", ":::", "holiday.mkv", "work.mkv")
    assert done(home, "list", "item:HOLI", "-o", "ids").lines == ["job-1"]
    assert done(home, "list", "index:>1", "-o", "ids").lines == ["job-2"]
    assert done(home, "list", "!index:1 batch:batch-1", "-o", "ids").lines == ["job-2"]


def test_files_complete_behind_the_colons(home: str, tmp_path: Path) -> None:
    (tmp_path / "film.mkv").touch()
    ask = Lookup(home)
    for words in (["add", "x", ":::"], ["add", "x", ":::", "a", ":::"], ["add", "x", ":::", "--id"], ["add", "--csv"]):
        found = candidates(words, f"{tmp_path}/f", ask)
        assert [one.value for one in found] == [f"{tmp_path}/film.mkv"]
    assert candidates(["add", "x", ":::"], "--i", ask) == []


def test_python_adds_a_job_for_each(home: str) -> None:
    with Queue(home) as queue:
        ids = queue.add_each("mv {} {.}.old", [Path("a b"), "c.x", 3], priority=2)
        assert [queue.get(id).command for id in ids] == ["mv 'a b' 'a b'.old", "mv c.x c.old", "mv 3 3.old"]
        assert [(queue.get(id).batch, queue.get(id).priority) for id in ids] == [("batch-1", 2)] * 3
        (id,) = queue.add_each(["echo", "{name}", "{2}"], [{"name": "a b", "n": 1}], batch="own")
        job = queue.get(id)
        assert (job.command, job.inputs, job.batch) == ("echo 'a b' 1", {"name": "a b", "n": "1"}, "own")
        assert len(queue.add_each("x", "ab" and ["a", "b"], range(3))) == 6


@pytest.mark.parametrize(
    "sources", [[], ["abc"], [3], [[None]], [[True]], [[{"a": 1}, {"b": 1}]], [[{"a": 1}, "x"]], [[]], [range(10**9)]]
)
def test_python_refuses_an_invalid_source(home: str, sources: list[Any]) -> None:
    with Queue(home) as queue:
        with pytest.raises(InvalidInput):
            queue.add_each("x", *sources)
        nothing: list[str | list[str]] = ["", []]
        for command in nothing:
            with pytest.raises(InvalidInput, match="command is missing"):
                queue.add_each(command, ["a"])
        with pytest.raises(InvalidInput, match="id is for one job"):
            queue.add_each("x", ["a"], id="y")
        assert queue.count() == 0


def test_json_gives_items_and_indices(home: str) -> None:
    job = {"command": "x", "item": "a", "index": 0, "inputs": {"n": "1"}}
    done(home, "enqueue", json.dumps(job))
    found = jobs(home)[0]
    assert (found["item"], found["item_index"], found["inputs"]) == ("a", 0, {"n": "1"})
    wrongs: list[dict[str, Any]] = [
        {"item": 1},
        {"index": -1},
        {"index": "1"},
        {"inputs": []},
        {"inputs": {"a": 1}},
        {"inputs": {"": "x"}},
    ]
    for wrong in wrongs:
        refused(home, 2, "enqueue", json.dumps({"command": "x", **wrong}))


def test_a_queue_that_drains_takes_no_jobs_from_inputs(home: str) -> None:
    with Queue(home) as queue:
        queue.queues.drain("default")
        with pytest.raises(Conflict):
            queue.add_each("x", ["a"])
        with pytest.raises(NotFound):
            queue.add_each("x", ["a"], queue="q", after="nothing")
