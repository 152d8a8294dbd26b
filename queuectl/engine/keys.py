"""Keys of new jobs: what happens if another job has the key depends on `if_exists`.

    skip      the new job is not added; the other stands in its place
    replace   the other is cancelled, if it waits
    error     nothing is added

All of it happens in the transaction that adds the jobs.
"""

from __future__ import annotations

from ..model.errors import Conflict, quoted
from ..model.fields import REPLACE, SKIP
from ..model.job import FINAL_STATES, PROCESSING
from ..model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from ..model.spec import JobSpec
    from ..store import Store
    from ..store.enqueue import Parent
    from ..store.jobs import Holder


class Adding(Record):
    """The jobs to add, and what each of them waits for.

    For each job of the enqueue, `places` has the place of the one to add, or the id of one that is there already;
    `left` are the places of those that are not added.
    """

    specs: Sequence[JobSpec]
    parents: Sequence[Sequence[Parent]]
    places: Sequence[int | str]
    left: Sequence[int]

    def ids(self, added: Sequence[str]) -> list[str]:
        """Return the ids of all jobs of the enqueue, from those that were added."""
        return [place if isinstance(place, str) else added[place] for place in self.places]


def look_up(
    store: Store, specs: Sequence[JobSpec], parents: Sequence[Sequence[Parent]], *, actor: str, now: int
) -> Adding:
    """Return which jobs of one enqueue to add, and cancel those that they replace. In its transaction.

    Raises Conflict for a key that is taken, if that is an error, its holder runs, or the new job waits for its holder.
    """
    added: list[int] = []
    places: list[int | str] = []
    left: list[int] = []
    first: dict[str, int] = {}
    instead: dict[int | str, int | str] = {}
    for at, spec in enumerate(specs):
        holder = None if spec.key is None else _holder(store, spec, first, now)
        if isinstance(holder, int):
            # A job of this enqueue has the key.
            places.append(places[holder])
            other: int | str | None = specs[holder].id
            if other is None and spec.id is not None:
                message = f"two of these jobs have the key {quoted(spec.key)}, and only the second has an id"
                raise Conflict(message, hint=f"give the id {spec.id} to the first one", field="key")
        elif holder is not None and spec.if_exists == SKIP:
            places.append(holder.id)
            other = holder.number
        else:
            if holder is not None:
                _replace(store, spec, holder, parents[at] if parents else (), actor=actor, now=now)
            places.append(len(added))
            added.append(at)
            if spec.key is not None:
                first[spec.key] = at
            continue
        left.append(at)
        if spec.id is not None and other is not None:
            instead[spec.id] = other
    waits = [[(instead.get(one, one), kind) for one, kind in parents[at]] for at in added] if parents else ()
    return Adding([specs[at] for at in added], waits, places, left)


def _holder(store: Store, spec: JobSpec, first: dict[str, int], now: int) -> Holder | int | None:
    """Return the holder of a job's key: a job, the place of one of the same enqueue, or None. Raises Conflict."""
    key = spec.key or ""
    if key in first:
        if spec.if_exists != SKIP:
            raise Conflict(f"two of these jobs have the key {quoted(key)}", field="key")
        return first[key]
    return store.jobs.key_holder(key, now)


def _replace(store: Store, spec: JobSpec, holder: Holder, parents: Sequence[Parent], *, actor: str, now: int) -> None:
    """Cancel the job that has the key of a new one. Raises Conflict if it runs, or if it must not be replaced."""
    taken = f"{holder.id} has the key {quoted(spec.key)} already"
    if spec.if_exists != REPLACE:
        hint = f"see it with: queuectl show {holder.id}"
        raise Conflict(f"{taken}, it is {holder.state}", hint=hint, field="key")
    if holder.state == PROCESSING:
        raise Conflict(f"{taken}, and runs", hint=f"cancel it first: queuectl cancel {holder.id}", field="key")
    if holder.state not in FINAL_STATES and any(parent == holder.number for parent, _ in parents):
        # The new one would be stuck behind the job that it has cancelled.
        raise Conflict(f"{taken}, and a job cannot replace the one that it waits for", field="key")
    if holder.state not in FINAL_STATES and store.jobs.cancel(holder.number, now):
        detail = f"was {holder.state}, replaced by another with its key"
        store.events.add("cancel", actor=actor, now=now, job=holder.number, detail=detail)
