"""What jobs wait for: references become parents.

No job may wait for itself: not directly, not through others, and not for a batch that it is in.
"""

from __future__ import annotations

from ..model.errors import InvalidInput, NotFound, quoted
from ..model.fields import read_parents
from ..model.link import BATCH, WHENS, batch_of, of_batch, stronger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Collection, Iterable, Iterator, Mapping, Sequence, Union

    from ..model.spec import JobSpec
    from ..store import Store
    from ..store.enqueue import Parent
    from .finding import Finding

    # A job by its number, a new job by its id, a batch by `batch:NAME`, a new job without an id by minus its place.
    Node = Union[int, str]

MOST_PARENTS = 10_000
SHOWN = 10
NEW = "(new)"


class Linking:
    """Reads what jobs of one enqueue wait for; `own` are the ids and `begun` the batches that the enqueue makes."""

    def __init__(self, queue: Finding, own: Collection[str] = (), begun: Collection[str] = ()) -> None:
        self._queue = queue
        self._own = own
        self._begun = begun
        self._found: dict[str, Sequence[int | str]] = {}

    def parents(self, given: JobSpec | Mapping[str, Any]) -> list[Parent]:
        """Return the parents that the three fields name, each once.

        Raises NotFound for what finds nothing, InvalidInput for too many, or for one that cannot end in both ways.
        """
        found: dict[int | str, str] = {}
        for kind, name in WHENS.items():
            references = given.get(name, ()) if isinstance(given, dict) else getattr(given, name)
            for reference in references:
                for parent in self._named(reference, name):
                    both = stronger(kind, found.get(parent, kind))
                    if both is None:
                        raise InvalidInput(f"{quoted(reference)} cannot both be completed and have failed", field=name)
                    found[parent] = both
        if len(found) > MOST_PARENTS:
            problem = f"a job can wait for at most {MOST_PARENTS} others, got {len(found)}"
            hint = "wait for a batch that they are in: batch:NAME counts as one"
            raise InvalidInput(problem, hint=hint, field="after")
        return list(found.items())

    def _named(self, reference: str, field: str) -> Sequence[int | str]:
        if reference in self._own:
            return [reference]
        if reference not in self._found:
            parts = [reference] if "," not in reference or self._queue.has_id(reference) else read_parents(reference)
            whole = parts == [reference]
            self._found[reference] = (
                self._one(reference, field) if whole else [one for part in parts for one in self._named(part, field)]
            )
        return self._found[reference]

    def _one(self, reference: str, field: str) -> Sequence[int | str]:
        batch = batch_of(reference)
        if batch is not None and not self._queue.has_id(reference):
            if batch not in self._begun:
                from .batches import Batches

                Batches(self._queue).get(batch)
            return [of_batch(batch)]
        numbers = self._queue.select([reference]).numbers
        if not numbers:
            raise NotFound(f"no job to wait for: {quoted(reference)} finds none", field=field)
        return numbers


def parents_of(queue: Finding, specs: Sequence[JobSpec]) -> list[list[Parent]]:
    """Return what each job of an enqueue waits for, also within it. Raises NotFound, InvalidInput for circles too."""
    own = {spec.id for spec in specs if spec.id is not None}
    linking = Linking(queue, own, {spec.batch for spec in specs if spec.batch is not None})
    found = [linking.parents(spec) for spec in specs]
    demand_none_in_a_circle({spec.id: [one for one, _ in parents] for spec, parents in zip(specs, found) if spec.id})
    return found


def demand_none_in_a_circle(parents: Mapping[str, Sequence[Node]]) -> None:
    """Raise InvalidInput if jobs of one enqueue wait for each other by the ids that it gives."""
    found = _find(parents, lambda node: parents.get(node, ()) if isinstance(node, str) else ())
    if found:
        raise _circle(found)


def demand_no_circle_in_batches(store: Store, specs: Sequence[JobSpec], parents: Sequence[Sequence[Parent]]) -> None:
    """Raise InvalidInput if jobs of one enqueue wait for batches that they are in. In the transaction that adds them.

    Jobs that are there already can wait for a new one only through its batch.
    """
    named = {parent for found in parents for parent, _ in found}
    batches = {spec.batch for spec in specs if spec.batch is not None}
    numbers = {batch: store.links.standings.find_batch(batch) for batch in batches}
    if not any(
        of_batch(batch) in named or (number is not None and store.links.has_children(number))
        for batch, number in numbers.items()
    ):
        return
    nodes: list[Node] = [spec.id if spec.id is not None else -place for place, spec in enumerate(specs, 1)]
    new = {node: [parent for parent, _ in found] for node, found in zip(nodes, parents)}
    in_batch: dict[str | None, list[Node]] = {}
    for node, spec in zip(nodes, specs):
        in_batch.setdefault(spec.batch, []).append(node)

    def parents_of(node: Node) -> Iterable[Node]:
        if node in new:
            return new[node]
        if isinstance(node, int):
            return [_node(store, parent) for parent in store.links.parents_of(node)]
        name = node[len(BATCH) :]
        number = store.links.standings.find_batch(name)
        return [*in_batch.get(name, ()), *(() if number is None else store.links.parents_of(number))]

    circle = _find(new, parents_of)
    if circle:
        raise _circle(_shown(store, circle))


def demand_no_circle_of_edit(store: Store, jobs: Collection[int], parents: Sequence[tuple[int, str]]) -> None:
    """Raise InvalidInput if one of some jobs would wait for itself with these parents. In their transaction."""
    path = store.links.path([parent for parent, _ in parents], jobs)
    if path:
        raise _circle(_shown(store, [_node(store, one) for one in (path[-1], *path[:-1])]))


def _find(starts: Iterable[Node], parents_of: Callable[[Node], Iterable[Node]]) -> Sequence[Node]:
    """Return nodes in a circle, each before the one that it waits for, else none. (graphlib came with Python 3.9.)"""
    done: set[Node] = set()
    for start in starts:
        path: dict[Node, Iterator[Node]] = {} if start in done else {start: iter(parents_of(start))}
        while path:
            node, rest = next(reversed(path.items()))
            parent = next(rest, None)
            if parent is None:
                done.add(node)
                del path[node]
            elif parent in path:
                return [*path][[*path].index(parent) :]
            elif parent not in done:
                path[parent] = iter(parents_of(parent))
    return ()


def _node(store: Store, parent: int) -> Node:
    """Return the node of a parent in the links. A batch that is gone has no jobs."""
    return parent if parent > 0 else of_batch(store.links.standings.batch_name(-parent) or "")


def _shown(store: Store, nodes: Sequence[Node]) -> Sequence[Node]:
    """Return nodes as users name them."""
    numbers = [node for node in nodes if isinstance(node, int)]
    ids = {**dict.fromkeys(numbers, NEW), **{job.number: job.id for job in store.search.jobs(numbers)}}
    return [ids[node] if isinstance(node, int) else node for node in nodes]


def _circle(nodes: Sequence[Node]) -> InvalidInput:
    if len(nodes) == 1:
        return InvalidInput(f"{quoted(nodes[0])} cannot wait for itself", field="after")
    shown = [*map(str, nodes)] if len(nodes) <= SHOWN else [*map(str, nodes[: SHOWN - 1]), "...", str(nodes[-1])]
    return InvalidInput(f"these jobs would wait for each other: {' -> '.join([*shown, shown[0]])}", field="after")
