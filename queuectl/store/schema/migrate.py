"""How the tables of a version become those of the next one, up to today's. See the package for how to add a step."""

from __future__ import annotations

import os

from ..sqlite import sqlite3
from . import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator

    # Runs one statement with its parameters.
    Execute = Callable[..., sqlite3.Cursor]


def upgrade(execute: Execute, version: int) -> None:
    """Bring the tables of a version, 0 for none at all, up to VERSION. In a transaction."""
    # It was begun with `PRAGMA foreign_keys=OFF`: to drop a table would delete what refers to its rows.
    for number in range(version + 1, VERSION + 1):
        for statement in statements(script(number)):
            words = statement.split(None, 3)
            table = words[2].strip('"') if words[:2] == ["CREATE", "TABLE"] else None
            if table and execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone():
                rebuild(execute, table, statement)
            else:
                execute(statement)
    execute(f"PRAGMA user_version={VERSION}")


def script(version: int) -> str:
    """Return the SQL that leads to a version from the one before it."""
    name = "tables.sql" if version == 1 else f"{version:04}.sql"
    # What pkgutil.get_data does too, which is as long to import as all of ours. The package may be in a zip.
    loader: Any = __spec__.loader
    return str(loader.get_data(os.path.join(os.path.dirname(__file__), name)), "utf-8")


def statements(text: str) -> Iterator[str]:
    """Yield the statements of a script, each without the comment before it."""
    statement = ""
    for line in text.splitlines(keepends=True):
        if not statement and (line.startswith("--") or not line.strip()):
            continue
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement:
        raise ValueError(f"not a whole statement: {statement}")


def rebuild(execute: Execute, table: str, definition: str) -> None:
    """Give a table another definition; `definition` is its whole CREATE TABLE.

    Its indexes and triggers stay. Rows keep the columns that both have, the others take their default. Raises
    IntegrityError if a row does not fit.
    """
    draft = f"{table}_new"
    others = "SELECT sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND tbl_name = ? AND sql <> ''"
    belongings = [row[0] for row in execute(others, (table,))]
    last = execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    execute(definition.replace(table, draft, 1))
    columns = "SELECT name FROM pragma_table_info(?)"
    before, after = ([row[0] for row in execute(columns, (name,))] for name in (table, draft))
    kept = ", ".join(name for name in after if name in before)
    execute(f"INSERT INTO {draft} ({kept}) SELECT {kept} FROM {table}")
    execute(f"DROP TABLE {table}")
    execute(f"ALTER TABLE {draft} RENAME TO {table}")
    for belonging in belongings:
        execute(belonging)
    if last is not None:
        # Otherwise the number of a row that was deleted would be given to another one.
        execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last[0]))
