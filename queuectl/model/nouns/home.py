"""A home: how it is doing, its settings, what happened in it."""

from __future__ import annotations

from ..alert import CODES, LEVELS
from ..job import STATES
from ..kinds import DURATION, NUMBER, REAL, SIGNAL, TEXT, TIME, TIME_TEXT, one_of
from ..noun import Noun, many, maybe, table
from .daemons import POOL, SCHEDULER, WORKER_TOTALS
from .queues import PAUSE

STATE_COUNTS = Noun("numbers of jobs", **dict.fromkeys(STATES, NUMBER))
ALERT = Noun("alert", code=one_of(*CODES), level=one_of(*LEVELS), text=TEXT, command=maybe(TEXT))
STATUS = Noun(
    "status",
    home=TEXT,
    jobs=STATE_COUNTS,
    **dict.fromkeys(("suspended", "waiting_for_locks", "waiting_for_batches", "total"), NUMBER),
    queues=table(table(NUMBER)),
    pauses=many(PAUSE),
    workers=WORKER_TOTALS,
    pool=POOL,
    scheduler=SCHEDULER,
    depth=NUMBER,
    per_minute=REAL,
    oldest_pending_age=maybe(DURATION),
    average_duration=maybe(DURATION),
    alerts=many(ALERT),
)
SPREAD = Noun("spread", **dict.fromkeys(("average", "minimum", "maximum", "p50", "p90", "p95", "p99"), DURATION))
ENDED_ATTEMPTS = Noun("numbers of attempts", finished=NUMBER, failed=NUMBER, dead=NUMBER)
OUTCOME_COUNT = Noun("outcome", outcome=TEXT, exit_code=maybe(NUMBER), signal=maybe(SIGNAL), attempts=NUMBER)
METRICS = Noun(
    "metrics",
    jobs=STATE_COUNTS,
    depth=NUMBER,
    per_minute=REAL,
    queues=table(table(NUMBER)),
    oldest_pending_age=maybe(DURATION),
    timed_attempts=NUMBER,
    run_time=maybe(SPREAD),
    wait_time=maybe(SPREAD),
    outcomes=many(OUTCOME_COUNT),
    success_rate=maybe(REAL),
    success_rate_day=maybe(REAL),
    attempts=ENDED_ATTEMPTS,
    workers=WORKER_TOTALS,
    utilization=maybe(REAL),
    utilization_since_start=maybe(REAL),
)
SETTING = Noun(
    "setting",
    name=TEXT,
    value=TEXT,
    source=one_of("default", "home", "environment"),
    **dict.fromkeys(("default", "allowed", "kind", "group"), TEXT),
    aliases=many(TEXT),
    environment=TEXT,
    help=TEXT,
)
SETTING_VALUE = Noun("value of a setting", name=TEXT, value=TEXT)
EVENT = Noun("event", number=NUMBER, at=TIME, what=TEXT, job=maybe(TEXT), detail=TEXT, by=TEXT)
PRUNED = Noun("pruned jobs", pruned=NUMBER)
MADE_HOME = Noun("home", home=TEXT)
COMPLETION = Noun("completion script", shell=TEXT, path=TEXT)
ERROR = Noun(
    "error",
    error=Noun(
        "error in detail",
        code=TEXT,
        message=TEXT,
        field=maybe(TEXT),
        hint=maybe(TEXT),
        problems=many(TEXT),
        position=maybe(NUMBER),
        suggestion=maybe(TEXT),
        count=maybe(NUMBER),
    ),
)
CLOCK = Noun("clock", utc=TIME_TEXT, local=TEXT, next_due_at=maybe(TIME))
