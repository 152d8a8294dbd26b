-- What outlives the jobs, as rollups do.

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
