-- How long the shortest and the longest of the attempts of a histogram's row took, NULL of rows written before.

ALTER TABLE timings ADD COLUMN run_min INTEGER;
ALTER TABLE timings ADD COLUMN run_max INTEGER;
ALTER TABLE timings ADD COLUMN wait_min INTEGER;
ALTER TABLE timings ADD COLUMN wait_max INTEGER;
