CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE contexts (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    cwd  TEXT NOT NULL,
    path TEXT NOT NULL,
    env  TEXT NOT NULL,
    UNIQUE (cwd, path, env)
);
CREATE TABLE sqlite_sequence(name,seq);
CREATE TABLE jobs (
    number           INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT NOT NULL UNIQUE,
    command          TEXT NOT NULL,
    state            TEXT NOT NULL CHECK (
        state = 'scheduled' OR state = 'blocked' OR state = 'held' OR state = 'pending' OR state = 'processing'
        OR state = 'failed' OR state = 'completed' OR state = 'dead' OR state = 'cancelled'
    ),
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
    created_by       TEXT NOT NULL, schedule TEXT, is_delay INTEGER NOT NULL DEFAULT 0,
    CHECK ((state = 'processing') = (worker IS NOT NULL)),
    CHECK ((state = 'processing') = (lease_until IS NOT NULL)),
    CHECK (state <> 'processing' OR attempt_id IS NOT NULL),
    CHECK ((state = 'completed' OR state = 'dead' OR state = 'cancelled') = (finished_at IS NOT NULL))
);
CREATE INDEX jobs_claimable ON jobs (queue, priority DESC, run_at, number) WHERE state = 'pending';
CREATE INDEX jobs_due ON jobs (run_at) WHERE (state = 'scheduled' OR state = 'failed');
CREATE INDEX jobs_processing ON jobs (worker) WHERE state = 'processing';
CREATE INDEX jobs_finished ON jobs (state, finished_at) WHERE finished_at IS NOT NULL;
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
    outcome     TEXT CHECK (
        outcome = 'exited' OR outcome = 'signalled' OR outcome = 'timed_out' OR outcome = 'cancelled'
        OR outcome = 'not_started' OR outcome = 'lost' OR outcome = 'released'
    ),
    exit_code   INTEGER,
    signal      INTEGER,
    error       TEXT,
    output_size INTEGER NOT NULL DEFAULT 0,
    UNIQUE (job, attempt),
    CHECK ((outcome IS NULL) = (finished_at IS NULL))
);
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
, namespace TEXT NOT NULL DEFAULT '', mark TEXT NOT NULL DEFAULT '', adopters TEXT NOT NULL DEFAULT '', trouble TEXT);
CREATE TABLE counts (
    queue TEXT NOT NULL,
    state TEXT NOT NULL,
    jobs  INTEGER NOT NULL CHECK (jobs >= 0),
    PRIMARY KEY (queue, state)
) WITHOUT ROWID;
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
CREATE TABLE events (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    job    INTEGER,
    kind   TEXT NOT NULL,
    detail TEXT NOT NULL,
    actor  TEXT NOT NULL
);
CREATE INDEX events_of_job ON events (job) WHERE job IS NOT NULL;
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
CREATE INDEX jobs_of_context ON jobs (context);
CREATE TABLE timings (
    slot      INTEGER NOT NULL,
    queue     TEXT NOT NULL,
    run       INTEGER NOT NULL,
    wait      INTEGER NOT NULL,
    attempts  INTEGER NOT NULL,
    run_time  INTEGER NOT NULL,
    wait_time INTEGER NOT NULL, run_min INTEGER, run_max INTEGER, wait_min INTEGER, wait_max INTEGER,
    PRIMARY KEY (slot, queue, run, wait)
) WITHOUT ROWID;
CREATE TABLE backlog (
    minute     INTEGER PRIMARY KEY,
    pending    INTEGER NOT NULL,
    processing INTEGER NOT NULL,
    oldest_age INTEGER NOT NULL
);
