"""Bounded capture of what a command prints: the head and the tail are kept, in constant memory.

    |<---- head ---->|              left out              |<---- tail ---->|
    0            limit/2                          total - limit/2        total

Both streams share one sequence of positions, in the order in which the bytes arrived. `pending` are the pieces to
store; `forget` drops them once that has been committed. The store deletes what it already had of the middle, to the
byte.
"""

from __future__ import annotations

from collections import deque

from ...model.piece import Piece
from ...store.output import LONGEST_PIECE


class Capture:
    """The output of one attempt, of which at most `limit` bytes are kept: up to `head_end` and from `tail_start` on."""

    def __init__(self, limit: int) -> None:
        self.total = 0
        self.head_end = limit // 2
        self._tail_limit = limit - self.head_end
        self._head: list[Piece] = []
        self._tail: deque[Piece] = deque()

    @property
    def tail_start(self) -> int:
        """The position from which on everything is kept."""
        return max(self.head_end, self.total - self._tail_limit)

    def feed(self, stream: int, data: bytes) -> None:
        """Add bytes from a stream (1 stdout, 2 stderr)."""
        room = max(0, self.head_end - self.total)
        for pieces, part in ((self._head, data[:room]), (self._tail, data[room:])):
            if part:
                _append(pieces, Piece(self.total, stream, part))
                self.total += len(part)
        while self._tail and self._tail[0].end <= self.tail_start:
            self._tail.popleft()

    def pending(self) -> list[Piece]:
        """Return the pieces that came since the last `forget` and are still to be kept."""
        if self._tail and self._tail[0].position < self.tail_start:
            # Not at each `feed`: cutting a long piece for every byte that comes would copy it each time.
            self._tail[0] = self._tail[0].after(self.tail_start)
        return [*self._head, *self._tail]

    def forget(self) -> None:
        """Drop the pending pieces: they are stored."""
        self._head = []
        self._tail = deque()


def _append(pieces: list[Piece] | deque[Piece], piece: Piece) -> None:
    """Append a piece, joined to the last one if that is small and of the same stream."""
    if pieces:
        last = pieces[-1]
        is_next = (last.stream, last.end) == (piece.stream, piece.position)
        if is_next and len(last.data) + len(piece.data) <= LONGEST_PIECE:
            last.data += piece.data
            return
    pieces.append(piece)
