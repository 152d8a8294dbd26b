"""What may be answered in the menu: ways out, help, a command as it is typed, links and inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from queuectl.frontends.menu import GOODBYE
from tests.commands.calling import bring, done, jobs
from tests.frontends.talking import Talk

PROMPT = "Choice: "


def test_the_menu_is_left_from_a_menu_below_it(home: str) -> None:
    talk = Talk(home, "6", "exit")
    assert (talk.code, talk.out.count(PROMPT)) == (0, 2)
    assert talk.out.rstrip().endswith(GOODBYE)


def test_one_b_too_many_does_not_end_the_menu(home: str) -> None:
    talk = Talk(home, "6", "b", "b", "0")
    assert talk.out.count(PROMPT) == 4
    assert "0 or exit leaves it" in talk.out


@pytest.mark.parametrize("answer", ["help", "?"])
def test_the_menu_says_what_to_type(home: str, answer: str) -> None:
    talk = Talk(home, answer, "0")
    assert "Type a number" in talk.out and "There is no choice" not in talk.out


def test_a_command_is_enough_to_add_a_job(home: str) -> None:
    talk = Talk(home, "1", "echo hi", "", "0")
    assert "more options? [y/N] " in talk.out and "priority [" not in talk.out
    assert talk.commands == ["queuectl add 'echo hi'"]
    assert jobs(home)[0]["command"] == "echo hi"


def test_a_question_takes_no_word_that_it_does_not_know_for_a_no(home: str) -> None:
    talk = Talk(home, "1", "echo hi", "help", "maybe", "help", "0")
    assert talk.out.count("answer y or n") == 3
    assert talk.commands == [] and jobs(home) == []


def test_the_jobs_to_pick_from_are_those_of_the_list(home: str) -> None:
    talk = Talk(home, "1", "echo one", "", "1", "echo two", "", "3", "", "two", "", "b", "0")
    assert talk.commands[-1] == "queuectl list --search two"
    assert " 1) job-2  pending  echo two" in talk.out and ") job-1  pending" not in talk.out


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("'echo hi'", "echo hi"),
        ('"echo it\'s"', "echo it's"),
        ('"echo $HOME"', "echo $HOME"),
        ("'a' 'b'", "'a' 'b'"),
        ("'true'", "'true'"),
        ("echo 'a b'", "echo 'a b'"),
    ],
)
def test_quotes_around_a_whole_command_are_noticed(home: str, typed: str, kept: str) -> None:
    talk = Talk(home, "1", typed, "", "0")
    assert jobs(home)[0]["command"] == kept
    assert (f"without the quotes around it: {kept}" in talk.out) == (typed != kept)


def test_quotes_around_a_time_are_noticed(home: str) -> None:
    talk = Talk(home, "9", "echo hi", "'fri 18:00'", "", "0")
    assert talk.commands == ["queuectl schedule 'echo hi' 'fri 18:00'"]


def test_a_program_with_a_blank_in_its_name_keeps_its_quotes(home: str, tmp_path: Path) -> None:
    program = tmp_path / "my program"
    program.write_text("true\n", encoding="utf-8")
    Talk(home, "1", f"'{program}'", "", "0")
    assert jobs(home)[0]["command"] == f"'{program}'"


def test_scaling_without_workers_starts_them(home: str) -> None:
    talk = Talk(home, "6", "3", "b", "0", "0")
    assert "Start workers" in talk.out.partition("Scale up or down")[2]
    assert "error" not in talk.err


def test_the_jobs_that_are_linked_to_one_are_drawn(home: str) -> None:
    bring(home, "pending")
    done(home, "add", "true", "--id", "child", "--after", "pending-1")
    talk = Talk(home, "3", "", "", "", "child", "linked jobs", "b", "b", "0")
    assert talk.commands[-1] == "queuectl show child --tree"
    assert "child (blocked)" in talk.out


def test_a_form_adds_a_job_that_waits_for_others_a_lock_and_its_batch(home: str) -> None:
    bring(home, "pending")
    talk = Talk(home, "1", "make", "y", *[""] * 6, "pending-1", "gpu,db", "films%2", "0")
    assert talk.commands == ["queuectl add --after pending-1 --lock gpu,db --batch films%2 make"]
    job = jobs(home)[-1]
    assert (job["after"], job["locks"], job["state"]) == (["pending-1"], ["gpu", "db"], "blocked")
    assert done(home, "batch", "show", "films", "--json").json()["slots"] == 2


def test_a_batch_is_added_from_inputs_and_from_an_array(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.mkv", "b c.mkv"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    talk = Talk(home, "14", "Add a batch", "run {/.}", '*.mkv "x y" ::: 1', "n", "exit")
    assert "Jobs added: batch-1, 3 jobs, job-1 to job-3" in talk.out
    assert talk.commands == ["queuectl add 'run {/.}' ::: a.mkv 'b c.mkv' 'x y' ::: 1"]
    talk = Talk(home, "14", "Add a batch", "part", "", "y", "", "", "0-3%2", "parts", "exit")
    assert talk.commands == ["queuectl add --array 0-3%2 --batch parts part"]
    assert "Jobs added: parts, 4 jobs, job-4 to job-7" in talk.out
