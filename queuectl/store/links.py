"""The links table: what children wait for, see `model.link`.

`jobs.waits` counts a child's open links, `jobs.hopeless` those without hope among them. A blocked job without open
links becomes claimable. Whoever changes how a job stands tells its children in the same transaction (`follow`); their
own children may have to be told then, and so on down. One transaction tells AT_ONCE children; where there are more,
`untold` says which ones, and `go_on` tells them in further transactions.
"""

from __future__ import annotations

from ..model.event import CANCELLED_FOR
from ..model.job import BLOCKED, CANCELLED, COMPLETED, FAILED, FINAL_STATES, PENDING
from ..model.link import BADLY, HOPELESS, SATISFIED, STUCK, UNFINISHED, Edge, Relative, fate
from .namelists import names_of
from .schema import IS_STUCK
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Iterator, List, Mapping, Sequence, Tuple

    from .counts import Counts
    from .database import Database
    from .events import Events
    from .sqlite import Row

    # A parent's number and the kind of the link to it.
    Parent = Tuple[int, str]

AT_ONCE = 500
HAS_OPEN_LINKS = "SELECT 1 FROM links INDEXED BY links_open WHERE parent = ? AND satisfied_at IS NULL LIMIT 1"
STANDING = "SELECT id, state, hopeless FROM jobs WHERE number = ?"
OPEN_LINKS = """
SELECT child, kind, is_hopeless FROM links INDEXED BY links_open
WHERE parent = ? AND satisfied_at IS NULL AND child > ? ORDER BY child LIMIT ?
"""
ADD = "INSERT INTO links (child, parent, kind) VALUES (?, ?, ?)"
REMOVE = "DELETE FROM links WHERE child = ?"
SATISFY = "UPDATE links SET satisfied_at = ?, is_hopeless = 0 WHERE child = ? AND parent = ? AND satisfied_at IS NULL"
MARK = "UPDATE links SET is_hopeless = ? WHERE child = ? AND parent = ? AND satisfied_at IS NULL"
CHILD = "SELECT queue, batch, locks, state, waits, hopeless, run_at, finished_at, error FROM jobs WHERE number = ?"
CHANGE_CHILD = """
UPDATE jobs SET state = ?, waits = ?, hopeless = ?, run_at = ?, finished_at = ?, error = ?, updated_at = ?
WHERE number = ? AND state = ?
"""
# A parent that is gone holds nobody.
FORGET_GONE = """
DELETE FROM links WHERE child = ? AND satisfied_at IS NULL AND parent NOT IN (SELECT number FROM jobs)
"""
REOPEN = """
UPDATE links SET satisfied_at = NULL WHERE child = ? AND kind = 'completed' AND satisfied_at IS NOT NULL
    AND parent IN (SELECT number FROM jobs WHERE state <> 'completed')
"""
OPEN_OF_CHILD = "SELECT parent, kind, is_hopeless FROM links WHERE child = ? AND satisfied_at IS NULL"
PUT_OFF = """
INSERT INTO untold (parent, child) VALUES (?, ?)
ON CONFLICT (parent) DO UPDATE SET child = min(child, excluded.child)
"""
UNTOLD = "SELECT parent, child FROM untold ORDER BY parent LIMIT ?"
HAS_UNTOLD = "SELECT 1 FROM untold LIMIT 1"
TAKE_UNTOLD = "DELETE FROM untold WHERE parent = ?"
PARENTS = """
SELECT links.parent AS number, coalesce(jobs.id, 'job-' || links.parent) AS id, links.kind AS "when",
       jobs.state AS state, links.is_hopeless AS hopeless, links.satisfied_at AS satisfied_at
FROM links LEFT JOIN jobs ON jobs.number = links.parent WHERE links.child = ? ORDER BY links.parent LIMIT ?
"""
PARENT_IDS = """
SELECT coalesce(jobs.id, 'job-' || links.parent) FROM links LEFT JOIN jobs ON jobs.number = links.parent
WHERE links.child = ? ORDER BY links.parent
"""
CHILDREN = """
SELECT jobs.number AS number, jobs.id AS id, links.kind AS "when",
       jobs.state AS state, links.is_hopeless AS hopeless, links.satisfied_at AS satisfied_at
FROM links JOIN jobs ON jobs.number = links.child WHERE links.parent = ? ORDER BY links.child LIMIT ?
"""
EDGES = """
SELECT parent, child, kind AS "when", is_hopeless AS hopeless, satisfied_at FROM links WHERE child = ? ORDER BY parent
"""
NEIGHBOURS = """
SELECT parent FROM links WHERE child = ? UNION ALL SELECT child FROM links INDEXED BY links_of_parent WHERE parent = ?
LIMIT ?
"""
WAITING_CHILDREN = """
SELECT links.child FROM links INDEXED BY links_open JOIN jobs ON jobs.number = links.child
WHERE links.parent = ? AND links.satisfied_at IS NULL AND jobs.finished_at IS NULL ORDER BY links.child LIMIT ?
"""
PARENTS_OF = "SELECT parent FROM links WHERE child = ?"
HAVE_WAITED = """
SELECT 1 FROM links JOIN jobs ON jobs.number = links.child
WHERE links.parent = (SELECT number FROM jobs WHERE id = ?) AND jobs.state IN ('completed', 'dead') LIMIT 1
"""
ANY_LINK = "SELECT 1 FROM links LIMIT 1"
COUNT_STUCK = f"SELECT count(*) FROM jobs INDEXED BY jobs_stuck WHERE {IS_STUCK}"


class Links(Table):
    """The table of links.

    `unblocked` counts the jobs that this store has made claimable so far, `put_off` the parents in `untold`.
    """

    def __init__(self, database: Database, counts: Counts, events: Events) -> None:
        super().__init__(database)
        self._counts = counts
        self._events = events
        self.unblocked = self.put_off = 0

    def add(self, parents: Mapping[int, Iterable[Parent]], now: int) -> None:
        """Add links of jobs whose `waits` count them already, and see how their parents stand."""
        rows = [(child, parent, kind) for child, found in parents.items() for parent, kind in found]
        self._database.change_many(ADD, rows)
        standings: dict[int, tuple[str, str]] = {}
        changed = []
        for child, parent, kind in rows:
            if parent not in standings:
                standings[parent] = self._standing(parent)
            if self._tell_child(child, (parent, kind), False, standings[parent], now):
                changed.append((child, 0))
        self._tell(changed, now)

    def replace(self, child: int, parents: Sequence[Parent], now: int) -> None:
        """Let an unfinished job that does not run wait for these parents instead of those that it has."""
        self._database.change(REMOVE, (child,))
        if self._set(child, len(parents), 0, now):
            self.follow(child, now)
        self.add({child: parents}, now)

    def reopen(self, child: int, now: int) -> None:
        """Let a job that is retried wait again for those parents that must be completed and are not by now."""
        forgotten = self._database.change(FORGET_GONE, (child,))
        if not self._database.change(REOPEN, (child,)) and not forgotten:
            return
        links = self._database.rows(OPEN_OF_CHILD, (child,))
        self._set(child, len(links), sum(row["is_hopeless"] for row in links), now)
        for parent, kind, is_hopeless in links:
            if not is_hopeless:
                self._tell_child(child, (parent, kind), False, self._standing(parent), now)

    def follow(self, parent: int, now: int) -> None:
        """Tell the children of a job how it stands, in the transaction that has changed that."""
        if self._database.value(HAS_OPEN_LINKS, (parent,)) is not None:
            self._tell([(parent, 0)], now)

    def go_on(self, now: int) -> None:
        """Tell some of those children that had to be put off; see `has_untold` for whether there are more."""
        untold = [(row[0], row[1]) for row in self._database.rows(UNTOLD, (AT_ONCE,))]
        for parent, _ in untold:
            self._database.change(TAKE_UNTOLD, (parent,))
        self._tell(untold, now)

    def has_untold(self) -> bool:
        """Return whether some children do not know yet how their parents stand."""
        return self._database.value(HAS_UNTOLD) is not None

    def _tell(self, untold: List[Tuple[int, int]], now: int) -> None:
        """Tell AT_ONCE children how their parents stand, each parent's from behind a child on; put the rest off."""
        left = AT_ONCE
        while untold and left > 0:
            parent, after = untold.pop()
            standing = self._standing(parent)
            links = self._database.rows(OPEN_LINKS, (parent, after, left))
            if len(links) == left:
                untold.append((parent, links[-1]["child"]))
            left -= len(links)
            for child, kind, is_hopeless in links:
                if self._tell_child(child, (parent, kind), is_hopeless, standing, now):
                    untold.append((child, 0))
        for place in untold:
            self.put_off += 1
            self._database.change(PUT_OFF, place)

    def _standing(self, parent: int) -> tuple[str, str]:
        """Return how a job stands, and its id. One that is gone is as good as cancelled."""
        row = self._database.row(STANDING, (parent,))
        if row is None:
            return CANCELLED, f"job-{parent}"
        if row["state"] in FINAL_STATES:
            return row["state"], row["id"]
        return (STUCK if row["hopeless"] else UNFINISHED), row["id"]

    def _tell_child(self, child: int, link: Parent, is_hopeless: bool, standing: tuple[str, str], now: int) -> bool:
        """Bring a link in line with how its parent stands; return whether that changes how the child stands."""
        parent, kind = link
        becomes = fate(kind, standing[0])
        if becomes == SATISFIED:
            self._database.change(SATISFY, (now, child, parent))
            return self._change(child, -1, -int(is_hopeless), now)
        change = int(becomes == HOPELESS) - int(is_hopeless)
        # Also a child that does not know yet that its parent is no longer stuck.
        is_needless = (kind, standing[0]) == (BADLY, COMPLETED)
        if not change and not is_needless:
            return False
        self._database.change(MARK, (int(becomes == HOPELESS), child, parent))
        return self._change(child, 0, change, now, f"{standing[1]} is completed" if is_needless else None)

    def _change(self, child: int, waits: int, hopeless: int, now: int, needless: str | None = None) -> bool:
        """Change how many open and hopeless links a job has; see `_set`."""
        row = self._child(child)
        return self._set(child, row["waits"] + waits, row["hopeless"] + hopeless, now, needless)

    def _set(self, child: int, waits: int, hopeless: int, now: int, needless: str | None = None) -> bool:
        """Set how many open and hopeless links a job has, and its state with that.

        `needless` is why it need not run any more: then it is cancelled. Returns whether it stands otherwise now.
        """
        row = self._child(child)
        state, run_at, finished_at, error = row["state"], row["run_at"], row["finished_at"], row["error"]
        if needless is not None and finished_at is None:
            state, finished_at, error = CANCELLED, now, f"cancelled: {needless}"
            self._events.add(CANCELLED_FOR, actor="links", now=now, job=child, detail=needless)
        elif state == BLOCKED and not waits:
            # From now on it waits for a worker.
            state, run_at = PENDING, max(run_at, now)
            self.unblocked += 1
        elif state in (PENDING, FAILED) and waits:
            state = BLOCKED
        values = (state, waits, hopeless, run_at, finished_at, error, now, child, row["state"])
        self._database.change(CHANGE_CHILD, values)
        if state != row["state"]:
            self._counts.move(row["queue"], row["batch"], names_of(row["locks"]), row["state"], state)
        if finished_at is not None:
            return row["finished_at"] is None
        return bool(hopeless) != bool(row["hopeless"])

    def _child(self, number: int) -> Row:
        row = self._database.row(CHILD, (number,))
        assert row is not None
        return row

    def parents(self, child: int, limit: int = -1) -> list[Relative]:
        """Return what a job waits for, or has waited for."""
        return [Relative.of(row) for row in self._database.rows(PARENTS, (child, limit))]

    def parent_ids(self, child: int) -> list[str]:
        """Return the ids of a job's parents in the order in which they were added, `job-NUMBER` for a gone one."""
        return [row[0] for row in self._database.rows(PARENT_IDS, (child,))]

    def children(self, parent: int, limit: int = -1) -> list[Relative]:
        """Return the jobs that wait for a job, or have waited."""
        return [Relative.of(row) for row in self._database.rows(CHILDREN, (parent, limit))]

    def edges(self, child: int) -> list[Edge]:
        """Return the links of a job to what it waits for, or has waited for."""
        return [Edge.of(row) for row in self._database.rows(EDGES, (child,))]

    def neighbours(self, job: int, limit: int) -> list[int]:
        """Return the numbers of the parents and children of a job."""
        return self._database.integers(NEIGHBOURS, (job, job, limit))

    def waiting_children(self, parent: int, limit: int = -1) -> list[int]:
        """Return the numbers of the unfinished jobs that wait for a job."""
        return self._database.integers(WAITING_CHILDREN, (parent, limit))

    def descendants(self, parents: Sequence[int]) -> list[int]:
        """Return some jobs, and the unfinished ones that wait for them, directly or not, each before its parents."""
        found: dict[int, None] = {}
        pending = [(parent, False) for parent in reversed(parents)]
        while pending:
            job, is_behind_children = pending.pop()
            if is_behind_children:
                found[job] = None
            elif job not in found:
                pending.append((job, True))
                pending += [(child, False) for child in self.waiting_children(job) if child not in found]
        return [*found]

    def path(self, starts: Iterable[int], goal: int) -> list[int]:
        """Return jobs of which each waits for the next, from one of `starts` to `goal`; nothing if there are none."""
        came_from: dict[int, int | None] = dict.fromkeys(starts)
        pending = [*came_from]
        for job in pending:
            if job == goal:
                return [*_back(came_from, job)][::-1]
            parents = [one for one in self._database.integers(PARENTS_OF, (job,)) if one not in came_from]
            came_from.update(dict.fromkeys(parents, job))
            pending += parents
        return []

    def waited_for(self, parents: Sequence[str]) -> list[str]:
        """Return those of some jobs, by id, to which a job that has run had a link."""
        if self._database.value(ANY_LINK) is None:
            return []
        return [parent for parent in parents if self._database.value(HAVE_WAITED, (parent,)) is not None]

    def count_stuck(self) -> int:
        """Return how many unfinished jobs are stuck."""
        return int(self._database.value(COUNT_STUCK))


def _back(came_from: Mapping[int, int | None], job: int | None) -> Iterator[int]:
    while job is not None:
        yield job
        job = came_from[job]
