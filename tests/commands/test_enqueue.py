"""`enqueue`: jobs from JSON in every form, all of them or none, read strictly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from queuectl.engine import intake
from tests.commands.calling import done, jobs, refused
from tests.support import run_cli

ONE = '{"id": "one", "command": "echo 1"}'
TWO = '{"id": "two", "command": "echo 2"}'
PRETTY = '{\n  "id": "one",\n  "command": "echo 1"\n}\n'


def ids(home: str) -> list[str]:
    return [job["id"] for job in jobs(home)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ONE, ["one"]),
        (PRETTY, ["one"]),
        (f"[{ONE}]", ["one"]),
        (f"[{ONE},\n{TWO}]", ["one", "two"]),
        (f"  {ONE}\n", ["one"]),
        (f"{ONE}\n{TWO}\n", ["one", "two"]),
        (f"\n{ONE}\n\n  \n{TWO}", ["one", "two"]),
        (f"{ONE}\r\n{TWO}\r\n", ["one", "two"]),
        ("\ufeff" + ONE, ["one"]),
        (f"\ufeff{ONE}\n{TWO}", ["one", "two"]),
    ],
)
@pytest.mark.parametrize("form", ["file", "@file", "-f", "--file", "stdin", "inline"])
def test_jobs_come_in_every_form(home: str, tmp_path: Path, form: str, text: str, expected: list[str]) -> None:
    path = tmp_path / "jobs.json"
    path.write_bytes(text.encode())
    if form == "inline":
        words, data = [text.lstrip("\ufeff")], b""
    else:
        words = {
            "file": [str(path)],
            "@file": [f"@{path}"],
            "-f": ["-f", str(path)],
            "--file": [f"--file={path}"],
            "stdin": ["-"],
        }[form]
        data = text.encode() if form == "stdin" else b""
    answer = done(home, "enqueue", *words, input=data)
    assert ids(home) == expected
    assert answer.out.strip() == ("Job added: one" if len(expected) == 1 else "2 jobs added: one to two")


def test_several_sources_are_one_enqueue(home: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(ONE)
    (tmp_path / "b.jsonl").write_text('{"id": "b1", "command": "b"}\n{"id": "b2", "command": "b"}\n')
    done(
        home,
        "enqueue",
        TWO,
        str(tmp_path / "a.json"),
        "-f",
        str(tmp_path / "b.jsonl"),
        "-",
        input=b'[{"id": "s", "command": "s"}]',
    )
    assert sorted(ids(home)) == ["b1", "b2", "one", "s", "two"]


def test_the_command_line_reads_stdin_and_files_of_the_current_directory(home: str, tmp_path: Path) -> None:
    (tmp_path / "jobs.jsonl").write_text(f"{ONE}\n{TWO}\n")
    assert run_cli(home, "-q", "enqueue", "jobs.jsonl", cwd=tmp_path).stdout == "one\ntwo\n"
    assert run_cli(home, "-q", "enqueue", "-", input='{"command": "true"}').stdout == "job-3\n"


@pytest.mark.parametrize("spelling", ["timeout", "timeout_seconds", "timeout_sec"])
def test_other_spellings_mean_the_same(home: str, spelling: str) -> None:
    done(home, "enqueue", json.dumps({"command": "true", "retries": 7, spelling: 1.5}))
    assert (jobs(home)[0]["max_retries"], jobs(home)[0]["timeout"]) == (7, 1.5)


def test_two_spellings_of_one_field_are_refused(home: str) -> None:
    answer = refused(home, 2, "enqueue", '{"command": "true", "retries": 1, "max_retries": 2}')
    assert answer.problems == ["max_retries and retries are the same field, give one"]


def test_one_bad_job_keeps_all_out_and_every_problem_is_placed(home: str, tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    path.write_text('{"command": "true"}\n{"comand": "x"}\n\n{"command": "", "priority": 9999}\n')
    answer = refused(home, 2, "enqueue", str(path))
    assert answer.problems == [
        f'{path}:2: unknown field "comand" (did you mean "command"?)',
        f"{path}:2: command is missing",
        f'{path}:4: command must not be empty, got ""',
        f"{path}:4: priority must be a whole number between -1000 and 1000, got 9999",
    ]
    assert jobs(home) == []


def test_more_than_twenty_problems_are_counted(home: str) -> None:
    answer = refused(home, 2, "enqueue", json.dumps([{"command": ""}] * 30))
    assert len(answer.problems) == 21
    assert answer.problems[-1] == "and 10 more problems"


def test_ids_that_exist_or_come_twice_keep_all_out(home: str) -> None:
    done(home, "enqueue", ONE)
    answer = refused(home, 4, "enqueue", f'[{TWO}, {TWO}, {ONE}, {{"command": "true"}}]')
    assert '"one"' in answer.err
    assert '"two"' in answer.err
    assert ids(home) == ["one"]


def test_validate_checks_and_adds_nothing(home: str) -> None:
    assert done(home, "enqueue", "--validate", ONE).out == "1 job is valid, nothing was added\n"
    answer = done(home, "enqueue", "--validate", "--json", f"[{ONE}, {TWO}]")
    assert answer.json() == {"valid": True, "jobs": 2}
    refused(home, 2, "enqueue", "--validate", '{"command": ""}')
    assert jobs(home) == []


WRONG: dict[str, list[Any]] = {
    "id": ["-x", "a/b", "x" * 129, 5, "", "é"],
    "command": ["", " \t", "a\0b", 5, None, "x" * 65_537, ["echo"]],
    "queue": ["a b", "", None, "x" * 65],
    "priority": [1001, -1001, 1.0, True, "5", None],
    "max_retries": [101, -1, False],
    "retries": ["3"],
    "timeout": [0, 0.09, 2_592_001, True, "soon", [1]],
    "timeout_seconds": [-1],
    "run_at": [5, "tomorrowish", "1969-12-31T00:00:00Z"],
    "hold": ["yes", 1, None],
    "cwd": ["relative", 5, "/a\0b"],
    "env": [[], {"A": 1}, {"1": "x"}, {"QUEUECTL_A": "x"}, {"A": "\0"}, {"A": "x" * 32_769}],
    "tags": ["one", ["a b"], [1], [f"t{n}" for n in range(17)]],
    "allow_background": ["no"],
    "maxretries": [5],
    "": ["x"],
}
WRONG["env"].append({f"A{n}": "" for n in range(101)})


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
def test_a_field_outside_its_limits_is_named_and_nothing_is_stored(home: str, field: str, value: Any) -> None:
    answer = refused(home, 2, "enqueue", "-", input=json.dumps({"command": "true", field: value}).encode())
    assert len(answer.problems) == 1
    assert field in answer.problems[0]
    assert len(answer.problems[0]) < 400
    assert jobs(home) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"command": "a", "command": "b"}', 'key "command" appears twice'),
        ('{"command": "a", "env": {"A": "1", "A": "2"}}', 'key "A" appears twice'),
        ('{"command": "a", "timeout": NaN}', "NaN is not a JSON number"),
        ('{"command": "a", "timeout": Infinity}', "Infinity is not a JSON number"),
        ('{"command": "a", "timeout": -Infinity}', "-Infinity is not a JSON number"),
        ('{"command": "a", "timeout": 1e999}', "timeout must be"),
        ('{"command": "a", "priority": 1e999}', "priority must be"),
        ('{"command": "a", "priority": ' + "9" * 5_000 + "}", "too many digits"),
        ('{"command": "a\\ud800"}', "lone surrogate"),
        ("[" * 100_000, "too deeply nested"),
        ('{"a":' * 100_000, "too deeply nested"),
        ('{"command": "a"', "not valid JSON"),
        ("{'command': 'a'}", "not valid JSON"),
        ('{"command": "a"} x', "not valid JSON"),
        ('{"command": "a",}', "not valid JSON"),
        ('[{"command": "a"},]', "not valid JSON"),
        ("[]", "has no jobs"),
        ('["a"]', 'a job must be a JSON object, got "a"'),
        ("[[]]", "a job must be a JSON object"),
        ("5", "must be a JSON object"),
        ('"x"', "must be a JSON object"),
        ("null", "must be a JSON object"),
        ("", "is empty"),
        ("  \n ", "is empty"),
        ("{}", "command is missing"),
        ('{"command": "a"}\nxx\n', "stdin:2: not valid JSON: Expecting value: column 1\n"),
        ("echo a\necho b\n", "queuectl add -\n"),
        ('{"command": "a"}\n[1]\n', "stdin:2"),
        ("\ufeff\ufeff{}", "not valid JSON"),
    ],
)
def test_lax_json_is_refused(home: str, text: str, problem: str) -> None:
    answer = refused(home, 2, "enqueue", "-", input=text.encode("utf-8"))
    assert problem in answer.err
    assert len(answer.err) < 1_000
    assert jobs(home) == []


@pytest.mark.parametrize("data", [b'{"command": "\xff"}', b"\x80"])
def test_bytes_that_are_not_utf_8_are_refused(home: str, data: bytes) -> None:
    assert "stdin is not UTF-8 (byte " in refused(home, 2, "enqueue", "-", input=data).err


def test_more_than_64_mib_are_refused(home: str, tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    with open(path, "wb") as file:
        file.truncate(intake.MAX_BYTES + 1)
    assert "has more than 67108864 bytes" in refused(home, 2, "enqueue", str(path)).err


@pytest.mark.parametrize("form", ["[%s]", "%s"])
def test_more_than_100_000_jobs_are_refused(home: str, form: str) -> None:
    joint = ",\n" if "[" in form else "\n"
    text = form % joint.join(['{"command":"true"}'] * 100_001)
    assert "at most 100000 jobs" in refused(home, 2, "enqueue", "-", input=text.encode()).err
    assert jobs(home) == []


@pytest.mark.slow
def test_100_000_jobs_are_allowed(home: str) -> None:
    text = "\n".join(['{"command":"true"}'] * 100_000)
    answer = done(home, "enqueue", "-", input=text.encode())
    assert answer.out == "100000 jobs added: job-1 to job-100000\n"
    assert "100000" in done(home, "status").out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "no jobs given"),
        (["/nonexistent.json"], "cannot read /nonexistent.json: No such file"),
        (["."], "cannot read .: Is a directory"),
        (["-f", "/nonexistent"], "cannot read"),
        (["--set", "a=b"], "--set needs --template"),
        (["--template", "simple_job", ONE], "not both"),
        (["--template", "simple_job", "-f", "x"], "not both"),
    ],
)
def test_what_cannot_be_understood_is_explained(home: str, words: list[str], problem: str) -> None:
    assert problem in refused(home, 2, "enqueue", *words).err


def test_a_special_file_that_never_ends_is_not_read_forever(home: str) -> None:
    assert "/dev/zero has more than 67108864 bytes" in refused(home, 2, "enqueue", "/dev/zero").err
    assert "/dev/null is empty" in refused(home, 2, "enqueue", "/dev/null").err


def test_what_powershell_writes_is_read(home: str, tmp_path: Path) -> None:
    for encoding in ("utf-16", "utf-16-be", "utf-16-le"):
        path = tmp_path / f"{encoding}.json"
        mark = "" if encoding == "utf-16" else "\ufeff"
        path.write_bytes(f'{mark}{{"command": "echo é", "id": "{encoding}"}}\r\n'.encode(encoding))
        done(home, "enqueue", str(path))
    assert [(job["id"], job["command"]) for job in jobs(home)] == [
        ("utf-16", "echo é"),
        ("utf-16-be", "echo é"),
        ("utf-16-le", "echo é"),
    ]
    assert "stdin is not UTF-16 (byte " in refused(home, 2, "enqueue", "-", input=b"\xff\xfe{").err


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ('// a job\n{\n  // what it runs\n  "command": "echo 1" // the end\n}\n', ["echo 1"]),
        (
            '{"command": "curl http://x//y"} // one\n{"command": "echo \\"//\\""}\n// none\n',
            ["curl http://x//y", 'echo "//"'],
        ),
        ('[{"command": "echo 1"}, // {"command": "no"},\n{"command": "echo 2"}]', ["echo 1", "echo 2"]),
    ],
)
def test_comments_are_read_over(home: str, text: str, commands: list[str]) -> None:
    done(home, "enqueue", "-", input=text.encode())
    assert [job["command"] for job in jobs(home)] == commands


def test_a_mistake_behind_a_comment_stands_where_it_is(home: str) -> None:
    answer = refused(home, 2, "enqueue", "-", input=b'{\n  "command": "x", // why\n  "id": oops\n}\n')
    assert "line 3 column 9" in answer.problems[0]


def test_a_job_that_was_shown_as_json_can_be_enqueued_again(home: str, tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    done(home, "add", "echo a", "--id", "a", "-r", "7", "-t", "night", "-e", "PLAIN=1", "-e", "API_KEY=2")
    first = jobs(home)[0]
    path.write_text(done(home, "show", "a", "--json").out)
    done(home, "remove", "a")
    answer = done(home, "enqueue", str(path))
    again = jobs(home)[0]
    for name in ("id", "command", "max_retries", "tags", "cwd", "timeout"):
        assert again[name] == first[name]
    assert again["env"] == {"PLAIN": "1"}
    computed, secrets, due = sorted(answer.err.splitlines())
    assert computed.startswith("left out, since QueueCTL computes it: number, state, attempts, ")
    assert secrets == "left out, since the value is not there: API_KEY; give it with --env NAME"
    assert due.startswith("runs at ")


def test_jobs_that_were_listed_as_json_can_be_enqueued_again(home: str, tmp_path: Path) -> None:
    done(home, "add", "echo a", "--id", "a")
    done(home, "add", "echo b", "--id", "b")
    listed = done(home, "list", "--json").out
    done(home, "remove", "a", "b")
    assert len(done(home, "enqueue", "-", input=listed.encode()).err.splitlines()) == 1
    assert sorted(ids(home)) == ["a", "b"]


@pytest.mark.parametrize(
    ("given", "options", "expected"),
    [
        ('{"command": "a", "priority": 1}', ["--priority", "5"], {"command": "a", "priority": 5}),
        ('{"command": "a", "retries": 9}', ["-r", "1"], {"max_retries": 1}),
        ('{"cmd": "a", "timeout_sec": 9}', ["--timeout", "4s"], {"command": "a", "timeout": 4}),
        ('{"command": "a", "tags": ["x"]}', ["--tag", "y"], {"tags": ["y"]}),
        ('{"command": "a", "tags": ["x"]}', ["--queue", "mail"], {"tags": ["x"], "queue": "mail"}),
        ('{"command": "a"}', ["--hold"], {"state": "held"}),
        ('{"command": "a"}', ["--delay", "1h"], {"state": "scheduled"}),
        (
            "",
            ["--id", "X", "--command", "echo hi", "--priority", "3"],
            {"id": "X", "command": "echo hi", "priority": 3},
        ),
        ("", ["--template", "simple_job", "--command", "b"], {"command": "b"}),
    ],
)
def test_an_option_of_add_stands_in_place_of_what_a_job_says(
    home: str, given: str, options: list[str], expected: dict[str, Any]
) -> None:
    done(home, "enqueue", *([given] if given else []), *options)
    job = jobs(home)[0]
    assert {name: job[name] for name in expected} == expected


def test_a_plain_command_leads_to_add_and_a_job_in_json_to_enqueue(home: str) -> None:
    assert refused(home, 2, "enqueue", "echo hi").hint == "queuectl add 'echo hi'"
    assert '"" is neither JSON nor a file' in refused(home, 2, "enqueue", "").err
    assert refused(home, 2, "add", ONE).hint == f"queuectl enqueue '{ONE}'"
    # A group of the shell begins like JSON.
    done(home, "add", "{ echo a; }")
    assert [job["command"] for job in jobs(home)] == ["{ echo a; }"]


def test_a_template_is_found_by_the_name_of_its_file(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "there is no file simple_job.json: this is the template" in done(home, "enqueue", "simple_job.json").err
    (tmp_path / "simple_job.json").write_text(ONE)
    assert done(home, "enqueue", "simple_job.json").err == ""
    assert "one" in ids(home)
    assert "cannot read none.json" in refused(home, 2, "enqueue", "none.json").err
