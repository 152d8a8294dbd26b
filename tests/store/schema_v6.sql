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
, namespace TEXT NOT NULL DEFAULT '', mark TEXT NOT NULL DEFAULT '', adopters TEXT NOT NULL DEFAULT '', trouble TEXT, limited_by TEXT);
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
CREATE TABLE fires (
    schedule INTEGER NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
    fire_at  INTEGER NOT NULL,
    job      INTEGER,
    PRIMARY KEY (schedule, fire_at)
) WITHOUT ROWID;
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
CREATE TABLE "jobs" (
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
    created_by       TEXT NOT NULL,
    schedule         TEXT,
    is_delay         INTEGER NOT NULL DEFAULT 0,
    -- How many of its links are open, and how many of these cannot be satisfied as their parents stand.
    waits            INTEGER NOT NULL DEFAULT 0 CHECK (waits >= 0),
    hopeless         INTEGER NOT NULL DEFAULT 0 CHECK (hopeless >= 0 AND hopeless <= waits),
    -- It is cancelled if its first attempt has not begun by then. Whether that counts from when it was given, and moves
    -- along when the clock is set.
    expires_at       INTEGER,
    expires_from_now INTEGER NOT NULL DEFAULT 0,
    nice             INTEGER NOT NULL DEFAULT 0,
    -- Since when its processes are stopped, and by what: a user, or a pause. For how long they were before, in this
    -- attempt.
    suspended_at     INTEGER,
    suspended_by     TEXT CHECK (suspended_by = 'user' OR suspended_by = 'pause'),
    suspended_for    INTEGER NOT NULL DEFAULT 0 CHECK (suspended_for >= 0),
    on_success       TEXT,
    on_failure       TEXT,
    on_finish        TEXT,
    -- The job whose end has added this one.
    hook_of          INTEGER,
    batch            TEXT,
    -- Names between commas, as tags.
    locks            TEXT NOT NULL DEFAULT '',
    -- Which lane without room keeps it from being claimed, until a job leaves that: `lock:gpu` or `batch:nightly`.
    parked           TEXT CHECK (parked IS NULL OR state = 'pending'),
    -- What that end was: the variables QUEUECTL_HOOK_ of its attempts, as JSON.
    hook_facts       TEXT,
    CHECK ((state = 'processing') = (worker IS NOT NULL)),
    CHECK ((state = 'processing') = (lease_until IS NOT NULL)),
    CHECK (state <> 'processing' OR attempt_id IS NOT NULL),
    CHECK ((state = 'completed' OR state = 'dead' OR state = 'cancelled') = (finished_at IS NOT NULL)),
    CHECK (suspended_at IS NULL OR state = 'processing'),
    CHECK ((suspended_at IS NULL) = (suspended_by IS NULL)),
    CHECK (state <> 'blocked' OR waits > 0),
    CHECK (waits = 0 OR NOT (state = 'pending' OR state = 'processing' OR state = 'failed'))
);
CREATE INDEX jobs_due ON jobs (run_at) WHERE (state = 'scheduled' OR state = 'failed');
CREATE INDEX jobs_processing ON jobs (worker) WHERE state = 'processing';
CREATE INDEX jobs_finished ON jobs (state, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_of_schedule ON jobs (schedule, number) WHERE schedule IS NOT NULL;
CREATE INDEX jobs_of_context ON jobs (context);
CREATE INDEX jobs_claimable ON jobs (queue, priority DESC, run_at, number) WHERE state = 'pending' AND parked IS NULL;
CREATE INDEX jobs_parked ON jobs (queue, priority DESC, run_at, number) WHERE parked IS NOT NULL;
CREATE INDEX jobs_parked_in ON jobs (parked, queue, priority DESC, run_at, number) WHERE parked IS NOT NULL;
CREATE INDEX jobs_expiring ON jobs (expires_at) WHERE expires_at IS NOT NULL AND last_attempt = 0 AND finished_at IS NULL;
CREATE INDEX jobs_open_hooks ON jobs (state) WHERE hook_of IS NOT NULL AND finished_at IS NULL;
CREATE INDEX jobs_of_hook ON jobs (hook_of, number) WHERE hook_of IS NOT NULL;
CREATE INDEX jobs_stuck ON jobs (number) WHERE hopeless > 0 AND finished_at IS NULL;
CREATE TABLE links (
    child        INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    parent       INTEGER NOT NULL,
    kind         TEXT NOT NULL CHECK (kind = 'completed' OR kind = 'any' OR kind = 'failed'),
    is_hopeless  INTEGER NOT NULL DEFAULT 0 CHECK (is_hopeless = 0 OR satisfied_at IS NULL),
    satisfied_at INTEGER,
    PRIMARY KEY (child, parent)
) WITHOUT ROWID;
CREATE INDEX links_of_parent ON links (parent, child);
CREATE INDEX links_open ON links (parent, child) WHERE satisfied_at IS NULL;
CREATE INDEX links_hopeless ON links (parent, child) WHERE is_hopeless = 1;
CREATE TABLE follow_ups (
    parent INTEGER PRIMARY KEY,
    child  INTEGER NOT NULL
);
CREATE TABLE "schedules" (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL UNIQUE,
    expression  TEXT NOT NULL,
    timezone    TEXT NOT NULL,
    -- Either a command, with the other fields of its jobs, or several jobs as JSON, each with its own.
    command     TEXT,
    jobs        TEXT,
    queue       TEXT,
    priority    INTEGER,
    max_retries INTEGER CHECK (max_retries >= 0),
    timeout     INTEGER CHECK (timeout > 0),
    nice        INTEGER DEFAULT 0,
    locks       TEXT DEFAULT '',
    on_success  TEXT,
    on_failure  TEXT,
    on_finish   TEXT,
    context     INTEGER NOT NULL REFERENCES contexts (id),
    catch_up    TEXT NOT NULL CHECK (catch_up = 'none' OR catch_up = 'last' OR catch_up = 'all'),
    overlap     TEXT NOT NULL CHECK (overlap = 'skip' OR overlap = 'queue'),
    expires     INTEGER,
    paused      INTEGER NOT NULL DEFAULT 0 CHECK (paused = 0 OR paused = 1),
    next_at     INTEGER,
    created_at  INTEGER NOT NULL,
    created_by  TEXT NOT NULL,
    CHECK ((command IS NULL) = (jobs IS NOT NULL)),
    CHECK ((queue IS NULL) = (jobs IS NOT NULL)),
    CHECK ((priority IS NULL) = (jobs IS NOT NULL)),
    CHECK ((max_retries IS NULL) = (jobs IS NOT NULL)),
    CHECK ((nice IS NULL) = (jobs IS NOT NULL)),
    CHECK ((locks IS NULL) = (jobs IS NOT NULL))
);
CREATE INDEX schedules_due ON schedules (next_at) WHERE paused = 0 AND next_at IS NOT NULL;
CREATE INDEX jobs_unfinished_of_schedule ON jobs (schedule, number) WHERE schedule IS NOT NULL AND finished_at IS NULL;
CREATE TABLE batches (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL UNIQUE,
    created_at  INTEGER NOT NULL,
    created_by  TEXT NOT NULL,
    -- How many dead jobs stop it: `3`, or `10%` of all.
    max_fails   TEXT,
    -- So many of its jobs run at a time, at most.
    slots       INTEGER CHECK (slots > 0),
    -- When the first of its jobs began, and when the last one that has ended did so.
    started_at  INTEGER,
    ended_at    INTEGER,
    stopped_at  INTEGER,
    stop_reason TEXT,
    CHECK ((stopped_at IS NULL) = (stop_reason IS NULL))
);
CREATE INDEX batches_stopped ON batches (name) WHERE stopped_at IS NOT NULL;
CREATE TABLE batch_counts (
    batch TEXT NOT NULL,
    state TEXT NOT NULL,
    jobs  INTEGER NOT NULL CHECK (jobs >= 0),
    PRIMARY KEY (batch, state)
) WITHOUT ROWID;
CREATE INDEX jobs_of_batch ON jobs (batch, state, number) WHERE batch IS NOT NULL;
CREATE INDEX jobs_stuck_of_batch ON jobs (batch) WHERE batch IS NOT NULL AND hopeless > 0 AND finished_at IS NULL;
CREATE TABLE locks (
    name  TEXT PRIMARY KEY,
    slots INTEGER NOT NULL CHECK (slots > 1)
) WITHOUT ROWID;
CREATE TABLE lock_counts (
    lock  TEXT NOT NULL,
    state TEXT NOT NULL,
    jobs  INTEGER NOT NULL CHECK (jobs >= 0),
    PRIMARY KEY (lock, state)
) WITHOUT ROWID;
CREATE TABLE queues (
    name             TEXT PRIMARY KEY,
    slots            INTEGER CHECK (slots > 0),
    rate_count       INTEGER CHECK (rate_count > 0),
    rate_period      INTEGER NOT NULL DEFAULT 1000 CHECK (rate_period > 0),
    rate_burst       INTEGER NOT NULL DEFAULT 1 CHECK (rate_burst > 0),
    -- When, in microseconds since 1970, the next job would start if all kept an even distance (GCRA).
    due              INTEGER NOT NULL DEFAULT 0,
    paused_at        INTEGER,
    paused_until     INTEGER CHECK (paused_until IS NULL OR paused_at IS NOT NULL),
    -- Whether the end counts from when the pause began, and moves along when the clock is set.
    is_delay         INTEGER NOT NULL DEFAULT 0,
    pause_reason     TEXT,
    pauses_schedules INTEGER NOT NULL DEFAULT 0,
    is_draining      INTEGER NOT NULL DEFAULT 0,
    -- JSON: what its new jobs have where none is given.
    defaults         TEXT
) WITHOUT ROWID;
