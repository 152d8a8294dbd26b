"""Workers of before an upgrade, which go on until they are restarted.

They tell no child that its parent has ended, count nothing in batches, add no hook jobs, and obey neither limits nor
pauses. So nothing that they do not know is asked of them: it is refused until workers of today run.
"""

from __future__ import annotations

from ..model.errors import DaemonUnavailable
from .daemons.daemon import POOL, SCHEDULER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .home.opened import OpenHome


def demand_workers_that_know(opened: OpenHome, what: str) -> None:
    """Raise DaemonUnavailable if workers run that were started with another schema, and so do not know `what`."""
    pool = POOL.find(opened)
    version = None if pool is None or pool.has_schema_of_today(opened) else pool.other_version(opened)
    if version is not None:
        raise DaemonUnavailable(
            f"the workers are of {version} of QueueCTL, which does not know {what}", hint="queuectl worker restart"
        )


def demand_scheduler_that_knows(opened: OpenHome, what: str) -> None:
    """Raise DaemonUnavailable if workers or a scheduler run that were started with another schema."""
    demand_workers_that_know(opened, what)
    scheduler = SCHEDULER.find(opened)
    version = None if scheduler is None or scheduler.has_schema_of_today(opened) else scheduler.other_version(opened)
    if version is not None:
        raise DaemonUnavailable(
            f"the scheduler is of {version} of QueueCTL, which does not know {what}",
            hint="queuectl scheduler stop && queuectl scheduler start",
        )
