"""Import circles between the modules of the house: an import inside a function or for types alone counts too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Iterator

from tests.house import Module

if TYPE_CHECKING:
    Graph = dict[str, set[str]]
    Arrow = tuple[str, str]


def imports_of(modules: Iterable[Module]) -> Graph:
    """Return for each module the modules that it imports. The version is no reason to import anything."""
    named = {module.name: module for module in modules}
    graph: Graph = {}
    for name, module in named.items():
        needed = [(target, what) for _, target, what in module.imports() if what != "__version__"]
        graph[name] = {found for target, what in needed for found in _found(target, what, named)} - {name}
    return graph


def _found(target: str, what: str, named: Iterable[str]) -> Iterator[str]:
    """Yield the module that an import means: what is imported from a package may be a module itself."""
    for name in (f"{target}.{what}", target):
        if name in named:
            yield name
            return


def circular(graph: Graph) -> set[Arrow]:
    """Return the arrows that are part of a circle: their end leads back to their start."""
    return {(start, end) for start, ends in graph.items() for end in ends if start in reached(graph, end)}


def reached(graph: Graph, start: str) -> set[str]:
    """Return a module and all that it needs, directly or not."""
    seen: set[str] = set()
    waiting: list[str] = [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(graph.get(name, ()))
    return seen
