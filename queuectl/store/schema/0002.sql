-- Recurring jobs.

ALTER TABLE jobs ADD COLUMN schedule TEXT;

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

-- A fire is a pair of schedule and time, and can be there once only.
CREATE TABLE fires (
    schedule INTEGER NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
    fire_at  INTEGER NOT NULL,
    job      INTEGER,
    PRIMARY KEY (schedule, fire_at)
) WITHOUT ROWID;

CREATE INDEX jobs_of_schedule ON jobs (schedule, number) WHERE schedule IS NOT NULL;
-- Without it, deleting a context would look through all jobs.
CREATE INDEX jobs_of_context ON jobs (context);
