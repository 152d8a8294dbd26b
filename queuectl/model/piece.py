"""Pieces of what an attempt printed, and the end of it."""

from __future__ import annotations

from .quantity import counted
from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator, Iterable

    from .job import Job

STDOUT = 1
STDERR = 2


class Piece(Record):
    """Some bytes of a stream; `position` counts from the start of both streams together."""

    position: int
    stream: int
    data: bytes

    @property
    def end(self) -> int:
        """The position after the last byte."""
        return self.position + len(self.data)

    def after(self, position: int) -> Piece:
        """Return what of it lies after a position within it."""
        return Piece(position, self.stream, self.data[position - self.position :])


class Tail(Record):
    """The end of what a job's last attempt printed. `before` is how many bytes of it came before."""

    job: Job | None
    attempt: int | None
    before: int
    text: str


def nothing_printed(*, is_running: bool) -> bytes:
    """Return the line that stands for the output of an attempt that has printed nothing."""
    return b"(no output yet)\n" if is_running else b"(no output)\n"


def marked(pieces: Iterable[Piece], position: int, stream: int | None = None) -> Generator[bytes, None, int]:
    """Yield what a stream, or both, printed from a position on, with a line where bytes were left out.

    Return the position after the last piece. The first position may lie within the first piece.
    """
    for piece in pieces:
        if piece.position > position:
            yield f"\n[... {counted(piece.position - position, 'byte')} left out ...]\n".encode()
        if stream in (None, piece.stream):
            yield piece.data[max(0, position - piece.position) :]
        position = piece.end
    return position
