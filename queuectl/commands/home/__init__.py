"""Commands about the home and its batches: settings, reports, upkeep."""
