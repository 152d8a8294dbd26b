"""Batches."""

from __future__ import annotations

from ..batch import STATES
from ..kinds import DURATION, NUMBER, REAL, SHARE, TEXT, TIME, one_of
from ..noun import Noun, maybe, table

BATCH = Noun(
    "batch",
    name=TEXT,
    state=one_of(*STATES),
    **dict.fromkeys(("jobs", "ended", "dead", "stuck", "waiting"), NUMBER),
    states=table(NUMBER),
    max_fails=maybe(SHARE),
    slots=maybe(NUMBER),
    created_at=TIME,
    created_by=TEXT,
    started_at=maybe(TIME),
    finished_at=maybe(TIME),
    rate=maybe(REAL),
    time_left=maybe(DURATION),
    stopped_at=maybe(TIME),
    stop_reason=maybe(TEXT),
)
