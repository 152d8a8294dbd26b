"""The long-running processes: how they start, stop and are replaced."""
