"""Bounded capture of what a command prints: the head and the tail are kept, in constant memory.

    |<---- head ---->|              left out              |<---- tail ---->|
    0            limit/2                          total - limit/2        total

Both streams share one sequence of positions, in the order in which the bytes arrived. `pending` are
the pieces to store; `forget` lets go of them once that has been committed. What was stored of the middle
meanwhile is deleted by the store, to the byte.
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
        """Take in bytes that a stream (1 stdout, 2 stderr) has brought."""
        room = self.head_end - self.total
        if room > 0:
            _append(self._head, Piece(self.total, stream, data[:room]))
            self.total += min(room, len(data))
            data = data[room:]
        if data:
            _append(self._tail, Piece(self.total, stream, data))
            self.total += len(data)
            while self._tail[0].end <= self.tail_start:
                self._tail.popleft()

    def pending(self) -> list[Piece]:
        """Return the pieces that came since the last `forget` and are still to be kept."""
        if self._tail and self._tail[0].position < self.tail_start:
            # Not at each `feed`: cutting a long piece for every byte that comes would copy it each time.
            self._tail[0] = self._tail[0].after(self.tail_start)
        return [*self._head, *self._tail]

    def forget(self) -> None:
        """Let go of the pending pieces: they are stored."""
        self._head = []
        self._tail = deque()


def _append(pieces: list[Piece] | deque[Piece], piece: Piece) -> None:
    """Append a piece, joined to the last one if that is small and of the same stream."""
    last = pieces[-1] if pieces else None
    if (
        last is None
        or last.stream != piece.stream
        or last.end != piece.position
        or len(last.data) + len(piece.data) > LONGEST_PIECE
    ):
        pieces.append(piece)
    else:
        last.data += piece.data
