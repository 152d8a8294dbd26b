"""What happens by the clock: due jobs, schedules, retention and samples."""
