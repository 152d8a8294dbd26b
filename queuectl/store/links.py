"""The links table: what children wait for, see `model.link`.

`jobs.waits` counts a child's open links, `jobs.hopeless` those without hope among them. A blocked job without open
links becomes claimable. The code that changes how a job stands tells its children in the same transaction (`follow`),
and those of its batch; then their own children may have to learn it, and so on down. One transaction tells AT_ONCE
children; where there are more, `follow_ups` says which ones, and `go_on` tells them in further transactions.
"""

from __future__ import annotations

from ..model.event import CANCELLED_FOR
from ..model.job import BLOCKED, CANCELLED, COMPLETED, FAILED, PENDING
from ..model.link import BADLY, HOPELESS, SATISFIED, UNFINISHED, fate
from .events import ADD as ADD_EVENT
from .namelists import names_of
from .relatives import Relatives

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, List, Mapping, Sequence, Tuple

    from .sqlite import Row

    # A parent, as the table has it, and the kind of the link to it.
    Parent = Tuple[int, str]
    # A parent whose children must be told, and the child after which to go on.
    Place = Tuple[int, int]

AT_ONCE = 500
HAS_OPEN_LINKS = "SELECT 1 FROM links INDEXED BY links_open WHERE parent = ? AND satisfied_at IS NULL LIMIT 1"
OPEN_LINKS = """
SELECT child, kind, is_hopeless FROM links INDEXED BY links_open
WHERE parent = ? AND satisfied_at IS NULL AND child > ? ORDER BY child LIMIT ?
"""
HOPELESS_LINKS = """
SELECT child, kind, is_hopeless FROM links INDEXED BY links_hopeless
WHERE parent = ? AND is_hopeless = 1 AND child > ? ORDER BY child LIMIT ?
"""
ADD = "INSERT INTO links (child, parent, kind) VALUES (?, ?, ?)"
SATISFY = "UPDATE links SET satisfied_at = ?, is_hopeless = 0 WHERE child = ? AND parent = ? AND satisfied_at IS NULL"
MARK = "UPDATE links SET is_hopeless = ? WHERE child = ? AND parent = ? AND satisfied_at IS NULL"
CHILD = (
    "SELECT number, queue, batch, locks, state, waits, hopeless, run_at, finished_at, error FROM jobs WHERE number = ?"
)
CHANGE_CHILD = """
UPDATE jobs SET state = ?, waits = ?, hopeless = ?, run_at = ?, finished_at = ?, error = ?, updated_at = ?
WHERE number = ? AND state = ?
"""
# A parent that is gone holds nobody.
FORGET_GONE = """
DELETE FROM links WHERE child = ? AND satisfied_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE number = links.parent)
    AND NOT EXISTS (SELECT 1 FROM batches WHERE id = -links.parent)
"""
COMPLETED_ONCE = """
SELECT parent FROM links WHERE child = ? AND kind = 'completed' AND satisfied_at IS NOT NULL
    AND (EXISTS (SELECT 1 FROM jobs WHERE number = links.parent)
         OR EXISTS (SELECT 1 FROM batches WHERE id = -links.parent))
"""
REOPEN = "UPDATE links SET satisfied_at = NULL WHERE child = ? AND parent = ? AND satisfied_at IS NOT NULL"
OPEN_OF_CHILD = "SELECT parent, kind, is_hopeless FROM links WHERE child = ? AND satisfied_at IS NULL"
PUT_OFF = """
INSERT INTO follow_ups (parent, child) VALUES (?, ?)
ON CONFLICT (parent) DO UPDATE SET child = min(child, excluded.child)
"""
FOLLOW_UPS = "SELECT parent, child FROM follow_ups ORDER BY parent LIMIT ?"


class Links(Relatives):
    """The table of links. `unblocked` counts the jobs made claimable so far, `put_off` the parents in `follow_ups`."""

    unblocked = put_off = 0

    def add(self, parents: Mapping[int, Iterable[Parent]], now: int) -> None:
        """Add links of jobs whose `waits` count them already, and see how their parents stand."""
        rows = [(child, parent, kind) for child, found in parents.items() for parent, kind in found]
        self._database.change_many(ADD, rows)
        standings: dict[int, tuple[str, str]] = {}
        changed: List[Place] = []
        for child, parent, kind in rows:
            if parent not in standings:
                standings[parent] = self.standings.of(parent)
            _put(changed, self._tell_child(child, (parent, kind), False, standings[parent], now))
        self._tell(changed, now)

    def replace(self, child: int, parents: Sequence[Parent], now: int) -> None:
        """Let an unfinished job that does not run wait for these parents instead of those that it has."""
        self._database.change("DELETE FROM links WHERE child = ?", (child,))
        self._tell(self._set(self._child(child), len(parents), 0, now), now)
        self.add({child: parents}, now)

    def reopen(self, child: int, now: int) -> None:
        """Let a job that is retried wait again for those parents that must be completed and are not by now."""
        # Others may have changed since: what only ended jobs wait for can be gone by now, a batch in part.
        forgotten = self._database.change(FORGET_GONE, (child,))
        once = self._database.integers(COMPLETED_ONCE, (child,))
        again = [parent for parent in once if self.standings.of(parent)[0] != COMPLETED]
        for parent in again:
            self._database.change(REOPEN, (child, parent))
        links = self._database.rows(OPEN_OF_CHILD, (child,))
        if not links and not forgotten:
            return
        self._set(self._child(child), len(links), sum(row["is_hopeless"] for row in links), now)
        for parent, kind, is_hopeless in links:
            standing = self.standings.of(parent)
            if not is_hopeless or fate(kind, standing[0]) != HOPELESS:
                self._tell_child(child, (parent, kind), bool(is_hopeless), standing, now)

    def follow(self, job: int, batch: str | None, now: int) -> None:
        """Tell the children of a job, and of its batch, how these stand, in the transaction that has changed that."""
        places = self._batch_places(batch)
        if self._database.value(HAS_OPEN_LINKS, (job,)) is not None:
            places.append((job, 0))
        self._tell(places, now)

    def follow_batches(self, names: Iterable[str], now: int) -> None:
        """Tell the children of batches how these stand, in the transaction that has changed what is in them."""
        for name in names:
            self._tell(self._batch_places(name), now)

    def go_on(self, now: int) -> None:
        """Tell some of the children that were deferred; `has_follow_ups` says whether there are more."""
        places = [(row[0], row[1]) for row in self._database.rows(FOLLOW_UPS, (AT_ONCE,))]
        for parent, _ in places:
            self._database.change("DELETE FROM follow_ups WHERE parent = ?", (parent,))
        self._tell(places, now)

    def has_follow_ups(self) -> bool:
        """Return whether some children do not know yet how their parents stand."""
        return self._database.value("SELECT 1 FROM follow_ups LIMIT 1") is not None

    def _tell(self, places: List[Place], now: int) -> None:
        """Tell AT_ONCE children how their parents stand; put the rest off."""
        left = AT_ONCE
        while places and left > 0:
            parent, after = places.pop()
            standing = self.standings.of(parent)
            # Of one that has not ended, only those without hope have something to learn: a batch says so at each end.
            asked = HOPELESS_LINKS if standing[0] == UNFINISHED else OPEN_LINKS
            links = self._database.rows(asked, (parent, after, left))
            if len(links) == left:
                places.append((parent, links[-1]["child"]))
            left -= len(links)
            for child, kind, is_hopeless in links:
                _put(places, self._tell_child(child, (parent, kind), is_hopeless, standing, now))
        for place in places:
            self.put_off += 1
            self._database.change(PUT_OFF, place)

    def _tell_child(
        self, child: int, link: Parent, is_hopeless: bool, standing: tuple[str, str], now: int
    ) -> List[Place]:
        """Bring a link in line with how its parent stands; return the parents whose children must be told next."""
        parent, kind = link
        becomes = fate(kind, standing[0])
        if becomes == SATISFIED:
            self._database.change(SATISFY, (now, child, parent))
            row = self._child(child)
            return self._set(row, row["waits"] - 1, row["hopeless"] - int(is_hopeless), now)
        change = int(becomes == HOPELESS) - int(is_hopeless)
        # Also a child that does not know yet that its parent is no longer stuck.
        is_needless = (kind, standing[0]) == (BADLY, COMPLETED)
        if not change and not is_needless:
            return []
        self._database.change(MARK, (int(becomes == HOPELESS), child, parent))
        row, needless = self._child(child), f"{standing[1]} is completed" if is_needless else None
        return self._set(row, row["waits"], row["hopeless"] + change, now, needless)

    def _set(self, row: Row, waits: int, hopeless: int, now: int, needless: str | None = None) -> List[Place]:
        """Set how many open and hopeless links a job has, and its state with that; return whose children to tell.

        `needless` is why it need not run any more: then it is cancelled.
        """
        child, state, run_at = row["number"], row["state"], row["run_at"]
        finished_at, error = row["finished_at"], row["error"]
        if needless is not None and finished_at is None:
            state, finished_at, error = CANCELLED, now, f"cancelled: {needless}"
            self._database.insert(ADD_EVENT, (now, child, CANCELLED_FOR, needless, "links"))
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
        has_ended = finished_at is not None
        is_other = row["finished_at"] is None if has_ended else bool(hopeless) != bool(row["hopeless"])
        return [*self._batch_places(row["batch"]), (child, 0)] if is_other else []

    def _child(self, number: int) -> Row:
        row = self._database.row(CHILD, (number,))
        assert row is not None
        return row

    def _batch_places(self, name: str | None) -> List[Place]:
        parent = self.standings.awaited_batch(name)
        return [] if parent is None else [(parent, 0)]


def _put(places: List[Place], more: Sequence[Place]) -> None:
    """Add to the places, which are taken from the end. Batches go in front: their jobs come first."""
    for place in more:
        if place[0] > 0:
            places.append(place)
        elif place not in places:
            places.insert(0, place)
