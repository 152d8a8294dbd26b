"""Links between jobs: a child waits until its parent has ended in a certain way.

         link:  open --its parent ends as wanted------------------------> satisfied
                  |--its parent ends otherwise, or is stuck itself--> hopeless
                  '<---------its parent is retried, or no longer stuck----'

A job with a hopeless link is *stuck*: nothing that happens by itself will let it run. It keeps its state.
"""

from __future__ import annotations

from .job import BLOCKED, CANCELLED, COMPLETED, DEAD, HELD, SCHEDULED

# How a parent must end: well, however, or badly (dead or cancelled).
ANY, BADLY = "any", "failed"
KINDS = (COMPLETED, ANY, BADLY)
# The fields that say for which jobs to wait, by how those must end.
WHENS = {COMPLETED: "after", ANY: "after_any", BADLY: "after_failed"}
# How a parent stands: in a final state, or one of these.
UNFINISHED, STUCK = "unfinished", "stuck"
# In these a job may wait for others.
STUCK_STATES = (BLOCKED, HELD, SCHEDULED)
# What that makes of a link.
OPEN, SATISFIED, HOPELESS = "open", "satisfied", "hopeless"
FATES = {
    (COMPLETED, COMPLETED): SATISFIED,
    (COMPLETED, DEAD): HOPELESS,
    (COMPLETED, CANCELLED): HOPELESS,
    (ANY, COMPLETED): SATISFIED,
    (ANY, DEAD): SATISFIED,
    (ANY, CANCELLED): SATISFIED,
    (BADLY, COMPLETED): HOPELESS,
    (BADLY, DEAD): SATISFIED,
    (BADLY, CANCELLED): SATISFIED,
}


def fate(kind: str, standing: str) -> str:
    """Return what becomes of a link of this kind when its parent stands so."""
    return FATES.get((kind, standing), HOPELESS if standing == STUCK else OPEN)


def stronger(kind: str, other: str) -> str | None:
    """Return the kind that demands what two demand of the same parent, None if no end can be both."""
    if kind == other or other == ANY:
        return kind
    return other if kind == ANY else None
