"""How an attempt is judged: by what its command has asked for, else by the policy of its job."""

from __future__ import annotations

from typing import Optional, Tuple

from ...model.job import CANCELLED
from ...model.outcome import EXITED, SIGNALLED, Outcome
from ...model.policy import FAIL, OK, RETRY, SNOOZE, TO_FAIL, Policy
from ...model.quantity import counted
from ...model.record import Record
from ...model.settings import Settings
from ...model.when import duration_text
from ...store import Store
from ...store.claim import Claim

# Whether a user wants the job cancelled, and what its command has asked for.
Asked = Tuple[bool, Optional[str]]


class Judgment(Record):
    """An outcome as it counts: whether no other attempt follows a failure, and for how many ms one is put off."""

    outcome: Outcome
    is_final: bool = False
    snooze: int = 0


def judge(store: Store, claim: Claim, outcome: Outcome, asked: Asked, settings: Settings) -> Judgment:
    """Return how an attempt counts that has ended by itself; others count as they are. In a transaction.

    A cancellation goes before what the command wants, and before a snooze.
    """
    is_cancelled, wish = asked
    if wish is not None and outcome.kind in (EXITED, SIGNALLED):
        word, _, rest = wish.partition(" ")
        delay, _, reason = rest.partition(" ")
        if is_cancelled:
            # Whatever the command exited with, it has not done what it should.
            return Judgment(outcome.failed(outcome.error or CANCELLED))
        if word == TO_FAIL:
            return Judgment(outcome.failed(rest), is_final=True)
        if store.jobs.snoozes(claim.number) < settings.max_snoozes:
            return _snoozed(outcome, int(delay), reason)
        verdict = RETRY if outcome.succeeded else _verdict(claim, outcome, settings, can_snooze=False)[0]
        return Judgment(_put_off_too_often(outcome, reason, settings), is_final=verdict == FAIL)
    if outcome.succeeded or not outcome.counts:
        return Judgment(outcome)
    verdict, delay_ms = _verdict(claim, outcome, settings)
    if verdict == SNOOZE and not is_cancelled:
        reason = outcome.error or ""
        if store.jobs.snoozes(claim.number) < settings.max_snoozes:
            return _snoozed(outcome, delay_ms, reason)
        verdict, _ = _verdict(claim, outcome, settings, can_snooze=False)
        outcome = _put_off_too_often(outcome, reason, settings)
    return Judgment(outcome.accepted() if verdict == OK else outcome, is_final=verdict == FAIL)


def _verdict(claim: Claim, outcome: Outcome, settings: Settings, *, can_snooze: bool = True) -> tuple[str, int]:
    return Policy.of_options(claim.context.options, settings).verdict(outcome, can_snooze=can_snooze)


def _snoozed(outcome: Outcome, delay: int, reason: str) -> Judgment:
    return Judgment(outcome.snoozed(_because(reason, f"again in {duration_text(delay)}")), snooze=delay)


def _put_off_too_often(outcome: Outcome, reason: str, settings: Settings) -> Outcome:
    return outcome.failed(_because(reason, f"put off {counted(settings.max_snoozes, 'time')} already"))


def _because(reason: str, words: str) -> str:
    return f"{reason}; {words}" if reason else words
