"""Where the rows of a filter lie: the indexes that have them in one of ORDERS, few rows at a time.

A *range* is an index in this order, or the table itself, from a key on. A term that it cannot decide (a text, a tag
...) is a condition on its rows. The key of a row has the values that it is sorted by, signed: keys grow in the order of
the sort, and none is in two ranges.
"""

from __future__ import annotations

from ..model.job import DUE_STATES, FINAL_STATES, KEPT_BACK_STATES, PENDING, PROCESSING, STATES
from ..model.record import Record
from ..model.sorts import ORDERS
from .condition import condition, prefix_range
from .schema import CLAIMABLE, DUE, FINAL, PARKED
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence, Tuple

    from ..model.filter import Filter, Term
    from .sqlite import Row

    Key = Tuple[int, ...]

# Up to this many jobs of a state are all read by its index, and sorted.
FEW = 5_000
MOST = 1 << 62
COUNT_PREFIX = "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE id >= ? AND id < ? LIMIT ?)"
# Named, so that no other plan is chosen.
TABLE, BY_ID = "NOT INDEXED", "INDEXED BY sqlite_autoindex_jobs_1"
EXACT = {"schedule": "INDEXED BY jobs_of_schedule", "id": BY_ID}
BY_STATE = {
    **{state: [("INDEXED BY jobs_finished", f"{FINAL} AND state = '{state}'")] for state in FINAL_STATES},
    PENDING: [("INDEXED BY jobs_claimable", CLAIMABLE), ("INDEXED BY jobs_parked", PARKED)],
    PROCESSING: [("INDEXED BY jobs_processing", "state = 'processing'")],
}
BEYOND = {"newest": "number < ?", "oldest": "number > ?"}


class Range(Record):
    """Some rows of the table in the order of a sort, and the states and terms that they must still fulfill."""

    index: str
    where: str
    parameters: Sequence[object]
    sort: str
    states: Sequence[str] = STATES
    terms: Sequence[Term] = ()

    def condition(self) -> tuple[str, list[object]]:
        """Return the further condition on its rows, an empty text if there is none."""
        return condition(self.states, self.terms)

    def window(self, columns: str) -> str:
        """Return the question for its rows in order, whether they fulfill the condition or not, without a limit."""
        return f"SELECT {columns} FROM jobs {self.index} WHERE {self.where} ORDER BY {self.order}"

    def matching(self, columns: str) -> tuple[str, list[object]]:
        """Return the question for those of its rows that fulfill the condition, in no order."""
        sql, parameters = self.condition()
        where = f"{self.where} AND {sql}" if sql else self.where
        return f"SELECT {columns} FROM jobs {self.index} WHERE {where}", [*self.parameters, *parameters]

    @property
    def order(self) -> str:
        """The order of its rows, as SQL."""
        return ", ".join(f"{name[1:]} DESC" if name.startswith("-") else name for name in ORDERS[self.sort].columns)

    def key_of(self, row: Row) -> Key:
        """Return the key of one of its rows."""
        return tuple(-row[name[1:]] if name.startswith("-") else row[name] for name in ORDERS[self.sort].columns)


class Ranges(Table):
    """Chooses the ranges with the fewest rows to look at."""

    def of(self, wanted: Filter, sort: str, start: Key | None = None) -> list[Range]:
        """Return the ranges that together hold the jobs of a filter behind a key."""
        key = start or (-MOST,) * len(ORDERS[sort].columns)
        wanted = wanted.within(ORDERS[sort].states)
        if not wanted.states:
            return []
        if sort == "finished":
            before = (-key[0], -key[1])
            return [
                Range(index, f"{place} AND (finished_at, number) < (?, ?)", before, sort, terms=wanted.terms)
                for state in wanted.states
                for index, place in BY_STATE[state]
            ]
        if sort == "run_at":
            states = STATES if len(wanted.states) == len(DUE_STATES) else wanted.states
            where = f"{DUE} AND (run_at, number) > (?, ?)"
            return [Range("INDEXED BY jobs_due", where, key, sort, states=states, terms=wanted.terms)]
        if sort == "priority":
            return self._claimable(wanted, key)
        return self._numbered(wanted, sort, key[0] if sort == "oldest" else -key[0])

    def _claimable(self, wanted: Filter, key: Key) -> list[Range]:
        """Return two ranges for each queue and index: the rest of a priority, and the lower ones."""
        rest = [term for term in wanted.terms if term.key != "queue"]
        ranges = []
        for queue in filter(wanted.has_queue, self._counts.queues_with(PENDING)):
            for where, values in (
                ("priority = ? AND (run_at, number) > (?, ?)", (-key[0], *key[1:])),
                ("priority < ?", (-key[0],)),
            ):
                for index, place in BY_STATE[PENDING]:
                    there = f"{place} AND queue = ? AND {where}"
                    ranges.append(Range(index, there, (queue, *values), "priority", terms=rest))
        return ranges

    def _numbered(self, wanted: Filter, sort: str, number: int) -> list[Range]:
        beyond = BEYOND[sort]
        for term in wanted.terms:
            exact, prefix = term.only("="), term.only("prefix")
            if term.key in EXACT and exact is not None:
                return [_range(wanted, sort, EXACT[term.key], f"{term.key} = ? AND {beyond}", *exact, number)]
            if term.key == "batch" and exact is not None:
                index, where = "INDEXED BY jobs_of_batch", f"batch = ? AND {beyond} AND state ="
                values = (*exact, number)
                return [Range(index, f"{where} '{state}'", values, sort, terms=wanted.terms) for state in wanted.states]
            if term.key == "id" and prefix is not None:
                low, high = prefix_range(str(prefix[0]))
                if int(self._database.value(COUNT_PREFIX, (low, high, FEW + 1))) <= FEW:
                    return [_range(wanted, sort, BY_ID, f"id >= ? AND id < ? AND {beyond}", low, high, number)]
        few = self._few(wanted.states)
        if few is None:
            return [_range(wanted, sort, TABLE, beyond, number)]
        return [
            Range(index, f"{where} AND {beyond}", (number,), sort, states=states, terms=wanted.terms)
            for index, where, states in few
        ]

    def _few(self, states: Sequence[str]) -> list[tuple[str, str, Sequence[str]]] | None:
        """Return index, condition and the remaining states, if few rows are then read; else None."""
        counts = self._counts.by_state()
        present = [state for state in states if counts.get(state)]
        if len(states) == len(STATES) or not set(present).isdisjoint(KEPT_BACK_STATES):
            return None
        walked = {*present, *(DUE_STATES if set(present) & set(DUE_STATES) else ())}
        if sum(counts.get(state, 0) for state in walked) > FEW:
            return None
        found: list[tuple[str, str, Sequence[str]]] = [
            (index, where, STATES) for state in present for index, where in BY_STATE.get(state, ())
        ]
        due = [state for state in present if state in DUE_STATES]
        return [*found, ("INDEXED BY jobs_due", DUE, due)] if due else found


def _range(wanted: Filter, sort: str, index: str, where: str, *parameters: object) -> Range:
    return Range(index, where, parameters, sort, states=wanted.states, terms=wanted.terms)
