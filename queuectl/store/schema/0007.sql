-- Jobs that were made from inputs, that judge exit codes, that have a key, and what they are run with; webhooks.

-- How commands run: where, with what search path and variables, and in what other way. Jobs enqueued in one place share
-- a row. The fields that are shared so stand in `options`, as JSON, but for those that have their default.
CREATE TABLE contexts (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    cwd     TEXT NOT NULL,
    path    TEXT NOT NULL,
    env     TEXT NOT NULL,
    options TEXT NOT NULL DEFAULT '',
    UNIQUE (cwd, path, env, options)
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
