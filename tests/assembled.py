"""The rule that SQL is not put together from what somebody else gives: it is what keeps injections out."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Iterator

from tests.house import Module, last_name

if TYPE_CHECKING:
    from tests.house import Finding

EXECUTE = {
    *("execute", "executemany", "executescript"),
    *("_ask", "rows", "row", "value", "integer", "integers", "change", "change_many", "insert"),
}
# They put SQL together from parts that they choose themselves, and are read by hand.
COMPOSERS = {
    "queuectl/store/find.py:Find.numbers",
    "queuectl/store/find.py:Find._sorted",
    "queuectl/store/find.py:Find._counted",
    "queuectl/store/find.py:Find._rows_in",
    "queuectl/store/find.py:Find._extent",
    "queuectl/store/schema/migrate.py:upgrade",
    "queuectl/store/schema/migrate.py:rebuild",
}


def assembled_sql(module: Module) -> Iterator[Finding]:
    """What is executed may be put together from literals and module-level constants only.

    Those are `{COLUMNS}`, `{ORDER[sort]}`, `"FULL" if durable else "NORMAL"` and as many `?` as there are values.
    The caller can choose among them, and nothing else reaches SQL. A local name is followed to what it was given.
    """
    for line, where in composed(module):
        if f"{module.path}:{where}" not in COMPOSERS:
            yield line, f"{where} executes SQL put together from more than module-level constants"


def composed(module: Module) -> Iterator[tuple[int, str]]:
    """Yield line and function where the store executes what is put together from more."""
    constants = module.constants()
    for where, function, call in calls(module.tree) if module.layer == "store" else ():
        if last_name(call.func) in EXECUTE:
            known = constants | _fixed_locals(function, constants)
            for statement in call.args[:1]:
                if not _is_fixed(statement, known) and not _is_passed_on(statement, function):
                    yield call.lineno, where


def calls(node: ast.AST, where: str = "", function: ast.AST | None = None) -> Iterator[tuple[str, ast.AST, ast.Call]]:
    """Yield each call with the dotted name of the function that it stands in, and that function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield where, function or child, child
        if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
            name = f"{where}.{child.name}".lstrip(".")
            yield from calls(child, name, child if isinstance(child, ast.FunctionDef) else function)
        else:
            yield from calls(child, where, function)


def _is_passed_on(statement: ast.AST, function: ast.AST) -> bool:
    """Say whether a function of the database hands on the SQL that it was given; its callers are checked too."""
    return (
        isinstance(statement, ast.Name)
        and statement.id == "sql"
        and isinstance(function, ast.FunctionDef)
        and function.name in EXECUTE
        and any(argument.arg == "sql" for argument in function.args.args)
    )


def _fixed_locals(function: ast.AST, constants: set[str]) -> set[str]:
    """Return the names that a function gives nothing but what is put together from constants."""
    given: dict[str, list[bool]] = {}
    for node in ast.walk(function):
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            is_fixed = node.value is not None and _is_fixed(node.value, constants)
        elif isinstance(node, (ast.For, ast.comprehension)):
            targets, is_fixed = [node.target], isinstance(node.iter, ast.Name) and node.iter.id in constants
        elif isinstance(node, ast.arg):
            given.setdefault(node.arg, []).append(False)
            continue
        else:
            continue
        for target in targets:
            for name in ast.walk(target):
                if isinstance(name, ast.Name):
                    given.setdefault(name.id, []).append(is_fixed and name is target)
    return {name for name, all_fixed in given.items() if all(all_fixed)}


def _is_fixed(node: ast.AST, known: set[str]) -> bool:
    """Say whether nothing but literals and known names is put together here."""
    if isinstance(node, ast.JoinedStr):
        return all(_is_fixed(part, known) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _is_fixed(node.value, known)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add) and all(_is_fixed(side, known) for side in (node.left, node.right))
    if isinstance(node, ast.IfExp):
        return all(_is_fixed(side, known) for side in (node.body, node.orelse))
    if isinstance(node, ast.Subscript):
        return _is_fixed(node.value, known)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "format":
            parts = [node.func.value, *node.args, *(keyword.value for keyword in node.keywords)]
            return all(_is_fixed(part, known) for part in parts)
        return node.func.attr == "join" and len(node.args) == 1 and _is_repeated(node.args[0])
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id in known)


def _is_repeated(node: ast.AST) -> bool:
    """Say whether this is a literal so many times: `"?" * len(values)`."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and isinstance(node.left, ast.Constant)
