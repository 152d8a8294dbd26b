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
