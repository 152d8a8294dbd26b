"""The door of the engine: what stands above it goes through `Queue` and its parts, never past them.

The parts are the modules on top of the engine's rooms. What an annotation alone needs may come from anywhere.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Iterator

from tests.house import LAYERS, Module, last_name

if TYPE_CHECKING:
    from tests.house import Finding

ENGINE_ROOMS = ("machine", "home", "work", "clockwork", "daemons", "reports")
PAST = ("queuectl.store", *(f"queuectl.engine.{room}" for room in ENGINE_ROOMS))


def past_the_door(module: Module) -> Iterator[Finding]:
    """Find what takes the store of a queue, or imports from the store or from a room of the engine."""
    if module.rank <= LAYERS["engine"]:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr == "store":
            yield node.lineno, "takes the store"
    typed = set(_lines_for_types(module.tree))
    for line, target, name in module.imports():
        if f"{target}.{name}.".startswith(tuple(f"{past}." for past in PAST)) and line not in typed:
            yield line, f"imports {target}"


def _lines_for_types(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and last_name(node.test) == "TYPE_CHECKING":
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)
