"""The web dashboard: a JSON API, a stream of events, and pages that use both. By default for this machine only."""
