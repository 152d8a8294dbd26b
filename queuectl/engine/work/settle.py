"""Between two attempts: what follows from the end of one, for workers and recovery, and which job a worker takes next.

An attempt is judged by what its command has asked for, otherwise by the policy of its job. Workers use the
room in lanes: they claim where there is some, rest until there may be, or leave it to others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Optional, Tuple

from ...model import backoff
from ...model.event import BACKGROUND_ENDED
from ...model.job import CANCELLED, COMPLETED, DEAD, FAILED, PROCESSING, SCHEDULED, TRANSITIONS
from ...model.outcome import EXITED, LOST, NOT_STARTED, RELEASED, SIGNALLED, Outcome, verb_after
from ...model.policy import FAIL, OK, RETRY, SNOOZE, TO_FAIL, Policy
from ...model.quantity import counted, some_of
from ...model.settings import Settings
from ...model.when import duration_text
from ...store import Store
from ...store.claim import Claim
from ..home.clockwatch import follow
from . import hooks
from .hooks import add_hooks

# Below this time a release is short; this many short ones in a row do not count as attempts.
SHORT_MS = 60_000
MOST_RELEASES = 3
# Whether a user wants the job cancelled, and what its command has asked for.
Asked = Tuple[bool, Optional[str]]


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
    ended_background: Sequence[str] = (),
) -> str | None:
    """Record how an attempt ended and move its job on; return the job's new state.

    None is returned, and nothing written, if the attempt has lost the job. `duration` is in milliseconds, None if
    nobody knows; `output_size` None means what is stored; `ended_background` are the processes that the command left
    running and that were ended. In a transaction.
    """
    if outcome.kind == RELEASED and _is_released_too_often(store, claim, duration):
        outcome = Outcome.released_again()

    def move(asked: Asked) -> tuple[Outcome, str] | None:
        """Move the job on; return the outcome as it counts and the new state.

        None is returned, and nothing written, if the attempt has lost the job, or if something else is asked for.
        """
        counting, is_final, snooze = judge(store, claim, outcome, asked, settings)
        cancel, wish = asked
        verb = verb_after(
            counting, attempts=claim.attempts, max_retries=claim.max_retries, cancel_requested=cancel, is_final=is_final
        )
        state, run_at = TRANSITIONS[PROCESSING, verb], claim.run_at
        if state in (FAILED, SCHEDULED):
            # A time that counts from now stands beside the clock as it is now.
            follow(store)
            shape = Policy.of_options(claim.context.options, settings).backoff
            run_at = now + (snooze if state == SCHEDULED else backoff.delay(claim.attempts, settings, random, shape))
        is_done = store.jobs.finish(claim, counting, state=state, run_at=run_at, duration=duration, now=now, wish=wish)
        return (counting, state) if is_done else None

    ended = move((False, None)) if outcome.succeeded else None
    if ended is None:
        # It is read only now: most attempts succeed, and nobody asks for anything.
        asked = store.jobs.asked(claim.number, claim.attempt_id)
        ended = None if asked is None else move(asked)
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
    if ended_background:
        left = counted(len(ended_background), "process left running was", "processes left running were")
        detail = f"{left} ended: {some_of(ended_background)}"
        store.events.add(BACKGROUND_ENDED, actor=f"worker {claim.worker}", now=now, job=claim.number, detail=detail)
    return state


def judge(store: Store, claim: Claim, outcome: Outcome, asked: Asked, settings: Settings) -> tuple[Outcome, bool, int]:
    """Judge an attempt that has ended by itself; others count as they are. In a transaction.

    Returns the outcome as it counts, whether no other attempt follows a failure, and for how many milliseconds the
    job is snoozed. A cancellation goes before what the command wants, and before a snooze.
    """
    is_cancelled, wish = asked
    if outcome.kind not in (EXITED, SIGNALLED):
        wish = None
    if wish is None and (outcome.succeeded or not outcome.counts):
        return outcome, False, 0
    policy = Policy.of_options(claim.context.options, settings)
    if wish is None:
        verdict, delay = policy.verdict(outcome)
        reason = outcome.error or ""
    elif is_cancelled:
        # Whatever the command exited with, it has not done what it should.
        return outcome.failed(outcome.error or CANCELLED), False, 0
    else:
        word, _, rest = wish.partition(" ")
        if word == TO_FAIL:
            return outcome.failed(rest), True, 0
        delay_text, _, reason = rest.partition(" ")
        verdict, delay = SNOOZE, int(delay_text)
    if verdict != SNOOZE or is_cancelled:
        return outcome.accepted() if verdict == OK else outcome, verdict == FAIL, 0
    because = f"{reason}; " if reason else ""
    if store.jobs.snoozes(claim.number) < settings.max_snoozes:
        return outcome.snoozed(f"{because}again in {duration_text(delay)}"), False, delay
    verdict = RETRY if outcome.succeeded else policy.verdict(outcome, can_snooze=False)[0]
    return outcome.failed(f"{because}snoozed {counted(settings.max_snoozes, 'time')} already"), verdict == FAIL, 0


def _is_released_too_often(store: Store, claim: Claim, duration: int | None) -> bool:
    """Whether short attempts of this job ended so several times in a row: a job that reboots the machine does."""
    if duration is None or duration >= SHORT_MS:
        return False
    before = store.attempts.last_ends(claim.number, MOST_RELEASES)
    return len(before) == MOST_RELEASES and all(kind == RELEASED and ran < SHORT_MS for kind, ran in before)


def claim_next(store: Store, worker: int, queues: Sequence[str], settings: Settings) -> Claim | None:
    """Claim a job for a worker of some or all queues. In a transaction."""
    if store.lanes.have_rates:
        # They hold by the clock: it may just have been set.
        follow(store)
    return store.jobs.claim(
        worker=worker,
        now=store.clock.wall(),
        queues=queues,
        lease_until=store.clock.monotonic() + settings.lease,
        cancel=partial(hooks.cancel, store, settings=settings, actor=f"worker {worker}"),
        follow=partial(follow, store),
    )


def seconds_to_room(store: Store, queues: Sequence[str], longest: float) -> float:
    """Return how long a worker of some or all queues may rest, at most `longest`. Raises StoreUnavailable."""
    now = store.clock.wall()
    if store.lanes.has_claimable(now, queues):
        # It has just come, or the last claim had too many jobs to pass over.
        return 0
    room = store.lanes.next_room(now, queues)
    return longest if room is None else min(longest, max(1, room - now) / 1000)


def leaves_work(store: Store, queue: str, claim: Claim | None, woken: int) -> bool:
    """Return whether the end of a job of a queue leaves work to other workers: the next claim does not take it all.

    `woken` is how many parked jobs the store had woken before. In the transaction that has claimed the next one.
    """
    if (claim is None or claim.queue != queue) and store.lanes.is_waited_for(queue):
        return True
    return store.jobs.parking.woken > woken and store.lanes.has_claimable(store.clock.wall())
