"""Filters on the command line: which commands take them, how they go with ids and options, and what is refused."""

from __future__ import annotations

import json

import pytest

from queuectl.commands.grammar.registry import COMMANDS, load
from queuectl.model.outcome import Outcome
from queuectl.model.verbs import PLAIN_VERBS, Verb
from tests.commands.calling import call, done, ids, refused, states, store
from tests.store import building

VERBS = ("cancel", "suspend", "resume", "retry", "hold", "front", "release", "remove", "wait")


@pytest.fixture
def filled(home: str) -> str:
    """Four jobs: two dead ones of which a signal ended one, two that wait."""
    with store(home) as opened:
        for name, tags, outcome in (
            ("a", ("nightly",), Outcome.exited(1)),
            ("b", ("nightly", "web"), Outcome.signalled(11, "SIGSEGV")),
        ):
            building.add(opened, f"make {name}", id=name, queue="mail", tags=tags, max_retries=0)
            building.finish(opened, building.claim(opened), "dead", outcome)
        building.add(opened, "echo two words", id="c", tags=("web",))
        building.add(opened, "echo c", id="d", queue="mail", hold=True, allow_background=True)
    return home


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["state:dead"], "b a"),
        (["state:dead exit:1"], "a"),
        (["state:dead", "exit:1"], "a"),
        (["signal:SEGV"], "b"),
        (['error:"exit code"'], "a"),
        (["error:exit code"], "a"),
        (["!error:exit code"], "d c b"),
        (["error:exit code,no such"], "a"),
        (["error:code exit"], ""),
        (["error:exit tag:nightly"], "a"),
        (["error:exit", "make"], "a"),
        (["text:two words"], "c"),
        (["queue:default two words"], "c"),
        (["!tag:web"], "d a"),
        (["queue:mail !state:dead"], "d"),
        (["echo"], "d c"),
        (["echo", "words"], "c"),
        (['"two words"'], "c"),
        (["queue:mail", "--state", "dead", "--tag", "web"], "b"),
        (["--queue", "mail", "--search", "two words"], ""),
        (["queue:default", "--queue", "mail"], "d c b a"),
        (["tag:web", "--tag", "nightly"], "b"),
        (["background:yes"], "d"),
        (["background:no queue:mail"], "b a"),
        (["!background:yes,no"], ""),
        ([""], "d c b a"),
    ],
)
def test_in_a_list_every_word_is_of_the_filter(filled: str, words: list[str], found: str) -> None:
    assert ids(filled, *words) == found.split()


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["state:dead"], "a b"),
        (["state:dead tag:web"], "b"),
        (["state:dead", "tag:web"], "b"),
        (["!tag:nightly", "state:open"], "c d"),
        (["id:a", "id:c", "state:dead,pending"], "a c"),
        (["text:echo", "state:open"], "c d"),
        (["tag:web", "--state", "dead"], "b"),
        (["a", "3"], "a c"),
    ],
)
def test_a_verb_takes_a_filter_in_the_place_of_ids(filled: str, words: list[str], meant: str) -> None:
    assert done(filled, "remove", *words, "--dry-run", "-o", "ids").lines == meant.split()


@pytest.mark.parametrize("command", [["list"], ["remove", "--dry-run"], ["logs"], ["dlq", "retry"]])
def test_a_note_says_how_a_word_was_read_that_had_lost_its_quotes(filled: str, command: list[str]) -> None:
    note = "read as 'queue:mail error:\"exit code\"'\n"
    assert note in done(filled, *command, "queue:mail", "error:exit code").err
    assert "read as" not in call(filled, *command, "queue:mail", 'error:"exit code"').err
    assert "read as" not in call(filled, *command, "queue:mail error:exit").err


def test_every_command_that_acts_takes_a_filter(filled: str) -> None:
    assert done(filled, "retry", "exit:1").out == "Job queued again: a\n"
    assert done(filled, "edit", "queue:mail state:held", "--priority", "7").out == "Job edited: d\n"
    assert done(filled, "release", "queue:mail").out == "Job released: d\n"
    assert done(filled, "hold", "tag:web").out == "Job held: c\n"
    assert done(filled, "dlq", "retry", "queue:mail").out == "Job queued again: b\n"
    assert done(filled, "cancel", "!id:a", "--yes").out == "3 jobs cancelled: b, c, d\n"
    assert call(filled, "wait", "state:cancelled", "-o", "ids").lines == ["b", "c", "d"]
    assert done(filled, "remove", "state:cancelled tag:web", "--yes").out == "2 jobs removed: b, c\n"
    assert states(filled) == {"a": "pending", "d": "cancelled"}


def test_the_dead_letter_queue_takes_a_filter_of_dead_jobs_only(filled: str) -> None:
    assert done(filled, "dlq", "retry", "state:held").out == "0 jobs queued again\n"
    assert refused(filled, 2, "dlq", "remove", "tag:web").problems == [
        "this would remove 1 dead job, so it needs a confirmation"
    ]
    assert done(filled, "dlq", "remove", "tag:web", "--yes").out == "Job removed: b\n"


def test_logs_are_those_of_the_jobs_that_a_filter_finds(filled: str) -> None:
    assert 'job "c" has not run yet' in refused(filled, 3, "logs", "state:pending").err
    expected = "c has not run yet, it is pending\nd has not run yet, it is held\n"
    for words in (["state:open"], ["--state", "open"], ["--all", "!state:dead"], ["--state", "held", "-s", "pending"]):
        assert done(filled, "logs", *words).err == expected
    assert 'job "d" has not run yet' in refused(filled, 3, "logs", "--queue", "mail", "!tag:nightly").err
    assert 'job "c" has not run yet' in refused(filled, 3, "logs", "!state:dead", "-t", "web").err


def test_a_filter_that_finds_nothing_is_no_bug_in_any_command(filled: str) -> None:
    for command in with_filters():
        more = ["--priority", "1"] if command == "edit" else []
        answer = call(filled, *command.split(), "tag:nope", *more)
        # `top` needs a terminal; what has to show or to await a job needs one.
        assert answer.code == {"top": 2, "logs": 3, "wait": 3, "results": 3}.get(command, 0), (command, answer)
    for command in ("logs", "wait"):
        answer = refused(filled, 3, command, "tag:nope")
        assert (answer.problems, answer.hint) == (["no jobs match"], "see all jobs with: queuectl list")
        assert refused(filled, 3, command, "-").problems == ["there are no ids on stdin"]


@pytest.mark.parametrize("verb", VERBS)
def test_ids_and_a_filter_do_not_go_together(filled: str, verb: str) -> None:
    for words in (["a", "tag:web"], ["tag:web", "-"], ["a", "--tag", "web"], ["a", "--all"]):
        assert refused(filled, 2, verb, *words).problems == ["give either ids or a filter, not both"]


@pytest.mark.parametrize("verb", VERBS)
def test_a_text_needs_its_key_where_jobs_are_changed(filled: str, verb: str) -> None:
    answer = refused(filled, 2, verb, "state:dead echo")
    assert answer.problems == ['"echo" has no key, such as state: or queue:']
    assert answer.hint == "jobs whose id or command contains it: 'text:echo'"


@pytest.mark.parametrize("verb", VERBS)
def test_an_empty_filter_never_means_all(filled: str, verb: str) -> None:
    assert "no jobs given" in refused(filled, 2, verb, " ").err


# Resume alone ends all pauses.
@pytest.mark.parametrize("verb", [verb for verb in PLAIN_VERBS if verb.name != "resume"], ids=lambda verb: verb.name)
def test_without_jobs_the_example_is_a_state_that_the_verb_fits(filled: str, verb: Verb) -> None:
    message = refused(filled, 2, verb.name).problems[0]
    assert message.split("'")[1] in [f"state:{state}" for state in verb.states]


@pytest.mark.parametrize("command", ["list", "cancel", "top", "logs", "add", "edit"])
@pytest.mark.parametrize("word", ["-tag:web", "-state:dead", "-queue:mail", "-id:a*", "-Exit:1"])
def test_a_minus_is_refused_everywhere_and_shows_what_to_write(filled: str, command: str, word: str) -> None:
    negated = f"!{word[1:]}".replace("Exit", "exit")
    assert refused(filled, 2, command, "--priority=1" if command in ("add", "edit") else "-q", word).problems == [
        f"a minus does not negate a term, write '{negated}'"
    ]


@pytest.mark.parametrize("line", ["worker start -queue:mail", "config set lease -id:3", "show -id:3"])
def test_a_minus_is_an_option_where_no_filter_can_stand(home: str, line: str) -> None:
    assert "negate" not in refused(home, 2, *line.split()).err


def test_a_mistake_is_reported_to_programs_with_its_place(filled: str) -> None:
    error = call(filled, "list", "queue:mail", "stat:dead", "--json").error()
    assert (error["code"], error["position"], error["suggestion"]) == ("bad_filter", 11, "state")
    assert json.loads(call(filled, "cancel", "exit:x", "--json").err)["error"]["position"] == 5


def test_a_word_that_looks_like_a_filter_but_has_no_known_key_is_explained(filled: str) -> None:
    assert refused(filled, 3, "cancel", "stat:dead").problems == [
        'no job with id "stat:dead" (did you mean "state:dead"?)'
    ]


def test_a_command_for_one_job_says_where_a_filter_stands(filled: str) -> None:
    answer = refused(filled, 3, "show", "state:dead")
    assert answer.problems == ['no job with id "state:dead"']
    assert answer.hint == "find jobs by a filter: queuectl list 'state:dead'"


def test_a_state_that_is_taken_for_a_text_is_reported(filled: str) -> None:
    assert "dead is read as a text; jobs in this state: 'state:dead'" in done(filled, "list", "dead").err


def test_a_filter_has_the_states_of_a_verb_unless_it_names_some(filled: str) -> None:
    assert done(filled, "remove", "queue:mail", "--dry-run", "-o", "ids").lines == ["a", "b"]
    left = done(filled, "remove", "!tag:web", "--dry-run", "-o", "ids")
    assert (left.lines, left.err.splitlines()[-1]) == (["a"], "1 held left out; add 'state:held'")
    assert done(filled, "remove", "queue:mail state:held", "--dry-run", "-o", "ids").lines == ["d"]
    assert done(filled, "remove", "queue:mail !state:dead", "--dry-run", "-o", "ids").lines == []


def test_new_ids_do_not_read_like_filters(home: str) -> None:
    for name in ("state:dead", "batch:1", "7", "3-9", "last"):
        assert "must not read like" in refused(home, 2, "add", "true", "--id", name).err
        assert "must not read like" in refused(home, 2, "enqueue", json.dumps({"command": "true", "id": name})).err
    done(home, "add", "true", "--id", "job:state")


def with_filters() -> set[str]:
    load()
    return {path for path, command in COMMANDS.items() for arg in command.args if "FILTER" in (arg.metavar or "")}


def test_every_command_with_a_filter_says_so_in_its_help() -> None:
    assert with_filters() == {"list", "top", "logs", "results", "edit", "dlq retry", "dlq remove", *VERBS}
