"""The shell without a terminal: `shell -c LINE`, a script on stdin, `source`, and what its own words do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.calling import Answer, call, done, jobs, states


def shell(home: str, line: str) -> Answer:
    return call(home, "shell", "-c", line)


def script(home: str, *lines: str, options: tuple[str, ...] = ()) -> Answer:
    return call(home, "shell", *options, input="".join(line + "\n" for line in lines).encode())


def test_a_line_runs_its_commands_in_order(home: str) -> None:
    answer = shell(home, "add 'echo one; echo two' --id a; add -- printf '%s;' x --id=b; list -o ids --sort number")
    assert answer.code == 0
    assert answer.lines[-2:] == ["a", "job-2"]
    assert [job["command"] for job in jobs(home)] == ["echo one; echo two", "printf '%s;' x --id=b"]


def test_a_script_runs_without_prompt_or_banner(home: str) -> None:
    answer = script(home, "# a comment", "", "add true -q  # and one behind", "list -o ids")
    assert (answer.code, answer.out, answer.err) == (0, "job-1\njob-1\n", "")


def test_changes_are_noted_as_the_shells(home: str) -> None:
    shell(home, "add true")
    assert done(home, "show", "1", "--json").json()["created_by"].startswith("shell[")


def test_a_script_ends_at_the_first_command_that_fails(home: str) -> None:
    answer = script(home, "add true", "show nothing", "add false")
    assert answer.code == 3
    assert len(jobs(home)) == 1
    assert shell(home, "show nothing; add false").code == 3
    assert len(jobs(home)) == 1


def test_a_script_may_keep_going(home: str) -> None:
    answer = script(home, "show nothing", "add true; show none; add false", options=("--keep-going",))
    assert answer.code == 0
    assert len(jobs(home)) == 2
    assert script(home, "add true", "show nothing", options=("-k",)).code == 3


@pytest.mark.parametrize("line, code", [("exit", 0), ("quit", 0), ("q", 0), ("add true; exit; add true", 0)])
def test_exit_ends_a_script(home: str, line: str, code: int) -> None:
    answer = script(home, line, "add true")
    assert answer.code == code
    assert len(jobs(home)) == line.split(";")[0].count("add")


def test_exit_keeps_the_code_of_the_command_before_it(home: str) -> None:
    assert script(home, "show nothing; exit", options=("-k",)).code == 3


@pytest.mark.parametrize("line", ["add 'true", 'add "true', "add true\\", "list; add 'x"])
def test_an_open_quote_is_an_error_and_runs_nothing(home: str, line: str) -> None:
    answer = shell(home, line)
    assert answer.code == 2
    assert "unclosed" in answer.problems[0]
    assert answer.out == ""
    assert jobs(home) == []


def test_an_unknown_command_is_an_error_with_a_suggestion(home: str) -> None:
    answer = shell(home, "lst")
    assert answer.code == 2
    assert answer.problems == ['there is no command "lst" (did you mean "list"?)']


@pytest.mark.parametrize("command", ["shell", "menu"])
def test_the_shell_opens_neither_itself_nor_the_menu(home: str, command: str) -> None:
    assert shell(home, command).code == 2


def test_global_options_of_the_shell_hold_for_its_commands(home: str) -> None:
    done(home, "add", "true", "--id", "x")
    answer = call(home, "shell", "-c", "list --columns id; list --columns id -o csv", "--json")
    assert answer.out.split('"id"\r\n')[0].split() == ["[", '{"id":', '"x"}', "]"]
    assert answer.out.endswith('"id"\r\n"x"\r\n')


def test_a_file_of_commands_is_run(home: str, tmp_path: Path) -> None:
    file = tmp_path / "my commands.txt"
    file.write_text("# two jobs\nadd true --id a\nadd true --id b\n", encoding="utf-8")
    assert shell(home, f"source '{file}'; add true --id c").code == 0
    assert set(states(home)) == {"a", "b", "c"}


def test_a_file_that_sources_itself_ends_with_an_error(home: str, tmp_path: Path) -> None:
    file = tmp_path / "loop"
    file.write_text(f"add true -q\nsource {file}\n", encoding="utf-8")
    answer = shell(home, f"source {file}")
    assert answer.code == 4
    assert "source each other" in answer.problems[0]
    assert len(jobs(home)) == 10


@pytest.mark.parametrize("line, code", [("source", 2), ("source a b", 2), ("source /no/such/file", 3), ("source /", 3)])
def test_what_cannot_be_sourced_is_an_error(home: str, line: str, code: int) -> None:
    assert shell(home, line).code == code


def test_a_file_that_is_not_text_is_refused_line_by_line(home: str, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(bytes(range(256)))
    answer = shell(home, f"source {tmp_path / 'data'}")
    assert answer.code == 2
    assert jobs(home) == []


@pytest.mark.parametrize(
    "line", ["source 'a\0b'", "enqueue a\0.json", "enqueue -f a\0", "list --home a\0", "add 'x\0y'"]
)
def test_a_line_with_a_nul_is_refused_and_the_next_one_runs(home: str, line: str) -> None:
    answer = script(home, line, "add true -q", options=("--keep-going",))
    assert answer.code == 0
    assert [problem.partition(", got")[0] for problem in answer.problems] == [
        "stdin:1: a command must not contain a NUL character"
    ]
    assert [job["command"] for job in jobs(home)] == ["true"]


def test_stdin_that_holds_the_commands_cannot_be_read_by_one(home: str) -> None:
    answer = script(home, "enqueue -", '{"command": "true"}')
    assert answer.code == 2
    assert "holds the commands" in answer.problems[0]
    assert jobs(home) == []


def test_history_without_a_job_needs_a_person(home: str) -> None:
    assert shell(home, "history").code == 2
    done(home, "add", "true", "--id", "x")
    assert "enqueued" in shell(home, "history x").out


@pytest.mark.parametrize(
    "line, said",
    [
        ("watch", "no command given"),
        ("watch add true", "cannot be watched"),
        ("watch lst", "did you mean"),
        ("watch 0.01 list", "--watch must be"),
        ("watch cancel 1", "cannot be watched"),
        ("watch 2x list", "--watch must be a duration"),
        ("watch 1 queue list -- x", 'unexpected "x"'),
    ],
)
def test_only_commands_that_look_can_be_watched(home: str, line: str, said: str) -> None:
    answer = shell(home, line)
    assert answer.code == 2
    assert said in answer.problems[0]
    assert jobs(home) == []


def test_an_option_given_as_its_default_overrides_that_of_the_shell(home: str) -> None:
    done(home, "add", "true")
    line = "list --color auto; list --color=never; --color auto list"
    assert "\x1b" not in done(home, "--color", "always", "shell", "-c", line).out
    assert "\x1b" in done(home, "--color", "always", "shell", "-c", "list").out


@pytest.mark.parametrize("line", ["watch", "source", "history", "list 'open", "nonsense"])
def test_a_mistake_in_a_shell_of_json_is_an_object(home: str, line: str) -> None:
    answer = call(home, "--json", "shell", "-c", line)
    assert (answer.code, answer.error()["code"]) == (2, "invalid")


def test_help_lists_the_shells_own_words_after_the_commands(home: str) -> None:
    text = shell(home, "help").out
    assert text.index("enqueue") < text.index("in the shell:") < text.index("source FILE")
    assert "source FILE" in shell(home, "help source").out
    assert "usage: list" in shell(home, "help list").out
    assert "usage: history" in shell(home, "help history").out


@pytest.mark.parametrize("program", ["queuectl", "python3 main.py"])
def test_a_leading_name_of_the_program_is_dropped(home: str, program: str) -> None:
    assert shell(home, f"{program} add true --id one; {program} list -o ids").out.endswith("one\n")
    assert shell(home, program).out.startswith("usage: ")


def test_a_question_mark_is_help_and_clear_leaves_a_pipe_alone(home: str) -> None:
    assert shell(home, "?").out == shell(home, "help").out
    assert shell(home, "clear").out == ""


def test_errors_of_a_script_begin_with_its_name_and_the_line(home: str, tmp_path: Path) -> None:
    file = tmp_path / "jobs.txt"
    file.write_text("list\n\nshow nope\n", encoding="utf-8")
    assert shell(home, f"source {file}").err.splitlines()[-2] == f'queuectl: error: {file}:3: no job with id "nope"'
    assert shell(home, "show nope").err.startswith('queuectl: error: no job with id "nope"')
    piped = script(home, "list", "show nope")
    assert 'queuectl: error: stdin:2: no job with id "nope"' in piped.err


@pytest.mark.parametrize("line", ["list | head", "list > jobs.txt", "list && list", "list 2>&1"])
def test_what_only_the_systems_shell_knows_is_refused(home: str, line: str) -> None:
    answer = shell(home, line)
    assert answer.code == 2 and "it is for the system's shell" in answer.err


def test_a_pipe_after_add_is_answered_with_the_line_to_type(home: str) -> None:
    assert shell(home, "add echo 'a b' | wc").hint == "add 'echo '\\''a b'\\'' | wc'"
    assert shell(home, "add 'echo a | wc'").code == 0
    assert shell(home, "list '|'").code == 0


def test_patterns_among_inputs_stand_for_their_files(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b.mkv", "a c.mkv", ".hidden.mkv"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    shell(home, "add 'x {} *' ::: *.mkv '*.mkv' \\*.mkv no* [b]?mkv; add -q 'echo *' --tag t; add -- ls *")
    assert [job["command"] for job in jobs(home)] == [
        *("x 'a c.mkv' *", "x b.mkv *", "x '*.mkv' *", "x '*.mkv' *", "x 'no*' *", "x b.mkv *"),
        *("echo *", "ls '*'"),
    ]
