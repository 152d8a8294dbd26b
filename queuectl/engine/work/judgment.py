"""How an attempt is judged: by what its command has asked for, else by the policy of its job."""

from __future__ import annotations

from ...model.outcome import EXITED, SIGNALLED, Outcome
from ...model.policy import FAIL, OK, SNOOZE, TO_FAIL, Policy
from ...model.record import Record
from ...model.settings import Settings
from ...model.when import duration_text
from ...store import Store
from ...store.claim import Claim


class Judgment(Record):
    """An outcome as it counts: whether no other attempt follows a failure, and for how many ms one is put off."""

    outcome: Outcome
    is_final: bool = False
    snooze: int = 0


def judge(store: Store, claim: Claim, outcome: Outcome, wish: str | None, settings: Settings) -> Judgment:
    """Return how an attempt counts that has ended by itself; others count as they are. In a transaction."""
    if wish is not None and outcome.kind in (EXITED, SIGNALLED):
        word, _, rest = wish.partition(" ")
        if word == TO_FAIL:
            return Judgment(outcome.failed(rest), is_final=True)
        delay, _, reason = rest.partition(" ")
        return _snoozed(store, claim, outcome, int(delay), reason, settings)
    if outcome.succeeded or not outcome.counts:
        return Judgment(outcome)
    verdict, delay_ms = Policy.of_options(claim.context.options, settings).verdict(outcome)
    if verdict == OK:
        return Judgment(outcome.accepted())
    if verdict == SNOOZE:
        return _snoozed(store, claim, outcome, delay_ms, outcome.error or "", settings)
    return Judgment(outcome, is_final=verdict == FAIL)


def _snoozed(store: Store, claim: Claim, outcome: Outcome, delay: int, reason: str, settings: Settings) -> Judgment:
    """Return an outcome that puts its job off, or a failure if that was done too often."""
    if store.jobs.snoozes(claim.number) < settings.max_snoozes:
        return Judgment(outcome.snoozed(f"{reason}; again in {duration_text(delay)}"), snooze=delay)
    return Judgment(outcome.failed(f"{reason}; put off {settings.max_snoozes} times already"))
