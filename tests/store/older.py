"""Homes of older versions, as those made them."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from queuectl.model.job import CANCELLED, COMPLETED, DEAD
from queuectl.store import schema
from tests.store.building import LATER, NOW, plain


def read_schema(version: int) -> str:
    """Return the tables as that version made them, without the one that SQLite makes by itself."""
    text = Path(__file__).with_name(f"schema_v{version}.sql").read_text(encoding="utf-8")
    return text.replace("CREATE TABLE sqlite_sequence(name,seq);\n", "")


SCHEMAS = {version: read_schema(version) for version in range(1, schema.VERSION)}
# But for the random id of the home.
HOME = f"""
PRAGMA journal_mode=WAL;
PRAGMA application_id={schema.APPLICATION_ID};
INSERT INTO meta (key, value) VALUES ('home', '0123456789abcdef'), ('pool_target', '2');
INSERT INTO settings (name, value) VALUES ('max_retries', '5');
INSERT INTO contexts (id, cwd, path, env) VALUES (1, '/tmp', '/bin', ''), (2, '/srv', '/usr/bin', '{{"A": "1"}}');
INSERT INTO workers (id, pid, pid_start, boot, queues, started_at, heartbeat_at, jobs_done, busy_time, memory, stopping)
    VALUES (1, 999999, '1', 'another boot', '', {NOW}, {NOW}, 3, 15, 0, 0);
INSERT INTO events (id, at, job, kind, detail, actor)
    VALUES (1, {NOW}, NULL, 'enqueued', '8 jobs, job-1 to job-8', 'cli[1]'),
    (2, {NOW}, 8, 'cancel', 'was pending', 'cli[2]');
INSERT INTO rollups (minute, queue, finished, failed, dead, run_time, wait_time)
    VALUES ({NOW // 60_000}, 'default', 1, 1, 1, 15, 3);
"""
# What a version can hold and those before it cannot.
MORE = {
    2: f"""
INSERT INTO schedules (id, name, expression, timezone, command, queue, priority, max_retries, context, catch_up,
    overlap, next_at, created_at, created_by)
    VALUES (1, 'nightly', '@daily', 'UTC', 'make', 'default', 0, 3, 1, 'last', 'skip', {LATER}, {NOW}, 'cli[1]');
INSERT INTO fires (schedule, fire_at, job) VALUES (1, {NOW}, 1);
""",
}
JOB = """
INSERT INTO jobs (number, id, command, state, queue, priority, attempts, max_retries, run_at, created_at, updated_at,
                  started_at, finished_at, exit_code, error, last_attempt, attempt_id, worker, lease_until, context,
                  tags, created_by)
VALUES (?, ?, ?, ?, ?, ?, ?, 3, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ',old,', 'cli[1]')
"""
ATTEMPT = """
INSERT INTO attempts (id, job, attempt, worker, started_at, wait_time, finished_at, duration, outcome, exit_code, error,
                      output_size) VALUES (?, ?, 1, 1, ?, 1, ?, ?, ?, ?, ?, ?)
"""
# State, and how its only attempt ended: exit code, or None if it is still running; nothing if there was none.
STATES: list[tuple[str, list[int | None]]] = [
    ("pending", []),
    ("scheduled", []),
    ("held", []),
    ("processing", [None]),
    ("failed", [1]),
    ("completed", [0]),
    ("dead", [1]),
    ("cancelled", []),
]


def make_older(home: str, version: int) -> None:
    """Make a home of an older version with a job in each state."""
    for directory in (home, os.path.join(home, "logs"), os.path.join(home, "run"), os.path.join(home, "run", "bells")):
        os.mkdir(directory, 0o700)
    path = os.path.join(home, "queue.db")
    connection = plain(path)
    shrinks = "PRAGMA auto_vacuum=INCREMENTAL;" if version > 1 else ""
    more = "".join(rows for since, rows in MORE.items() if since <= version)
    connection.executescript(
        f"{shrinks} PRAGMA page_size=1024; PRAGMA user_version={version};" + SCHEMAS[version] + HOME + more
    )
    for number, (state, tried) in enumerate(STATES, 1):
        add_job(connection, number, state, tried)
    connection.close()
    os.chmod(path, 0o600)


def add_job(connection: sqlite3.Connection, number: int, state: str, tried: list[int | None]) -> None:
    ended = NOW + 5 if state in (COMPLETED, DEAD, CANCELLED) else None
    runs = state == "processing"
    code = tried[0] if tried else None
    error = "exit code 1" if code else None
    started = NOW if tried else None
    queue = "slow" if number % 2 else "default"
    connection.execute(
        JOB,
        (
            number,
            f"job-{number}",
            f"echo {state}",
            state,
            queue,
            number,
            len(tried),
            LATER if state in ("scheduled", "failed") else NOW,
            NOW,
            NOW,
            started,
            ended,
            code,
            error,
            len(tried),
            number if tried else None,
            1 if runs else None,
            30_000 if runs else None,
            1 + number % 2,
        ),
    )
    connection.execute("INSERT INTO counts (queue, state, jobs) VALUES (?, ?, 1)", (queue, state))
    if tried:
        connection.execute(
            ATTEMPT,
            (
                number,
                number,
                NOW,
                None if runs else NOW + 5,
                None if runs else 5,
                None if runs else "exited",
                code,
                error,
                4,
            ),
        )
        connection.execute(
            "INSERT INTO output (attempt, position, stream, data) VALUES (?, 0, 1, ?)", (number, b"\x00\xffx\n")
        )
