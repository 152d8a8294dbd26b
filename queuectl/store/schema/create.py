"""The tables, how those of an older version become today's, and how a home's database comes to be.

A database is made completely in a file beside it and then linked into place, so that `queue.db`
either is whole or is not there.

Invariants stand in CHECKs: they hold against our own mistakes too. The indexes are partial, one for
each question that is asked all the time, so that claiming costs the same with a million jobs.
"""

from __future__ import annotations

import os

from ..model.errors import StoreDamaged
from ..model.job import DUE_STATES, FINAL_STATES, OUTCOMES, STATES
from .home import unusable
from .sqlite import sqlite3
from .trouble import unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

    from .database import Database
    from .home import Home

# A worker's commit writes about nine pages: small ones keep the log, and with it the disk, from growing fast.
PAGE_BYTES = 1024
APPLICATION_ID = 0x51435458  # "QCTX"
VERSION = 4


def _one_of(column: str, words: Iterable[str]) -> str:
    """Return a condition without IN: for a list SQLite opens a table of its own at each evaluation (3 us)."""
    return f"({' OR '.join(f'{column} = {word!r}' for word in words)})"


DUE = _one_of("state", DUE_STATES)
FINAL = "finished_at IS NOT NULL"

# What version 2 brought. A fire is a pair of schedule and time, and can be there once only.
VERSION_2 = """
CREATE TABLE schedules (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL UNIQUE,
    expression  TEXT NOT NULL,
    timezone    TEXT NOT NULL,
    command     TEXT NOT NULL,
    queue       TEXT NOT NULL,
    priority    INTEGER NOT NULL,
    max_retries INTEGER NOT NULL CHECK (max_retries >= 0),
    timeout     INTEGER CHECK (timeout > 0),
    context     INTEGER NOT NULL REFERENCES contexts (id),
    catch_up    TEXT NOT NULL CHECK (catch_up = 'none' OR catch_up = 'last' OR catch_up = 'all'),
    overlap     TEXT NOT NULL CHECK (overlap = 'skip' OR overlap = 'queue'),
    paused      INTEGER NOT NULL DEFAULT 0 CHECK (paused = 0 OR paused = 1),
    next_at     INTEGER,
    created_at  INTEGER NOT NULL,
    created_by  TEXT NOT NULL
);
CREATE INDEX schedules_due ON schedules (next_at) WHERE paused = 0 AND next_at IS NOT NULL;

CREATE TABLE fires (
    schedule INTEGER NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
    fire_at  INTEGER NOT NULL,
    job      INTEGER,
    PRIMARY KEY (schedule, fire_at)
) WITHOUT ROWID;

CREATE INDEX jobs_of_schedule ON jobs (schedule, number) WHERE schedule IS NOT NULL;
-- Without it, deleting a context would look through all jobs.
CREATE INDEX jobs_of_context ON jobs (context);
"""

# What version 3 brought. Both outlive the jobs, as rollups do.
VERSION_3 = """
-- How long attempts took that ended in a slot of five minutes: run and wait are buckets of model.histogram.
CREATE TABLE timings (
    slot      INTEGER NOT NULL,
    queue     TEXT NOT NULL,
    run       INTEGER NOT NULL,
    wait      INTEGER NOT NULL,
    attempts  INTEGER NOT NULL,
    run_time  INTEGER NOT NULL,
    wait_time INTEGER NOT NULL,
    PRIMARY KEY (slot, queue, run, wait)
) WITHOUT ROWID;

-- How much waited in a minute and for how long. None is written while nothing does.
CREATE TABLE backlog (
    minute     INTEGER PRIMARY KEY,
    pending    INTEGER NOT NULL,
    processing INTEGER NOT NULL,
    oldest_age INTEGER NOT NULL
);
"""

# What version 4 brought. A new home takes the same way, so that its tables are those of an upgraded one.
VERSION_4 = """
-- Whether run_at counts from when the job was added: such a time moves along when the clock is set.
ALTER TABLE jobs ADD COLUMN is_delay INTEGER NOT NULL DEFAULT 0;
-- With pid, start time and boot it tells a process: the same pid means another one in another namespace.
ALTER TABLE workers ADD COLUMN namespace TEXT NOT NULL DEFAULT '';
-- The random part of the markers that this worker's attempts carry.
ALTER TABLE workers ADD COLUMN mark TEXT NOT NULL DEFAULT '';
-- Whom the processes of its attempts fall to when it dies: pid and start time of each, a comma between.
ALTER TABLE workers ADD COLUMN adopters TEXT NOT NULL DEFAULT '';
-- What keeps the worker from starting commands, NULL while nothing does.
ALTER TABLE workers ADD COLUMN trouble TEXT;
"""

TABLES = f"""
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Where and with what environment commands run. Jobs enqueued from one place share a row.
CREATE TABLE contexts (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    cwd  TEXT NOT NULL,
    path TEXT NOT NULL,
    env  TEXT NOT NULL,
    UNIQUE (cwd, path, env)
);

CREATE TABLE jobs (
    number           INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT NOT NULL UNIQUE,
    command          TEXT NOT NULL,
    state            TEXT NOT NULL CHECK {_one_of("state", STATES)},
    queue            TEXT NOT NULL,
    priority         INTEGER NOT NULL,
    attempts         INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    max_retries      INTEGER NOT NULL CHECK (max_retries >= 0),
    timeout          INTEGER CHECK (timeout > 0),
    run_at           INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    started_at       INTEGER,
    finished_at      INTEGER,
    duration         INTEGER,
    exit_code        INTEGER,
    signal           INTEGER,
    error            TEXT,
    last_attempt     INTEGER NOT NULL DEFAULT 0,
    attempt_id       INTEGER,
    worker           INTEGER,
    lease_until      INTEGER,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    allow_background INTEGER NOT NULL DEFAULT 0,
    context          INTEGER NOT NULL REFERENCES contexts (id),
    tags             TEXT NOT NULL DEFAULT '',
    created_by       TEXT NOT NULL,
    schedule         TEXT,
    CHECK ((state = 'processing') = (worker IS NOT NULL)),
    CHECK ((state = 'processing') = (lease_until IS NOT NULL)),
    CHECK (state <> 'processing' OR attempt_id IS NOT NULL),
    CHECK ({_one_of("state", FINAL_STATES)} = ({FINAL}))
);
CREATE INDEX jobs_claimable ON jobs (queue, priority DESC, run_at, number) WHERE state = 'pending';
CREATE INDEX jobs_due ON jobs (run_at) WHERE {DUE};
CREATE INDEX jobs_processing ON jobs (worker) WHERE state = 'processing';
CREATE INDEX jobs_finished ON jobs (state, finished_at) WHERE {FINAL};

-- One row for each try. The id is the fencing token: it never repeats within a job.
CREATE TABLE attempts (
    id          INTEGER PRIMARY KEY,
    job         INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    attempt     INTEGER NOT NULL,
    worker      INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    wait_time   INTEGER NOT NULL,
    pid         INTEGER,
    pid_start   TEXT,
    finished_at INTEGER,
    duration    INTEGER,
    outcome     TEXT CHECK {_one_of("outcome", OUTCOMES)},
    exit_code   INTEGER,
    signal      INTEGER,
    error       TEXT,
    output_size INTEGER NOT NULL DEFAULT 0,
    UNIQUE (job, attempt),
    CHECK ((outcome IS NULL) = (finished_at IS NULL))
);

-- What an attempt printed: pieces of both streams in the order they came, at their place in the whole.
CREATE TABLE output (
    attempt  INTEGER NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    stream   INTEGER NOT NULL CHECK (stream IN (1, 2)),
    data     BLOB NOT NULL,
    PRIMARY KEY (attempt, position)
);

CREATE TABLE workers (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    pid          INTEGER NOT NULL,
    pid_start    TEXT NOT NULL,
    boot         TEXT NOT NULL,
    queues       TEXT NOT NULL,
    started_at   INTEGER NOT NULL,
    heartbeat_at INTEGER NOT NULL,
    jobs_done    INTEGER NOT NULL DEFAULT 0,
    busy_time    INTEGER NOT NULL DEFAULT 0,
    memory       INTEGER NOT NULL DEFAULT 0,
    stopping     INTEGER NOT NULL DEFAULT 0
);

-- How many jobs there are, kept by the transactions that change it.
CREATE TABLE counts (
    queue TEXT NOT NULL,
    state TEXT NOT NULL,
    jobs  INTEGER NOT NULL CHECK (jobs >= 0),
    PRIMARY KEY (queue, state)
) WITHOUT ROWID;

-- What happened in each minute; outlives the jobs.
CREATE TABLE rollups (
    minute    INTEGER NOT NULL,
    queue     TEXT NOT NULL,
    finished  INTEGER NOT NULL DEFAULT 0,
    failed    INTEGER NOT NULL DEFAULT 0,
    dead      INTEGER NOT NULL DEFAULT 0,
    run_time  INTEGER NOT NULL DEFAULT 0,
    wait_time INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (minute, queue)
) WITHOUT ROWID;

-- What attempts do not tell: what users and daemons did.
CREATE TABLE events (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    job    INTEGER,
    kind   TEXT NOT NULL,
    detail TEXT NOT NULL,
    actor  TEXT NOT NULL
);
CREATE INDEX events_of_job ON events (job) WHERE job IS NOT NULL;
{VERSION_2}{VERSION_3}{VERSION_4}"""


def _statements(script: str) -> tuple[str, ...]:
    return tuple(filter(str.strip, script.split(";")))


# The statements that lead from a version to the next one.
MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: ("ALTER TABLE jobs ADD COLUMN schedule TEXT", *_statements(VERSION_2)),
    2: _statements(VERSION_3),
    3: _statements(VERSION_4),
}


def upgrade(database: Database, version: int) -> None:
    """Bring the tables of an older version up to VERSION. In a transaction."""
    while version < VERSION:
        for statement in MIGRATIONS[version]:
            database.change(statement)
        version += 1
    database.change(f"PRAGMA user_version={VERSION}")


def is_outgrown(database: Database) -> bool:
    """Return whether a newer QueueCTL has upgraded the store since we opened it."""
    return int(database.value("PRAGMA user_version")) > VERSION


def create(home: Home) -> None:
    """Make the database in a file of our own and link it into place, unless another was faster.

    Raises StoreUnavailable.
    """
    _refuse_orphan(home.database + "-wal", home.database)
    draft = f"{home.database}.new-{os.getpid()}-{os.urandom(4).hex()}"
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        try:
            _fill(draft)
            _link(draft, home.database)
        finally:
            if os.path.exists(draft):
                os.unlink(draft)
    except OSError as error:
        raise unusable(home.path, error) from error


def _refuse_orphan(log: str, path: str) -> None:
    """Refuse a write-ahead log without its database. An empty one is what opening a damaged file leaves."""
    if not os.path.exists(log) or os.path.getsize(log) == 0:
        return
    # Asked after the log: a process that is faster links its database first and has a log only then.
    if not os.path.exists(path):
        raise StoreDamaged(
            f"the store is damaged: {path} is missing, but its write-ahead log is there",
            hint=f"bring back the database, or move the log away to start over: mv {log} {log}.damaged",
        )


def _fill(draft: str) -> None:
    connection = sqlite3.connect(draft, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        # So that what pruning frees can be given back in small steps. Only a new file can be told so.
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(f"BEGIN IMMEDIATE;{TABLES}")
        connection.execute("INSERT INTO meta (key, value) VALUES ('home', ?)", (os.urandom(8).hex(),))
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise unavailable(error, draft) from error
    finally:
        connection.close()


def _link(draft: str, path: str) -> None:
    """Put the draft in place without ever replacing a file. Some file systems have no links."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        if not os.path.exists(path):
            os.rename(draft, path)
    sync_directory(os.path.dirname(path))


def sync_directory(directory: str) -> None:
    """Have the directory's new entry on the disk before the first job is acknowledged."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
