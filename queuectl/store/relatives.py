"""The links table as a graph: parents, children, those of these, and the way from one to another."""

from __future__ import annotations

from ..model.link import Edge, Relative
from .schema import IS_STUCK
from .standings import Standings
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Collection, Iterable, Iterator, Mapping, Sequence

    from .counts import Counts
    from .database import Database
    from .sqlite import Row

# What a parent is called, and the tables that tell it.
PARENT_ID = """coalesce(jobs.id, 'batch:' || batches.name,
    CASE WHEN links.parent < 0 THEN 'batch-' || -links.parent ELSE 'job-' || links.parent END)"""
WITH_PARENT = "LEFT JOIN jobs ON jobs.number = links.parent LEFT JOIN batches ON batches.id = -links.parent"
PARENTS = f"""
SELECT links.parent AS number, {PARENT_ID} AS id, links.kind AS "when", jobs.state AS state, batches.name AS batch,
       links.is_hopeless AS hopeless, links.satisfied_at AS satisfied_at
FROM links {WITH_PARENT} WHERE links.child = ? ORDER BY links.parent LIMIT ?
"""
PARENT_IDS = f"SELECT {PARENT_ID} FROM links {WITH_PARENT} WHERE links.child = ? ORDER BY links.parent"
CHILDREN = """
SELECT jobs.number AS number, jobs.id AS id, links.kind AS "when", NULL AS batch,
       jobs.state AS state, links.is_hopeless AS hopeless, links.satisfied_at AS satisfied_at
FROM links JOIN jobs ON jobs.number = links.child WHERE links.parent = ? ORDER BY links.child LIMIT ?
"""
EDGES = """
SELECT parent, child, kind AS "when", is_hopeless AS hopeless, satisfied_at FROM links WHERE child = ? ORDER BY parent
"""
NEIGHBORS = """
SELECT parent FROM links WHERE child = ? UNION ALL SELECT child FROM links INDEXED BY links_of_parent WHERE parent = ?
LIMIT ?
"""
WAITING_CHILDREN = """
SELECT links.child FROM links INDEXED BY links_open JOIN jobs ON jobs.number = links.child
WHERE links.parent = ? AND links.satisfied_at IS NULL AND jobs.finished_at IS NULL ORDER BY links.child LIMIT ?
"""
BATCH_OF_JOB = "SELECT -batches.id FROM jobs JOIN batches ON batches.name = jobs.batch WHERE jobs.number = ?"
HAS_CHILDREN = "SELECT 1 FROM links INDEXED BY links_of_parent WHERE parent = ? LIMIT 1"
PARENTS_OF = "SELECT parent FROM links WHERE child = ?"
# Those that wait for something. The other jobs of a batch can only be the end of a path.
LINKED_MEMBERS = """
SELECT number FROM jobs INDEXED BY jobs_of_batch WHERE batch = ? AND batch IS NOT NULL
    AND EXISTS (SELECT 1 FROM links WHERE links.child = jobs.number)
"""
HAVE_WAITED = """
SELECT 1 FROM links JOIN jobs ON jobs.number = links.child
WHERE links.parent = (SELECT number FROM jobs WHERE id = ?) AND jobs.state IN ('completed', 'dead') LIMIT 1
"""
ANY_LINK = "SELECT 1 FROM links LIMIT 1"
COUNT_STUCK = f"SELECT count(*) FROM jobs INDEXED BY jobs_stuck WHERE {IS_STUCK}"


class Relatives(Table):
    """Questions about links. A parent is the number of a job, or minus the id of a batch."""

    def __init__(self, database: Database, counts: Counts) -> None:
        super().__init__(database)
        self.standings = Standings(database, counts)

    def parents(self, child: int, limit: int = -1) -> list[Relative]:
        """Return what a job waits for, or has waited for."""
        return [self._parent(row) for row in self._database.rows(PARENTS, (child, limit))]

    def _parent(self, row: Row) -> Relative:
        parent = Relative.of(row)
        if parent.batch is not None:
            parent.state = self.standings.state_of_batch(parent.batch)
        return parent

    def parent_ids(self, child: int) -> list[str]:
        """Return what a job's parents are called, batches first, then jobs in the order in which they were added."""
        return [row[0] for row in self._database.rows(PARENT_IDS, (child,))]

    def children(self, parent: int, limit: int = -1) -> list[Relative]:
        """Return the jobs that wait for a parent, or have waited."""
        return [Relative.of(row) for row in self._database.rows(CHILDREN, (parent, limit))]

    def has_children(self, parent: int) -> bool:
        """Return whether any job waits for a parent, or has waited."""
        return self._database.value(HAS_CHILDREN, (parent,)) is not None

    def edges(self, child: int) -> list[Edge]:
        """Return the links of a job to what it waits for, or has waited for."""
        return [Edge.of(row) for row in self._database.rows(EDGES, (child,))]

    def neighbors(self, node: int, limit: int) -> list[int]:
        """Return the parents and children of a job, or the children of a batch."""
        return self._database.integers(NEIGHBORS, (node, node, limit))

    def waiting_children(self, parent: int, limit: int = -1) -> list[int]:
        """Return the numbers of the unfinished jobs that wait for a parent."""
        return self._database.integers(WAITING_CHILDREN, (parent, limit))

    def batch_of(self, job: int) -> list[int]:
        """Return the batch of a job, as a parent; nothing if it is in none."""
        return self._database.integers(BATCH_OF_JOB, (job,))

    def is_waited_for(self, job: int) -> bool:
        """Return whether unfinished jobs wait for a job, or for the batch that it is in."""
        return any(self.waiting_children(parent, 1) for parent in (job, *self.batch_of(job)))

    def descendants(self, parents: Sequence[int]) -> list[int]:
        """Return some jobs, and the unfinished ones that wait for them, directly or not, each before its parents.

        What waits for the batch of one waits for it.
        """
        found: dict[int, None] = {}
        pending = [(parent, False) for parent in reversed(parents)]
        while pending:
            node, is_behind_children = pending.pop()
            if is_behind_children:
                found[node] = None
            elif node not in found:
                pending.append((node, True))
                children = self.waiting_children(node) + (self.batch_of(node) if node > 0 else [])
                pending += [(child, False) for child in children if child not in found]
        return [node for node in found if node > 0]

    def path(self, starts: Iterable[int], goals: Collection[int]) -> list[int]:
        """Return nodes of which each waits for the next, from one of `starts` to the nearest of `goals`, if any.

        A batch waits for what is in it. Nothing if there is no such path.
        """
        came_from: dict[int, int | None] = dict.fromkeys(starts)
        pending = [*came_from]
        for node in pending:
            if node in goals:
                return [*_back(came_from, node)][::-1]
            parents = [one for one in self._before(node, goals) if one not in came_from]
            came_from.update(dict.fromkeys(parents, node))
            pending += parents
        return []

    def _before(self, node: int, goals: Iterable[int]) -> list[int]:
        found = self.parents_of(node)
        return found if node > 0 else [*found, *(goal for goal in goals if self.batch_of(goal) == [node])]

    def parents_of(self, node: int) -> list[int]:
        """Return what a job waits for, or has waited for; or those jobs of a batch that wait, or have waited."""
        if node > 0:
            return self._database.integers(PARENTS_OF, (node,))
        return self._database.integers(LINKED_MEMBERS, (self.standings.batch_name(-node),))

    def waited_for(self, parents: Sequence[str]) -> list[str]:
        """Return the ids of those of some jobs that a job which has run has waited for."""
        if self._database.value(ANY_LINK) is None:
            return []
        return [parent for parent in parents if self._database.value(HAVE_WAITED, (parent,)) is not None]

    def count_stuck(self) -> int:
        """Return how many unfinished jobs are stuck."""
        return int(self._database.value(COUNT_STUCK))


def _back(came_from: Mapping[int, int | None], node: int | None) -> Iterator[int]:
    while node is not None:
        yield node
        node = came_from[node]
