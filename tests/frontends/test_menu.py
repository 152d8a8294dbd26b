"""The numbered menu with piped answers: every entry, ways back, and an end whatever is answered.

What a person at a terminal sees is tested in `test_terminal_sessions`.
"""

from __future__ import annotations

import re
from typing import Iterator

import pytest

from queuectl.commands.grammar.registry import load
from queuectl.engine.queue import Queue
from queuectl.frontends.menu import GOODBYE, pick
from queuectl.model.settings import NOTIFICATIONS, QUEUE, RETRIES, SCHEDULER, SETTINGS, WORKERS
from tests.commands.calling import bring, done, jobs, state_of, states
from tests.frontends.talking import Talk
from tests.support import ROOT

PROMPT = "Choice: "


@pytest.fixture
def workers(home: str) -> Iterator[None]:
    """One worker, stopped at the end."""
    done(home, "worker", "start", "--count", "1")
    yield
    done(home, "worker", "stop", "--force")


def test_the_menu_shows_its_entries_and_ends_at_the_end_of_the_input(home: str) -> None:
    talk = Talk(home)
    assert talk.code == 0
    assert talk.out.rstrip().endswith(GOODBYE)
    entries = re.findall(r"^ *(\d+)\) (.+)$", talk.out, re.MULTILINE)
    assert entries == [
        ("1", "Add a job"),
        ("2", "Live status"),
        ("3", "List jobs (0)"),
        ("4", "Start workers (none running)"),
        ("5", "Stop workers (none running)"),
        ("6", "Worker management"),
        ("7", "Dead letter queue (0)"),
        ("8", "Configuration"),
        ("9", "Schedule a job"),
        ("10", "Scheduler (not running)"),
        ("11", "Web dashboard (not running)"),
        ("12", "Demo jobs"),
        ("13", "Shell"),
        ("14", "Queues, batches and locks"),
        ("0", "Exit"),
    ]


@pytest.mark.parametrize("answer", ["0", "q", "exit", "quit"])
def test_the_menu_is_left(home: str, answer: str) -> None:
    talk = Talk(home, answer)
    assert talk.code == 0
    assert talk.out.count(PROMPT) == 1


def test_a_form_adds_a_job_and_shows_the_command_that_does_the_same(home: str) -> None:
    talk = Talk(home, "1", "echo 'two words'; true", "y", "mine", "reports", "7", "2", "90", "1h", "", "", "", "0")
    assert talk.code == 0, talk.err
    assert talk.commands == [
        "queuectl add --id mine --queue reports --priority 7 --retries 2 --timeout 90 --in 1h "
        "'echo '\\''two words'\\''; true'"
    ]
    (job,) = jobs(home)
    given = {"id": "mine", "command": "echo 'two words'; true", "priority": 7, "max_retries": 2, "timeout": 90}
    assert {**job, **given, "queue": "reports", "state": "scheduled"} == job


def test_the_defaults_of_a_form_are_those_in_force(home: str) -> None:
    done(home, "config", "set", "max_retries", "9")
    talk = Talk(home, "1", "true", "y", *[""] * 9, "0")
    assert all(
        shown in talk.out
        for shown in ("id [job-NUMBER]: ", "priority [0]: ", "retries [9]: ", "timeout [300s]: ", "queue [default]: ")
    )
    assert talk.commands == ["queuectl add true"]
    assert jobs(home)[0]["max_retries"] == 9


def test_a_command_that_begins_with_a_dash_is_not_an_option(home: str) -> None:
    talk = Talk(home, "1", "--help", "yes", "", "", "-5", *[""] * 6, "0")
    assert talk.commands == ["queuectl add --command=--help --priority=-5"]
    assert (jobs(home)[0]["command"], jobs(home)[0]["priority"]) == ("--help", -5)


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("-x | y", "'--command=-x | y'"),
        ("-x 'a b'", "'--command=-x '\\''a b'\\'''"),
        ("-x 'unclosed", "'--command=-x '\\''unclosed'"),
        ("a\tb", "\"$(printf 'a\\011b')\""),
    ],
)
def test_a_command_stays_what_was_typed(home: str, command: str, line: str) -> None:
    talk = Talk(home, "1", command, "n", "0")
    assert talk.commands == [f"queuectl add {line}"]
    assert jobs(home)[0]["command"] == command


@pytest.mark.parametrize("command", ["-x | y", "-"])
def test_a_command_that_begins_with_a_dash_is_scheduled(home: str, command: str) -> None:
    talk = Talk(home, "9", command, "2h", "n", "0")
    assert len(talk.commands) == 1, talk.out
    assert jobs(home)[0]["command"] == command


def test_a_wrong_answer_is_asked_for_again_and_three_lead_back(home: str) -> None:
    talk = Talk(home, "1", "true", "y", "", "", "high", "5000", "3", *[""] * 6, "0")
    assert talk.out.count("priority must be a whole number between -1000 and 1000") == 2
    assert jobs(home)[0]["priority"] == 3
    talk = Talk(home, "1", "true", "y", "", "a", "b c", "d", "0")
    assert talk.code == 0
    assert len(jobs(home)) == 1


def test_a_job_that_waits_is_edited_and_what_is_left_empty_stays(home: str) -> None:
    done(home, "add", "echo old", "--id", "x", "--hold", "--timeout", "90", "--priority", "3")
    talk = Talk(home, "3", "", "", "", "1", "7", "echo new", "", "", "0", "", "", "b", "b", "b", "0")
    assert all(shown in talk.out for shown in ("command [echo old]: ", "priority [3]: ", "timeout [1m30s]: "))
    assert talk.commands[-1] == "queuectl edit x --command 'echo new' --retries 0"
    (job,) = jobs(home)
    assert [job[name] for name in ("command", "priority", "max_retries", "timeout")] == ["echo new", 3, 0, 90]


@pytest.mark.parametrize("answers", ["1,b", "1,", "1,true,b", "1,true,y,,back", "6,3,b", "8,2,b", "4,b", "5,b", "3,b"])
def test_every_form_has_a_way_back(home: str, answers: str) -> None:
    talk = Talk(home, *answers.split(","), "b", "b", "b")
    assert talk.code == 0
    assert GOODBYE in talk.out
    assert talk.commands == []
    assert jobs(home) == []


def test_the_input_may_end_anywhere(home: str) -> None:
    answers = ["1", "true", "y", "", "1", "2"]
    for count in range(len(answers) + 1):
        talk = Talk(home, *answers[:count])
        assert (talk.code, talk.out.count(GOODBYE)) == (0, 1)
    assert jobs(home) == []


@pytest.mark.parametrize("answer", ["99", "²", "add jobs", "15", "\x1b[2J", "--help", "l" * 500, "-1"])
def test_an_answer_that_is_not_a_choice_is_reported(home: str, answer: str) -> None:
    talk = Talk(home, answer, "0")
    assert talk.code == 0
    assert "There is no choice" in talk.out
    assert "\x1b" not in talk.out


def test_a_choice_is_made_by_the_beginning_of_its_name() -> None:
    choices = [("Start workers (2)", print), ("Stop workers", print), ("Shell", print)]
    assert pick("sh", choices) == choices[2]
    assert pick("Start", choices) == choices[0]
    assert pick("st", choices) is None
    assert pick("1", choices) == choices[0]
    assert pick("3", choices) == choices[2]
    assert pick("4", choices) is None


def test_live_status_without_a_terminal_is_the_status(home: str) -> None:
    talk = Talk(home, "2", "0")
    assert talk.commands == ["queuectl status"]
    assert "workers:   none" in talk.out


def test_listing_leads_to_a_job_and_what_can_be_done_with_it(home: str) -> None:
    bring(home, "completed", "pending")
    talk = Talk(home, "3", "pending,completed", "", "", "pending-1", "show", "cancel", "retry", "yes", "b", "b", "0")
    assert talk.commands == [
        "queuectl list --state pending,completed",
        "queuectl show pending-1",
        "queuectl cancel pending-1",
        "queuectl retry pending-1 --keep-attempts",
    ]
    assert state_of(home, "pending-1") == "pending"


def test_a_removed_job_leads_back_to_the_list(home: str) -> None:
    bring(home, "dead", "pending")
    talk = Talk(home, "3", "", "", "", "dead-1", "remove", "b", "b", "0")
    assert talk.commands[-1] == "queuectl remove dead-1"
    assert set(states(home)) == {"pending-1"}
    assert talk.code == 0


def test_a_long_list_has_pages(home: str) -> None:
    done(home, "enqueue", "[" + ",".join(['{"command": "true"}'] * 25) + "]")
    talk = Talk(home, "3", "", "", "", "n", "n", "p", "", "25", "b", "b", "0")
    lists = re.findall(r"^ +(\d+)\) job-(\d+) ", talk.out, re.MULTILINE)
    firsts = [int(row) for row, _ in lists if int(row) % 10 == 1]
    assert firsts == [1, 11, 21, 11, 11, 1]
    assert ("11", "15") in lists
    # 25 stands on no line of that page: it is the job's number.
    assert "Job job-25" in talk.out


def test_only_the_deletion_of_all_dead_letters_asks(home: str) -> None:
    bring(home, "dead")
    talk = Talk(home, "7", "1", "6", "5", "no", "3", "", "0", "0")
    assert talk.commands == ["queuectl dlq list", "queuectl dlq stats", "queuectl dlq retry"]
    assert state_of(home, "dead-1") == "pending"
    assert "Dead letter queue (1)" in talk.out
    assert "remove the one dead job? [y/N] " in talk.out
    assert "Dead letter queue (0)" in talk.out
    bring(home, "cancelled")
    talk = Talk(home, "7", "2", "4", "5", "y", "0", "0")
    assert talk.out.count("There are none.") == 2
    assert set(states(home)) == {"dead-1", "cancelled-1"}


def test_one_dead_letter_is_deleted_without_a_question(home: str) -> None:
    bring(home, "dead")
    assert Talk(home, "7", "4", "1", "0", "0").commands == ["queuectl dlq remove dead-1"]
    assert states(home) == {}


def test_workers_are_started_scaled_shown_and_stopped(home: str) -> None:
    talk = Talk(home, "4", "1", "", "6", "1", "2", "3", "2", "5", "0", "5", "", "", "0")
    assert talk.code == 0, talk.err
    assert talk.commands == [
        "queuectl worker start --count 1",
        "queuectl worker status",
        "queuectl metrics",
        "queuectl worker scale 2",
        "queuectl worker logs --tail 30",
        "queuectl worker stop",
    ]
    assert "Start workers (1 running)" in talk.out
    assert "Start workers (2 running)" in talk.out
    assert "Workers stopped" in talk.out


def test_workers_are_started_for_some_queues_and_a_group_of_them_is_scaled_and_stopped(home: str) -> None:
    talk = Talk(home, "4", "1", "mail", "4", "1", "", "6", "3", "mail", "2", "0", "5", "*", "", "", "5", "", "", "0")
    assert talk.commands == [
        "queuectl worker start --count 1 --queue mail",
        "queuectl worker start --count 1",
        "queuectl worker scale --queue mail 2",
        "queuectl worker stop --queue '*'",
        "queuectl worker stop",
    ]
    assert "Running groups: * (1), mail (1)\n" in talk.out
    assert "  the queues of the group, commas between; * for the group of all queues\n" in talk.out
    assert "Scaled to 2 workers for mail" in talk.out and "Workers for all queues stopped" in talk.out


def test_too_many_workers_are_refused_where_they_are_asked_for(home: str) -> None:
    talk = Talk(home, "4", "0", "1000", "x", "0")
    assert talk.out.count("count must be a whole number between 1 and 256") == 3
    assert talk.commands == []


def test_settings_are_changed_by_group_and_only_where_they_differ(home: str) -> None:
    retries, queues = ["5", "", "none", "1.5", *[""] * 8], ["10m", *[""] * 6]
    talk = Talk(home, "8", "2", *retries, "4", *queues, "1", "5", "y", "0", "0")
    assert talk.commands == [
        "queuectl config set max_retries 5",
        "queuectl config set backoff_base 1.5",
        "queuectl config set timeout 10m",
        "queuectl config show",
        "queuectl config reset",
    ]
    assert "backoff_base must be a number between 1 and 10" in talk.out
    with Queue(home) as queue:
        assert queue.store.meta.settings() == {}


def test_every_setting_that_works_stands_in_a_group_of_the_menu() -> None:
    others = {"dashboard_host", "dashboard_port"}
    shown = {
        setting.name for setting in SETTINGS if setting.group in (RETRIES, WORKERS, QUEUE, SCHEDULER, NOTIFICATIONS)
    }
    assert shown == {setting.name for setting in SETTINGS} - others


def test_the_main_menu_shows_the_alerts_and_no_other_menu_does(home: str) -> None:
    bring(home, "dead", "pending")
    talk = Talk(home, "12", "0", "0")
    alert = "error: 1 job waits, but neither workers nor a scheduler are running: queuectl worker start"
    assert " ".join(talk.out.split()).count(f"QueueCTL 1 pending, 1 dead; no workers {alert} 1) Add a job") == 2
    assert talk.out.count("error:") == 2 and "info" not in talk.out


def test_the_main_menu_shows_pauses(home: str) -> None:
    done(home, "pause", "--reason", "game")
    assert "everything is paused: game" in Talk(home, "0").out


def test_demo_jobs_are_added(home: str) -> None:
    talk = Talk(home, "12", "1", "0", "0")
    assert talk.commands == ["queuectl demo"]
    assert len(jobs(home)) == 10


def test_the_shell_opens_and_leads_back(home: str) -> None:
    talk = Talk(home, "13", "add true; list", "exit", "0")
    assert talk.commands == ["queuectl shell"]
    assert "Job added: job-1" in talk.out
    assert GOODBYE in talk.out


def test_nothing_is_wider_than_forty_columns(home: str) -> None:
    bring(home, "dead")
    answers = ["1", "true", "y", *[""] * 6, "3", "", "", "", *"1bb7082b00"]
    talk = Talk(home, *answers, COLUMNS="40")
    ours = [line for line in talk.out.splitlines() if not line.startswith(("ID", "dead-1", "job-", "same as"))]
    assert [line for line in ours if len(line) > 40 and "home" not in line] == []


def test_the_menu_runs_only_commands_that_exist() -> None:
    source = (ROOT / "queuectl" / "frontends" / "menu_parts.py").read_text(encoding="utf-8")
    lists = [re.findall(r'"([a-z]+)"', words) for words in re.findall(r"(?:run|on_dead)\((\"[^)]+)\)", source)]
    forms = [name.split() for name in re.findall(r'(?:ask|menu\.fill)\("([a-z ]+)"', source)]
    assert len(lists) > 8
    assert len(forms) > 4
    commands = load()
    assert [words for words in lists + forms if " ".join(words[:2]) not in commands and words[0] not in commands] == [
        ["cron"]
    ]


def test_untrusted_text_is_harmless(home: str) -> None:
    done(home, "add", "echo \x1b[2J\x1b]0;x\x07", "--retries", "0")
    talk = Talk(home, "3", "", "", "", "1", "1", "b", "b", "0")
    assert "\x1b" not in talk.out
    assert "\\x1b[2J" in talk.out


def test_a_damaged_home_is_named_and_left_alone(home: str, tmp_path: object) -> None:
    done(home, "list")
    database = f"{home}/queue.db"
    with open(database, "wb") as file:
        file.write(b"not a database" * 100)
    talk = Talk(home, "1")
    assert talk.code == 5
    assert "queue.db" in talk.err
    with open(database, "rb") as file:
        assert file.read() == b"not a database" * 100
