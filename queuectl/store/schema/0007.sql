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
