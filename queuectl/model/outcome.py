"""How an attempt can end, and what that means for its job."""

from __future__ import annotations

from .exits import exit_error
from .record import Record

EXITED = "exited"
SIGNALLED = "signalled"
TIMED_OUT = "timed_out"
STOPPED = "cancelled"
NOT_STARTED = "not_started"
LOST = "lost"
RELEASED = "released"
SNOOZED = "snoozed"
OUTCOMES = (EXITED, SIGNALLED, TIMED_OUT, STOPPED, NOT_STARTED, LOST, RELEASED, SNOOZED)


class Outcome(Record):
    """How an attempt ended."""

    kind: str  # one of OUTCOMES
    exit_code: int | None = None
    signal: int | None = None
    error: str | None = None  # a phrase for people, None for a success
    counts: bool = True  # whether it uses up one of the job's attempts

    def __repr__(self) -> str:
        return f"Outcome({self.kind!r}, exit_code={self.exit_code}, signal={self.signal}, error={self.error!r})"

    @property
    def succeeded(self) -> bool:
        """Whether the command exited with 0, or its policy counts the end as a success."""
        return self.error is None and self.kind != SNOOZED

    def accepted(self) -> Outcome:
        """Return it as a success, however the command ended."""
        return Outcome(self.kind, self.exit_code, self.signal)

    def snoozed(self, again: str) -> Outcome:
        """Return it as an end that does not count; `again` says why, or when the job runs again."""
        return Outcome(SNOOZED, self.exit_code, self.signal, again, counts=False)

    def failed(self, reason: str) -> Outcome:
        """Return it as a failure for another reason."""
        return Outcome(self.kind, self.exit_code, self.signal, reason)

    @classmethod
    def exited(cls, code: int) -> Outcome:
        """The shell returned `code`, 0 to 255."""
        return cls(EXITED, code, None, exit_error(code), True) if code else SUCCEEDED

    @classmethod
    def signalled(cls, number: int, name: str) -> Outcome:
        """The shell was ended by a signal that we did not send."""
        return cls(SIGNALLED, signal=number, error=f"killed by {name}")

    @classmethod
    def timed_out(cls, seconds: float) -> Outcome:
        """We ended it because it ran longer than its timeout."""
        return cls(TIMED_OUT, error=f"timed out after {seconds:g} s")

    @classmethod
    def cancelled(cls) -> Outcome:
        """We ended it because a user asked for that."""
        return cls(STOPPED, error="cancelled")

    @classmethod
    def not_started(cls, reason: str) -> Outcome:
        """The system refused to start the command."""
        return cls(NOT_STARTED, error=f"cannot start: {reason}")

    @classmethod
    def given_back(cls, reason: str) -> Outcome:
        """The machine could not start any command just then; the attempt does not count."""
        return cls(NOT_STARTED, error=f"cannot start for now: {reason}", counts=False)

    @classmethod
    def lost(cls, reason: str) -> Outcome:
        """Its worker is gone: nothing knows how the attempt ended."""
        return cls(LOST, error=reason)

    @classmethod
    def released(cls) -> Outcome:
        """It was ended to stop the worker or the machine; the attempt does not count."""
        return cls(RELEASED, error="worker stopped", counts=False)

    @classmethod
    def released_again(cls) -> Outcome:
        """It was released once too often: perhaps the command itself stops the machine. The attempt counts."""
        return cls(RELEASED, error="worker stopped, as in the attempts before")


# Most attempts end so. An outcome never changes, so all share one.
SUCCEEDED = Outcome(EXITED, exit_code=0)


def verb_after(
    outcome: Outcome, *, attempts: int, max_retries: int, cancel_requested: bool, is_final: bool = False
) -> str:
    """Return the verb of TRANSITIONS that follows an attempt's outcome.

    `attempts` counts this one, `is_final` says that none follows a failure. A success stands even if a cancel is late.
    """
    if outcome.succeeded:
        return "succeed"
    if cancel_requested or outcome.kind == STOPPED:
        return "cancel"
    if outcome.kind == SNOOZED:
        return "snooze"
    if not outcome.counts:
        return "requeue"
    return "fail" if attempts <= max_retries and not is_final else "bury"
