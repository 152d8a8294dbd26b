"""The graph around a job as text: what waits for a job stands below it."""

from __future__ import annotations

from ...model.job import COMPLETED, STATE_TABLE, jobs_text
from ...model.link import ANY, BADLY
from ...model.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterator, List, Sequence, Tuple

    from ...model.link import Edge, Graph, Node

    # A node, the kind of the link to it, what stands in front of it and in front of what is below it.
    Place = Tuple[Node, str, str, str]

WHEN = {COMPLETED: "", ANY: "at any end: ", BADLY: "if it fails: "}
# In front of a node, of the last one below another, and of what is below them.
LINES = ("├─ ", "└─ ", "│  ", "   ")
ASCII_LINES = ("|- ", "`- ", "|  ", "   ")


def tree_text(graph: Graph, *, has_unicode: bool) -> str:
    """Return a line for each job, and one more for each further job that it waits for."""
    return "\n".join(_Tree(graph, has_unicode).lines())


class _Tree:
    def __init__(self, graph: Graph, has_unicode: bool) -> None:
        self._graph = graph
        self._has_unicode = has_unicode
        self._lines: Sequence[str] = LINES if has_unicode else ASCII_LINES
        self._nodes = {node.number: node for node in graph.nodes}
        self._below: Dict[int, List[Edge]] = {}
        for edge in graph.edges:
            self._below.setdefault(edge.parent, []).append(edge)

    def lines(self) -> Iterator[str]:
        drawn = set()
        pending: List[Place] = [(node, COMPLETED, "", "") for node in reversed(self._graph.nodes) if not node.layer]
        while pending:
            node, when, front, indent = pending.pop()
            if node.number in drawn:
                yield f"{front}{WHEN[when]}{node.id} (above)"
                continue
            drawn.add(node.number)
            yield front + WHEN[when] + self._named(node)
            pending += reversed(list(self._places_below(node, indent)))
        if self._graph.left:
            least = "" if self._graph.complete else "at least "
            yield f"and {least}{jobs_text(self._graph.left)} more"

    def _places_below(self, node: Node, indent: str) -> Iterator[Place]:
        branch, last, beside, under = self._lines
        edges = sorted(self._below.get(node.number, ()), key=lambda edge: edge.child)
        for edge in edges:
            is_last = edge is edges[-1]
            yield (
                self._nodes[edge.child],
                edge.when,
                indent + (last if is_last else branch),
                indent + (under if is_last else beside),
            )

    def _named(self, node: Node) -> str:
        """Return a job with its state, what it runs, and whether it is the one that was asked for."""
        state = STATE_TABLE[node.state] if node.state is not None and node.batch is None else None
        glyph = f"{state.glyph} " if self._has_unicode and state is not None else ""
        arrow = "←" if self._has_unicode else "<-"
        here = f"  {arrow} this job" if node.number == self._graph.job else ""
        return f"{glyph}{node.id} ({node.standing}){here}  {printable(node.command)}".rstrip()
