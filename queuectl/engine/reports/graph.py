"""The graph around a job: all jobs that are linked to it, directly or not, each after those that it waits for.

A batch that jobs wait for is one node. What is in it has its own graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...model.link import Edge, Graph, Node
from ...store import Store

MAX_NODES = 200
# Beyond this number, the others are not counted.
COUNTED = 1_000
COMMAND_LENGTH = 80


def graph_of(store: Store, number: int) -> Graph:
    """Return the graph around a job, of the MAX_NODES that are nearest to it."""
    found, is_whole = _linked(store, number)
    shown = found[:MAX_NODES]
    standings = store.links.standings
    jobs = {job.number: job for job in store.search.jobs(shown)}
    within = frozenset(shown)
    edges = [edge for child in shown for edge in store.links.edges(child) if edge.parent in within]
    layers = _layers(shown, edges)
    nodes = []
    for one in sorted(shown, key=lambda one: (layers[one], one)):
        job = jobs.get(one)
        if one < 0:
            name = standings.batch_name(-one)
            state = None if name is None else standings.state_of_batch(name)
            nodes.append(Node(one, standings.of(one)[1], state, False, False, "", layers[one], name))
        elif job is None:
            nodes.append(Node(one, f"job-{one}", None, False, False, "", layers[one]))
        else:
            command = job.command[:COMMAND_LENGTH]
            nodes.append(Node(one, job.id, job.state, job.stuck, job.is_suspended, command, layers[one]))
    return Graph(number, nodes, edges, len(found) - len(shown), is_whole)


def _linked(store: Store, number: int) -> tuple[list[int], bool]:
    """Return the jobs that are linked to one, the nearest first, itself included, and whether these are all."""
    found: dict[int, None] = {number: None}
    nearest = [number]
    for job in nearest:
        if len(found) > COUNTED:
            return nearest[: COUNTED + 1], False
        fresh = [one for one in store.links.neighbors(job, COUNTED) if one not in found]
        found.update(dict.fromkeys(fresh))
        nearest += fresh
    return nearest, True


def _layers(jobs: Sequence[int], edges: Sequence[Edge]) -> Mapping[int, int]:
    """Return for each job how many links the longest way to it has, from a job that waits for none of the others."""
    children: dict[int, list[int]] = {job: [] for job in jobs}
    open_links = dict.fromkeys(jobs, 0)
    for edge in edges:
        children[edge.parent].append(edge.child)
        open_links[edge.child] += 1
    layers = dict.fromkeys(jobs, 0)
    ready = [job for job in jobs if not open_links[job]]
    for job in ready:
        for child in children[job]:
            layers[child] = max(layers[child], layers[job] + 1)
            open_links[child] -= 1
            if not open_links[child]:
                ready.append(child)
    return layers
