-- Jobs that wait for others, that expire, that run at another niceness, that are suspended, and those that hooks add.

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
    created_by       TEXT NOT NULL,
    schedule         TEXT,
    is_delay         INTEGER NOT NULL DEFAULT 0,
    -- How many of its links are open, and how many of these cannot be satisfied as their parents stand.
    waits            INTEGER NOT NULL DEFAULT 0 CHECK (waits >= 0),
    hopeless         INTEGER NOT NULL DEFAULT 0 CHECK (hopeless >= 0 AND hopeless <= waits),
    -- It is cancelled if its first attempt has not begun by then.
    expires_at       INTEGER,
    nice             INTEGER NOT NULL DEFAULT 0,
    -- Since when its processes are stopped, and by what: a user, or a pause.
    suspended_at     INTEGER,
    suspended_by     TEXT,
    on_success       TEXT,
    on_failure       TEXT,
    on_finish        TEXT,
    -- The job whose end has added this one.
    hook_of          INTEGER,
    -- What that end was: the variables QUEUECTL_HOOK_ of its attempts, as JSON.
    hook_facts       TEXT,
    CHECK ((state = 'processing') = (worker IS NOT NULL)),
    CHECK ((state = 'processing') = (lease_until IS NOT NULL)),
    CHECK (state <> 'processing' OR attempt_id IS NOT NULL),
    CHECK ((state = 'completed' OR state = 'dead' OR state = 'cancelled') = (finished_at IS NOT NULL)),
    CHECK (state <> 'blocked' OR waits > 0),
    CHECK (waits = 0 OR NOT (state = 'pending' OR state = 'processing' OR state = 'failed'))
);
CREATE INDEX jobs_expiring ON jobs (expires_at) WHERE expires_at IS NOT NULL AND last_attempt = 0 AND finished_at IS NULL;
CREATE INDEX jobs_open_hooks ON jobs (state) WHERE hook_of IS NOT NULL AND finished_at IS NULL;
CREATE INDEX jobs_of_hook ON jobs (hook_of, number) WHERE hook_of IS NOT NULL;
CREATE INDEX jobs_stuck ON jobs (number) WHERE hopeless > 0 AND finished_at IS NULL;

-- A child waits until its parent has ended in a certain way: `completed`, `any` (however), or `failed` (dead or
-- cancelled). A link that is satisfied stays so until the child is retried. A parent may be gone by now.
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

-- Parents whose children do not all know yet how they stand: the next child to tell comes after `child`.
CREATE TABLE untold (
    parent INTEGER PRIMARY KEY,
    child  INTEGER NOT NULL
);

-- Which limit of load or memory keeps the worker from taking jobs, NULL while none does.
ALTER TABLE workers ADD COLUMN limited_by TEXT;

ALTER TABLE schedules ADD COLUMN expires INTEGER;
ALTER TABLE schedules ADD COLUMN nice INTEGER NOT NULL DEFAULT 0;
ALTER TABLE schedules ADD COLUMN on_success TEXT;
ALTER TABLE schedules ADD COLUMN on_failure TEXT;
ALTER TABLE schedules ADD COLUMN on_finish TEXT;
