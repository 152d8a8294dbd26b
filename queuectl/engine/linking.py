"""What jobs wait for: references become parents."""

from __future__ import annotations

from ..model.errors import InvalidInput, NotFound, quoted
from ..model.fields import read_parents
from ..model.link import WHENS, batch_of, of_batch, stronger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Collection, Mapping, Sequence

    from ..model.spec import JobSpec
    from ..store.enqueue import Parent
    from .finding import Finding

MOST_PARENTS = 10_000


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
                        raise InvalidInput(f"{quoted(reference)} cannot be completed and have failed", field=name)
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
    """Return for each job of an enqueue what it waits for: also for the ids and batches of this enqueue.

    Raises NotFound, or InvalidInput, also for jobs that wait for each other.
    """
    from .circles import demand_none_in_a_circle

    own = {spec.id for spec in specs if spec.id is not None}
    linking = Linking(queue, own, {spec.batch for spec in specs if spec.batch is not None})
    found = [linking.parents(spec) for spec in specs]
    demand_none_in_a_circle({spec.id: [one for one, _ in parents] for spec, parents in zip(specs, found) if spec.id})
    return found
