"""What follows from an attempt's end, in one transaction: used by workers and by recovery."""

from __future__ import annotations

from ..model import backoff
from ..model.job import COMPLETED, DEAD, FAILED, PROCESSING, TRANSITIONS, verb_after
from .clockwatch import follow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from ..model.job import Outcome
    from ..model.settings import Settings
    from ..store import Store
    from ..store.claim import Claim


def settle(
    store: Store,
    claim: Claim,
    outcome: Outcome,
    *,
    settings: Settings,
    random: Callable[[], float],
    now: int,
    duration: int | None = None,
    output_size: int | None = None,
) -> str | None:
    """Record how an attempt ended and move its job on; return the job's new state.

    None is returned, and nothing written, if the attempt has lost the job. `duration` is in
    milliseconds, None if nobody knows; `output_size` None means what is stored. In a transaction.
    """
    cancel = False if outcome.succeeded else store.jobs.cancel_requested(claim.number, claim.attempt_id)
    if cancel is None:
        return None
    verb = verb_after(outcome, attempts=claim.attempts, max_retries=claim.max_retries, cancel_requested=cancel)
    state = TRANSITIONS[PROCESSING, verb]
    if state == FAILED:
        follow(store)
    run_at = now + _backoff(claim, settings, random) if state == FAILED else claim.run_at
    if not store.jobs.finish(claim, outcome, state=state, run_at=run_at, duration=duration, now=now):
        return None
    store.attempts.end(claim.attempt_id, outcome, duration=duration, output_size=output_size, now=now)
    # One that we ended says nothing about how long such commands take.
    if state in (COMPLETED, FAILED, DEAD):
        store.stats.count_attempt(claim.queue, state, run_time=duration, wait_time=claim.wait_time, now=now)
    return state


def _backoff(claim: Claim, settings: Settings, random: Callable[[], float]) -> int:
    return backoff.delay(
        claim.attempts,
        retry_delay_ms=settings.retry_delay,
        base=settings.backoff_base,
        max_delay_ms=settings.max_retry_delay,
        jitter=settings.retry_jitter,
        random=random,
    )
