-- Jobs that were made from inputs, that judge exit codes, that have a key, and what they are run with; webhooks.

-- How commands run: where, with what search path and variables, and in what other way. Jobs enqueued in one place share
-- a row. The fields that are shared so stand in `options`, as JSON, but for those that have their default.
CREATE TABLE contexts (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    cwd     TEXT NOT NULL,
    path    TEXT NOT NULL,
    env     TEXT NOT NULL,
    options TEXT NOT NULL DEFAULT '',
    -- What the caller's environment gave in addition to the search path: NAME=VALUE, with NUL between them. Its umask,
    -- NULL for that of the workers.
    inherited BLOB NOT NULL DEFAULT x'',
    umask   INTEGER,
    -- What the command reads as standard input, NULL for nothing.
    stdin   INTEGER REFERENCES stdins (id),
    UNIQUE (cwd, path, env, options, inherited, umask, stdin)
);
CREATE INDEX contexts_of_stdin ON contexts (stdin) WHERE stdin IS NOT NULL;

-- What commands read as standard input: one row for all jobs that were added with it at once.
CREATE TABLE stdins (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    data BLOB NOT NULL
);

-- The input that a job's command was made from, and its place among those that were added with it. Where there were
-- several inputs, each by its name or place, as JSON.
ALTER TABLE jobs ADD COLUMN item TEXT;
ALTER TABLE jobs ADD COLUMN item_index INTEGER CHECK (item_index >= 0);
ALTER TABLE jobs ADD COLUMN inputs TEXT;

-- No two unfinished jobs have the same key. One with `key_for` keeps it for so many milliseconds after its end.
ALTER TABLE jobs ADD COLUMN key TEXT;
ALTER TABLE jobs ADD COLUMN key_for INTEGER CHECK (key_for IS NULL OR (key_for > 0 AND key IS NOT NULL));
CREATE UNIQUE INDEX jobs_key ON jobs (key) WHERE key IS NOT NULL AND finished_at IS NULL;
CREATE INDEX jobs_kept_key ON jobs (key, finished_at) WHERE key_for IS NOT NULL AND finished_at IS NOT NULL;

-- Addresses that get a message for each event. `events` are names between commas, with one at each end. `position` is
-- the last row of the outbox that the webhook is done with; of a row that could not be delivered `failures` counts the
-- tries, `failing_since` is the first of them and `next_at` the time of the next. `dropped` counts what was dropped
-- since the last delivery.
CREATE TABLE webhooks (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL UNIQUE,
    url           TEXT NOT NULL,
    events        TEXT NOT NULL,
    secret        TEXT,
    allow_private INTEGER NOT NULL DEFAULT 0,
    position      INTEGER NOT NULL,
    failures      INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failing_since INTEGER,
    next_at       INTEGER NOT NULL DEFAULT 0,
    dropped       INTEGER NOT NULL DEFAULT 0,
    paused_at     INTEGER,
    pause_reason  TEXT,
    created_at    INTEGER NOT NULL,
    created_by    TEXT NOT NULL,
    CHECK ((failures = 0) = (failing_since IS NULL)),
    CHECK ((paused_at IS NULL) = (pause_reason IS NULL))
);

-- What happened, for webhooks that want to know: the job as it was then, without its environment; an event of the home
-- has no job. A trigger writes it while there are any webhooks, see store/webhooks.py.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    event       TEXT NOT NULL,
    at          INTEGER NOT NULL,
    job         TEXT,
    number      INTEGER,
    command     TEXT,
    queue       TEXT,
    batch       TEXT,
    tags        TEXT,
    attempts    INTEGER,
    exit_code   INTEGER,
    signal      INTEGER,
    error       TEXT,
    duration    INTEGER
);
CREATE INDEX outbox_at ON outbox (at);

-- The last deliveries of each webhook, and how they ended: the status of the answer, or what went wrong.
CREATE TABLE deliveries (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook  INTEGER NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event    TEXT NOT NULL,
    job      TEXT,
    at       INTEGER NOT NULL,
    try      INTEGER NOT NULL,
    status   INTEGER,
    error    TEXT,
    took     INTEGER NOT NULL
);
CREATE INDEX deliveries_of_webhook ON deliveries (webhook, id);

-- How often the job was snoozed, and what the command of its attempt has asked for: `snooze MILLISECONDS`, or `fail`,
-- each with a reason behind it.
ALTER TABLE jobs ADD COLUMN snoozes INTEGER NOT NULL DEFAULT 0 CHECK (snoozes >= 0);
CREATE INDEX jobs_snoozed ON jobs (queue) WHERE state = 'scheduled' AND snoozes > 0;
ALTER TABLE jobs ADD COLUMN wish TEXT;

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
        OR outcome = 'not_started' OR outcome = 'lost' OR outcome = 'released' OR outcome = 'snoozed'
    ),
    exit_code   INTEGER,
    signal      INTEGER,
    error       TEXT,
    output_size INTEGER NOT NULL DEFAULT 0,
    UNIQUE (job, attempt),
    CHECK ((outcome IS NULL) = (finished_at IS NULL))
);
