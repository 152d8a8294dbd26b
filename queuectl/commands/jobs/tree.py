"""The graph around a job as text: what waits for a job stands below it."""

from __future__ import annotations

from collections.abc import Iterator

from ...model.job import COMPLETED, STATE_TABLE, jobs_text
from ...model.link import ANY, BADLY, Edge, Graph, Node
from ...model.printable import printable

WHEN = {COMPLETED: "", ANY: "at any end: ", BADLY: "if it fails: "}
# In front of a node, of the last one below another, and of what is below them.
LINES = ("├─ ", "└─ ", "│  ", "   ")
ASCII_LINES = ("|- ", "`- ", "|  ", "   ")


def tree_text(graph: Graph, *, has_unicode: bool) -> str:
    """Return a line for each job, and one more for each further job that it waits for."""
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
    """Return a job with its state and what it runs."""
    state = STATE_TABLE[node.state] if node.state is not None and node.batch is None else None
    glyph = f"{state.glyph} " if has_unicode and state is not None else ""
    here = f"  {'←' if has_unicode else '<-'} this job" if is_asked_for else ""
    return f"{glyph}{node.id} ({node.standing}){here}  {printable(node.command)}".rstrip()
