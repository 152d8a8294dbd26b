"""Following what jobs print while they run: one as it is, several line by line with their ids in front."""

from __future__ import annotations

from ...model.errors import NotFound
from ...model.piece import nothing_printed
from ...model.quantity import counted
from ..result import Labelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Iterator, Sequence

    from ...engine.queue import Queue
    from ...model.attempt import Attempt
    from ...model.job import Job
    from ..context import Context

LOOK_SECONDS = 0.05


class Follower:
    """What a job prints, attempt by attempt, until it is final; with `only`, that attempt alone.

    `stream` None means both; `tail` begins with the last lines of what is there. `is_done` says that
    nothing more will come.
    """

    def __init__(
        self, context: Context, job: Job, *, stream: int | None = None, tail: int | None = None, only: int | None = None
    ) -> None:
        self.is_done = False
        self._context = context
        self._queue = context.queue
        self._number = job.number
        self._stream = stream
        self._only = only
        attempts = self._queue.logs.attempts(job)
        self._shown = only - 1 if only is not None else max(0, len(attempts) - 1)
        self._position = 0
        if tail is not None and attempts[self._shown :]:
            self._position = self._queue.logs.tail_position(attempts[self._shown], tail, stream)

    def look(self) -> Iterator[bytes]:
        """Yield what is new. Raises NotFound if the job was removed, or never had the attempt."""
        # The job before its attempts: of one that is over, all of them are seen.
        job = read_job(self._queue, self._number)
        attempts = self._queue.logs.attempts(job)
        for attempt in attempts[self._shown : self._only]:
            self._position = yield from self._queue.logs.printed(attempt, self._position, self._stream)
            if attempt.outcome is None:
                break
            if not self._position:
                yield nothing_to_see(self._context, job, attempt)
            self._shown, self._position = self._shown + 1, 0
            if self._only is None and (attempt is not attempts[-1] or not job.is_over):
                self._context.front_end.note(
                    f"{job.id}: attempt {attempt.attempt} ended: {attempt.error}, the job is {job.state}"
                )
        if self._shown == self._only:
            self.is_done = True
        elif job.is_over and self._shown >= len(attempts):
            if self._only is not None:
                self._queue.logs.attempt(job, self._only)
            self.is_done = True


def nothing_to_see(context: Context, job: Job, attempt: Attempt) -> bytes:
    """Say why the output of an attempt was removed; return the line that a person reads in place of no output."""
    if context.queue.logs.is_removed(attempt):
        size = counted(attempt.output_size, "byte")
        context.front_end.note(
            f"{job.id}: what attempt {attempt.attempt} printed was removed ({size}): all output together had passed "
            "output_total, and the oldest goes first"
        )
        return b""
    return nothing_printed(is_running=attempt.outcome is None) if context.front_end.is_read_by_people else b""


def follow(followers: Sequence[Follower], context: Context) -> Iterator[tuple[int, bytes]]:
    """Yield what jobs print, each piece after the index of its job, until all are done; an empty piece ends a job's."""
    open = dict(enumerate(followers))
    while open:
        for index, follower in list(open.items()):
            for piece in filter(None, follower.look()):
                yield index, piece
            if follower.is_done:
                del open[index]
                yield index, b""
        if open:
            context.clock.pause(LOOK_SECONDS)


def labelled(names: Sequence[str], pieces: Iterable[tuple[int, bytes]]) -> Iterator[Labelled]:
    """Yield what several jobs print as whole lines with the names in front. The pieces are those of `follow`."""
    width = max(map(len, names))
    begun = [b""] * len(names)
    for index, piece in pieces:
        *lines, begun[index] = (begun[index] + piece).split(b"\n")
        if not piece and begun[index]:
            lines.append(begun[index])
            begun[index] = b""
        yield from (Labelled(f"{names[index]:<{width}} | ", index, line + b"\n") for line in lines)


def read_job(queue: Queue, number: int) -> Job:
    """Return the job of this number. Raises NotFound if it was removed."""
    found = queue.read([number])
    if not found:
        raise NotFound("the job was removed")
    return found[0]
