"""Queues and their pauses, and locks."""

from __future__ import annotations

from ..kinds import ANY, FLAG, NUMBER, TEXT, TIME, one_of
from ..lane import STATES
from ..lock import STATES as LOCK_STATES
from ..noun import Noun, many, maybe, noun_of, table
from ..queue import ShownQueue

QUEUE = noun_of(
    "queue",
    ShownQueue,
    state=one_of(*STATES),
    paused_until=maybe(TIME),
    defaults=table(ANY).but(cell=lambda values, now: ", ".join(f"{name}={value}" for name, value in values.items())),
)
RESUMED = Noun("resumed queue", queue=maybe(TEXT))
PAUSE = Noun("pause", queue=maybe(TEXT), at=TIME, until=maybe(TIME), reason=maybe(TEXT), schedules=FLAG)
OF_LOCK = dict.fromkeys(("slots", "running", "waiting"), NUMBER)
LOCK = Noun("lock", name=TEXT, state=one_of(*LOCK_STATES), **OF_LOCK, holders=many(TEXT))
