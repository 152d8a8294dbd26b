-- Who a worker's processes are, and jobs whose time moves along with the clock.

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
