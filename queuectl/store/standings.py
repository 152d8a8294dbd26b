"""How the parents of jobs stand: a job by its state, a batch by how many of its jobs are in each state.

In the table of links a parent is the number of a job, or minus the `id` of a batch.
"""

from __future__ import annotations

from ..model.errors import NotFound, quoted
from ..model.job import CANCELLED, FINAL_STATES
from ..model.link import AWAITING_STATES, BATCH, STUCK, UNFINISHED, of_batch
from .schema import IS_STUCK
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .counts import Counts
    from .database import Database

JOB = "SELECT id, state, hopeless FROM jobs WHERE number = ?"
NAME = "SELECT name FROM batches WHERE id = ?"
ID = "SELECT -id FROM batches WHERE name = ?"
STOPPED_AT = "SELECT stopped_at FROM batches WHERE name = ?"
COUNT_STUCK = f"""
SELECT count(*) FROM jobs INDEXED BY jobs_stuck_of_batch WHERE batch = ? AND batch IS NOT NULL AND {IS_STUCK}
"""
AWAITED = """
SELECT -id FROM batches WHERE name = ? AND EXISTS (
    SELECT 1 FROM links INDEXED BY links_open WHERE parent = -batches.id AND satisfied_at IS NULL
)
"""


class Standings(Table):
    """How jobs and batches stand."""

    def __init__(self, database: Database, counts: Counts) -> None:
        super().__init__(database)
        self._counts = counts.of_batches

    def of(self, parent: int) -> tuple[str, str]:
        """Return how a parent stands, and what it is called. One that is gone is as good as cancelled."""
        if parent < 0:
            return self._of_batch(-parent)
        row = self._database.row(JOB, (parent,))
        if row is None:
            return CANCELLED, f"job-{parent}"
        if row["state"] in FINAL_STATES:
            return row["state"], row["id"]
        return (STUCK if row["hopeless"] else UNFINISHED), row["id"]

    def _of_batch(self, number: int) -> tuple[str, str]:
        from ..model.batch import AS_PARENT

        name = self.batch_name(number)
        return (CANCELLED, f"batch-{number}") if name is None else (AS_PARENT[self.of_jobs(name)], of_batch(name))

    def of_jobs(self, name: str) -> str:
        """Return how a batch stands by its jobs, a word of `model.batch.STATES`, also if it was stopped."""
        from ..model.batch import OPEN, standing

        states = self._counts.of(name)
        unfinished = [state for state in states if state not in FINAL_STATES]
        # Only jobs in these states can be stuck, and mostly there are none to count.
        if any(state not in AWAITING_STATES for state in unfinished):
            return OPEN
        return standing(states, self.stuck(name) if unfinished else 0)

    def state_of_batch(self, name: str) -> str:
        """Return where a batch stands, a word of `model.batch.STATES`."""
        from ..model.batch import STOPPED

        return self.of_jobs(name) if self._database.value(STOPPED_AT, (name,)) is None else STOPPED

    def stuck(self, name: str) -> int:
        """Return how many jobs of a batch are stuck."""
        return int(self._database.value(COUNT_STUCK, (name,)))

    def batch_name(self, number: int) -> str | None:
        """Return the name of the batch that has an id, None if it is gone."""
        name: str | None = self._database.value(NAME, (number,))
        return name

    def awaited_batch(self, name: str | None) -> int | None:
        """Return the number that links have for a batch; None without a name, or if no open link leads to it."""
        parent: int | None = None if name is None else self._database.value(AWAITED, (name,))
        return parent

    def find_batch(self, name: str) -> int | None:
        """Return the number that links have for a batch, None if there is none of this name."""
        found: int | None = self._database.value(ID, (name,))
        return found

    def batch(self, parent: str) -> int:
        """Return the number that links have for `batch:NAME`. Raises NotFound."""
        name = parent[len(BATCH) :]
        found = self.find_batch(name)
        if found is None:
            raise NotFound(f"there is no batch {quoted(name)}", hint="see them with: queuectl batch list")
        return found
