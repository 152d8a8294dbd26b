"""Batches as users see them: which there are, how far each one is, and the results of jobs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Dict, List

from ..model.batch import Batch
from ..model.errors import Conflict, InvalidInput, NotFound, StoreUnavailable, did_you_mean, quoted
from ..model.filter import written
from ..model.job import FINAL_STATES, Job
from ..model.kinds import TEXT
from ..model.lane import demand_slots
from ..model.noun import Noun, maybe
from ..model.nouns.jobs import RESULT
from ..model.piece import STDERR, STDOUT
from ..store.trouble import FULL
from .daemons.daemon import demand_workers_that_know
from .finding import Finding, Listing
from .home.opened import Part
from .logs import Logs
from .machine.doorbell import ALL, ring

# At most this many of the newest batches are searched for the name that was meant.
RECENT = 200
STREAMS = {"stdout": STDOUT, "stderr": STDERR}


class Batches(Part):
    """The batches of a home."""

    def get(self, name: str) -> Batch:
        """Return a batch with its counts. Raises NotFound."""
        found = self._opened.store.batches.get(name, self._opened.clock.wall()) if name.isascii() else None
        if found is None:
            meant = did_you_mean(name, [batch.name for batch in self.all(RECENT)])
            raise NotFound(f"there is no batch {quoted(name)}{meant}", hint="see them with: queuectl batch list")
        return found

    def all(self, limit: int = -1) -> list[Batch]:
        """Return the batches with their counts, newest first, up to `limit`; negative: all."""
        return self._opened.store.batches.newest(limit, self._opened.clock.wall())

    def count(self) -> int:
        """Return how many batches there are."""
        return self._opened.store.batches.count()

    def limit(self, name: str, slots: int | None) -> Batch:
        """Set how many jobs of a batch run at once; None lifts it. Raises NotFound, InvalidInput, DaemonUnavailable."""
        demand_slots(slots, to_stop=f"queuectl hold batch:{name}")
        opened = self._opened
        demand_workers_that_know(opened, "batch limit")
        self.get(name)
        with opened.store.writing():
            if opened.store.batches.limit(name, slots):
                opened.store.jobs.parking.leave([], name)
                opened.note("batch", f"{name}: {'no limit' if slots is None else f'limit {slots}'}")
        ring(opened.home, ALL)
        return self.get(name)


class Results:
    """The results of jobs in the order of the inputs, each a dict; `inputs` are the names of all that any of them has.

    With `with_output` each has the output of its last attempt as text; with a `directory` the paths of files, which
    `write` makes. Each iteration reads jobs and their output again, some at a time: only numbers are held. It raises
    StoreUnavailable.
    """

    def __init__(self, queue: Finding, numbers: Sequence[int], *, with_output: bool, directory: str | None) -> None:
        self._queue = queue
        self._logs = Logs(queue)
        self._numbers = sorted(numbers)
        self._jobs = Listing(queue.read, self._numbers)
        self._with_output = with_output
        self._directory = directory
        self.inputs: List[str] = list(dict.fromkeys(name for job in self._jobs for name in job.inputs or ()))

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        for job in self._jobs:
            found = {name: getattr(job, "item_index" if name == "index" else name) for name in RESULT.keys}
            found.update((f"input_{name}", (job.inputs or {}).get(name)) for name in self.inputs)
            for name in STREAMS if self._directory is not None or self._with_output else ():
                found[name] = self._path(job, name) if self._directory is not None else self._text(job, name)
            yield found

    @property
    def noun(self) -> Noun:
        """What a result has."""
        keys = {**RESULT.keys, **{f"input_{name}": maybe(TEXT) for name in self.inputs}}
        if self._with_output or self._directory is not None:
            keys.update(dict.fromkeys(STREAMS, maybe(TEXT)))
        return Noun("result", **keys)

    def count_open(self) -> int:
        """Return how many of the jobs have not ended."""
        return sum(state not in FINAL_STATES for state in self._queue.states_of(self._numbers).values())

    def write(self) -> None:
        """Write the outputs into the directory, a folder for each number; make the directory if it is missing.

        Raises Conflict if it is not empty, InvalidInput if it cannot be written to, or StoreUnavailable for a full
        disk; what was written by then stays.
        """
        assert self._directory is not None
        try:
            os.makedirs(self._directory, exist_ok=True)
            if os.listdir(self._directory):
                raise Conflict(f"the directory {quoted(self._directory)} is not empty", hint="name another one")
            for job in self._jobs:
                os.mkdir(os.path.join(self._directory, str(job.number)))
                for name in STREAMS:
                    with open(self._path(job, name), "xb") as file:
                        file.writelines(self._output(job, name))
        except OSError as error:
            message = f"cannot write to {quoted(self._directory)}: {error.strerror}"
            raise (StoreUnavailable if error.errno in FULL else InvalidInput)(message) from None

    def _path(self, job: Job, name: str) -> str:
        return os.path.join(self._directory or "", str(job.number), name)

    def _text(self, job: Job, name: str) -> str:
        return b"".join(self._output(job, name)).decode("utf-8", "backslashreplace")

    def _output(self, job: Job, name: str) -> Iterator[bytes]:
        attempts = self._logs.attempts(job)
        if attempts:
            yield from self._logs.printed(attempts[-1], stream=STREAMS[name])


def results_of(queue: Finding, text: str, *, with_output: bool = False, directory: str | None = None) -> Results:
    """Return the results of a batch, or of the jobs that references or a filter find. Raises NotFound, InvalidInput."""
    try:
        name = Batches(queue).get(text).name
        numbers = queue.find([written("batch", name)])
    except NotFound as unknown_batch:
        try:
            numbers = queue.find([text])
        except NotFound as error:
            raise (error if ":" in text or text.isdigit() else unknown_batch) from None
    if not numbers:
        raise NotFound(f"no job matches {quoted(text)}")
    return Results(queue, numbers, with_output=with_output, directory=directory)
