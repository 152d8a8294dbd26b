"""What follows when somebody sets the machine's clock.

Wall time keeps its distance from boot time (see `model.clock`) unless the clock is set. A home keeps the distance that
its processes go by. A process that finds another one moves, in one transaction, what waits for a length of time: failed
jobs and those with a delay. It also brings schedules nearer that wait beyond their next time, and keeps old jobs from
being pruned for an hour: by a wrong clock everything is old. Absolute times stay, and a machine that sleeps sets no
clock.

Every process that writes such a wait looks first (`follow`). So each wait goes by the distance that is written down,
and moves exactly once, also when the clock was set while no scheduler ran.
"""

from __future__ import annotations

import os

from ...model.job import jobs_text
from ...model.when import HOUR
from ..machine import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...store import Store

# If the distance changes by more from one look to the next, the clock was set.
SET_MS = 2_000
# If it creeps by more, the new distance is written down, so that creeping never adds up to SET_MS.
CREEP_MS = 1_000
UNSETTLED_MS = HOUR


def follow(store: Store) -> int:
    """Move what waits if the clock was set since the last look; return by how many ms. In a transaction."""
    clock = store.clock
    known, boot, ahead, now = store.meta.clock(), _boot(), clock.ahead(), clock.wall()
    if known.get("boot") == boot:
        jump = ahead - int(known["ahead"])
    else:
        # Of another boot only this is known: whether time has gone back.
        jump = min(0, now - store.meta.synced_at())
    is_set = abs(jump) > SET_MS
    if known.get("boot") == boot and not is_set:
        return 0
    facts: dict[str, Any] = {"boot": boot, "ahead": ahead}
    # A boot that is over may have seen the clock set, less than an hour ago by the present clock.
    if is_set or ("set_at" in known and abs(now - known["set_at"]) < UNSETTLED_MS):
        facts.update(set_at=now, unsettled_until=clock.boottime() + UNSETTLED_MS)
    store.meta.set_clock(facts)
    # The last time that was written down may lie ahead: the next boot must not believe it again.
    store.meta.touch(now)
    if not is_set:
        return 0
    moved = store.jobs.move_delays(jump)
    store.lanes.move_delays(jump)
    actor = f"clock[{os.getpid()}]"
    store.events.add("clock set", actor=actor, now=now, detail=f"{set_by(jump)}, {jobs_text(moved)} moved along")
    if jump < 0:
        from .timezone import realign

        realign(store, now=now, actor=actor)
    return jump


def set_by(jump: int) -> str:
    """Return `by +3600 s`."""
    return f"by {jump / 1000:+.0f} s"


def is_unsettled(store: Store) -> bool:
    """Return whether the clock was set within the last hour: what it calls old may not be."""
    known = store.meta.clock()
    return known.get("boot") == _boot() and store.clock.boottime() < known.get("unsettled_until", 0)


def _boot() -> str:
    """Return what identifies a boot time: processes of other time namespaces have other ones."""
    try:
        namespace = os.readlink("/proc/self/ns/time")
    except OSError:
        namespace = ""  # A system without them.
    return f"{process.boot_id()} {namespace}".strip()


class ClockWatch:
    """Looks at the clock again and again for a scheduler."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._boot = _boot()
        self._ahead: int | None = None
        self._known: dict[str, Any] = {}

    def step(self) -> int:
        """Follow the clock; return by how many ms it was set since the last step. Raises StoreUnavailable."""
        store, ahead, jump = self._store, self._store.clock.ahead(), 0
        known = store.meta.clock()
        if known.get("boot") != self._boot or abs(ahead - known["ahead"]) > CREEP_MS:
            creeps = self._ahead is not None and abs(ahead - self._ahead) <= SET_MS and known == self._known
            with store.writing():
                if creeps and store.meta.clock() == known:
                    store.meta.set_clock({**known, "ahead": ahead})
                else:
                    jump = follow(store)
                known = store.meta.clock()
        # Only once it is committed: the next step repeats what a full disk prevented.
        self._ahead, self._known = ahead, known
        return jump
