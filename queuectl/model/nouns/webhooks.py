"""Webhooks, and how deliveries to them ended."""

from __future__ import annotations

from ..kinds import FLAG, NAME, NUMBER, TEXT, TIME, one_of
from ..noun import Noun, many, maybe, noun_of
from ..webhook import STATES, Delivery

WEBHOOK = Noun(
    "webhook",
    name=NAME,
    address=TEXT,
    events=many(TEXT),
    state=one_of(*STATES),
    signed=FLAG,
    allow_private=FLAG,
    waiting=NUMBER,
    failures=NUMBER,
    failing_since=maybe(TIME),
    retry_at=maybe(TIME),
    dropped=NUMBER,
    paused_at=maybe(TIME),
    pause_reason=maybe(TEXT),
    created_at=TIME,
    created_by=TEXT,
)
DELIVERY = noun_of("delivery", Delivery, at=TIME)
