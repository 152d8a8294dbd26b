"""Completion: what the word under the cursor may become, for every command of the table."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from queuectl.commands.completion.candidates import KINDS, Candidate, Lookup, candidates
from queuectl.commands.grammar.commandline import GLOBALS
from queuectl.commands.grammar.registry import ALIASES, load
from queuectl.engine.queue import Queue
from queuectl.engine.suggestions import FOUND
from queuectl.model.fields import FILTERS
from queuectl.model.job import STATES, Job
from queuectl.model.settings import SETTINGS
from queuectl.model.sorts import SORT_KEYS
from queuectl.store import names
from queuectl.store.home import Home
from tests.commands.calling import bring, store
from tests.support import FakeClock

COMMANDS = load()


def complete(home: str, *words: str) -> list[Candidate]:
    """Return what the last word may become after the others."""
    return candidates(words[:-1], words[-1], Lookup(home))


def values(home: str, *words: str) -> list[str]:
    return [one.value for one in complete(home, *words)]


@pytest.fixture
def jobs(home: str) -> str:
    """A home with a job of some states each."""
    with Queue(home) as queue:
        queue.add("echo one\n\x1b[2Jtwo", id="first", tags=["nightly", "big"])
    bring(home, "dead", "completed", "held")
    return home


@pytest.mark.parametrize("path", [*COMMANDS, *ALIASES])
def test_the_name_of_every_command_is_completed(home: str, path: str) -> None:
    words = path.split()
    for count, word in enumerate(words):
        assert word in values(home, *words[:count], "")
        assert word in values(home, *words[:count], word[:2])


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_is_completed_once_and_hidden_ones_never(home: str, path: str) -> None:
    offered = values(home, *path.split(), "--")
    assert len(offered) == len(set(offered))
    for arg in (*COMMANDS[path].args, *GLOBALS):
        name = max(arg.names, key=len)
        if not arg.is_option:
            continue
        assert (name in offered or f"{name}=" in offered) is not arg.hidden
        words = [*path.split(), name] if not arg.takes_next_word else [*path.split(), name, "1"]
        again = values(home, *words, "--")
        assert (name in again or f"{name}=" in again) is (arg.many and not arg.hidden)


@pytest.mark.parametrize("path", COMMANDS)
def test_everything_that_is_declared_to_be_completed_has_an_engine(path: str) -> None:
    kinds = {arg.complete for arg in COMMANDS[path].args} - {None, "command_name"}
    assert kinds <= {*KINDS, *FOUND}


@pytest.mark.slow
@pytest.mark.parametrize("path", COMMANDS)
def test_no_line_makes_it_fail(jobs: str, path: str) -> None:
    for words in ((), ("--",), ("-",), ("-o",), ("x", "y"), ("--state=",), ("--nonsense=1",), ("last", "--")):
        for text in ("", "-", "--", "--state=", "--state=dead,", "a,", "'", "\udcff", "ü", "--x=", "\x00", "~"):
            assert all(one.value.startswith(text) for one in complete(jobs, *path.split(), *words, text))


def test_a_command_is_explained(home: str) -> None:
    found = {one.value: one.description for one in complete(home, "")}
    assert found["list"] == COMMANDS["list"].help
    assert found["dlq"] == "list, stats, retry, remove"
    assert found["run"] == "the same as add"


def test_an_unknown_command_completes_nothing(home: str) -> None:
    assert values(home, "nonsense", "") == []
    assert values(home, "dlq", "nonsense", "") == []
    assert values(home, "zzz") == []


def test_global_options_may_stand_before_the_command(home: str) -> None:
    assert "--home=" in values(home, "--")
    assert "--state=" not in values(home, "--")
    assert values(home, "-o", "json", "--debug", "dlq", "sta") == ["stats"]
    assert values(home, "--output", "js") == ["json", "jsonl"]
    assert "--output=" not in values(home, "-o", "json", "list", "--")


def test_an_option_that_goes_on_is_not_complete(home: str) -> None:
    found = {one.value: one.is_complete for one in complete(home, "list", "--")}
    assert found["--state="] is False
    assert found["--verbose"] is True
    assert found["--watch"] is True


def test_a_short_option_is_complete_once_it_is_typed(home: str) -> None:
    assert values(home, "list", "-v") == ["-v"]
    assert "-v" not in values(home, "list", "-")


def test_the_value_of_an_option_is_completed_in_both_spellings(home: str) -> None:
    assert values(home, "list", "--state=de") == ["--state=dead"]
    assert values(home, "list", "--state", "de") == ["dead"]
    assert values(home, "list", "-s", "") == [*STATES, "open"]
    assert values(home, "--color=al") == ["--color=always"]
    assert values(home, "list", "--verbose=") == []


def test_of_a_list_the_last_element_is_completed(home: str) -> None:
    assert values(home, "list", "--state=dead,pe") == ["--state=dead,pending"]
    assert values(home, "list", "--columns", "id,com") == ["id,command"]
    assert values(home, "list", "--columns", "id,id") == []
    assert set(values(home, "list", "--columns", "")) == set(Job.FIELDS)


def test_a_value_that_would_be_refused_is_not_offered(home: str) -> None:
    assert set(values(home, "list", "--sort", "")) == set(SORT_KEYS)
    assert values(home, "list", "--sort=-du") == ["--sort=-duration"]
    assert values(home, "list", "--sort", "id,com") == []


def test_ids_come_newest_first_and_by_prefix(jobs: str) -> None:
    assert values(jobs, "show", "") == ["held-1", "completed-1", "dead-1", "first"]
    assert values(jobs, "show", "c") == ["completed-1"]
    assert values(jobs, "show", "la") == ["last"]
    assert values(jobs, "cancel", "first,d") == ["first,dead-1"]
    assert values(jobs, "cancel", "first", "") == ["held-1", "completed-1", "dead-1"]
    assert values(jobs, "dlq", "retry", "") == ["dead-1"]
    assert values(jobs, "dlq", "retry", "dead-") == ["dead-1"]
    assert values(jobs, "dlq", "retry", "x") == []
    assert values(jobs, "show", "first", "") == []


def test_a_filter_is_completed_by_its_keys_and_their_values(jobs: str) -> None:
    assert values(jobs, "list", "st") == ["state:", "started:", "stuck:"]
    assert values(jobs, "list", "!qu") == ["!queue:"]
    assert values(jobs, "list", "tag:dead", "state:de") == ["state:dead"]
    assert values(jobs, "cancel", "c") == ["completed-1", "created:"]
    assert values(jobs, "cancel", "!state:dead,pe") == ["!state:dead,pending"]
    assert values(jobs, "dlq", "retry", "id:dea") == ["id:dead-1"]
    assert values(jobs, "list", "exit:") == values(jobs, "show", "stat") == values(jobs, "cancel", "foo:") == []
    assert not next(one for one in complete(jobs, "list", "st")).is_complete


def test_what_is_yes_or_no_and_what_a_job_waits_for_is_completed_in_a_filter(jobs: str) -> None:
    assert values(jobs, "list", "stuck:") == ["stuck:yes", "stuck:no"]
    assert values(jobs, "list", "suspended:n") == ["suspended:no"]
    assert values(jobs, "list", "after:dea") == ["after:dead-1"]


def test_resume_offers_paused_and_drained_queues_before_jobs(jobs: str) -> None:
    with Queue(jobs) as queue:
        queue.queues.pause("mail")
        queue.queues.pause()
        queue.queues.drain("news")
        queue.queues.limit("scrape", 2)
    assert values(jobs, "resume", "") == ["mail", "news", "held-1", "completed-1", "dead-1", "first"]
    assert values(jobs, "resume", "suspended:y") == ["suspended:yes"]


def test_of_a_quoted_filter_the_last_word_is_completed(jobs: str) -> None:
    assert values(jobs, "list", "state:dead que") == ["state:dead queue:"]
    assert values(jobs, "cancel", "!tag:x queue:q-d") == ["!tag:x queue:q-dead"]
    assert values(jobs, "dlq", "retry", "exit:1 !state:dead,pe") == ["exit:1 !state:dead,pending"]
    assert values(jobs, "list", "error:x ") == [f"error:x {key}:" for key in FILTERS]
    assert values(jobs, "show", "state:dead que") == []


def test_an_id_is_explained_by_its_state_and_command(jobs: str) -> None:
    found = {one.value: one.description for one in complete(jobs, "show", "")}
    assert found["dead-1"] == "dead: echo dead"
    assert "\n" not in found["first"]


def test_at_most_so_many_ids_are_offered(home: str) -> None:
    with Queue(home) as queue:
        queue.enqueue([{"command": "true"}] * 200)
    assert len(values(home, "show", "")) == 50
    assert len(values(home, "show", "job-")) == 50


def test_groups_of_workers_are_those_that_run(jobs: str) -> None:
    with store(jobs) as opened, opened.writing():
        opened.meta.set_pool_groups({"": 2, "a,b": 1})
    for words in (("stop",), ("scale", "2")):
        assert values(jobs, "worker", *words, "-Q", "") == ["*", "a,b"]
        assert values(jobs, "worker", *words, "--queue=a") == ["--queue=a,b"]
    assert values(jobs, "worker", "start", "-Q", "def") == ["default"]


def test_queues_and_tags_are_those_in_use(jobs: str) -> None:
    assert values(jobs, "list", "--queue=q-") == ["--queue=q-completed", "--queue=q-dead", "--queue=q-held"]
    assert values(jobs, "add", "true", "-Q", "def") == ["default"]
    assert values(jobs, "list", "--tag", "") == ["big", "completed", "dead", "held", "nightly"]


@pytest.mark.parametrize(
    "words, offered",
    [
        (("batch", "show", ""), ["book", "nightly"]),
        (("batch", "show", "ni"), ["nightly"]),
        (("batch", "show", "é"), []),
        (("add", "true", "--batch", "b"), ["book"]),
        (("list", "batch:b"), ["batch:book"]),
        (("cancel", "batch:"), ["batch:book", "batch:nightly"]),
        (("status", ""), ["batch:book", "batch:nightly"]),
        (("status", "ba"), ["batch:book", "batch:nightly"]),
        (("status", "batch:n"), ["batch:nightly"]),
        (("status", "x"), []),
    ],
)
def test_batches_are_completed_by_name(home: str, words: tuple[str, ...], offered: list[str]) -> None:
    with Queue(home) as queue:
        queue.enqueue([{"command": "true", "batch": name} for name in ("nightly", "book")])
    assert values(home, *words) == offered


@pytest.mark.parametrize(
    "words, offered",
    [
        (("lock", "limit", ""), ["gpu", "net"]),
        (("add", "true", "--lock", "g"), ["gpu"]),
        (("list", "lock:"), ["lock:gpu", "lock:net"]),
    ],
)
def test_locks_are_completed_by_name(home: str, words: tuple[str, ...], offered: list[str]) -> None:
    with Queue(home) as queue:
        queue.add("true", locks=["net", "gpu"])
    assert values(home, *words) == offered


def test_shells_that_there_are_are_completed(home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Queue(home) as queue:
        queue.add("true")
    for name in ("zsh", "bash"):
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert values(home, "add", "true", "--shell", "") == ["bash", "zsh", "none"]
    assert values(home, "edit", "1", "--shell=z") == ["--shell=zsh"]
    assert [one.value for one in complete(home, "add", "true", "--shell", f"{tmp_path}/z")] == [f"{tmp_path}/zsh"]


def test_settings_and_what_they_may_be(home: str) -> None:
    assert values(home, "config", "get", "") == [setting.name for setting in SETTINGS]
    assert values(home, "config", "u") == ["unset"]
    assert values(home, "config", "retry_") == ["retry_delay", "retry_on", "retry_jitter", "retry_delay_seconds"]
    assert values(home, "config", "max_retries", "") == ["3"]
    assert values(home, "config", "get", "timeout_") == ["timeout_seconds", "timeout_sec"]
    assert values(home, "config", "set", "max-r") == ["max-retries", "max-retry-delay"]
    assert values(home, "config", "set", "max_retries", "") == ["3"]
    assert values(home, "config", "set", "webhook_url", "") == ["none"]
    assert values(home, "config", "set", "webhook_events", "dead,com") == ["dead,completed"]
    assert values(home, "config", "set", "nonsense", "") == []
    assert values(home, "config", "set", "max_retries", "3", "") == []


def test_topics_of_the_help(home: str) -> None:
    assert "list" in values(home, "help", "")
    assert values(home, "help", "dlq", "sta") == ["stats"]
    assert values(home, "help", "list", "") == []


def test_templates_are_the_shipped_ones_and_the_homes_own(home: str) -> None:
    own = Path(home) / "templates"
    own.mkdir(parents=True)
    (own / "mine.json").write_text("{}")
    assert values(home, "template", "show", "m") == ["mine"]
    assert values(home, "enqueue", "--template=s") == ["--template=simple_job"]


def test_files_and_directories(home: str, tmp_path: Path) -> None:
    os.chdir(tmp_path)
    (tmp_path / "my jobs").mkdir()
    (tmp_path / "my jobs" / "a.json").write_text("")
    (tmp_path / "more.json").write_text("")
    (tmp_path / ".hidden").write_text("")
    (tmp_path / "bad\nname").write_text("")
    assert values(home, "enqueue", "") == ["more.json", "my jobs/"]
    assert values(home, "enqueue", ".h") == [".hidden"]
    assert values(home, "enqueue", "@m") == ["@more.json", "@my jobs/"]
    assert values(home, "enqueue", "--file=my jobs/") == ["--file=my jobs/a.json"]
    assert values(home, "add", "--cwd", "m") == ["my jobs/"]
    assert values(home, "enqueue", f"{tmp_path}/mo") == [f"{tmp_path}/more.json"]
    assert [one.is_complete for one in complete(home, "enqueue", "m")] == [True, False]
    assert values(home, "enqueue", "nowhere/") == []


def test_the_command_of_a_job_is_a_program_or_a_file(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "makeshift").write_text("")
    os.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/nowhere")
    assert values(home, "add", "make") == ["makeshift"]
    assert values(home, "add", "./mak") == ["./makeshift"]
    assert values(home, "add", "") == []


def test_what_follows_two_dashes_is_no_option_and_of_add_left_to_the_shell(jobs: str) -> None:
    assert values(jobs, "add", "--", "") == []
    assert values(jobs, "add", "--", "--") == []
    assert values(jobs, "add", "--", "rsync", "-") == []
    assert values(jobs, "show", "--", "f") == ["first"]


def test_the_home_that_is_typed_counts(jobs: str, tmp_path: Path) -> None:
    assert values(str(tmp_path / "other"), "--home", jobs, "show", "f") == ["first"]
    assert values(str(tmp_path / "other"), "show", f"--home={jobs}", "f") == ["first"]


def test_a_home_that_is_not_there_is_not_made(home: str, tmp_path: Path) -> None:
    assert values(home, "show", "") == []
    assert values(home, "list", "--queue=") == []
    os.mkdir(home)
    assert values(home, "list", "--tag=") == []
    assert os.listdir(home) == []


def test_a_store_that_cannot_be_used_completes_nothing(home: str) -> None:
    os.mkdir(home, 0o700)
    Path(home, "queue.db").write_text("this is not a database, however long one looks at it")
    assert values(home, "show", "") == []


def test_a_store_that_is_locked_is_not_waited_for(jobs: str) -> None:
    clock = FakeClock()
    before = clock.monotonic()
    with sqlite3.connect(Home(jobs).database) as connection:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        assert candidates(["show"], "f", Lookup(jobs, clock=clock)) == []
        connection.execute("ROLLBACK")
    connection.close()
    assert clock.monotonic() - before <= 300


def test_a_directory_that_is_gone_completes_nothing(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    assert [one.value for one in candidates(["show"], "", Lookup())] == []


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        (names.NAMED_BY_PREFIX, ("a", "b", 9)),
        (names.NAMED_NEWEST, (9,)),
        (names.NAMED_DEAD, (9,)),
        (names.NAMED_DEAD_BY_PREFIX, (9, "a", "b", 9)),
    ],
)
def test_jobs_are_found_by_an_index_and_not_sorted(home: str, sql: str, parameters: list[object]) -> None:
    with store(home) as opened:
        steps = [row["detail"] for row in opened.database.rows(f"EXPLAIN QUERY PLAN {sql}", parameters)]
    assert not any("TEMP B-TREE" in step for step in steps), steps
    assert sql is names.NAMED_NEWEST or any("USING INDEX" in step for step in steps), steps
