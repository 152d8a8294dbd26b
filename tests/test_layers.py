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
from typing import TYPE_CHECKING, Callable, Iterator

import pytest

from tests.assembled import COMPOSERS, assembled_sql, composed
from tests.circles import circular, imports_of
from tests.doors import ENGINE_ROOMS, past_the_door
from tests.house import LAYERS, TOP, Module, last_name, modules_of, product

if TYPE_CHECKING:
    from tests.house import Finding

    Rule = Callable[[Module], Iterator[Finding]]

# The rooms of a layer, from the ground up; what is no room stands on top.
ROOMS = {
    "engine": ENGINE_ROOMS,
    "commands": ("context", "cells", "grammar", "completion", "daemons", "home", "jobs"),
    "dashboard": ("http", "health", "app", "api"),
}
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
SQL = re.compile(
    r"\bSELECT\b.+\bFROM\b|\bINSERT\s+(OR\s+[A-Z]+\s+)?INTO\b|\bREPLACE\s+INTO\b|\bUPDATE\s+(OR\s+[A-Z]+\s+)?\w+\s+SET\b"
    r"|\bDELETE\s+FROM\b|\bCREATE\s+(UNIQUE\s+)?(TABLE|INDEX)\b|\bPRAGMA\s+\w+",
    re.DOTALL,
)
# Of other systems than the one the tests run on; only asked where Python does not list its own modules.
ELSEWHERE = {"msvcrt", "winreg", "_winapi", "fcntl", "termios", "pwd", "grp", "resource", "readline", "zoneinfo"}


def upward_imports(module: Module) -> Iterator[Finding]:
    for line, target, name in module.imports():
        parts = target.split(".")
        if parts[0] != "queuectl" or (target == "queuectl" and name == "__version__"):
            continue
        layer = parts[1] if len(parts) > 1 else name
        if LAYERS.get(layer, TOP) > module.rank:
            yield line, f"{module.layer} imports {layer or 'the whole package'}, which is above it"


def crossed_fronts(module: Module) -> Iterator[Finding]:
    """Front ends and the dashboard stand beside each other."""
    other = {"frontends": "dashboard", "dashboard": "frontends"}.get(module.layer, "-")
    for line, target, name in module.imports():
        if f"{target}.{name}.".startswith(f"queuectl.{other}."):
            yield line, f"{module.layer} imports {other}"


def rooms_out_of_order(module: Module) -> Iterator[Finding]:
    """A room takes what it needs from the rooms before it, and from its own."""
    rooms = ROOMS.get(module.layer, ())
    rank = _rank(f"{'.'.join(module.package)}.{Path(module.path).stem}", rooms)
    for line, target, name in module.imports():
        if target.startswith(f"queuectl.{module.layer}") and _rank(f"{target}.{name}", rooms) > rank:
            yield line, f"imports {target}, a later room"


def _rank(name: str, rooms: tuple[str, ...]) -> int:
    room = (name.split(".") + ["", ""])[2]
    return rooms.index(room) if room in rooms else len(rooms)


# What benchmarks may take from the tests, since it needs no pytest.
SHARED = ("tests.support", "tests.dashboard.webdriver")


# What pip loads, and nothing that runs.
BUILDS = ("queuectl/packaging.py", "setuptools")


def foreign_imports(module: Module) -> Iterator[Finding]:
    for line, target, _ in module.imports():
        top = target.partition(".")[0]
        if (module.path, top) == BUILDS or top in ("queuectl", "benchmarks") or target in SHARED:
            continue
        if not _is_standard(top):
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
        id(call.func) for call in calls if len(call.args) > CLOCKS_BY_DEFAULT.get(f"time.{last_name(call.func)}", 99)
    }
    for node, name in module.names():
        if name in CLOCKS or (name in CLOCKS_BY_DEFAULT and id(node) not in with_a_time):
            yield node.lineno, f"{name} reads a clock or sleeps"
    for line, target, name in module.imports():
        if f"{target}.{name}" in CLOCKS:
            yield line, f"imports {target}.{name}"


def overlong(module: Module) -> Iterator[Finding]:
    lines = module.source.count("\n")
    if lines > LONGEST_FILE:
        yield lines, f"has {lines} lines, {LONGEST_FILE} are allowed"


def sleeps_in_tests(module: Module) -> Iterator[Finding]:
    for node, name in module.names():
        if name == "time.sleep":
            yield node.lineno, "sleeps: wait for a condition with support.wait_until"


PRODUCT_RULES: list[Rule] = [
    upward_imports,
    crossed_fronts,
    rooms_out_of_order,
    foreign_imports,
    sqlite_outside_the_store,
    sql_outside_the_store,
    prints_outside_the_front_ends,
    clocks_outside_the_clock,
    assembled_sql,
    past_the_door,
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
    (assembled_sql, "queuectl/store/a.py", "self._database.rows(f'SELECT * FROM jobs WHERE id = {x}')"),
    (assembled_sql, "queuectl/store/a.py", "self._database.value('SELECT ' + x)"),
    (assembled_sql, "queuectl/store/a.py", "self._database.change('DELETE FROM {}'.format(x))"),
    (assembled_sql, "queuectl/store/a.py", "def f(db, x):\n sql = f'SELECT {x}'\n db.row(sql)"),
    (assembled_sql, "queuectl/store/a.py", "def f(db, sql):\n db.row(sql)"),
    (assembled_sql, "queuectl/store/a.py", "class A:\n def f(self):\n  self.db.insert(self.sql())"),
    (assembled_sql, "queuectl/store/a.py", "def f(db):\n a = 'SELECT 1'\n a += g()\n db.change_many(a, ())"),
    (assembled_sql, "queuectl/store/a.py", "def f(db):\n a, b = g()\n db.rows(a)"),
    (assembled_sql, "queuectl/store/a.py", "def f(db, names):\n db.rows('SELECT ' + ','.join(names))"),
    (crossed_fronts, "queuectl/frontends/a.py", "def f():\n from ..dashboard import app"),
    (crossed_fronts, "queuectl/dashboard/api/a.py", "from ...frontends.table import x"),
    (rooms_out_of_order, "queuectl/engine/home/a.py", "from ..work.worker import Worker"),
    (rooms_out_of_order, "queuectl/engine/reports/a.py", "def f():\n from ..queue import Queue"),
    (rooms_out_of_order, "queuectl/engine/machine/a.py", "from queuectl.engine.home import opened"),
    (rooms_out_of_order, "queuectl/dashboard/http/a.py", "def f():\n from ..api.routes import handle"),
    (rooms_out_of_order, "queuectl/commands/home/a.py", "from ..jobs.selection import select"),
    (rooms_out_of_order, "queuectl/dashboard/app.py", "from .api import health"),
    (rooms_out_of_order, "queuectl/dashboard/api/a.py", "from ..daemon import run_dashboard"),
    (past_the_door, "queuectl/commands/a.py", "def f(queue):\n return queue.store.jobs"),
    (past_the_door, "queuectl/commands/a.py", "from ..store.find import SORTS"),
    (past_the_door, "queuectl/dashboard/api/a.py", "def f():\n from ...engine.reports import summary"),
    (past_the_door, "queuectl/frontends/a.py", "from ..engine.machine.log import Log\nif TYPE_CHECKING:\n pass"),
    (overlong, "queuectl/engine/a.py", "x = 1\n" * (LONGEST_FILE + 1)),
    (sleeps_in_tests, "tests/test_a.py", "from time import sleep\nsleep(1)"),
]
SOUND: list[tuple[Rule, str, str]] = [
    (upward_imports, "queuectl/engine/a.py", "from queuectl import __version__\nfrom . import b"),
    (upward_imports, "queuectl/frontends/cli.py", "from ..dashboard import server\nfrom . import render"),
    (crossed_fronts, "queuectl/frontends/a.py", "from ..commands import x\nfrom . import render"),
    (rooms_out_of_order, "queuectl/engine/reports/a.py", "from ..home import x\nfrom .b import y"),
    (
        rooms_out_of_order,
        "queuectl/commands/jobs/a.py",
        "from ..grammar import arguments\nfrom ..context import Result",
    ),
    (rooms_out_of_order, "queuectl/engine/queue.py", "from .reports import x\nfrom .logs import y"),
    (rooms_out_of_order, "queuectl/dashboard/api/a.py", "from ..app import App\nfrom ..http.message import Request"),
    (rooms_out_of_order, "queuectl/dashboard/daemon.py", "from .api.routes import handle\nfrom .http import server"),
    (upward_imports, "queuectl/__init__.py", "from .engine.queue import Queue"),
    (past_the_door, "queuectl/commands/a.py", "from ..engine.queue import Queue\nqueue.jobs.count()"),
    (past_the_door, "queuectl/commands/a.py", "if TYPE_CHECKING:\n from ..engine.home.opened import OpenHome"),
    (past_the_door, "queuectl/engine/a.py", "from ..store import Store\nqueue.store.jobs"),
    (sql_outside_the_store, "queuectl/store/a.py", "a = 'DELETE FROM jobs'"),
    (sql_outside_the_store, "queuectl/engine/a.py", "'''SELECT a FROM b'''\na = 'Select jobs from it'"),
    (prints_outside_the_front_ends, "queuectl/__main__.py", "print('x')"),
    (clocks_outside_the_clock, "queuectl/model/when.py", "import time\ntime.gmtime(3)\ntime.strftime('', t)"),
    (clocks_outside_the_clock, "queuectl/engine/a.py", "clock.monotonic()\njob.time.sleep()"),
    (assembled_sql, "queuectl/store/a.py", "A = {}\nc.execute(f'SELECT {A} FROM jobs ORDER BY {A[key]}')"),
    (assembled_sql, "queuectl/store/a.py", "A = 'a'\nc.execute(A + ' LIMIT 1')\nc.execute(A)"),
    (assembled_sql, "queuectl/store/a.py", "c.execute('PRAGMA a=' + ('b' if c else 'd'))"),
    (assembled_sql, "queuectl/store/a.py", "A = 'a {}'\ndef f(db, b):\n db.rows(A.format(','.join('?' * len(b))), b)"),
    (assembled_sql, "queuectl/store/a.py", "A = 'a'\ndef f(db, b):\n sql = A if b else 'c'\n db.row(sql)"),
    (assembled_sql, "queuectl/store/a.py", "A = ('a', 'b')\ndef f(db):\n for t in A:\n  db.change(f'DELETE FROM {t}')"),
    (assembled_sql, "queuectl/store/a.py", "class D:\n def rows(self, sql):\n  return self.c.execute(sql)"),
]


def findings(rule: Rule, modules: list[Module]) -> list[str]:
    return [f"{module.path}:{line}: {what}" for module in modules for line, what in rule(module)]


@pytest.mark.parametrize("rule", PRODUCT_RULES, ids=lambda rule: rule.__name__)
def test_the_product_keeps_the_rule(rule: Rule) -> None:
    broken = findings(rule, product())
    assert not broken, "\n".join(broken)


def test_there_are_no_import_circles() -> None:
    circles = circular(imports_of(product()))
    assert circles == set(), "\n".join(f"{start} imports {end}" for start, end in sorted(circles))


def test_each_known_composer_is_still_there() -> None:
    """Else it could come back unseen."""
    composers = {f"{module.path}:{where}" for module in product() for _, where in composed(module)}
    assert COMPOSERS - composers == set()


CIRCLES = {
    "from .b import x": "from .a import y",
    "from . import b": "def f():\n from queuectl.engine import a",
    "import queuectl.engine.b": "TYPE_CHECKING = False\nif TYPE_CHECKING:\n from .a import y",
    "import_module('queuectl.engine.b')": "from .c import x",
}


@pytest.mark.parametrize("first, second", CIRCLES.items())
def test_a_circle_is_found(first: str, second: str) -> None:
    sources = {"a": first, "b": second, "c": "from .a import z", "d": "from .a import x\nfrom .b import y"}
    graph = imports_of(Module(f"queuectl/engine/{name}.py", source) for name, source in sources.items())
    names = {start.rpartition(".")[2] for start, _ in circular(graph)}
    assert names == ({"a", "b", "c"} if ".c" in second else {"a", "b"})


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
