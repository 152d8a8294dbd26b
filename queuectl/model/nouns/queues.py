"""Queues and their pauses, and locks."""

from __future__ import annotations

from ..kinds import ANY, FLAG, NUMBER, TEXT, TIME, one_of
from ..lane import STATES
from ..lock import STATES as LOCK_STATES
from ..noun import Noun, many, maybe, table

QUEUE = Noun(
    "queue",
    queue=TEXT,
    state=one_of(*STATES),
    pending=NUMBER,
    processing=NUMBER,
    total=NUMBER,
    slots=maybe(NUMBER),
    rate=maybe(TEXT),
    paused_at=maybe(TIME),
    paused_until=maybe(TIME),
    pause_reason=maybe(TEXT),
    draining=FLAG,
    defaults=table(ANY).but(cell=lambda values, now: ", ".join(f"{name}={value}" for name, value in values.items())),
)
RESUMED = Noun("resumed queue", queue=maybe(TEXT))
PAUSE = Noun("pause", queue=maybe(TEXT), at=TIME, until=maybe(TIME), reason=maybe(TEXT), schedules=FLAG)
LOCK = Noun(
    "lock", name=TEXT, state=one_of(*LOCK_STATES), slots=NUMBER, running=NUMBER, waiting=NUMBER, holders=many(TEXT)
)
