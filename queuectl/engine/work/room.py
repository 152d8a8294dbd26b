"""How workers use the room in lanes: they claim where there is some, rest until there may be, or leave it to others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ...model.settings import Settings
from ...store import Store
from ...store.claim import Claim
from ..home.clockwatch import follow
from . import hooks


def claim_next(store: Store, worker: int, queues: Sequence[str], settings: Settings) -> Claim | None:
    """Claim a job for a worker of some or all queues. In a transaction."""
    if store.lanes.have_rates:
        # They hold by the clock: it may just have been set.
        follow(store)
    return store.jobs.claim(
        worker=worker,
        now=store.clock.wall(),
        queues=queues,
        lease_until=store.clock.monotonic() + settings.lease,
        cancel=partial(hooks.cancel, store, settings=settings, actor=f"worker {worker}"),
        follow=partial(follow, store),
    )


def seconds_to_room(store: Store, queues: Sequence[str], longest: float) -> float:
    """Return how long a worker of some or all queues may rest, at most `longest`. Raises StoreUnavailable."""
    now = store.clock.wall()
    if store.lanes.has_claimable(now, queues):
        # It has just come, or the last claim had too many jobs to pass over.
        return 0
    room = store.lanes.next_room(now, queues)
    return longest if room is None else min(longest, max(1, room - now) / 1000)


def leaves_work(store: Store, queue: str, claim: Claim | None, woken: int) -> bool:
    """Return whether the end of a job of a queue leaves work to other workers: the next claim does not take it all.

    `woken` is how many parked jobs the store had woken before. In the transaction that has claimed the next one.
    """
    if (claim is None or claim.queue != queue) and store.lanes.is_waited_for(queue):
        return True
    return store.jobs.parking.woken > woken and store.lanes.has_claimable(store.clock.wall())
