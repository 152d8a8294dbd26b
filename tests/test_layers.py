"""The rules of the house, read from the syntax of every module.

A rule is a function that is given a module and yields what breaks it, as `(line, what)`. Each one
is also shown bad examples that it must find, so that a rule which finds nothing means something.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import sysconfig
from pathlib import Path
from typing import Callable, Iterator, Tuple

import pytest

from tests.support import ROOT

# Who may import whom: the same number or a lower one. The dashboard stands beside the front ends.
LAYERS = {"model": 0, "store": 1, "engine": 2, "commands": 3, "frontends": 4, "dashboard": 4}
TOP = 5
LONGEST_FILE = 400

CLOCKS = {
    f"{module}.{name}"
    for module, names in {
        "time": "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time "
        "process_time_ns thread_time thread_time_ns clock_gettime clock_gettime_ns sleep",
        "datetime.datetime": "now utcnow today",
        "datetime.date": "today",
        "os": "times",
    }.items()
    for name in names.split()
}
# These read the clock only when they are not given a time, which comes after so many arguments.
CLOCKS_BY_DEFAULT = {"time.localtime": 0, "time.gmtime": 0, "time.ctime": 0, "time.asctime": 0, "time.strftime": 1}
EXECUTE = {"execute", "executemany", "executescript"}
SQL = re.compile(
    r"\bSELECT\b.+\bFROM\b|\bINSERT\s+(OR\s+[A-Z]+\s+)?INTO\b|\bREPLACE\s+INTO\b|\bUPDATE\s+(OR\s+[A-Z]+\s+)?\w+\s+SET\b"
    r"|\bDELETE\s+FROM\b|\bCREATE\s+(UNIQUE\s+)?(TABLE|INDEX)\b|\bPRAGMA\s+\w+",
    re.DOTALL,
)
# Of other systems than the one the tests run on; only asked where Python does not list its own modules.
ELSEWHERE = {"msvcrt", "winreg", "_winapi", "fcntl", "termios", "pwd", "grp", "resource", "readline", "zoneinfo"}

Finding = Tuple[int, str]


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
            elif isinstance(node, ast.Call) and _last_name(node.func) in ("import_module", "__import__"):
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
                head, _, rest = _dotted(node).partition(".")
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


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return "?"


def _last_name(node: ast.AST) -> str:
    return _dotted(node).rpartition(".")[2]


def upward_imports(module: Module) -> Iterator[Finding]:
    for line, target, name in module.imports():
        parts = target.split(".")
        if parts[0] != "queuectl" or (target == "queuectl" and name == "__version__"):
            continue
        layer = parts[1] if len(parts) > 1 else name
        if LAYERS.get(layer, TOP) > module.rank:
            yield line, f"{module.layer} imports {layer or 'the whole package'}, which is above it"


# What benchmarks may take from the tests, since it needs no pytest.
SHARED = ("tests.support", "tests.dashboard.webdriver")


def foreign_imports(module: Module) -> Iterator[Finding]:
    for line, target, _ in module.imports():
        top = target.partition(".")[0]
        if top not in ("queuectl", "benchmarks") and target not in SHARED and not _is_standard(top):
            yield line, f"{top} is not in the standard library"


def _is_standard(name: str) -> bool:
    listed = getattr(sys, "stdlib_module_names", None)
    if listed is not None:
        return name in listed
    if name in sys.builtin_module_names or name in ELSEWHERE:
        return True
    spec = importlib.util.find_spec(name)
    origin = (spec.origin or "") if spec is not None else ""
    return origin.startswith(sysconfig.get_path("stdlib")) and "-packages" not in origin


def sqlite_outside_the_store(module: Module) -> Iterator[Finding]:
    if module.layer != "store":
        for line, target, _ in module.imports():
            if target.partition(".")[0] in ("sqlite3", "_sqlite3"):
                yield line, "imports sqlite3"


def sql_outside_the_store(module: Module) -> Iterator[Finding]:
    if module.layer != "store":
        yield from ((line, f"SQL: {text!r}") for line, text in module.strings() if SQL.search(text))


def prints_outside_the_front_ends(module: Module) -> Iterator[Finding]:
    if not module.is_front:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Name) and node.id == "print":
                yield node.lineno, "prints"


def clocks_outside_the_clock(module: Module) -> Iterator[Finding]:
    if module.path == "queuectl/model/clock.py":
        return
    calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    with_a_time = {
        id(call.func) for call in calls if len(call.args) > CLOCKS_BY_DEFAULT.get(f"time.{_last_name(call.func)}", 99)
    }
    for node, name in module.names():
        if name in CLOCKS or (name in CLOCKS_BY_DEFAULT and id(node) not in with_a_time):
            yield node.lineno, f"{name} reads a clock or sleeps"
    for line, target, name in module.imports():
        if f"{target}.{name}" in CLOCKS:
            yield line, f"imports {target}.{name}"


def assembled_sql(module: Module) -> Iterator[Finding]:
    """What is executed may be put together from literals and module-level constants only.

    Those are the allow-list: `{COLUMNS}`, `{ORDER[sort]}`, `"FULL" if durable else "NORMAL"`. Whoever
    calls can choose among them, and nothing else reaches SQL.
    """
    constants = module.constants()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _last_name(node.func) in EXECUTE:
            yield from (
                (node.lineno, "executes SQL put together from more than module-level constants")
                for statement in node.args[:1]
                if not _is_fixed(statement, constants)
            )


def _is_fixed(node: ast.AST, constants: set[str]) -> bool:
    """Say whether nothing but constants is put together here; a plain name or call is not looked into."""
    if isinstance(node, (ast.JoinedStr, ast.BinOp)):
        return _is_of_constants(node, constants)
    return not (isinstance(node, ast.Call) and _last_name(node.func) == "format")


def _is_of_constants(node: ast.AST, constants: set[str]) -> bool:
    if isinstance(node, ast.JoinedStr):
        return all(_is_of_constants(part, constants) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _is_of_constants(node.value, constants)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add) and all(
            _is_of_constants(side, constants) for side in (node.left, node.right)
        )
    if isinstance(node, ast.IfExp):
        return all(_is_of_constants(side, constants) for side in (node.body, node.orelse))
    if isinstance(node, ast.Subscript):
        node = node.value
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id in constants)


def overlong(module: Module) -> Iterator[Finding]:
    lines = module.source.count("\n")
    if lines > LONGEST_FILE:
        yield lines, f"has {lines} lines, {LONGEST_FILE} are allowed"


def sleeps_in_tests(module: Module) -> Iterator[Finding]:
    for node, name in module.names():
        if name == "time.sleep":
            yield node.lineno, "sleeps: wait for a condition with support.wait_until"


Rule = Callable[[Module], Iterator[Finding]]
PRODUCT_RULES: list[Rule] = [
    upward_imports,
    foreign_imports,
    sqlite_outside_the_store,
    sql_outside_the_store,
    prints_outside_the_front_ends,
    clocks_outside_the_clock,
    assembled_sql,
]

BROKEN: list[tuple[Rule, str, str]] = [
    (upward_imports, "queuectl/model/a.py", "from queuectl.store.jobs import x"),
    (upward_imports, "queuectl/store/a.py", "from queuectl import engine"),
    (upward_imports, "queuectl/store/a.py", "def f():\n from ..engine import queue"),
    (upward_imports, "queuectl/engine/a.py", "import queuectl.commands.jobs as j"),
    (upward_imports, "queuectl/commands/a.py", "import_module('queuectl.frontends.cli')"),
    (upward_imports, "queuectl/commands/a.py", "from queuectl.dashboard.http import server"),
    (upward_imports, "queuectl/engine/a.py", "from queuectl import Queue"),
    (foreign_imports, "queuectl/engine/a.py", "def f():\n import pytest"),
    (foreign_imports, "main.py", "from yaml.loader import Loader"),
    (sqlite_outside_the_store, "queuectl/engine/a.py", "def f():\n from sqlite3 import Row"),
    (sql_outside_the_store, "queuectl/engine/a.py", "a = 'SELECT id\\nFROM jobs'"),
    (sql_outside_the_store, "queuectl/engine/a.py", "a = f'UPDATE {t} SET a = 1'"),
    (sql_outside_the_store, "queuectl/commands/a.py", "a = 'INSERT OR IGNORE INTO jobs VALUES (1)'"),
    (sql_outside_the_store, "queuectl/frontends/a.py", "run('DELETE FROM jobs')"),
    (prints_outside_the_front_ends, "queuectl/commands/a.py", "print('x')"),
    (prints_outside_the_front_ends, "queuectl/engine/a.py", "say = print"),
    (clocks_outside_the_clock, "queuectl/engine/a.py", "import time\ntime.sleep(1)"),
    (clocks_outside_the_clock, "queuectl/engine/a.py", "import time as t\nnow = t.monotonic_ns"),
    (clocks_outside_the_clock, "queuectl/engine/a.py", "from time import time as wall"),
    (clocks_outside_the_clock, "queuectl/engine/a.py", "import time\ntime.strftime('%H')"),
    (clocks_outside_the_clock, "queuectl/engine/a.py", "import time\ntime.localtime()"),
    (clocks_outside_the_clock, "queuectl/model/a.py", "import datetime\ndatetime.datetime.now()"),
    (clocks_outside_the_clock, "queuectl/model/a.py", "from datetime import date as d\nd.today()"),
    (assembled_sql, "queuectl/store/a.py", "c.execute(f'SELECT {x} FROM jobs')"),
    (assembled_sql, "queuectl/store/a.py", "A = 'a'\nc.execute(f'SELECT {A} FROM {table}')"),
    (assembled_sql, "queuectl/store/a.py", "self.db.executemany('SELECT ' + x, rows)"),
    (assembled_sql, "queuectl/store/a.py", "c.execute('SELECT %s' % x)"),
    (assembled_sql, "queuectl/store/a.py", "c.execute('SELECT {}'.format(x))"),
    (overlong, "queuectl/engine/a.py", "x = 1\n" * (LONGEST_FILE + 1)),
    (sleeps_in_tests, "tests/test_a.py", "from time import sleep\nsleep(1)"),
]
SOUND: list[tuple[Rule, str, str]] = [
    (upward_imports, "queuectl/engine/a.py", "from queuectl import __version__\nfrom . import b"),
    (upward_imports, "queuectl/frontends/cli.py", "from ..dashboard import server\nfrom . import render"),
    (upward_imports, "queuectl/__init__.py", "from .engine.queue import Queue"),
    (sql_outside_the_store, "queuectl/store/a.py", "a = 'DELETE FROM jobs'"),
    (sql_outside_the_store, "queuectl/engine/a.py", "'''SELECT a FROM b'''\na = 'Select jobs from it'"),
    (prints_outside_the_front_ends, "queuectl/__main__.py", "print('x')"),
    (clocks_outside_the_clock, "queuectl/model/when.py", "import time\ntime.gmtime(3)\ntime.strftime('', t)"),
    (clocks_outside_the_clock, "queuectl/engine/a.py", "clock.monotonic()\njob.time.sleep()"),
    (assembled_sql, "queuectl/store/a.py", "A = {}\nc.execute(f'SELECT {A} FROM jobs ORDER BY {A[key]}')"),
    (assembled_sql, "queuectl/store/a.py", "A = 'a'\nc.execute(A + ' LIMIT 1')\nc.execute(A)"),
    (assembled_sql, "queuectl/store/a.py", "c.execute('PRAGMA a=' + ('b' if c else 'd'))"),
]


def modules_of(*folders: str) -> list[Module]:
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [Module(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


def product() -> list[Module]:
    main = ROOT / "main.py"
    return [*modules_of("queuectl"), Module("main.py", main.read_text(encoding="utf-8"))]


def findings(rule: Rule, modules: list[Module]) -> list[str]:
    return [f"{module.path}:{line}: {what}" for module in modules for line, what in rule(module)]


@pytest.mark.parametrize("rule", PRODUCT_RULES, ids=lambda rule: rule.__name__)
def test_the_product_keeps_the_rule(rule: Rule) -> None:
    broken = findings(rule, product())
    assert not broken, "\n".join(broken)


def test_no_file_is_overlong() -> None:
    broken = findings(overlong, [*product(), *modules_of("tests", "benchmarks")])
    assert not broken, "\n".join(broken)


def test_the_benchmarks_use_nothing_outside_the_standard_library() -> None:
    shared = [module for module in modules_of("tests") if module.path[:-3].replace("/", ".") in SHARED]
    assert len(shared) == len(SHARED)
    assert findings(foreign_imports, [*modules_of("benchmarks"), *shared]) == []


def test_no_test_sleeps_to_wait() -> None:
    broken = findings(sleeps_in_tests, modules_of("tests"))
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("rule, path, source", BROKEN, ids=lambda value: getattr(value, "__name__", None))
def test_a_broken_rule_is_found(rule: Rule, path: str, source: str) -> None:
    assert findings(rule, [Module(path, source)]) != []


@pytest.mark.parametrize("rule, path, source", SOUND, ids=lambda value: getattr(value, "__name__", None))
def test_what_is_allowed_is_not_found(rule: Rule, path: str, source: str) -> None:
    assert findings(rule, [Module(path, source)]) == []


def test_every_folder_of_the_package_is_a_layer() -> None:
    folders = {module.layer for module in product()} - {""}
    assert "model" in folders
    assert folders <= set(LAYERS)
