"""The output of jobs, what happened to them, and what users and daemons did.

Output is read in pieces, also while it grows. Positions count the bytes of both streams together.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from ..model.attempt import Attempt, JobDetail
from ..model.errors import NotFound
from ..model.event import BACKGROUND_ENDED, Event, Step
from ..model.filter import reference
from ..model.job import Job
from ..model.link import MAX_RELATIVES
from ..model.piece import Piece, Tail, marked
from .finding import Finding
from .home.opened import Part

BATCH = 8
TAIL_BYTES = 65_536
# How many a JobDetail holds.
MAX_HOOK_JOBS = 20
# Between two looks.
LOOK_SECONDS = 0.05
NEWEST = 1 << 60
# This many events are searched at once for those of one kind.
WINDOW = 10_000


class Logs(Part):
    """The attempts, output and history of the jobs of a home. Methods raise StoreUnavailable."""

    def attempts(self, job: Job) -> list[Attempt]:
        """Return the attempts of a job, oldest first."""
        return self._opened.store.attempts.of_job(job.number)

    def attempt(self, job: Job, number: int | None = None) -> Attempt:
        """Return the attempt with this number, by default the last one. Raises NotFound."""
        attempts = self.attempts(job)
        if not attempts:
            hint = f"wait for its output with: queuectl logs -f {reference(job)}"
            raise NotFound(f'job "{job.id}" has not run yet, it is {job.state}', hint=hint)
        if number is None:
            return attempts[-1]
        for attempt in attempts:
            if attempt.attempt == number:
                return attempt
        last = attempts[-1].attempt
        raise NotFound(f"job {job.id} has no attempt {number}, it has {'only 1' if last == 1 else f'1 to {last}'}")

    def read(self, attempt: Attempt, position: int = 0) -> Iterator[Piece]:
        """Yield what an attempt has printed so far from a position on, in pieces."""
        while True:
            pieces = self._opened.store.output.read(attempt.id, position)
            if not pieces:
                return
            yield from pieces
            position = pieces[-1].end

    def printed(self, attempt: Attempt, position: int = 0, stream: int | None = None) -> Generator[bytes, None, int]:
        """Yield the bytes of a stream, or of both, from a position on; return where they end; see `marked`."""
        return (yield from marked(self.read(attempt, position), position, stream))

    def size(self, attempt: Attempt) -> int:
        """Return how many bytes an attempt has printed so far, kept or not."""
        last = self._opened.store.output.read_back(attempt.id, limit=1)
        return max(attempt.output_size, last[0].end if last else 0)

    def is_removed(self, attempt: Attempt) -> bool:
        """Return whether all that an attempt has printed was removed."""
        if attempt.outcome is None or not attempt.output_size:
            return False
        return not self._opened.store.output.read(attempt.id, 0, 1)

    def tail_position(self, attempt: Attempt, lines: int, stream: int | None = None) -> int:
        """Return the position of the last `lines` lines that a stream, or both, printed."""
        ends, is_last = lines, True
        for piece in self._read_back(attempt):
            if stream not in (None, piece.stream):
                continue
            # No line begins after the last line end.
            ends += is_last and piece.data.endswith(b"\n")
            is_last = False
            found = piece.data.count(b"\n")
            if found >= ends:
                return piece.position + len(piece.data.rsplit(b"\n", ends)[0]) + 1
            ends -= found
        return 0

    def tail(self, number: int, limit: int = TAIL_BYTES) -> Tail:
        """Return the last `limit` bytes of both streams of a job's last attempt; `job` is None if it is gone."""
        found = self._opened.store.search.jobs([number])
        attempts = self.attempts(found[0]) if found else []
        if not attempts:
            return Tail(found[0] if found else None, None, 0, "")
        pieces: list[Piece] = []
        for piece in self._read_back(attempts[-1]):
            if pieces and piece.end <= pieces[0].end - limit:
                break
            pieces.append(piece)
        start = max(pieces[-1].position, pieces[0].end - limit) if pieces else 0
        data = b"".join(marked(reversed(pieces), start))
        return Tail(found[0], attempts[-1].attempt, start, data.decode("utf-8", "backslashreplace"))

    def _read_back(self, attempt: Attempt) -> Iterator[Piece]:
        """Yield what an attempt has printed so far, the last piece first."""
        before: int | None = None
        while True:
            pieces = self._opened.store.output.read_back(attempt.id, before, BATCH)
            yield from pieces
            if len(pieces) < BATCH:
                return
            before = pieces[-1].position

    def detail(self, job: Job) -> JobDetail:
        """Return a job with its history and its relatives. Raises NotFound."""
        details = self._opened.store.search.details(job.number)
        return JobDetail(
            **{name: getattr(job, name) for name in job.FIELDS},
            cancel_requested=bool(details.cancel_requested),
            created_by=details.created_by,
            attempt_history=self.attempts(job),
            parents=self._opened.store.links.parents(job.number, MAX_RELATIVES),
            children=self._opened.store.links.children(job.number, MAX_RELATIVES),
            hook_jobs=self._opened.store.hooks.of_job(job.number, MAX_HOOK_JOBS),
        )

    def ended_background(self, job: Job) -> str | None:
        """Return which processes the last attempt of a job left running and were ended, None if it left none."""
        events = self._opened.store.events.of_job(job.number)
        found = [event for event in events if event.what == BACKGROUND_ENDED and event.at >= (job.started_at or 0)]
        return found[-1].detail if found else None

    def history(self, job: Job) -> list[Step]:
        """Return what happened to a job, oldest first. Raises NotFound."""
        events = self._opened.store.events.of_job(job.number)
        # Its edits say what it was enqueued as.
        is_edited = any(event.what == "edit" and 'command "' in event.detail for event in events)
        by = self._opened.store.search.details(job.number).created_by
        steps = [Step(job.created_at, "enqueued", "" if is_edited else job.command, by)]
        for attempt in self.attempts(job):
            # In the same millisecond, what a user did comes before the attempt that followed from it.
            while events and events[0].at <= attempt.started_at:
                steps.append(events.pop(0))
            by = f"worker {attempt.worker}"
            steps.append(Step(attempt.started_at, f"attempt {attempt.attempt} started", "", by))
            if attempt.finished_at is not None:
                detail = attempt.ending
                steps.append(Step(attempt.finished_at, f"attempt {attempt.attempt} {attempt.outcome}", detail, by))
        steps += events
        # A retry or an edit by a user sets the time too, and says so itself.
        is_due = job.created_at < job.run_at <= self._opened.clock.wall()
        if is_due and all(step.at != job.run_at for step in steps):
            steps.append(Step(job.run_at, "due", "", "scheduler"))
        return sorted(steps, key=lambda step: step.at)


class Follower:
    """Follows what a job prints until it is over, one look at a time.

    It begins with attempt `first`, which counts from 0; with `only` it is attempt number `only` alone. `stream` 1 is
    stdout, 2 stderr, None both. `position` is the place in the attempt's output; once it `is_done`, nothing more will
    come.
    """

    def __init__(
        self,
        finding: Finding,
        logs: Logs,
        job: Job,
        *,
        first: int = 0,
        stream: int | None = None,
        only: int | None = None,
    ) -> None:
        self.is_done = False
        self.position = 0
        self._finding = finding
        self._logs = logs
        self._number = job.number
        self._stream = stream
        self._only = only
        self._shown = first if only is None else only - 1

    def look(self) -> Iterator[bytes]:
        """Yield what is new. Raises NotFound if the job was removed, or never had the attempt."""
        # The job is read before its attempts: if it is over, they are all there.
        job = read_job(self._finding, self._number)
        attempts = self._logs.attempts(job)
        for attempt in attempts[self._shown : self._only]:
            self.position = yield from self._logs.printed(attempt, self.position, self._stream)
            if attempt.outcome is None:
                break
            # The attempt may have ended after the job was read.
            ended = job if job.is_over else read_job(self._finding, self._number)
            yield from self.end_of(attempt, ended, is_last=attempt is attempts[-1] and ended.is_over)
            self._shown, self.position = self._shown + 1, 0
        if self._shown == self._only:
            self.is_done = True
        elif job.is_over and self._shown >= len(attempts):
            if self._only is not None:
                self._logs.attempt(job, self._only)
            self.is_done = True

    def end_of(self, attempt: Attempt, job: Job, *, is_last: bool) -> Iterator[bytes]:
        """Yield what follows the output of an attempt that has ended; `is_last` if no other one comes."""
        yield from ()


def read_job(finding: Finding, number: int) -> Job:
    """Return the job of this number. Raises NotFound if it was removed."""
    found = finding.read([number])
    if not found:
        raise NotFound("the job was removed")
    return found[0]


class Events(Part):
    """The events of a home."""

    def since(self, last: int, limit: int) -> list[Event]:
        """Return the newest `limit` events after the one with number `last`, oldest first; a negative limit: all."""
        return self._opened.store.events.since(last, limit)

    def count(self) -> int:
        """Return how many events are kept."""
        return self._opened.store.events.count()

    def page(self, limit: int, *, before: int = NEWEST, what: str = "") -> tuple[list[Event], int | None]:
        """Return up to `limit` events before a number, newest first, and the number to go on before, None at the end.

        With `what`, such as `retry`, only those are returned: maybe none on this page.
        """
        events = self._opened.store.events
        found = events.page(before, what, WINDOW if what else limit, limit)
        if len(found) == limit:
            return found, found[-1].number
        return found, events.end_of_window(before, WINDOW) if what else None
