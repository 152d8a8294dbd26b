"""Taking back the jobs of workers that are gone, by a command: where nobody else does it."""

from __future__ import annotations

from collections.abc import Sequence

from .home.opened import OpenHome
from .home.underway import jobs_under_way
from .machine.log import Silence
from .reports.alerts import is_deserted
from .reports.facts import Facts
from .work.recovery import Recovery


def take_back(opened: OpenHome, ids: Sequence[str]) -> int:
    """Take back what gone workers hold if that is one of some jobs, unless a pool or a scheduler does.

    Returns how many jobs were taken back. Raises StoreUnavailable.
    """
    is_concerned = any(job.is_gone and job.id in ids for job in jobs_under_way(opened))
    if not is_concerned or not is_deserted(Facts(opened)):
        return 0
    return Recovery(opened.store, Silence("cancel", opened.clock)).step()
