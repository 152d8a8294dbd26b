"""What follows from an attempt's end, in one transaction: used by workers and by recovery."""

from __future__ import annotations

from collections.abc import Callable

from ...model import backoff
from ...model.job import COMPLETED, DEAD, FAILED, PROCESSING, SCHEDULED, TRANSITIONS
from ...model.outcome import LOST, NOT_STARTED, RELEASED, Outcome, verb_after
from ...model.policy import Policy
from ...model.record import Record
from ...model.settings import Settings
from ...store import Store
from ...store.claim import Claim
from ..home.clockwatch import follow
from .hooks import add_hooks
from .judgment import Asked, judge

# A release is short below this time; so many short ones in a row do not count.
SHORT_MS = 60_000
MOST_RELEASES = 3
NOTHING: Asked = (False, None)


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
    move = Move(store, claim, settings, random, duration, now)
    ended = move.to(outcome, NOTHING) if outcome.succeeded else None
    if ended is None:
        # It is read only now: most attempts succeed, and nobody asks for anything.
        asked = store.jobs.asked(claim.number, claim.attempt_id)
        ended = None if asked is None else move.to(outcome, asked)
    if ended is None:
        return None
    outcome, state = ended
    if outcome.kind == NOT_STARTED and not outcome.counts:
        store.attempts.forget_given_back(claim.number)
    store.attempts.end(claim.attempt_id, outcome, duration=duration, output_size=output_size, now=now)
    # One that we ended says nothing about how long such commands take.
    if state in (COMPLETED, FAILED, DEAD):
        store.stats.count_attempt(claim.queue, state, run_time=duration, wait_time=claim.wait_time, now=now)
    actor = "recovery" if outcome.kind == LOST else f"worker {claim.worker}"
    add_hooks(store, claim, state, settings=settings, actor=actor, now=now)
    return state


class Move(Record):
    """Moves a job on from an attempt that has ended. In a transaction."""

    store: Store
    claim: Claim
    settings: Settings
    random: Callable[[], float]
    duration: int | None
    now: int

    def to(self, outcome: Outcome, asked: Asked) -> tuple[Outcome, str] | None:
        """Return the outcome as it counts and the new state.

        None is returned, and nothing written, if the attempt has lost the job, or if something else is asked for.
        """
        store, claim, (cancel, wish) = self.store, self.claim, asked
        judgment = judge(store, claim, outcome, asked, self.settings)
        verb = verb_after(
            judgment.outcome,
            attempts=claim.attempts,
            max_retries=claim.max_retries,
            cancel_requested=cancel,
            is_final=judgment.is_final,
        )
        state = TRANSITIONS[PROCESSING, verb]
        is_done = store.jobs.finish(
            claim,
            judgment.outcome,
            state=state,
            run_at=self._due(state, judgment.snooze),
            duration=self.duration,
            now=self.now,
            wish=wish,
        )
        return (judgment.outcome, state) if is_done else None

    def _due(self, state: str, snooze: int) -> int:
        """Return when the job is to run again."""
        if state not in (FAILED, SCHEDULED):
            return self.claim.run_at
        # A time that counts from now stands beside the clock as it is now.
        follow(self.store)
        if state == SCHEDULED:
            return self.now + snooze
        shape = Policy.of_options(self.claim.context.options, self.settings).backoff
        return self.now + backoff.delay(self.claim.attempts, self.settings, self.random, shape)


def _is_released_too_often(store: Store, claim: Claim, duration: int | None) -> bool:
    """Whether short attempts of this job ended so several times in a row: a job that reboots the machine does."""
    if duration is None or duration >= SHORT_MS:
        return False
    before = store.attempts.last_ends(claim.number, MOST_RELEASES)
    return len(before) == MOST_RELEASES and all(kind == RELEASED and ran < SHORT_MS for kind, ran in before)
