"""Schedules, and times."""

from __future__ import annotations

from ..batch import STATES as BATCH_STATES
from ..fields import BY_NAME, RECURRING
from ..fire import LOCAL
from ..job import STATES
from ..kinds import DURATION, FLAG, ID, NUMBER, STATE, TEXT, TIME, TIME_TEXT, one_of
from ..noun import Noun, kinds_of, many, maybe
from ..schedule import CATCH_UP, OVERLAP

# A schedule of a command may be without these too.
NULLABLE = tuple(field.name for field in RECURRING if field.is_nullable)
SCHEDULE = Noun(
    "schedule",
    **dict.fromkeys(("name", "words", "expression", "timezone"), TEXT),
    timezone_source=one_of("home", "schedule"),
    paused=FLAG,
    next_at=maybe(TIME),
    last_fired_at=maybe(TIME),
    last_job=maybe(TEXT),
    last_batch=maybe(TEXT),
    last_state=maybe(one_of(*dict.fromkeys((*STATES, *BATCH_STATES)))),
    runs=TEXT,
    **{name: kind if name in ("env", *NULLABLE) else maybe(kind) for name, kind in kinds_of(RECURRING).items()},
    inherited=BY_NAME["inherited"].kind,
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
# A limit of the batch need not be given.
LIMITS = {field.name: maybe(field.kind) for field in LOCAL if field.is_passing and field.default is None}
PLANNED_JOB = Noun("planned job", **{**kinds_of(LOCAL), **LIMITS, "id": maybe(ID)})
SCHEDULE_DETAIL = Noun(
    "schedule in detail",
    **SCHEDULE.keys,
    jobs=maybe(many(PLANNED_JOB)),
    next_times=many(TIME),
    last_jobs=many(MADE_JOB),
)
REMOVED = Noun("removed schedule", removed=TEXT)
NEXT_TIME = Noun("next time", **{"utc": TIME_TEXT, "local": TEXT, "in": TEXT})
