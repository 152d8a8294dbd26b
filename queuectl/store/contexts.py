"""Where and with what environment a command runs; jobs and schedules made in one place share a row."""

from __future__ import annotations

from ..model.record import Record
from .database import Database

FIND = "SELECT id FROM contexts WHERE cwd = ? AND path = ? AND env = ?"
ADD = "INSERT INTO contexts (cwd, path, env) VALUES (?, ?, ?)"
GET = "SELECT cwd, path, env FROM contexts WHERE id = ?"
PRUNE = """
DELETE FROM contexts WHERE id IN (
    SELECT id FROM contexts WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.context = contexts.id)
        AND NOT EXISTS (SELECT 1 FROM schedules WHERE schedules.context = contexts.id) LIMIT ?)
"""
CACHED = 1000
PRUNED_AT_ONCE = 1000


class Context(Record):
    """The directory, the search path and the variables that a job was enqueued with."""

    cwd: str
    path: str
    env: dict[str, str]


class Contexts:
    """The table of contexts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache: dict[int, Context] = {}

    def number(self, cwd: str, path: str, env: dict[str, str]) -> int:
        """Return the row for a context, adding it if it is new. In a transaction."""
        key = (cwd, path, encode_env(env))
        found = self._database.value(FIND, key)
        return int(found) if found is not None else self._database.insert(ADD, key)

    def get(self, number: int) -> Context:
        """Return a context; rows never change, so they are remembered."""
        context = self._cache.get(number)
        if context is None:
            cwd, path, env = self._database.rows(GET, (number,))[0]
            context = Context(cwd, path, decode_env(env))
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


def encode_env(env: dict[str, str]) -> str:
    """Return the text that variables are stored as."""
    if not env:
        return ""
    import json

    return json.dumps(env, sort_keys=True)


def decode_env(text: str) -> dict[str, str]:
    """Return the variables that `encode_env` was given."""
    if not text:
        return {}
    import json

    return dict(json.loads(text))
