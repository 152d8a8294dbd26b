"""Reading what jobs printed and what happened to them."""

from __future__ import annotations

from ...model.errors import InvalidInput, NotFound
from ...store.output import Piece

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generator, Iterable, Iterator

    from ...model.job import Job
    from ...store import Store
    from ...store.attempts import Attempt
    from ...store.events import Event

TAIL_BATCH = 16


def attempt_of(store: Store, job: Job, number: int | None) -> Attempt:
    """Return the attempt with this number, or the last one. Raises NotFound."""
    attempts = store.attempts.of_job(job.number)
    if not attempts:
        raise NotFound(
            f'job "{job.id}" has not run yet, it is {job.state}',
            hint=f"wait for its output with: queuectl logs -f {job.id}",
        )
    if number is None:
        return attempts[-1]
    for attempt in attempts:
        if attempt.attempt == number:
            return attempt
    raise NotFound(f"job {job.id} has no attempt {number}, it has 1 to {attempts[-1].attempt}")


def read_output(store: Store, attempt: Attempt, position: int = 0) -> Iterator[Piece]:
    """Yield what an attempt has printed so far from a position on, in pieces."""
    while True:
        pieces = store.output.read(attempt.id, position)
        if not pieces:
            return
        yield from pieces
        position = pieces[-1].end


def is_removed(store: Store, attempt: Attempt) -> bool:
    """Return whether an attempt has printed something of which nothing is kept any more."""
    return attempt.outcome is not None and attempt.output_size > 0 and not store.output.read(attempt.id, 0, 1)


def marked(pieces: Iterable[Piece], position: int, stream: int | None = None) -> Generator[bytes, None, int]:
    """Yield what a stream, or both, printed from a position on, with a line where bytes were left out.

    Return the position after the last piece. The first position may lie within the first piece.
    """
    for piece in pieces:
        if piece.position > position:
            yield f"\n[... {piece.position - position} bytes left out ...]\n".encode()
        if stream in (None, piece.stream):
            yield piece.data[max(0, position - piece.position) :]
        position = piece.end
    return position


def tail_position(store: Store, attempt: Attempt, lines: int, stream: int | None) -> int:
    """Return the position from which on there are the last `lines` lines of an output."""
    if lines < 1:
        raise InvalidInput(f"the number of lines must be at least 1, got {lines}", field="tail")
    skip, missing, is_end = 0, lines, True
    while True:
        pieces = store.output.read_back(attempt.id, skip, TAIL_BATCH)
        if not pieces:
            return 0
        for piece in pieces:
            if stream not in (None, piece.stream):
                continue
            end = len(piece.data) - 1 if is_end and piece.data.endswith(b"\n") else len(piece.data)
            is_end = False
            while missing:
                end = piece.data.rfind(b"\n", 0, end)
                if end < 0:
                    break
                missing -= 1
                if not missing:
                    return piece.position + end + 1
        skip += len(pieces)


def detail(store: Store, job: Job) -> dict[str, Any]:
    """Return everything about a job: its fields, who added it, whether it is being cancelled, and its attempts."""
    details = store.search.details(job.number)
    return {
        **{name: getattr(job, name) for name in job.FIELDS},
        "cancel_requested": bool(details["cancel_requested"]),
        "created_by": details["created_by"],
        "attempt_history": store.attempts.of_job(job.number),
    }


def event_row(event: Event) -> dict[str, Any]:
    """Return an event as programs are told of it."""
    values = {"number": event.id, "at": event.at, "what": event.kind}
    return {**values, "job": event.job, "detail": event.detail, "by": event.actor}


def history(store: Store, job: Job, now: int) -> list[dict[str, Any]]:
    """Return what happened to a job, oldest first: rows of at, what, detail, by."""
    details = store.search.details(job.number)
    events = store.events.of_job(job.number)
    # What it was enqueued as is told by its edits.
    command = "" if any(event.kind == "edit" and 'command "' in event.detail for event in events) else job.command
    rows: list[dict[str, Any]] = [
        {"at": job.created_at, "what": "enqueued", "detail": command, "by": details["created_by"]}
    ]
    told: list[dict[str, Any]] = [
        {"at": event.at, "what": event.kind, "detail": event.detail, "by": event.actor} for event in events
    ]
    for attempt in store.attempts.of_job(job.number):
        # Of the same millisecond: what a user did comes before the attempt that followed from it.
        while told and told[0]["at"] <= attempt.started_at:
            rows.append(told.pop(0))
        by = f"worker {attempt.worker}"
        rows.append({"at": attempt.started_at, "what": f"attempt {attempt.attempt} started", "detail": "", "by": by})
        if attempt.finished_at is not None:
            rows.append(
                {
                    "at": attempt.finished_at,
                    "what": f"attempt {attempt.attempt} {attempt.outcome}",
                    "detail": attempt.error or "exit code 0",
                    "by": by,
                }
            )
    rows += told
    # A retry or an edit by a user sets the time too, and says so itself.
    if job.created_at < job.run_at <= now and not any(row["at"] == job.run_at for row in rows):
        rows.append({"at": job.run_at, "what": "due", "detail": "", "by": "scheduler"})
    return sorted(rows, key=lambda row: row["at"])
