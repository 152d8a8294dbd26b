"""A home that cannot be written to: what only looks works and says so once, what writes is refused with exit code 5."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Iterator

import pytest

from queuectl.commands.grammar.registry import load
from queuectl.engine.queue import Queue
from queuectl.model.job import COMPLETED, DEAD
from queuectl.model.piece import Piece
from tests.commands.calling import call
from tests.mounting import write_protected
from tests.store.building import bring_to, claim, finish

NOTE = "the home is read-only, nothing in it can be changed: "
LOOKING = """
list
list --state dead --json
list -o ids
show done
show done --json
logs done
logs done --tail 1
logs -f done
status
status --json
history done
why waiting
events
wait done
dlq list
dlq stats
metrics
time
config show
config get timeout
queue list
queue show default
cron list
cron show nightly
cron next nightly
scheduled
template list
template show simple_job
batch list
batch show book
results book --with-output
lock list
webhook list
webhook show chat
webhook deliveries chat
prune --dry-run
retry gone --dry-run
shell -c 'list; status; show done'
"""
# They look at the home, and what they find is that nothing runs.
NOTHING_RUNS = (
    *(f"{daemon} {verb}" for daemon in ("worker", "scheduler", "dashboard") for verb in ("status", "stop")),
    "worker scale 2",
)
WITHOUT_HOME = ("help", "man", "completion bash", "help add")
WRITING = """
add true
enqueue '{"command": "true"}'
schedule true +1h
cancel waiting
suspend waiting
resume waiting
retry gone
edit waiting --priority 3
hold waiting
front waiting
release kept
remove done --yes
prune --older-than 0s --yes
webhook add other https://example.com/
webhook test chat
webhook pause chat
webhook resume chat
webhook remove chat
dlq retry
dlq remove --yes
config set timeout 5
config reset timeout
pause
resume default
queue pause default
queue resume default
queue limit default 2
lock limit gpu 2
batch limit book 2
queue rate default 1/s
queue drain default
queue set default timeout 5
queue clear default --yes
cron add hourly @hourly true
cron run nightly
cron edit nightly --priority 5
cron pause nightly
cron resume nightly
cron remove nightly --yes
template save mine '{"command": "true"}'
demo
worker start
worker start --no-detach
scheduler start
scheduler start --no-detach
dashboard start --port 0
dashboard start --port 0 --detach
"""
# A screen of their own; where there is nothing to write, or not in this home; what needs running workers, or a job.
ELSEWHERE = {"menu", "top", "init", "init-db", "worker restart", "worker logs", "scheduler logs", "snooze", "fail"}


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.fixture
def read_only(home: str) -> Iterator[str]:
    """A home with a job of each kind, mounted read-only."""
    with Queue(home, actor="test") as queue:
        queue.add("echo hi", id="done")
        claimed = claim(queue.store)
        with queue.store.writing():
            queue.store.output.append(claimed.attempt_id, [Piece(0, 1, b"hi\n")], head_end=9, tail_start=9)
        finish(queue.store, claimed, COMPLETED)
        queue.add("false", id="gone")
        finish(queue.store, claim(queue.store), DEAD)
        queue.add("true", id="waiting", batch="book")
        queue.add("true", id="kept", hold=True)
        bring_to(queue.store, "cancelled")
        # Nobody listens there.
        queue.webhooks.add("chat", "http://127.0.0.1:1/", allow_private=True)
    assert call(home, "cron", "add", "nightly", "@daily", "true").code == 0
    with write_protected(Path(home)):
        yield home


@pytest.mark.parametrize("line", lines(LOOKING))
def test_what_only_looks_works_and_says_once_that_it_is_read_only(read_only: str, line: str) -> None:
    answer = call(read_only, *shlex.split(line))
    assert answer.code == 0, answer
    assert answer.err.count("read-only") == (0 if line.startswith("template") else 1), answer.err
    if "template" not in line:
        assert NOTE + read_only in answer.err


def test_every_command_that_reads_is_in_the_table(read_only: str) -> None:
    ids = call(read_only, "list", "-o", "ids", "--sort", "number").out.split()
    assert ids[:4] == ["done", "gone", "waiting", "kept"]
    assert call(read_only, "logs", "done").out == "hi\n"
    assert call(read_only, "list", "-q").err == ""


@pytest.mark.parametrize("line", NOTHING_RUNS)
def test_what_needs_a_daemon_says_that_there_is_none(read_only: str, line: str) -> None:
    answer = call(read_only, *shlex.split(line))
    assert answer.code in (0, 6) and "internal" not in answer.err, answer


@pytest.mark.parametrize("line", lines(WRITING))
def test_what_writes_is_refused(read_only: str, line: str) -> None:
    answer = call(read_only, *shlex.split(line), "--json")
    assert answer.code == 5, answer
    error = answer.error()
    assert error["code"] == "store_read_only" and error["message"] == f"the home is read-only: {read_only}"
    assert "--home DIR" in error["hint"]


def test_every_command_is_tried_here() -> None:
    tried = [*lines(LOOKING), *NOTHING_RUNS, *WITHOUT_HOME, *lines(WRITING)]
    assert {
        command for command in load() if not any(f"{line} ".startswith(f"{command} ") for line in tried)
    } == ELSEWHERE
