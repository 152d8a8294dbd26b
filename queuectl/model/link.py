"""Links: a child waits until its parent, a job or a batch, has ended in a certain way.

         link:  open --its parent ends as wanted------------------------> satisfied
                  |--its parent ends otherwise, or is stuck itself--> hopeless
                  '<---------its parent is retried, or no longer stuck----'

A job with a hopeless link is *stuck*: nothing that happens by itself will let it run. It keeps its state.

A batch has ended when all its jobs have, those that are stuck included: completed if all of them are, else failed.
"""

from __future__ import annotations

from .checks import ENDS, is_name
from .job import BLOCKED, CANCELLED, COMPLETED, DEAD, FINAL_STATES, HELD, SCHEDULED
from .record import Record

# How a parent must end: well, however, or badly (dead or cancelled).
ANY, BADLY = "any", "failed"
KINDS = ENDS
# The fields that say for which jobs to wait, by how those must end.
WHENS = {COMPLETED: "after", ANY: "after_any", BADLY: "after_failed"}
# The prefix of the name of a batch that is a parent.
BATCH = "batch:"
# In these states a job may have open links.
AWAITING_STATES = (BLOCKED, HELD, SCHEDULED)
# How many parents, and how many children, a JobDetail holds.
MAX_RELATIVES = 500
# How a parent stands: a final state, or one of these.
UNFINISHED, STUCK = "unfinished", "stuck"
# How a link stands: some ends of its parent satisfy it, by its kind; all others make it hopeless.
OPEN, SATISFIED, HOPELESS = "open", "satisfied", "hopeless"
SATISFYING = {COMPLETED: (COMPLETED,), ANY: FINAL_STATES, BADLY: (DEAD, CANCELLED)}


class Link(Record):
    """A link: `when` is its kind, `satisfied_at` is in milliseconds since 1970."""

    when: str
    hopeless: bool
    satisfied_at: int | None

    def __post_init__(self) -> None:
        """Turn the 0 or 1 of a row into a bool."""
        self.hopeless = bool(self.hopeless)


class Relative(Link):
    """A parent or a child of a job, and the link between them."""

    number: int  # negative of a batch
    id: str
    state: str | None  # None of one that is gone; of a batch how it stands, a word of `batch.STATES`
    batch: str | None = None  # the name of a batch

    @property
    def standing(self) -> str:
        """How a parent stands, in a word."""
        if self.state is None:
            return "gone"
        if self.batch is not None:
            return self.state
        return STUCK if self.hopeless and self.state not in FINAL_STATES else self.state


class Node(Record):
    """A job of a graph, or a batch that jobs wait for."""

    number: int  # negative of a batch
    id: str
    state: str | None  # None of one that is gone
    stuck: bool
    suspended: bool
    command: str  # its beginning
    layer: int  # how many links the longest way to it has, from a node that waits for none of the others
    batch: str | None = None  # the name of a batch

    @property
    def standing(self) -> str:
        """How it stands, in words."""
        if self.state is None:
            return "gone"
        return self.state + f", {STUCK}" * self.stuck + ", suspended" * self.suspended


class Edge(Link):
    """A link between two nodes of a graph, by their numbers."""

    parent: int
    child: int


class Graph(Record):
    """The graph around a job, each node after its parents. `left` jobs are left out, more unless it is `complete`."""

    job: int
    nodes: list[Node]
    edges: list[Edge]
    left: int
    complete: bool


def fate(kind: str, standing: str) -> str:
    """Return the state of a link of this kind for a state of its parent."""
    if standing in SATISFYING[kind]:
        return SATISFIED
    return HOPELESS if standing in (*FINAL_STATES, STUCK) else OPEN


def of_batch(name: str) -> str:
    """Return how a batch is named as a parent."""
    return BATCH + name


def stronger(kind: str, other: str) -> str | None:
    """Return the kind that demands both of two for the same parent, None if no end satisfies both."""
    if kind == other or other == ANY:
        return kind
    return other if kind == ANY else None


def batch_of(reference: str) -> str | None:
    """Return the name of the batch if a reference is exactly `batch:NAME`; anything else is a filter, or a job."""
    key, name = reference.strip()[: len(BATCH)], reference.strip()[len(BATCH) :]
    return name if key.lower() == BATCH and is_name(name) else None
