"""The web dashboard: a JSON API, a stream of events, and pages that use both. Loopback only, unless told otherwise."""
