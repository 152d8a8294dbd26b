"""Schedules, and times."""

from __future__ import annotations

from ..fields import RECURRING
from ..kinds import DURATION, FLAG, NUMBER, STATE, TEXT, TIME, TIME_TEXT
from ..noun import Noun, kinds_of, many, maybe, one_of
from ..schedule import CATCH_UP, OVERLAP

SCHEDULE = Noun(
    "schedule",
    name=TEXT,
    words=TEXT,
    expression=TEXT,
    timezone=TEXT,
    timezone_source=one_of("home", "schedule"),
    paused=FLAG,
    next_at=maybe(TIME),
    last_fired_at=maybe(TIME),
    last_job=maybe(TEXT),
    last_state=maybe(STATE),
    **kinds_of(RECURRING),
    catch_up=one_of(*CATCH_UP),
    overlap=one_of(*OVERLAP),
    expires=maybe(DURATION),
    created_at=TIME,
    created_by=TEXT,
    problem=maybe(TEXT),
)
MADE_JOB = Noun(
    "job of a schedule", id=TEXT, number=NUMBER, state=STATE, duration=maybe(DURATION), finished_at=maybe(TIME)
)
SCHEDULE_DETAIL = Noun("schedule in detail", **SCHEDULE.keys, next_times=many(TIME), jobs=many(MADE_JOB))
REMOVED = Noun("removed schedule", removed=TEXT)
NEXT_TIME = Noun("next time", **{"utc": TIME_TEXT, "local": TEXT, "in": TEXT})
CLOCK = Noun("clock", utc=TIME_TEXT, local=TEXT, next_due_at=maybe(TIME))
