"""Finding jobs: by what names them, by a filter, a page at a time."""

from __future__ import annotations

from ..model.errors import InvalidInput, did_you_mean, quoted
from ..model.job import PROCESSING, STATES, Job
from ..model.record import Record
from .home.opened import OpenHome
from .references import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, Iterator, List, Mapping, Sequence, Tuple, Union

    from ..model.filter import Filter
    from .suggestions import Suggestion

    Key = Tuple[int, ...]
    # What names jobs: an id, a number, a job, words of a filter, or what was found before.
    Reference = Union[str, int, Job, "Selection"]

# Where no index helps, at most so many rows are read for one page,
WINDOW = 10_000
# beginning with few, which answer most filters,
FIRST_WINDOW = 400
# and so many where it is known that there are more matches: those between are only of another state or queue.
FARTHEST = 200_000
BATCH = 2_000
NOT_BOTH = "give either ids or a filter, not both"
NO_COUNTS: Mapping[str, int] = {}


class Selection(Record):
    """The jobs that were meant, by number.

    `wanted` is the filter that found them, None if they were named. `left_out` counts by state the jobs that the filter
    found in states which the verb takes, but means only if they are given. `already` counts those that are suspended,
    or not, as the verb would make them. A job that is in none of `states` by its turn is not meant any more.
    """

    numbers: list[int]
    wanted: Filter | None = None
    left_out: Mapping[str, int] = NO_COUNTS
    states: Sequence[str] = STATES
    already: int = 0

    @property
    def is_named(self) -> bool:
        """Whether the jobs were named: by id, number, range or on stdin."""
        return self.wanted is None


def is_by_filter(words: Sequence[str | int | Job]) -> bool:
    """Return whether words given as ids are a filter. Raises InvalidInput if only some of them are."""
    from ..model.filter import is_filter

    found = [isinstance(word, str) and is_filter(word) for word in words]
    if any(found) and not all(found):
        raise InvalidInput(NOT_BOTH, hint="run the command once with the ids, and once with the filter")
    return any(found)


class Page(Record):
    """Some of the jobs that a filter finds, by number, in order; `end` is where to go on, None where all are found.

    `total` is how many it finds, or how many were found so far if that is not `is_exact`. `looked` counts the rows that
    were read; the page `is_complete` unless more of it may follow.
    """

    numbers: list[int]
    end: Key | None
    total: int
    is_exact: bool
    looked: int
    is_complete: bool


class Listing:
    """Jobs by number, read again for each iteration, some at a time. One that was removed counts in the length only."""

    def __init__(self, read: Callable[[Sequence[int]], List[Job]], numbers: Sequence[int]) -> None:
        self._read = read
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Job]:
        for start in range(0, len(self._numbers), BATCH):
            yield from self._read(self._numbers[start : start + BATCH])


class Finding(OpenHome):
    """A home in which jobs can be found."""

    def get(self, reference: str | int | Job) -> Job:
        """Return the job of an id, number, unique prefix or `last`; a Job as it is. Raises NotFound, InvalidInput."""
        numbers = self.named([reference]).numbers
        if len(numbers) > 1:
            raise InvalidInput(f"{quoted(reference)} names {len(numbers)} jobs, one is wanted")
        return self.read(numbers)[0]

    def read(self, numbers: Sequence[int]) -> List[Job]:
        """Return the jobs of these numbers, in order, without those that were removed; see `as_they_are`."""
        jobs = self.store.search.jobs(numbers)
        if all(job.state != PROCESSING for job in jobs):
            return jobs
        from .home.underway import as_they_are

        return list(as_they_are(self, jobs))

    def states_of(self, numbers: Sequence[int]) -> Dict[int, str]:
        """Return the state of each job of these numbers, in order, without those that are gone."""
        states = self.store.search.states_of(numbers)
        return {number: states[number] for number in numbers if number in states}

    def standings_of(self, numbers: Sequence[int]) -> Dict[int, str]:
        """Return the same, with `model.link.STUCK` for the jobs that are stuck."""
        standings = self.store.search.standings_of(numbers)
        return {number: standings[number] for number in numbers if number in standings}

    def named(self, references: Sequence[str | int | Job]) -> Selection:
        """Return the jobs that references name, a union; none is read as a filter. Raises NotFound, InvalidInput."""
        return Selection(resolve(self.store.names, references))

    def find(self, references: Sequence[str | int | Job]) -> List[int]:
        """Return the numbers of the jobs that words mean, each once; takes and raises the same as `select`."""
        return self.select(references).numbers

    def select(
        self,
        words: Sequence[Reference],
        *,
        means: Sequence[str] = STATES,
        takes: Sequence[str] = (),
        finds: bool | None = None,
    ) -> Selection:
        """Return the jobs that words mean: a union of references, the words of one filter, or a Selection.

        A word that is a filter and also the id of a job is refused: a Job or its number is always exact. `means` are
        the states of a filter that names none, `takes` all those that the verb can be used on; if `finds` is given, a
        filter finds only jobs that are suspended (True) or are not. Raises NotFound, FilterError, or InvalidInput if
        there are both references and filters.
        """
        given: List[str | int | Job] = []
        for word in words:
            if isinstance(word, Selection):
                return word
            given.append(word)
        if not is_by_filter(given):
            return self.named(given)
        from ..model.filterparse import parse

        for word in map(str, given):
            number = self.store.names.number_of(word)
            if number is not None:
                hint = f"give {number} for the job, or *list({word!r}) for the jobs that the filter finds"
                raise InvalidInput(f"{quoted(word)} is a filter, and the id of a job", hint=hint)
        wanted = parse(" ".join(map(str, given)), self.clock.wall(), takes_text=False, takes_all=False)
        return self.found_by(wanted, means=means, takes=takes, finds=finds)

    def found_by(
        self,
        wanted: Filter,
        *,
        means: Sequence[str] = STATES,
        takes: Sequence[str] = (),
        finds: bool | None = None,
        sort: str = "number",
        limit: int = -1,
    ) -> Selection:
        """Return the jobs that a filter finds, the oldest first; see `select`. A negative limit means all."""
        find, already = self.store.find, 0
        if finds is not None:
            already = find.count(wanted.within(means).suspended(not finds))
            wanted = wanted.suspended(finds)
        if wanted.names_states:
            return Selection(find.numbers(wanted, sort, limit), wanted, states=wanted.states, already=already)
        narrowed = wanted.within(means)
        others = [state for state in takes if state not in means]
        left_out = find.count_by_state(wanted.within(others)) if others else {}
        return Selection(find.numbers(narrowed, sort, limit), narrowed, left_out, narrowed.states, already)

    def list(
        self,
        *filters: str,
        state: str | Sequence[str] = (),
        queue: str | Sequence[str] | None = None,
        tag: str | Sequence[str] | None = None,
        search: str | None = None,
        sort: str = "-number",
        limit: int = -1,
    ) -> List[Job]:
        """Return the jobs that a filter finds, such as `state:dead queue:mail`; by default all of them, newest first.

        The other parameters say the same: `state` and `queue` are a name, or several of which one must fit; `tag` is a
        name, or several of which a job must have all. `search` is a text in the command or id; `sort` is a field's
        name, with `-` in front for descending order; a negative limit means all. Raises FilterError (an InvalidInput),
        or InvalidInput for an unknown field.
        """
        from ..model.filter import of_options

        text = of_options(filters, state=_several(state), queue=_several(queue), tag=_several(tag), search=search)
        return [*self.listing(text, sort=sort, limit=limit)]

    def listing(self, text: str, *, sort: str = "-number", limit: int = -1) -> Listing:
        """Return what `list` does, and raise the same, without holding all jobs at once."""
        from ..model.filterparse import parse
        from ..model.sorts import SORT_KEYS

        if sort[sort.startswith("-") :] not in SORT_KEYS:
            raise InvalidInput(f"cannot sort by {quoted(sort)}{did_you_mean(sort, SORT_KEYS)}", field="sort")
        return Listing(self.read, self.store.find.numbers(parse(text, self.clock.wall()), sort, limit))

    def count(self, wanted: str | Filter = "") -> int:
        """Return how many jobs a filter finds, by default all. Raises FilterError."""
        return sum(self.counts(wanted).values())

    def counts(self, wanted: str | Filter = "") -> Dict[str, int]:
        """Return how many jobs a filter finds in each state that it finds any in. Raises FilterError."""
        if isinstance(wanted, str):
            from ..model.filterparse import parse

            wanted = parse(wanted, self.clock.wall())
        return self.store.find.count_by_state(wanted)

    def page(
        self, wanted: Filter, order: str, after: Key | None, limit: int, *, seen: int = 0, looks_at_all: bool = False
    ) -> Page:
        """Return the jobs after a place, in one of ORDERS; `seen` came before. `looks_at_all` lifts WINDOW."""
        from ..model.sorts import ORDERS

        store, is_first = self.store, after is None
        changes = store.changes()
        total = store.find.count(wanted.within(ORDERS[order].states)) if wanted.is_counted else None
        farthest = WINDOW if total is None else FARTHEST
        rows: List[Tuple[Key, int]] = []
        looked, window = 0, FIRST_WINDOW
        while True:
            found = store.find.page(wanted, order, after, limit + 1, window)
            rows += found.rows
            looked, after = looked + found.looked, found.end
            window = min(window * 4, WINDOW if looks_at_all else max(FIRST_WINDOW, farthest - looked))
            if total == len(rows) <= limit and is_first and store.changes() == changes:
                # All were found: nothing has changed since they were counted.
                after = None
            if after is None or len(rows) > limit or (looked >= farthest and not looks_at_all):
                break
        return Page(
            [number for _, number in rows[:limit]],
            rows[limit - 1][0] if len(rows) > limit else after,
            seen + len(rows) if total is None else total,
            total is not None or after is None,
            looked,
            after is None or len(rows) > limit,
        )

    def walk(self, wanted: Filter, order: str) -> Iterator[List[Job]]:
        """Yield all jobs that a filter finds in one of ORDERS, some at a time, each by a short read."""
        after: Key | None = None
        while True:
            found = self.store.find.page(wanted, order, after, BATCH, WINDOW)
            yield self.read([number for _, number in found.rows])
            if found.end is None:
                return
            after = found.end

    def ended_before(self, states: Sequence[str], before: int) -> Listing:
        """Return the jobs that ended in these states before an instant."""
        return Listing(self.read, self.store.search.ended_before(states, before))

    def dead_of_group(self, exit_code: int | None, signal: int | None, error: str | None) -> List[int]:
        """Return the numbers of the dead jobs that failed in one way, the first to end first."""
        return self.store.dead.of_group(exit_code, signal, error)

    def dead_like(self, reference: str) -> List[int]:
        """Return the numbers of the dead jobs whose commands differ from a job's in numbers only. Raises NotFound."""
        return self.store.dead.like(self.get(reference).command)

    def has_id(self, text: str) -> bool:
        """Return whether a job has exactly this id."""
        return self.store.names.number_of(text) is not None

    def suggest(self, key: str, prefix: str = "", limit: int = 20) -> List[Suggestion]:
        """Return what may be written for a key of a filter; of ids, the first `limit` that begin with `prefix`."""
        from .suggestions import FOUND

        return FOUND[key](self.store, prefix, limit) if key in FOUND else []

    def changes(self) -> int:
        """Return a number that differs once somebody else has changed something."""
        return self.store.changes()


def _several(names: str | Sequence[str] | None) -> Sequence[str]:
    return (names,) if isinstance(names, str) else names or ()
