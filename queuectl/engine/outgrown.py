"""Workers from before an upgrade, which go on until they are restarted.

They do not tell children that a parent has ended, count nothing in batches, add no hook jobs, and obey neither limits
nor pauses. So what they do not know is refused until current workers run.
"""

from __future__ import annotations

from ..model.errors import DaemonUnavailable
from .daemons.daemon import POOL, SCHEDULER, Daemon
from .home.opened import OpenHome


def demand_workers_that_know(opened: OpenHome, what: str) -> None:
    """Raise DaemonUnavailable if workers run that were started with another schema, and so do not know `what`."""
    _demand(opened, POOL, what, "queuectl worker restart")


def demand_scheduler_that_knows(opened: OpenHome, what: str) -> None:
    """Raise DaemonUnavailable if workers or a scheduler run that were started with another schema."""
    demand_workers_that_know(opened, what)
    _demand(opened, SCHEDULER, what, "queuectl scheduler stop && queuectl scheduler start")


def _demand(opened: OpenHome, daemon: Daemon, what: str, hint: str) -> None:
    running = daemon.find(opened)
    version = None if running is None else running.other_version(opened, is_schema_enough=True)
    if version is not None:
        message = f"{daemon.subject} {daemon.be} of {version} of QueueCTL, which does not know {what}"
        raise DaemonUnavailable(message, hint=hint)
