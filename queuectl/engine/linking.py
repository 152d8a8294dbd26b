"""What jobs wait for: references become parents, and no job may wait for itself."""

from __future__ import annotations

from ..model.errors import InvalidInput, NotFound, quoted
from ..model.link import WHENS, stronger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Container, Iterable, Mapping, Sequence

    from ..model.spec import JobSpec
    from ..store import Store
    from ..store.enqueue import Parent
    from .finding import Finding

MOST_PARENTS = 10_000
SHOWN = 10


class Linking:
    """Reads what jobs of one enqueue wait for; `own` are the ids that the enqueue gives."""

    def __init__(self, queue: Finding, own: Container[str | None] = ()) -> None:
        self._queue = queue
        self._own = own
        self._found: dict[str, list[int]] = {}

    def parents(self, given: JobSpec | Mapping[str, Any]) -> list[Parent]:
        """Return the parents that the three fields name, each once.

        Raises NotFound for what finds no job, InvalidInput for too many, or for one that cannot end in both ways.
        """
        found: dict[int | str, str] = {}
        for kind, name in WHENS.items():
            references = given.get(name, ()) if isinstance(given, dict) else getattr(given, name)
            for reference in references:
                for job in self._named(reference, name):
                    both = stronger(kind, found.get(job, kind))
                    if both is None:
                        raise InvalidInput(f"{quoted(reference)} cannot be completed and have failed", field=name)
                    found[job] = both
        if len(found) > MOST_PARENTS:
            raise InvalidInput(f"a job can wait for at most {MOST_PARENTS} others, got {len(found)}", field="after")
        return list(found.items())

    def _named(self, reference: str, field: str) -> Sequence[int | str]:
        if reference in self._own:
            return [reference]
        if reference not in self._found:
            self._found[reference] = self._queue.select([reference]).numbers
            if not self._found[reference]:
                raise NotFound(f"no job to wait for: {quoted(reference)} finds none", field=field)
        return self._found[reference]


def parents_of(queue: Finding, specs: Sequence[JobSpec]) -> list[list[Parent]]:
    """Return for each job of an enqueue what it waits for.

    Jobs that are given an id may be named by the others. Raises NotFound, or InvalidInput, also for jobs that wait for
    each other.
    """
    linking = Linking(queue, {spec.id for spec in specs if spec.id is not None})
    found = [linking.parents(spec) for spec in specs]
    demand_none_in_a_circle({spec.id: [job for job, _ in parents] for spec, parents in zip(specs, found) if spec.id})
    return found


def demand_none_in_a_circle(parents: Mapping[str, Sequence[int | str]]) -> None:
    """Raise InvalidInput if jobs of one enqueue wait for each other. (graphlib came with Python 3.9.)"""
    done: set[int | str] = set()
    for start in parents:
        path: dict[int | str, Iterable[int | str]] = {start: iter(parents[start])}
        while path:
            job, rest = next(reversed(path.items()))
            parent = next(iter(rest), None)
            if parent is None:
                done.add(job)
                del path[job]
            elif parent in path:
                raise circle([*path][[*path].index(parent) :])
            elif parent in parents and parent not in done:
                path[parent] = iter(parents[str(parent)])


def demand_no_circle(store: Store, number: int, parents: Sequence[tuple[int, str]]) -> None:
    """Raise InvalidInput if a job would wait for itself by these parents. In the transaction that adds them."""
    path = store.links.path([parent for parent, _ in parents], number)
    if path:
        ids = {job.number: job.id for job in store.search.jobs(path)}
        raise circle([ids.get(job, job) for job in (number, *path[:-1])])


def circle(jobs: Sequence[int | str]) -> InvalidInput:
    """Return the error for jobs each of which waits for the next one, and the last one for the first."""
    if len(jobs) == 1:
        return InvalidInput(f"{quoted(jobs[0])} cannot wait for itself", field="after")
    shown = [*map(str, jobs)] if len(jobs) <= SHOWN else [*map(str, jobs[: SHOWN - 1]), "...", str(jobs[-1])]
    return InvalidInput(f"these jobs would wait for each other: {' -> '.join([*shown, shown[0]])}", field="after")
