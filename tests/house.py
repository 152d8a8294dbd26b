"""The modules of the house, read from their syntax."""

from __future__ import annotations

import ast
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

from tests.support import ROOT

if TYPE_CHECKING:
    Finding = tuple[int, str]

# Who may import whom: the same number or a lower one. The dashboard stands beside the front ends.
LAYERS = {"model": 0, "store": 1, "engine": 2, "commands": 3, "frontends": 4, "dashboard": 4}
TOP = 5

# A line, and what is wrong there.


class Module:
    """One file: its path from the project's root, its layer's rank, and its syntax tree."""

    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self.source = source
        self.tree = ast.parse(source, path)
        parts = Path(path).with_suffix("").parts
        self.layer = parts[1] if parts[0] == "queuectl" and len(parts) > 2 else ""
        self.rank = LAYERS.get(self.layer, TOP)
        self.package = parts[:-1]

    @property
    def name(self) -> str:
        """The name that it is imported by."""
        return ".".join([*self.package, *([] if self.path.endswith("__init__.py") else [Path(self.path).stem])])

    @property
    def is_front(self) -> bool:
        return self.layer == "frontends" or self.path in ("main.py", "queuectl/__main__.py")

    def imports(self) -> Iterator[tuple[int, str, str]]:
        """Yield line, absolute module and imported name ("" for a whole module), also inside functions."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = self._absolute(node)
                yield from ((node.lineno, module, alias.name) for alias in node.names)
            elif isinstance(node, ast.Call) and last_name(node.func) in ("import_module", "__import__"):
                yield from (
                    (node.lineno, str(word.value), "") for word in node.args[:1] if isinstance(word, ast.Constant)
                )

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        base = self.package[: len(self.package) - node.level + 1]
        return ".".join([*base, *([node.module] if node.module else [])])

    def names(self) -> Iterator[tuple[ast.expr, str]]:
        """Yield each name or attribute with its full dotted name, import aliases resolved."""
        aliases = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                aliases.update({alias.asname: alias.name for alias in node.names if alias.asname})
            elif isinstance(node, ast.ImportFrom) and not node.level:
                aliases.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.Name, ast.Attribute)):
                head, _, rest = dotted(node).partition(".")
                yield node, ".".join(filter(None, [aliases.get(head, head), rest]))

    def strings(self) -> Iterator[tuple[int, str]]:
        """Yield each string that is not a docstring; of an f-string, the text with its gaps."""
        skipped = {id(node.value) for node in ast.walk(self.tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.JoinedStr):
                skipped.update(id(part) for part in node.values)
                yield (
                    node.lineno,
                    "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values),
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
                yield node.lineno, node.value

    def constants(self) -> set[str]:
        """Return the UPPER_CASE names that are bound at module level, by assignment or import."""
        names: set[str] = set()
        for node in self.tree.body:
            if isinstance(node, ast.Assign):
                names.update(target.id for target in node.targets if isinstance(target, ast.Name))
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names.add(node.target.id)
            elif isinstance(node, ast.ImportFrom):
                names.update(alias.asname or alias.name for alias in node.names)
        return {name for name in names if name.lstrip("_").isupper()}


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def last_name(node: ast.AST) -> str:
    return dotted(node).rpartition(".")[2]


def modules_of(*folders: str) -> list[Module]:
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [Module(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


@functools.lru_cache
def product() -> list[Module]:
    main = ROOT / "main.py"
    return [*modules_of("queuectl"), Module("main.py", main.read_text(encoding="utf-8"))]
