"""What follows from an attempt's end, in one transaction: used by workers and by recovery."""

from __future__ import annotations

from collections.abc import Callable

from ...model import backoff
from ...model.job import COMPLETED, DEAD, FAILED, PROCESSING, TRANSITIONS
from ...model.outcome import LOST, NOT_STARTED, RELEASED, Outcome, verb_after
from ...model.settings import Settings
from ...store import Store
from ...store.claim import Claim
from ..home.clockwatch import follow
from .hooks import add_hooks

# A release is short below this time; so many short ones in a row do not count.
SHORT_MS = 60_000
MOST_RELEASES = 3


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
    if outcome.kind == RELEASED and _is_released_too_often(store, claim, duration):
        outcome = Outcome.released_again()
    cancel = False if outcome.succeeded else store.jobs.cancel_requested(claim.number, claim.attempt_id)
    if cancel is None:
        return None
    verb = verb_after(outcome, attempts=claim.attempts, max_retries=claim.max_retries, cancel_requested=cancel)
    state = TRANSITIONS[PROCESSING, verb]
    if state == FAILED:
        follow(store)
    run_at = now + backoff.delay(claim.attempts, settings, random) if state == FAILED else claim.run_at
    if not store.jobs.finish(claim, outcome, state=state, run_at=run_at, duration=duration, now=now):
        return None
    if outcome.kind == NOT_STARTED and not outcome.counts:
        store.attempts.forget_given_back(claim.number)
    store.attempts.end(claim.attempt_id, outcome, duration=duration, output_size=output_size, now=now)
    # One that we ended says nothing about how long such commands take.
    if state in (COMPLETED, FAILED, DEAD):
        store.stats.count_attempt(claim.queue, state, run_time=duration, wait_time=claim.wait_time, now=now)
    actor = "recovery" if outcome.kind == LOST else f"worker {claim.worker}"
    add_hooks(store, claim, state, settings=settings, actor=actor, now=now)
    return state


def _is_released_too_often(store: Store, claim: Claim, duration: int | None) -> bool:
    """Whether short attempts of this job ended so several times in a row: a job that reboots the machine does."""
    if duration is None or duration >= SHORT_MS:
        return False
    before = store.attempts.last_ends(claim.number, MOST_RELEASES)
    return len(before) == MOST_RELEASES and all(kind == RELEASED and ran < SHORT_MS for kind, ran in before)
