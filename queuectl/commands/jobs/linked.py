"""Jobs that wait for others, as text: what they wait for, what waits for them, which will not run, and the graph."""

from __future__ import annotations

from collections.abc import Iterator

from ...model.job import CANCELLED, COMPLETED, FINAL_STATES, STATE_TABLE, jobs_text
from ...model.link import ANY, BADLY, MAX_RELATIVES, STUCK, Edge, Graph, Node
from ...model.printable import printable
from ...model.quantity import SHOWN, some_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Sequence

    from ...model.attempt import JobDetail
    from ...model.job import Job
    from ...model.link import Relative
    from ...model.spec import JobSpec
    from ..context import Context

# What the parent must do before the job can start; nothing is added if it must complete.
TO = {COMPLETED: "", ANY: " to end", BADLY: " to fail"}
WHEN = {COMPLETED: "", ANY: "at any end: ", BADLY: "if it fails: "}
# In front of a node, of the last one below another, and of what is below them.
LINES = ("├─ ", "└─ ", "│  ", "   ")
ASCII_LINES = ("|- ", "`- ", "|  ", "   ")


def relatives(job: JobDetail) -> list[tuple[str, str]]:
    """Return label and text of what a job waits for, or has waited for, and of the jobs that wait for it."""
    is_open = not job.is_final and any(parent.satisfied_at is None for parent in job.parents)
    label = "waits for" if is_open else "waited for"
    parents = [f"{parent.id}{TO[parent.when]} ({parent.standing})" for parent in job.parents]
    children = [child.id + (f" (waits for it{TO[child.when]})" if TO[child.when] else "") for child in job.children]
    return [(name, _few_of(texts)) for name, texts in ((label, parents), ("then", children)) if texts]


def _few_of(texts: Sequence[str]) -> str:
    if len(texts) < MAX_RELATIVES:
        return some_of(texts)
    return f"{', '.join(texts[:SHOWN])} and at least {MAX_RELATIVES - SHOWN} more"


def link_notes(context: Context, specs: Iterable[JobSpec], ids: Sequence[str]) -> list[str]:
    """Return the notes on jobs that were added and wait for a parent that has already ended in another way."""
    linked = [id for spec, id in zip(specs, ids) if spec.after or spec.after_any or spec.after_failed]
    if not linked:
        return []
    standings = context.queue.standings_of(context.queue.find(linked))
    idle = [number for number, state in standings.items() if state in (STUCK, CANCELLED)]
    notes = []
    for job in context.queue.read(idle[:SHOWN]):
        hopeless = [parent for parent in context.queue.logs.detail(job).parents if parent.hopeless]
        notes.append(_stuck(job.id, hopeless[0]) if hopeless and not job.is_final else f"{job.id} is {job.error}")
    return notes + _more(len(idle))


def stuck_notes(context: Context, jobs: Sequence[Job]) -> list[str]:
    """Return why some jobs that are stuck do not run, and what helps."""
    stuck = [job for job in jobs if job.stuck]
    reasons = map(context.queue.reports.why, stuck[:SHOWN])
    return [f"{reason.id}: {reason.reason}; {reason.hint}" for reason in reasons] + _more(len(stuck))


def _more(count: int) -> list[str]:
    if count <= SHOWN:
        return []
    return [f"{jobs_text(count - SHOWN)} more will not run either; see them with: queuectl list stuck:yes"]


def _stuck(id: str, parent: Relative) -> str:
    if parent.batch is not None and parent.when == COMPLETED:
        return f"{parent.id} is {parent.standing}: {id} waits until all its jobs are completed"
    if parent.when == COMPLETED and parent.state in FINAL_STATES:
        return f"{parent.id} is {parent.standing}: {id} waits until {parent.id} is retried"
    return f"{parent.id} is {parent.standing}, and so {id} will not run; see why: queuectl why {id}"


def tree_text(graph: Graph, *, has_unicode: bool) -> str:
    """Return the graph around a job, below each job what waits for it: a line for each, and for each further parent."""
    return "\n".join(_lines(graph, has_unicode))


def _lines(graph: Graph, has_unicode: bool) -> Iterator[str]:
    branch, last, beside, under = LINES if has_unicode else ASCII_LINES
    nodes = {node.number: node for node in graph.nodes}
    below: dict[int, list[Edge]] = {}
    for edge in graph.edges:
        below.setdefault(edge.parent, []).append(edge)
    drawn = set()
    # A node, the kind of the link to it, what stands in front of it and in front of what is below it.
    pending = [(node, COMPLETED, "", "") for node in reversed(graph.nodes) if not node.layer]
    while pending:
        node, when, front, indent = pending.pop()
        if node.number in drawn:
            yield f"{front}{WHEN[when]}{node.id} (above)"
            continue
        drawn.add(node.number)
        yield front + WHEN[when] + _named(node, has_unicode, is_asked_for=node.number == graph.job)
        edges = sorted(below.get(node.number, ()), key=lambda edge: edge.child, reverse=True)
        for edge in edges:
            sign, more = (last, under) if edge is edges[0] else (branch, beside)
            pending.append((nodes[edge.child], edge.when, indent + sign, indent + more))
    if graph.left:
        yield f"and {'' if graph.complete else 'at least '}{jobs_text(graph.left)} more"


def _named(node: Node, has_unicode: bool, *, is_asked_for: bool) -> str:
    state = STATE_TABLE[node.state] if node.state is not None and node.batch is None else None
    glyph = f"{state.glyph} " if has_unicode and state is not None else ""
    here = f"  {'←' if has_unicode else '<-'} this job" if is_asked_for else ""
    return f"{glyph}{node.id} ({node.standing}){here}  {printable(node.command)}".rstrip()
