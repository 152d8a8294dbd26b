"""Workers: what the store knows about each, their state, and the names of their groups.

The workers of a group take jobs from the same queues. Its name is these queues, sorted, with commas between; the group
for all queues has an empty name, written `*`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .checks import is_name
from .errors import InvalidInput
from .quantity import counted
from .record import Record

# The group for all queues, and how users write it.
ALL = ""
EVERY_QUEUE = "*"


class RegisteredWorker(Record):
    """A worker of the store with the job that it runs, if any. Times are in milliseconds, `memory` is in bytes."""

    id: int
    pid: int
    pid_start: str
    boot: str
    namespace: str
    mark: str
    adopters: str
    queues: str
    started_at: int
    heartbeat_at: int
    jobs_done: int
    busy_time: int
    memory: int
    stopping: int
    trouble: str | None
    limited_by: str | None
    job: str | None
    command: str | None
    job_started_at: int | None
    job_suspended_at: int | None
    job_suspended_for: int | None


class WorkerState(Record):
    """A registered worker. Times are in milliseconds, `memory` is in bytes."""

    worker: int
    pid: int
    state: str  # busy, idle, stopping or lost
    job: str | None
    elapsed: int | None
    jobs_done: int
    heartbeat_at: int
    memory: int
    uptime: int
    busy: float | None  # the share of its time in which it ran jobs
    queues: list[str]  # empty if it takes jobs from all
    command: str | None
    trouble: str | None
    limited_by: str | None


class Group(Record):
    """The workers of a pool that take jobs from `queues`, and how many there should be."""

    queues: list[str]
    target: int


class PoolState(Record):
    """Whether a pool runs, whether in another container, and its version if that is not ours."""

    running: bool
    groups: list[Group]
    pid: int | None = None
    elsewhere: bool = False
    version: str | None = None

    @property
    def target(self) -> int:
        """How many workers there should be."""
        return sum(group.target for group in self.groups)


def group_of(queues: Iterable[str], field: str = "queue") -> str:
    """Return the name of the group of these queues, ALL for none or `*`. Raises InvalidInput."""
    names = sorted(set(queues))
    if names == [EVERY_QUEUE]:
        return ALL
    for name in names:
        if name == EVERY_QUEUE:
            raise InvalidInput(f"{EVERY_QUEUE} means all queues, name no other beside it", field=field)
        if not is_name(name):
            raise InvalidInput(f"there cannot be a queue named {name!r}", field=field)
    return ",".join(names)


def queues_of(group: str) -> list[str]:
    """Return the queues of a group, none for the group of all queues."""
    return [name for name in group.split(",") if name]


def of_group(group: str | None) -> str:
    """Return the words that identify the workers of a group, after a blank; nothing for None."""
    return "" if group is None else f" for {group or 'all queues'}"


def option(group: str | None) -> str:
    """Return the option of the `worker` commands that names a group, after a blank; nothing for None."""
    return "" if group is None else f" --queue {group or repr(EVERY_QUEUE)}"


def given_limits(max_load: str | None, min_memory: str | None) -> dict[str, object]:
    """Return the limits of a group that were given, by name."""
    given = {"max_load": max_load, "min_memory": min_memory}
    return {name: text for name, text in given.items() if text is not None}


def workers_text(groups: Mapping[str, int]) -> str:
    """Return how many workers there are in each group, in words."""
    counts = [f"{counted(groups[group], 'worker')}{of_group(group or None)}" for group in sorted(groups)]
    return ", ".join(counts) or "no workers"
