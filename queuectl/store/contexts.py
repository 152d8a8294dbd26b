"""How a command runs: where, with what environment, and in what other way.

Jobs and schedules made in one place share a row. The fields with the trait `shared` stand in it.
"""

from __future__ import annotations

from ..model.fields import SHARED
from ..model.record import Record
from .database import Database

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

FIND = "SELECT id FROM contexts WHERE cwd = ? AND path = ? AND env = ? AND options = ?"
ADD = "INSERT INTO contexts (cwd, path, env, options) VALUES (?, ?, ?, ?)"
GET = "SELECT cwd, path, env, options FROM contexts WHERE id = ?"
PRUNE = """
DELETE FROM contexts WHERE id IN (
    SELECT id FROM contexts WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.context = contexts.id)
        AND NOT EXISTS (SELECT 1 FROM schedules WHERE schedules.context = contexts.id) LIMIT ?)
"""
CACHED = 1000
PRUNED_AT_ONCE = 1000
# What a field has that is not in a row.
DEFAULTS = {field.name: field.default for field in SHARED}
NO_OPTIONS: Mapping[str, Any] = {}


class Context(Record):
    """The directory, the search path, the variables and the other options that a job was enqueued with.

    `options` are the fields that are shared, by name, without those that have their default.
    """

    cwd: str
    path: str
    env: dict[str, str]
    options: Mapping[str, Any] = NO_OPTIONS


class Contexts:
    """The table of contexts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache: dict[int, Context] = {}

    def number(self, cwd: str, path: str, env: Mapping[str, str], options: Mapping[str, Any] = NO_OPTIONS) -> int:
        """Return the row for a context, adding it if it is new. In a transaction."""
        key = (cwd, path, encode(env), encode(options))
        found = self._database.value(FIND, key)
        return int(found) if found is not None else self._database.insert(ADD, key)

    def get(self, number: int) -> Context:
        """Return a context; rows never change, so they are remembered."""
        context = self._cache.get(number)
        if context is None:
            cwd, path, env, options = self._database.rows(GET, (number,))[0]
            context = Context(cwd, path, decode(env), decode_options(options))
            if len(self._cache) >= CACHED:
                self._cache.clear()
            self._cache[number] = context
        return context

    def forget(self) -> None:
        """Drop what was remembered; called after each rollback, which frees the numbers of new rows."""
        self._cache.clear()

    def prune(self) -> int:
        """Delete up to a thousand contexts that nothing has any more; return how many. In a transaction."""
        self.forget()
        return self._database.change(PRUNE, (PRUNED_AT_ONCE,))


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


def options_of(thing: object) -> dict[str, Any]:
    """Return the fields of a job that are shared, by name, without those that have their default."""
    return but_defaults({name: getattr(thing, name) for name in DEFAULTS})


def but_defaults(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options without those that have their default."""
    return {name: value for name, value in options.items() if value != DEFAULTS[name]}
