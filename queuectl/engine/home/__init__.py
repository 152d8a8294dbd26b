"""What a home is for all of its processes: its settings, its time zone, and who is alive in it."""
