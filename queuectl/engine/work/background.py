"""The event about processes that a job left running and that were ended."""

from __future__ import annotations

from collections.abc import Sequence

from ...model.event import BACKGROUND_ENDED
from ...model.quantity import counted, some_of
from ...store import Store
from ...store.claim import Claim


def note_background(store: Store, claim: Claim, left: Sequence[str], now: int) -> None:
    """Note in a job's history which processes it left running and were ended. In a transaction."""
    if left:
        ended = "was ended" if len(left) == 1 else "were ended"
        detail = f"{counted(len(left), 'process', 'processes')} left running {ended}: {some_of(left)}"
        store.events.add(BACKGROUND_ENDED, actor=f"worker {claim.worker}", now=now, job=claim.number, detail=detail)
