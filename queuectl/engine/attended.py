"""Whether anybody runs the jobs of a home: a question that `add` asks each time, and that has to be cheap."""

from __future__ import annotations

from ..store.lockfile import is_held
from .home.opened import OpenHome


def is_attended(opened: OpenHome) -> bool:
    """Return whether workers run, or a scheduler that starts them. Raises StoreUnavailable.

    Who they are takes longer to find out, so it is asked only where the lock of the pool is missing.
    """
    home, meta = opened.home, opened.store.meta
    if is_held(home.daemon_lock("pool")):
        return True
    if is_held(home.daemon_lock("scheduler")) and meta.scheduler().mode == "auto":
        return True
    if meta.daemon("pool") is None:
        return False
    from .daemons.daemon import POOL

    return POOL.find(opened) is not None
