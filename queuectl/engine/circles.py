"""No job may wait for itself: not directly, not through others, and not for a batch that it is in."""

from __future__ import annotations

from ..model.errors import InvalidInput, quoted
from ..model.link import BATCH, of_batch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Union

    from ..model.spec import JobSpec
    from ..store import Store
    from ..store.enqueue import Parent

    # A job by its number, a new job by its id, a batch by `batch:NAME`, a new job without an id by minus its place.
    Node = Union[int, str]

SHOWN = 10
NEW = "(new)"


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
    """Return nodes that form a circle, each before the one that it waits for; none if there is no circle.

    (graphlib came with Python 3.9.)
    """
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
