"""What a verb did to several jobs, and what to say about those that it had to leave."""

from __future__ import annotations

from ..model.errors import Conflict
from ..model.filter import reference, written
from ..model.job import COMPLETED, DEAD
from ..model.link import STUCK, of_batch
from ..model.nouns.jobs import CHANGE
from ..model.quantity import SHOWN, some_of
from ..model.record import Record
from ..model.shellwords import in_quotes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from ..model.job import Job
    from ..store import Store


class Refused(Record):
    """A job that a verb could not be applied to, why, and what helps."""

    id: str
    state: str
    message: str
    hint: str | None


class Change(Record):
    """What a verb did to several jobs: the ids it changed, those it had to leave, and what else that means.

    `already` counts the jobs that a filter found and for which there was nothing to do.
    """

    done: list[str]
    refused: list[Refused]
    notes: Sequence[str] = ()
    already: int = 0

    def __repr__(self) -> str:
        return f"<Change: {len(self.done)} done, {len(self.refused)} refused>"

    def refuse(self, job: Job, message: str, hint: str | None) -> None:
        """Add a job that it had to leave, with the reason and the command that helps, without the job's name."""
        self.refused.append(Refused(job.id, job.state, message, hint and f"{hint} {reference(job)}"))

    @property
    def count(self) -> int:
        """How many jobs it changed."""
        return len(self.done)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return CHANGE.json(self)


def demand_done(change: Change) -> None:
    """Raise Conflict if the one job that was meant could not be changed."""
    if not change.done and len(change.refused) == 1:
        refused = change.refused[0]
        raise Conflict(refused.message, hint=refused.hint)


def tell_stuck(store: Store, change: Change, cancelled: Sequence[int]) -> None:
    """Note how many jobs are stuck because they wait, directly or not, for those that were cancelled."""
    standings = store.search.standings_of(store.links.descendants(cancelled))
    stuck = sum(standing == STUCK for standing in standings.values())
    if stuck:
        wait, be, them = ("job that waits", "is", "it") if stuck == 1 else ("jobs that wait", "are", "them")
        what = f"{stuck} {wait} for what was cancelled {be} stuck"
        few = len(change.done) <= SHOWN
        found = in_quotes(f"stuck:yes {written('after', *_parents(store, change.done))}") if few else "stuck:yes"
        change.notes = [*change.notes, f"{what}; cancel {them} too with: queuectl cancel --with-children {found}"]


def _parents(store: Store, ids: Sequence[str]) -> list[str]:
    """Return what `after` must name to find what waits for some jobs, or for their batches."""
    numbers = [number for number in map(store.names.number_of, ids) if number is not None]
    batches = dict.fromkeys(job.batch for job in store.search.jobs(numbers))
    return [*ids, *(of_batch(batch) for batch in batches if store.links.standings.awaited_batch(batch) and batch)]


def tell_children_left(store: Store, change: Change, retried: Sequence[str]) -> None:
    """Note that the retry of completed jobs does not run their children again."""
    parents = store.links.waited_for(retried)
    if parents:
        found = in_quotes(f"{written('after', *parents[:SHOWN])} {written('state', COMPLETED, DEAD)}")
        what = f"what ran after {some_of(parents)} does not run again"
        change.notes = [*change.notes, f"{what}; run it again with: queuectl retry {found}"]
