"""Taking back the jobs of workers that are gone, by a command: where nobody else does it."""

from __future__ import annotations

from .home.opened import OpenHome
from .home.underway import gone_jobs
from .machine.log import Silence
from .reports.alerts import is_deserted
from .reports.facts import Facts
from .work.recovery import Recovery


def take_back(opened: OpenHome) -> int:
    """Take back the jobs whose worker is gone, unless a pool or a scheduler does; return how many there were.

    Raises StoreUnavailable.
    """
    if not gone_jobs(opened) or not is_deserted(Facts(opened)):
        return 0
    return Recovery(opened.store, Silence("cancel", opened.clock)).step()
