"""The tables of a home: what all of the store must know of them. The tables themselves are SQL files beside this one.

`tables.sql` is version 1, and `0002.sql` leads to version 2. A new home takes the same way as an old one, so that
both end with the same tables. To change them, add the next numbered file and raise VERSION:

- A new table, index or column is a plain `CREATE TABLE`, `CREATE INDEX` or `ALTER TABLE ... ADD COLUMN`.
- A CHECK is changed by a `CREATE TABLE` that states the whole table again under its name: `migrate.rebuild` keeps its
  rows, its indexes, its last number and all rows that refer to it. SQLite has no other way.

Invariants stand in CHECKs: they hold against our own mistakes too. The indexes are partial, one for
each question that is asked all the time, so that claiming costs the same with a million jobs.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...model.job import DUE_STATES

APPLICATION_ID = 0x51435458  # "QCTX"
VERSION = 7


def one_of(column: str, words: Iterable[str]) -> str:
    """Return a condition without IN: for a list SQLite opens a table of its own at each evaluation (3 us)."""
    return f"({' OR '.join(f'{column} = {word!r}' for word in words)})"


# The conditions of partial indexes: SQLite uses such an index only where its condition stands in the question.
CLAIMABLE = "state = 'pending' AND parked IS NULL"
PARKED = "parked IS NOT NULL"
DUE = one_of("state", DUE_STATES)
FINAL = "finished_at IS NOT NULL"
IS_STUCK = "hopeless > 0 AND finished_at IS NULL"
# A job that unfinished ones wait for.
IS_WAITED_FOR = """EXISTS (
    SELECT 1 FROM links INDEXED BY links_open JOIN jobs AS child ON child.number = links.child
    WHERE links.parent = jobs.number AND links.satisfied_at IS NULL AND child.finished_at IS NULL
)"""
# The names of the batches that unfinished jobs wait for: to be found once, not for each job of theirs.
BATCHES_WAITED_FOR = """(
    SELECT batches.name
    FROM (SELECT DISTINCT parent FROM links INDEXED BY links_open WHERE parent < 0 AND satisfied_at IS NULL) AS page
        CROSS JOIN batches ON batches.id = -page.parent
    WHERE EXISTS (
        SELECT 1 FROM links INDEXED BY links_open CROSS JOIN jobs AS child ON child.number = links.child
        WHERE links.parent = page.parent AND links.satisfied_at IS NULL AND child.finished_at IS NULL
    )
)"""
