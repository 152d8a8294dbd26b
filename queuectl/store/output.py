"""What attempts printed, as bytes: pieces of both streams at their place in the whole.

Beyond a limit the middle is left out: it is deleted again as the tail moves on, to the byte, so a gap
between the end of one piece and the position of the next is what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..model.piece import Piece
from .schema import FINAL
from .table import Table

ADD = "INSERT INTO output (attempt, position, stream, data) VALUES (?, ?, ?, ?)"
# The part of the last piece of the middle that reaches into the tail.
CUT = """
UPDATE output SET position = ?3, data = substr(data, ?3 - position + 1)
WHERE attempt = ?1 AND position = (
    SELECT max(position) FROM output WHERE attempt = ?1 AND position >= ?2 AND position < ?3
) AND position + length(data) > ?3
"""
TRIM = "DELETE FROM output WHERE attempt = ? AND position >= ? AND position < ?"
# A piece that begins before the position may reach beyond it, by less than the longest piece.
READ = """
SELECT position, stream, data FROM output
WHERE attempt = ? AND position > ? AND position + length(data) > ? ORDER BY position LIMIT ?
"""
ADD_UP = """
SELECT coalesce(sum(size), 0) AS size, max(piece) AS last
FROM (SELECT rowid AS piece, length(data) AS size FROM output WHERE rowid > ? ORDER BY rowid LIMIT ?)
"""
IS_FINISHED = f"SELECT 1 FROM jobs WHERE number = ? AND {FINAL}"
PIECES_OF_JOB = """
SELECT output.rowid AS piece, length(output.data) AS size
FROM attempts CROSS JOIN output ON output.attempt = attempts.id WHERE attempts.job = ? LIMIT ?
"""
READ_BACK = """
SELECT position, stream, data FROM output WHERE attempt = ? AND position < ? ORDER BY position DESC LIMIT ?
"""
LONGEST_PIECE = 65_536
REMOVED_AT_ONCE = 200
BEYOND = 1 << 62


class Output(Table):
    def append(self, attempt_id: int, pieces: Iterable[Piece], *, head_end: int, tail_start: int) -> None:
        """Store new pieces and delete what is between `head_end` and `tail_start`. In a transaction."""
        # No piece may reach over `head_end` and that far.
        self._database.change_many(ADD, [(attempt_id, piece.position, piece.stream, piece.data) for piece in pieces])
        if tail_start > head_end:
            self._database.change(CUT, (attempt_id, head_end, tail_start))
            self._database.change(TRIM, (attempt_id, head_end, tail_start))

    def add_up(self, after: int, limit: int) -> tuple[int, int | None]:
        """Return how many bytes up to `limit` pieces have, and the last of them: go on `after` it, from 0 to None."""
        row = self._database.rows(ADD_UP, (after, limit))[0]
        return row["size"], row["last"]

    def remove(self, job: int, room: int) -> tuple[int, bool]:
        """Delete about `room` bytes of output of a finished job, no other; return how many, and whether it was all."""
        if self._database.value(IS_FINISHED, (job,)) is None:
            return 0, True
        found = self._database.rows(PIECES_OF_JOB, (job, REMOVED_AT_ONCE))
        removed, pieces = 0, []
        for row in found:
            if removed >= room:
                break
            removed += row["size"]
            pieces.append((row["piece"],))
        self._database.change_many("DELETE FROM output WHERE rowid = ?", pieces)
        return removed, len(pieces) == len(found) < REMOVED_AT_ONCE

    def read(self, attempt_id: int, position: int = 0, limit: int = 64) -> list[Piece]:
        """Return up to `limit` pieces that reach beyond a position; ask again from the end of the last one."""
        earliest = position - LONGEST_PIECE
        return [Piece(*row) for row in self._database.rows(READ, (attempt_id, earliest, position, limit))]

    def read_back(self, attempt_id: int, before: int | None = None, limit: int = 16) -> list[Piece]:
        """Return up to `limit` pieces that begin before a position, by default the last ones; the last one first."""
        before = BEYOND if before is None else before
        return [Piece(*row) for row in self._database.rows(READ_BACK, (attempt_id, before, limit))]
