"""Pages of jobs by any filter, at a cost that does not grow with the home.

    sort      which jobs                    order
    newest    all                           number, the highest first
    oldest    all                           number
    finished  completed, dead, cancelled    end, the latest first
    run_at    scheduled, failed             when due
    priority  pending                       as they are claimed

A page is read from *lanes*: an index in its order, or the table itself, each looked at for so many rows
from a key on. What the lanes cannot decide (a text, a tag ...) is a condition on those rows, so a page may
end before it is full: `end` says where to go on. Keys grow in the order of the page, and none is found
twice: where jobs come and go, a page goes on behind a key, never after a count.
"""

from __future__ import annotations

from ..model.job import BLOCKED, DUE_STATES, FINAL_STATES, HELD, PENDING, PROCESSING, STATES
from .schema import DUE, FINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence, Tuple

    from .counts import Counts
    from .database import Database
    from .sqlite import Row

    Key = Tuple[int, ...]

# So few jobs of a state are all looked at by its index, and sorted.
FEW = 5_000
MOST = 1 << 62
KEYS = "number, state, priority, run_at, finished_at"
COLUMNS = (
    KEYS + ", id, command, queue, attempts, created_at, updated_at, duration, exit_code, tags, schedule, attempt_id"
)
ROWS = f"SELECT {KEYS} FROM ({{}}) {{}}"
EXTENT = "SELECT count(*) AS rows, min(number) AS low, max(number) AS high FROM ({})"
LAST = f"SELECT {KEYS} FROM ({{}}) ORDER BY {{}} LIMIT 1"
LANE = "SELECT {} FROM jobs {} WHERE {} ORDER BY {} LIMIT ?"
COUNT_PREFIX = "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE id >= ? AND id < ? LIMIT ?)"

BY_STATE = {
    **{state: ("INDEXED BY jobs_finished", f"{FINAL} AND state = '{state}'") for state in FINAL_STATES},
    PENDING: ("INDEXED BY jobs_claimable", "state = 'pending'"),
    PROCESSING: ("INDEXED BY jobs_processing", "state = 'processing'"),
}
SORTED_STATES = {
    "newest": STATES,
    "oldest": STATES,
    "finished": FINAL_STATES,
    "run_at": DUE_STATES,
    "priority": (PENDING,),
}
# The order, and the same backwards.
ORDERS = {
    "newest": ("number DESC", "number"),
    "oldest": ("number", "number DESC"),
    "finished": ("finished_at DESC, number DESC", "finished_at, number"),
    "run_at": ("run_at, number", "run_at DESC, number DESC"),
    "priority": ("priority DESC, run_at, number", "priority, run_at DESC, number DESC"),
}
KEY_OF: dict[str, Callable[[Row], Key]] = {
    "newest": lambda row: (-row["number"],),
    "oldest": lambda row: (row["number"],),
    "finished": lambda row: (-row["finished_at"], -row["number"]),
    "run_at": lambda row: (row["run_at"], row["number"]),
    "priority": lambda row: (-row["priority"], row["run_at"], row["number"]),
}
KEY_LENGTH = {"newest": 1, "oldest": 1, "finished": 2, "run_at": 2, "priority": 3}
BEYOND = {"newest": "number < ?", "oldest": "number > ?"}

FIELDS = {
    "id": "id",
    "queue": "queue",
    "exit": "exit_code",
    "tries": "attempts",
    "priority": "priority",
    "created": "created_at",
    "updated": "updated_at",
    "finished": "finished_at",
    "duration": "duration",
    "schedule": "schedule",
    "tag": "tags",
    "text": "command",
    "worker": "(SELECT worker FROM attempts WHERE attempts.id = attempt_id)",
}
OPERATORS = {
    "=": "{} = ?",
    "<": "{} < ?",
    "<=": "{} <= ?",
    ">": "{} > ?",
    ">=": "{} >= ?",
    "..": "{} BETWEEN ? AND ?",
    "prefix": "({0} >= ? AND {0} < ?)",
    "tag": "instr({}, ?) > 0",
    "text": "({} LIKE ? ESCAPE '\\' OR id LIKE ? ESCAPE '\\')",
}


class Term:
    """One condition on a field of FIELDS: any of the choices, each an operator of OPERATORS with its values."""

    __slots__ = ("field", "choices", "is_negated")

    def __init__(
        self, field: str, choices: Sequence[tuple[str, tuple[object, ...]]], *, is_negated: bool = False
    ) -> None:
        self.field = field
        self.choices = tuple(choices)
        self.is_negated = is_negated

    def only(self, operator: str) -> tuple[object, ...] | None:
        """Return the values if this term demands one choice with this operator, else None."""
        if self.is_negated or len(self.choices) != 1 or self.choices[0][0] != operator:
            return None
        return self.choices[0][1]

    def accepts(self, value: str) -> bool:
        """Return whether a value equals one of the choices, or with a negated term none."""
        return any(value == wanted for _, wanteds in self.choices for wanted in wanteds) != self.is_negated

    def sql(self) -> tuple[str, list[object]]:
        """Return it as SQL, with its parameters."""
        column = FIELDS[self.field]
        found = " OR ".join(OPERATORS[operator].format(column) for operator, _ in self.choices)
        parameters = [value for _, values in self.choices for value in values]
        # NOT of an unknown value is unknown, but what has no exit code has no exit code 0 either.
        return f"NOT coalesce({found}, 0)" if self.is_negated else f"({found})", parameters


class Wanted:
    """Which jobs, in which order: those in one of `states` for which every term holds."""

    __slots__ = ("states", "terms", "sort")

    def __init__(self, states: Sequence[str] = STATES, terms: Sequence[Term] = (), sort: str = "newest") -> None:
        self.states = tuple(state for state in SORTED_STATES[sort] if state in states)
        self.terms = tuple(terms)
        self.sort = sort

    def has_queue(self, queue: str) -> bool:
        """Return whether jobs of a queue may be meant."""
        return all(term.accepts(queue) for term in self.terms if term.field == "queue")

    def is_counted(self) -> bool:
        """Return whether the kept counts tell how many there are."""
        return all(term.field == "queue" for term in self.terms)


class Found:
    """What was found: (key, number, state) in order, how many rows were looked at, where to go on.

    `end` None says that there is no more.
    """

    __slots__ = ("rows", "looked", "end")

    def __init__(self, rows: list[tuple[Key, int, str]], looked: int, end: Key | None) -> None:
        self.rows = rows
        self.looked = looked
        self.end = end


class Lane:
    """Some rows of the table in the order of a sort. `rest` are states and terms that stay to be checked."""

    __slots__ = ("index", "where", "parameters", "sort", "rest")

    def __init__(
        self,
        index: str,
        where: str,
        parameters: Sequence[object],
        sort: str,
        rest: tuple[Sequence[str], Sequence[Term]],
    ) -> None:
        self.index = index
        self.where = where
        self.parameters = list(parameters)
        self.sort = sort
        self.rest = rest

    def sql(self, columns: str) -> str:
        """Return the question for its rows."""
        return LANE.format(columns, self.index, self.where, ORDERS[self.sort][0])

    def condition(self) -> tuple[str, list[object]]:
        """Return what its rows must fulfil besides, an empty text for nothing."""
        states, terms = self.rest
        found = [] if len(states) == len(STATES) else [_one_of(states)]
        parameters: list[object] = []
        for term in terms:
            sql, values = term.sql()
            found.append(sql)
            parameters += values
        return (f"WHERE {' AND '.join(found)}" if found else ""), parameters


class Pages:
    """Questions for pages."""

    def __init__(self, database: Database, counts: Counts) -> None:
        self._database = database
        self._counts = counts

    def count(self, wanted: Wanted) -> int:
        """Return how many jobs there are, for a filter that `is_counted`."""
        return sum(
            jobs
            for queue, states in self._counts.by_queue().items()
            if wanted.has_queue(queue)
            for state, jobs in states.items()
            if state in wanted.states
        )

    def page(self, wanted: Wanted, after: Key | None, limit: int, window: int) -> Found:
        """Return what comes after a key: up to `limit` rows of each lane, or what there is in `window` of them."""
        rows: list[tuple[Key, int, str]] = []
        looked, end = 0, None
        start = after or (-MOST,) * KEY_LENGTH[wanted.sort]
        for lane in self._lanes(wanted, start):
            found = self._read(lane, limit, window)
            rows += found.rows
            looked += found.looked
            end = found.end if end is None else end if found.end is None else min(end, found.end)
        rows.sort()
        # Beyond the end of one lane the others are not complete.
        return Found([row for row in rows if end is None or row[0] <= end], looked, end)

    def _read(self, lane: Lane, limit: int, window: int) -> Found:
        key_of = KEY_OF[lane.sort]
        condition, parameters = lane.condition()
        if not condition:
            rows = self._database.rows(lane.sql(KEYS), [*lane.parameters, limit])
            end = key_of(rows[-1]) if len(rows) == limit else None
            return Found([(key_of(row), row["number"], row["state"]) for row in rows], len(rows), end)
        rows = self._database.rows(ROWS.format(lane.sql(COLUMNS), condition), [*lane.parameters, window, *parameters])
        looked, end = self._extent(lane, window)
        return Found([(key_of(row), row["number"], row["state"]) for row in rows], looked, end)

    def _extent(self, lane: Lane, window: int) -> tuple[int, Key | None]:
        """Return how many rows of a lane a window shows, and the last one's key if it is full."""
        looking = [*lane.parameters, window]
        found = self._database.rows(EXTENT.format(lane.sql("number")), looking)[0]
        if found["rows"] < window:
            return int(found["rows"]), None
        if lane.sort in BEYOND:
            return window, (-found["low"],) if lane.sort == "newest" else (found["high"],)
        last = self._database.rows(LAST.format(lane.sql(KEYS), ORDERS[lane.sort][1]), looking)[0]
        return window, KEY_OF[lane.sort](last)

    def _lanes(self, wanted: Wanted, start: Key) -> list[Lane]:
        if wanted.sort == "finished":
            return [
                Lane(
                    "INDEXED BY jobs_finished",
                    f"{FINAL} AND state = '{state}' AND (finished_at, number) < (?, ?)",
                    (-start[0], -start[1]),
                    wanted.sort,
                    (STATES, wanted.terms),
                )
                for state in wanted.states
            ]
        if wanted.sort == "run_at":
            states = STATES if len(wanted.states) == len(DUE_STATES) else wanted.states
            return [
                Lane(
                    "INDEXED BY jobs_due",
                    f"{DUE} AND (run_at, number) > (?, ?)",
                    start,
                    wanted.sort,
                    (states, wanted.terms),
                )
            ]
        if wanted.sort == "priority":
            return self._claimable(wanted, start)
        return self._numbered(wanted, start[0] if wanted.sort == "oldest" else -start[0])

    def _claimable(self, wanted: Wanted, start: Key) -> list[Lane]:
        """Return two lanes for each queue: the rest of a priority, and the lower ones."""
        rest = (STATES, [term for term in wanted.terms if term.field != "queue"])
        lanes = []
        for queue in filter(wanted.has_queue, self._counts.queues_with(PENDING) if wanted.states else ()):
            for where, values in (
                ("priority = ? AND (run_at, number) > (?, ?)", (-start[0], *start[1:])),
                ("priority < ?", (-start[0],)),
            ):
                lanes.append(
                    Lane(
                        "INDEXED BY jobs_claimable",
                        f"state = 'pending' AND queue = ? AND {where}",
                        (queue, *values),
                        wanted.sort,
                        rest,
                    )
                )
        return lanes

    def _numbered(self, wanted: Wanted, number: int) -> list[Lane]:
        """Return the lanes with the fewest rows to look at, by number."""
        sort, beyond = wanted.sort, BEYOND[wanted.sort]
        everything = (wanted.states, wanted.terms)
        for term in wanted.terms:
            exact, prefix = term.only("="), term.only("prefix")
            if term.field == "schedule" and exact is not None:
                return [
                    Lane(
                        "INDEXED BY jobs_of_schedule", f"schedule = ? AND {beyond}", (*exact, number), sort, everything
                    )
                ]
            if term.field == "id" and exact is not None:
                return [Lane("", f"id = ? AND {beyond}", (*exact, number), sort, everything)]
            if term.field == "id" and prefix is not None and self._are_few(prefix):
                # The plus keeps SQLite from walking through all numbers instead.
                return [Lane("", f"id >= ? AND id < ? AND +{beyond}", (*prefix, number), sort, everything)]
        few = self._few(wanted.states)
        if few is not None:
            return [
                Lane(index, f"{where} AND +{beyond}", (number,), sort, (states, wanted.terms))
                for index, where, states in few
            ]
        return [Lane("", beyond, (number,), sort, everything)]

    def _few(self, states: Sequence[str]) -> list[tuple[str, str, Sequence[str]]] | None:
        """Return index, condition and what remains of the states, if by that few rows are looked at; else None."""
        counts = self._counts.by_state()
        present = [state for state in states if counts.get(state)]
        if len(states) == len(STATES) or HELD in present or BLOCKED in present:
            return None
        looked_at = {*present, *(DUE_STATES if set(present) & set(DUE_STATES) else ())}
        if sum(counts.get(state, 0) for state in looked_at) > FEW:
            return None
        found: list[tuple[str, str, Sequence[str]]] = [
            (*BY_STATE[state], STATES) for state in present if state in BY_STATE
        ]
        due = [state for state in present if state in DUE_STATES]
        return [*found, ("INDEXED BY jobs_due", DUE, due)] if due else found

    def _are_few(self, prefix: Sequence[object]) -> bool:
        return int(self._database.value(COUNT_PREFIX, (*prefix, FEW + 1))) <= FEW


def _one_of(states: Sequence[str]) -> str:
    return f"({' OR '.join(f'state = {state!r}' for state in states)})" if states else "0"
