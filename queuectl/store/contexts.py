"""How a command runs: where, with what environment, and in what other way.

Jobs and schedules made in one place share a row. The fields with the trait `shared` stand in it.
"""

from __future__ import annotations

import os
from _operator import attrgetter

from ..model.fields import SHARED
from ..model.record import Record
from ..model.surroundings import NOTHING, Origin
from .database import Database

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

COLUMNS = "cwd, path, env, options, inherited, umask, stdin"
FIND = """
SELECT id FROM contexts
WHERE cwd = ? AND path = ? AND env = ? AND options = ? AND inherited = ? AND umask IS ? AND stdin IS ?
"""
ADD = f"INSERT INTO contexts ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
GET = f"SELECT {COLUMNS} FROM contexts WHERE id = ?"
PRUNE = """
DELETE FROM contexts WHERE id IN (
    SELECT id FROM contexts WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.context = contexts.id)
        AND NOT EXISTS (SELECT 1 FROM schedules WHERE schedules.context = contexts.id) LIMIT ?)
"""
STDIN_OF_JOB = """
SELECT data FROM jobs JOIN contexts ON contexts.id = jobs.context JOIN stdins ON stdins.id = contexts.stdin
WHERE number = ?
"""
IDLE_STDIN = """
SELECT 1 FROM contexts INDEXED BY contexts_of_stdin
WHERE stdin IS NOT NULL AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.context = contexts.id)
    AND NOT EXISTS (SELECT 1 FROM schedules WHERE schedules.context = contexts.id) LIMIT 1
"""
PRUNE_STDINS = """
DELETE FROM stdins WHERE id IN (
    SELECT id FROM stdins WHERE NOT EXISTS (
        SELECT 1 FROM contexts INDEXED BY contexts_of_stdin WHERE contexts.stdin IS NOT NULL AND stdin = stdins.id)
    LIMIT ?)
"""
CACHED = 1000
PRUNED_AT_ONCE = 1000
# Each may have a mebibyte, which the log of the database has to take.
PRUNED_STDINS = 20
# The value of a field that is not in a row.
DEFAULTS = {field.name: field.default for field in SHARED}
NO_OPTIONS: Mapping[str, Any] = {}
VALUES, STANDARD = attrgetter(*DEFAULTS), tuple(DEFAULTS.values())


class Context(Record):
    """The directory, the search path, the variables and the other options that a job was enqueued with."""

    cwd: str
    path: str
    env: Mapping[str, str]
    options: Mapping[str, Any] = NO_OPTIONS  # the fields that are shared, without those that have their default
    inherited: Mapping[str, str] = NOTHING
    umask: int | None = None
    stdin: int | None = None  # the number of what the command reads as standard input, None for nothing

    @property
    def origin(self) -> Origin:
        """What its caller gave to the job."""
        return Origin(self.path, self.inherited, self.umask)


class Contexts:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache: dict[int, Context] = {}

    def number(self, context: Context) -> int:
        """Return the row for a context, adding it if it is new. In a transaction."""
        env, options, inherited = encode(context.env), encode(context.options), encode_environment(context.inherited)
        key = (context.cwd, context.path, env, options, inherited, context.umask, context.stdin)
        found = self._database.value(FIND, key)
        return int(found) if found is not None else self._database.insert(ADD, key)

    def get(self, number: int) -> Context:
        """Return a context; rows never change, so they are remembered."""
        context = self._cache.get(number)
        if context is None:
            cwd, path, env, options, given, umask, stdin = self._database.rows(GET, (number,))[0]
            context = Context(cwd, path, decode(env), decode_options(options), decode_environment(given), umask, stdin)
            if len(self._cache) >= CACHED:
                self._cache.clear()
            self._cache[number] = context
        return context

    def add_stdin(self, data: bytes) -> int:
        """Keep what commands read as standard input; return its number. In a transaction."""
        return self._database.insert("INSERT INTO stdins (data) VALUES (?)", (data,))

    def stdin(self, number: int) -> bytes:
        """Return the standard input that has a number."""
        return bytes(self._database.value("SELECT data FROM stdins WHERE id = ?", (number,)))

    def stdin_of(self, job: int) -> bytes | None:
        """Return what the command of a job reads as standard input, None for nothing."""
        found = self._database.value(STDIN_OF_JOB, (job,))
        return None if found is None else bytes(found)

    def forget(self) -> None:
        """Empty the cache; called after each rollback, which frees the numbers of new rows."""
        self._cache.clear()

    def prune(self) -> int:
        """Delete some unused contexts and standard inputs, as many as fit into the transaction; return how many."""
        self.forget()
        return self._database.change(PRUNE, (PRUNED_AT_ONCE,)) + self._database.change(PRUNE_STDINS, (PRUNED_STDINS,))

    def has_idle_stdin(self) -> bool:
        """Return whether what is read as standard input is kept for jobs that are gone."""
        return self._database.value(IDLE_STDIN) is not None


def encode(values: Mapping[str, Any]) -> str:
    """Return the text that variables or options are stored as."""
    if not values:
        return ""
    import json

    return json.dumps(values, sort_keys=True)


def decode(text: str) -> dict[str, Any]:
    """Return what `encode` was given; a tuple is a list then."""
    if not text:
        return {}
    import json

    return dict(json.loads(text))


def decode_options(text: str) -> dict[str, Any]:
    """Return the options that `encode` was given."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in decode(text).items()}


def encode_environment(variables: Mapping[str, str]) -> bytes:
    """Return the bytes that inherited variables are stored as. Values may hold bytes that are no text."""
    return b"\0".join(os.fsencode(f"{name}={value}") for name, value in sorted(variables.items()))


def decode_environment(data: bytes) -> dict[str, str]:
    """Return what `encode_environment` was given."""
    return dict(os.fsdecode(part).split("=", 1) for part in data.split(b"\0")) if data else {}


def options_of(thing: object) -> Mapping[str, Any]:
    """Return the fields of a job that are shared, by name, without those that have their default."""
    # Most jobs have none, and there may be many jobs.
    values = VALUES(thing)
    return NO_OPTIONS if values == STANDARD else but_defaults(dict(zip(DEFAULTS, values)))


def but_defaults(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options without those that have their default."""
    return {name: value for name, value in options.items() if value != DEFAULTS[name]}
