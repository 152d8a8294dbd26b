"""Commands about the home: settings, reports, upkeep."""
