"""What a job printed and what happened to it, as the part `logs` of a Queue reads it."""

from __future__ import annotations

from typing import Iterator

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.errors import NotFound
from queuectl.model.job import DEAD
from queuectl.model.piece import STDERR, STDOUT, Piece
from tests.store.building import NOW, add, claim, finish, write
from tests.support import FakeClock


@pytest.fixture
def opened(home: str) -> Iterator[Queue]:
    """A queue whose clock stands still."""
    with Queue(home, actor="test", clock=FakeClock(NOW)) as queue:
        yield queue


def ran(queue: Queue, *pieces: tuple[int, bytes], gap: int = 0) -> int:
    """Add a job whose attempt printed these pieces; return its number."""
    number = add(queue.store)
    claimed = claim(queue.store)
    position, made = gap, []
    for stream, data in pieces:
        made.append(Piece(position, stream, data))
        position += len(data)
    with queue.store.writing():
        queue.store.output.append(claimed.attempt_id, made, head_end=0, tail_start=0)
    return number


def test_the_tail_has_both_streams_of_the_last_attempt(opened: Queue) -> None:
    number = ran(opened, (STDOUT, b"out\n"), (STDERR, "é\n".encode()[:1]), (STDERR, "é\n".encode()[1:]))
    tail = opened.logs.tail(number)
    assert (tail.text, tail.attempt, tail.before) == ("out\né\n", 1, 0)
    assert tail.job is not None and tail.job.state == "processing"


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_at_most_the_last_bytes_are_loaded(opened: Queue, size: int) -> None:
    data = bytes(97 + index % 26 for index in range(5_000))
    number = ran(opened, *[(STDOUT, data[start : start + size]) for start in range(0, len(data), size)])
    tail = opened.logs.tail(number, 200)
    assert tail.text == data[-200:].decode() and tail.before == 4_800


def test_what_was_left_out_is_said(opened: Queue) -> None:
    number = add(opened.store)
    claimed = claim(opened.store)
    write(
        opened.store,
        lambda: opened.store.output.append(
            claimed.attempt_id, [Piece(0, STDOUT, b"head"), Piece(104, STDOUT, b"tail")], head_end=0, tail_start=0
        ),
    )
    assert opened.logs.tail(number).text == "head\n[... 100 bytes left out ...]\ntail"


def test_a_job_without_output_or_that_is_gone_has_no_tail(opened: Queue) -> None:
    number = add(opened.store)
    assert (opened.logs.tail(number).attempt, opened.logs.tail(number).text) == (None, "")
    assert opened.logs.tail(99).job is None
    assert opened.logs.tail(ran(opened)).text == ""


@pytest.mark.parametrize("lines, start", [(1, 8), (2, 4), (3, 0), (9, 0)])
def test_the_last_lines_begin_where_the_line_before_them_ends(opened: Queue, lines: int, start: int) -> None:
    number = ran(opened, (STDOUT, b"one\ntw"), (STDERR, b"o\n"), (STDOUT, b"thr"), (STDOUT, b"ee\n"))
    (attempt,) = opened.logs.attempts(opened.read([number])[0])
    assert opened.logs.tail_position(attempt, lines) == start


def test_of_one_millisecond_a_retry_stands_between_the_attempts(opened: Queue) -> None:
    number = add(opened.store)
    finish(opened.store, claim(opened.store, now=NOW - 1), DEAD, now=NOW)
    opened.retry(number)
    claim(opened.store, now=NOW)
    steps = opened.logs.history(opened.read([number])[0])
    assert [step.what for step in steps if step.at == NOW] == [
        "enqueued",
        "attempt 1 exited",
        "retry",
        "attempt 2 started",
    ]


def test_a_job_that_was_removed_since_it_was_read_has_neither_details_nor_a_history(opened: Queue) -> None:
    (job,) = opened.store.search.jobs([add(opened.store)])
    write(opened.store, opened.store.jobs.remove, job.number)
    with pytest.raises(NotFound):
        opened.logs.detail(job)
    with pytest.raises(NotFound):
        opened.logs.history(job)
