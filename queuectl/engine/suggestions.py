"""What completion and the dashboard suggest for a key of a filter, or for an option."""

from __future__ import annotations

from collections.abc import Callable

from ..model.fields import FILTERS
from ..model.job import STATE_WORDS, states_named
from ..model.link import BATCH
from ..model.quantity import counted
from ..model.record import Record
from ..model.surroundings import NO_SHELL
from ..model.worker import EVERY_QUEUE
from ..store import Store
from .home.opened import search_path
from .machine.programs import find_in

TAGGED_JOBS = 1_000
COMMAND_WIDTH = 50
SHELLS = ("bash", "dash", "fish", "ksh", "sh", "zsh")


class Suggestion(Record):
    """A value, what to say about it, and how many jobs have it, None if that is unknown."""

    value: str
    about: str = ""
    jobs: int | None = None


def _states(store: Store, prefix: str, limit: int) -> list[Suggestion]:
    counts = store.counts.by_state()
    return [Suggestion(word, jobs=sum(counts.get(state, 0) for state in states_named([word]))) for word in STATE_WORDS]


def _queues(store: Store, prefix: str, limit: int) -> list[Suggestion]:
    return [
        Suggestion(queue, ", ".join(f"{jobs} {state}" for state, jobs in states.items()), sum(states.values()))
        for queue, states in store.counts.by_queue().items()
    ]


def _jobs(store: Store, prefix: str, limit: int, *, only_dead: bool = False) -> list[Suggestion]:
    found = []
    for job in store.names.named(prefix, limit, only_dead=only_dead):
        text = " ".join(job.command.split())
        shown = text if len(text) <= COMMAND_WIDTH else text[: COMMAND_WIDTH - 3] + "..."
        found.append(Suggestion(job.id, f"{job.state}: {shown}"))
    return found


def _batches(store: Store, prefix: str, limit: int) -> list[Suggestion]:
    return [Suggestion(one.name, one.state, one.jobs) for one in store.batches.named(prefix, limit)]


def _parents(store: Store, prefix: str, limit: int) -> list[Suggestion]:
    batches = _batches(store, prefix[len(BATCH) :] if prefix.startswith(BATCH) else "", limit)
    return [*_jobs(store, prefix, limit), *(Suggestion(BATCH + one.value, one.about, one.jobs) for one in batches)]


def _paused(store: Store, prefix: str, limit: int) -> list[Suggestion]:
    """Return the queues that may be resumed."""
    return [
        Suggestion(lane.name, "takes no new jobs" if lane.paused_at is None else "paused")
        for lane in store.lanes.all().values()
        if lane.name and (lane.paused_at is not None or lane.is_draining)
    ]


def _shells(store: Store, prefix: str, limit: int) -> list[Suggestion]:
    """Return the shells in the caller's PATH, and none."""
    found = [Suggestion(name) for name in SHELLS if find_in(name, search_path()) is not None]
    return [*found, Suggestion(NO_SHELL, "the words of the command run")]


FOUND: dict[str, Callable[[Store, str, int], list[Suggestion]]] = {
    "id": _jobs,
    "after": _parents,
    "paused": _paused,
    **{
        key: lambda store, prefix, limit: [Suggestion("yes"), Suggestion("no")]
        for key, field in FILTERS.items()
        if field.kind.choice == "of_flag"
    },
    "dead": lambda store, prefix, limit: _jobs(store, prefix, limit, only_dead=True),
    "state": _states,
    "queue": _queues,
    "batch": _batches,
    "lock": lambda store, prefix, limit: [
        Suggestion(one.name, f"{one.running} of {one.slots} taken", one.running + one.waiting)
        for one in store.locks.all()
    ],
    "webhook": lambda store, prefix, limit: [Suggestion(one.name, one.address) for one in store.webhooks.all()],
    "shell": _shells,
    "tag": lambda store, prefix, limit: [Suggestion(tag) for tag in store.names.recent_tags(TAGGED_JOBS)],
    "schedule": lambda store, prefix, limit: [Suggestion(one.name, one.expression) for one in store.schedules.all()],
    "group": lambda store, prefix, limit: [
        Suggestion(group or EVERY_QUEUE, counted(workers, "worker"))
        for group, workers in store.meta.pool_groups().items()
    ],
    "worker": lambda store, prefix, limit: [Suggestion(str(one.id), f"pid {one.pid}") for one in store.workers.all()],
}
