"""Shell, standard input and what is inherited, as the command line takes and shows them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from queuectl import Queue
from queuectl.model.surroundings import MAX_STDIN_BYTES
from tests.commands.calling import call, done, jobs, refused

WORDS = ["printf", "[%s]", "two words", "", "line\nend\n", "'", "\\", "$HOME", "a\r"]
SOME = b"bytes \0\xff\n"


def kept(home: str, reference: str = "last") -> bytes | None:
    with Queue(home) as queue:
        return queue.stdin(reference)


# Shells


def test_words_after_two_dashes_are_kept_for_no_shell_exactly(home: str) -> None:
    import shlex

    done(home, "add", "--shell", "none", "--", *WORDS)
    (job,) = jobs(home)
    assert job["shell"] == "none" and shlex.split(job["command"]) == WORDS


@pytest.mark.parametrize("words", [["--", "printf", "a{}$b"], ['printf "a{}$b"']])
def test_inputs_stand_in_the_words_of_no_shell_as_they_are(home: str, words: list[str]) -> None:
    import shlex

    items = ["$HOME `id` \\\"'", "two\twords", "line\nend", ""]
    options = ["--shell", "none"]
    if words[0] == "--":
        data = "".join(f"{item}\0" for item in items).encode()
        done(home, "add", *options, "--each-line", "-", "-0", *words, input=data)
    else:
        done(home, "add", *options, *words, ":::", *items)
    assert [shlex.split(job["command"]) for job in jobs(home)] == [["printf", f"a{item}$b"] for item in items]


def test_words_that_are_no_text_are_refused_without_a_shell(home: str) -> None:
    answer = refused(home, 2, "add", "--shell", "none", "--", "cat", "caf\udce9.txt")
    assert answer.problems == ['without a shell, words must be UTF-8, got "caf\\udce9.txt"']
    done(home, "config", "set", "shell", "none")
    refused(home, 2, "add", "--", "cat", "caf\udce9.txt")
    done(home, "add", "--shell", "bash", "--", "cat", "caf\udce9.txt")
    assert len(jobs(home)) == 1


@pytest.mark.parametrize("command", ["schedule", "enqueue", "cron add"])
def test_every_command_that_makes_jobs_takes_a_shell(home: str, command: str) -> None:
    words = {
        "schedule": ["schedule", "echo hi", "+1h"],
        "enqueue": ["enqueue", '{"command": "echo hi", "shell": "zsh"}'],
        "cron add": ["cron", "add", "it", "@daily", "echo hi"],
    }[command]
    answer = call(home, *words, "--shell", "no-such-shell")
    assert answer.code == 0 and "there is no shell no-such-shell in PATH now" in answer.err
    if command == "cron add":
        assert "shell:          no-such-shell" in done(home, "cron", "show", "it").out
    else:
        assert jobs(home)[0]["shell"] == "no-such-shell"
    assert "no-such-shell" in refused(home, 2, *words, "--shell", "/no-such-shell").problems[0]


def test_show_tells_another_shell_and_why_names_one_that_is_missing(home: str) -> None:
    done(home, "add", "true")
    assert "shell:" not in done(home, "show", "last").out
    done(home, "edit", "last", "--shell", "bash")
    assert "shell:       bash" in done(home, "show", "last").out
    assert "--shell bash" in done(home, "show", "last").lines[-1]


def test_a_queue_has_a_shell_for_its_jobs(home: str) -> None:
    done(home, "queue", "set", "it", "shell", "none")
    assert "shell must be a program" in refused(home, 2, "queue", "set", "it", "shell", "/no/such/shell").problems[0]
    for words in (["-Q", "it"], [], ["-Q", "it", "--shell", "bash"]):
        done(home, "add", "true", *words)
    done(home, "queue", "set", "it", "shell", "default")
    done(home, "add", "true", "-Q", "it")
    assert [job["shell"] for job in jobs(home)] == ["none", "/bin/sh", "bash", "/bin/sh"]


# Standard input


def test_a_file_is_kept_as_what_the_command_reads(home: str, tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_bytes(SOME)
    done(home, "add", "cat", "--stdin", str(file))
    assert kept(home) == SOME
    shown = done(home, "show", "last").out
    assert f"stdin:       {len(SOME)} B, not in the line below: give it again with --stdin" in shown
    assert "bytes" not in shown and jobs(home)[0]["stdin_size"] == len(SOME)


def test_stdin_is_kept_as_what_the_command_reads(home: str) -> None:
    for words in (["add", "cat"], ["schedule", "cat", "+1h"], ["enqueue", '{"command": "cat", "stdin": "other"}']):
        done(home, *words, "--stdin", "-", input=SOME)
        assert kept(home) == SOME
    done(home, "add", "cat", "--stdin", "-")
    assert kept(home) is None


def test_json_has_a_text_as_standard_input(home: str) -> None:
    done(home, "enqueue", '[{"command": "cat", "stdin": "é\\n"}, {"command": "cat"}]')
    assert [kept(home, "1"), kept(home, "2")] == ["é\n".encode(), None]


def test_an_excess_is_refused_and_nothing_is_added(home: str, tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_bytes(b"x" * (MAX_STDIN_BYTES + 1))
    for path in (str(file), "/dev/zero", "-"):
        answer = refused(home, 2, "add", "cat", "--stdin", path, input=file.read_bytes())
        assert answer.problems == ["stdin: must be at most 1048576 bytes long; let the command read a file"]
    answer = refused(home, 2, "add", "cat", "--stdin", str(tmp_path / "gone"))
    assert answer.problems == [f"cannot read {tmp_path}/gone: No such file or directory"]
    assert jobs(home) == []


@pytest.mark.parametrize("words", [["add", "-"], ["enqueue", "-"]])
def test_only_one_thing_can_be_stdin(home: str, words: list[str]) -> None:
    answer = refused(home, 2, *words, "--stdin", "-", input=b'{"command": "true"}\n')
    assert answer.problems == ["stdin can be read once: only one thing can be -"]
    assert jobs(home) == []


def test_inputs_and_what_commands_read_cannot_both_be_stdin(home: str) -> None:
    answer = refused(home, 2, "add", "cat {}", "--each-line", "-", "--stdin", "-", input=b"a\nb\n")
    assert answer.problems == ["stdin can be read once: only one thing can be -"]
    assert jobs(home) == []


def test_jobs_of_inputs_share_what_a_file_holds_and_inherit_the_same(home: str, tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_bytes(SOME)
    done(home, "add", "cat {}", "--stdin", str(file), "--inherit-env=none", ":::", "a", "b")
    assert [kept(home, "1"), kept(home, "2")] == [SOME, SOME]
    assert [job["inherited"] for job in jobs(home)] == [[], []]


def test_commands_of_stdin_share_what_a_file_holds(home: str, tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_bytes(SOME)
    done(home, "add", "-", "--stdin", str(file), input=b"cat\nwc\n")
    assert [kept(home, "1"), kept(home, "2")] == [SOME, SOME]


def test_a_job_like_another_reads_the_same_unless_it_is_given_more(home: str) -> None:
    done(home, "add", "cat", "--stdin", "-", input=SOME)
    done(home, "add", "--like", "1")
    done(home, "add", "--like", "1", "--stdin", "-", input=b"other")
    assert [kept(home, "2"), kept(home, "3")] == [SOME, b"other"]


def test_the_json_of_a_job_can_be_enqueued_again_and_says_what_is_not_there(home: str) -> None:
    done(home, "add", "cat", "--stdin", "-", input=SOME)
    answer = done(home, "enqueue", done(home, "show", "1", "--json").out.replace('"job-1"', '"again"'))
    assert "stdin_size" in answer.err and kept(home, "again") is None


# What is inherited


def test_the_option_says_what_is_inherited(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        os, "environ", {"PATH": "/bin", "LANG": "C", "CUDA_A": "1", "CUDA_TOKEN": "hush", "TERM": "x", "DEBUG": "1"}
    )
    for words in ([], ["--inherit-env"], ["--inherit-env=CUDA_*"], ["--inherit-env=none,DEBUG,CUDA_TOKEN"]):
        done(home, "add", "true", *words)
    assert [job["inherited"] for job in jobs(home)] == [
        ["LANG"],
        ["CUDA_A", "DEBUG", "LANG"],
        ["CUDA_A", "LANG"],
        ["CUDA_TOKEN", "DEBUG"],
    ]
    shown = done(home, "show", "4").out
    assert "inherited:   CUDA_TOKEN, DEBUG" in shown and "hush" not in shown and "--inherit-env" not in shown


def test_the_setting_says_what_is_inherited_but_for_schedules(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done(home, "config", "set", "inherit_env", "DEBUG")
    monkeypatch.setattr(os, "environ", {"PATH": "/bin", "DEBUG": "1", "OTHER": "2"})
    done(home, "add", "true")
    done(home, "add", "true", "--inherit-env=default")
    done(home, "cron", "add", "it", "@daily", "true")
    done(home, "cron", "add", "other", "@daily", "true", "--inherit-env=OTHER")
    assert [job["inherited"] for job in jobs(home)] == [["DEBUG"], []]
    assert "inherited:      OTHER" in done(home, "cron", "show", "other").out
    assert [done(home, "cron", "show", name, "--json").json()["inherited"] for name in ("it", "other")] == [
        [],
        ["OTHER"],
    ]


def test_the_jobs_of_a_file_of_a_schedule_inherit_what_the_schedule_names(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "graph.json"
    file.write_text('[{"command": "true", "id": "a"}, {"command": "true", "id": "b", "shell": "bash"}]')
    monkeypatch.setenv("DEBUG", "1")
    done(home, "cron", "add", "it", "@daily", "--file", str(file), "--inherit-env=DEBUG")
    done(home, "cron", "run", "it")
    assert [(job["inherited"], job["shell"]) for job in jobs(home)] == [(["DEBUG"], "/bin/sh"), (["DEBUG"], "bash")]


def test_an_excess_is_left_out_with_a_note(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONG", "x" * 40_000)
    answer = done(home, "add", "true", "--inherit-env")
    assert "not inherited, since there is too much of it: LONG" in answer.err
    assert "LONG" not in jobs(home)[0]["inherited"]


@pytest.mark.parametrize("text", ["A B", "QUEUECTL_HOME", "all,none", ""])
def test_what_cannot_be_inherited_is_refused(home: str, text: str) -> None:
    refused(home, 2, "add", "true", f"--inherit-env={text}")
    refused(home, 2, "cron", "add", "it", "@daily", "true", f"--inherit-env={text}")
    assert jobs(home) == []


def test_show_tells_the_umask_of_the_caller(home: str) -> None:
    before = os.umask(0o027)
    try:
        done(home, "add", "true")
    finally:
        os.umask(before)
    assert "umask:       0027" in done(home, "show", "last").out
