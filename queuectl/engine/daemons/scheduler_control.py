"""Steer the scheduler daemon from outside: start it in the background, stop it and ask after it."""

from __future__ import annotations

from ...model.clock import SYSTEM_CLOCK
from ..home.instance import POOL, SCHEDULER, find
from .daemon import launch
from .stopping import stop_daemon

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...store import Home, Store
    from ..home.opened import OpenHome

KILL_AFTER_MS = 20_000


def start_scheduler(home: Home, *, workers: int | None, interval: float) -> None:
    """Start a scheduler in the background; return once it has looked for the first time.

    Raises Conflict, DaemonUnavailable.
    """
    home.prepare()
    arguments = ["--home", home.path, "scheduler", "start", "--no-detach", "--interval", f"{interval:g}"]
    if workers is not None:
        arguments += ["--auto", "--workers", str(workers)]
    launch(arguments, home, home.scheduler_log)


def stop_scheduler(opened: OpenHome) -> int | None:
    """Stop the scheduler and wait until it is gone; return its pid, None if there was none.

    Raises DaemonUnavailable if it runs where it cannot be stopped from here, or cannot be ended.
    """
    return stop_daemon(SCHEDULER, opened.home, opened.clock, KILL_AFTER_MS)


def scheduler_state(home: Home, store: Store, now: int) -> dict[str, Any]:
    """Return whether a scheduler daemon runs, and what it and the home's clockwork are about to do."""
    running = find(SCHEDULER, home, SYSTEM_CLOCK, store)
    facts = store.meta.scheduler() if running is not None else {}
    started_at = facts.get("started_at")
    return {
        "running": running is not None,
        "pid": None if running is None else running.pid,
        "mode": facts.get("mode"),
        "workers": facts.get("workers"),
        "interval": facts.get("interval"),
        "uptime": None if started_at is None else max(0, now - started_at),
        "last_tick_at": facts.get("ticked_at"),
        "next_due_at": store.next_due(),
        **{name: facts.get("totals", {}).get(name, 0) for name in ("promoted", "fired", "recovered", "pruned")},
        "schedules": len(store.schedules.all()),
        "pool": find(POOL, home, SYSTEM_CLOCK, store) is not None,
    }
