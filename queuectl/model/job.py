"""A job: its states, how an attempt can end, and what follows from that.

     enqueue, due later --> scheduled --promote--> pending --claim--> processing --succeed--> completed
     enqueue, held -------> held ------release------^  ^                 |---fail---> failed --promote--> pending
     enqueue, after others> blocked ---unblock------'  |                 |---bury---> dead   (the dead letter queue)
                                                       |<----requeue-----'
                                                       '--- retry <-- dead, completed, cancelled, failed
     any state that is not final --cancel--> cancelled
     processing --suspend, resume--> processing
     processing --snooze--> scheduled
     scheduled, blocked, pending, failed --hold--> held
     blocked, pending, failed --postpone--> scheduled   (by an edit: every job that waits can be edited or put in front)

`TRANSITIONS` is the truth; the store's guards are tested against it. A held job whose time has not come yet is released
to `scheduled` first. `failed` means "waiting for its next attempt". A job has `max_retries + 1` attempts. An attempt's
*outcome* says how it ended, the job's *state* says where the job is: two questions, two words.
"""

from __future__ import annotations

from .nouns.jobs import JOB
from .quantity import counted
from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Collection, Sequence

SCHEDULED = "scheduled"
BLOCKED = "blocked"
HELD = "held"
PENDING = "pending"
PROCESSING = "processing"
FAILED = "failed"
COMPLETED = "completed"
DEAD = "dead"
CANCELLED = "cancelled"


class State(Record):
    """A state, and how front ends show it."""

    name: str
    glyph: str  # stands for it on a badge
    style: str  # colors it in a terminal: a name of its STYLES, or none
    rank: int  # sorts the most urgent jobs first
    phrase: str  # follows "it"
    hint: str | None = None  # a job's id completes it
    is_final: bool = False
    is_due: bool = False  # its jobs wait for `run_at`
    is_rare: bool = False  # it is left out where no job is in it


AGAIN = "run it again with: queuectl retry"

SEE_WHY = "see what it waits for with: queuectl why"
LET_GO = "let it run with: queuectl release"
GO_ON = "it goes on with: queuectl resume"
STATE_TABLE = {
    state.name: state
    for state in (
        State(SCHEDULED, "◷", "magenta", 3, "waits for its time", is_due=True),
        State(BLOCKED, "◇", "yellow", 5, "waits for other jobs", hint=SEE_WHY, is_rare=True),
        State(HELD, "‖", "yellow", 4, "waits until it is released", hint=LET_GO, is_rare=True),
        State(PENDING, "○", "", 2, "waits for a worker"),
        State(PROCESSING, "▶", "cyan", 0, "is being run by a worker", hint="cancel it first: queuectl cancel"),
        State(FAILED, "↻", "yellow", 1, "waits for its next attempt", is_due=True),
        State(COMPLETED, "✓", "green", 7, "succeeded", hint=AGAIN, is_final=True),
        State(DEAD, "✗", "red", 6, "gets no further attempt", hint=AGAIN, is_final=True),
        State(CANCELLED, "⊘", "dim", 8, "was cancelled by a user", hint=AGAIN, is_final=True, is_rare=True),
    )
}
STATES = tuple(STATE_TABLE)
FINAL_STATES = tuple(name for name, state in STATE_TABLE.items() if state.is_final)
OPEN_STATES = tuple(name for name in STATES if name not in FINAL_STATES)
WAITING_STATES = tuple(name for name in OPEN_STATES if name != PROCESSING)
DUE_STATES = tuple(name for name, state in STATE_TABLE.items() if state.is_due)
# They run without help as soon as a worker and their time have come.
QUEUED_STATES = (PENDING, *DUE_STATES)
# They run, or will run without waiting for a given time.
BUSY_STATES = (PENDING, PROCESSING, FAILED)
# They wait for a user, or for other jobs.
KEPT_BACK_STATES = tuple(name for name in WAITING_STATES if name not in QUEUED_STATES)
# In place of a state: all that are not final.
OPEN = "open"
# The texts for a job that is processing, but has no worker.
RECOVERED = "{} recovered when workers or the scheduler run"
GONE = f"its worker is gone; {RECOVERED.format('it is')}"
STATE_WORDS = (*STATES, OPEN)
# Who suspended a job: one that a user suspended stays suspended when a pause ends.
USER, PAUSE = "user", "pause"

TRANSITIONS: dict[tuple[str, str], str] = {
    (PENDING, "claim"): PROCESSING,
    (PROCESSING, "succeed"): COMPLETED,
    (PROCESSING, "fail"): FAILED,
    (PROCESSING, "bury"): DEAD,
    (PROCESSING, "cancel"): CANCELLED,
    (PROCESSING, "requeue"): PENDING,
    (PROCESSING, "snooze"): SCHEDULED,
    (PROCESSING, "suspend"): PROCESSING,
    (PROCESSING, "resume"): PROCESSING,
    (SCHEDULED, "promote"): PENDING,
    (FAILED, "promote"): PENDING,
    (HELD, "release"): PENDING,
    (BLOCKED, "unblock"): PENDING,
    **{(state, "retry"): PENDING for state in (DEAD, COMPLETED, CANCELLED, FAILED)},
    **{(state, "hold"): HELD for state in (SCHEDULED, PENDING, FAILED, BLOCKED)},
    **{(state, "edit"): state for state in WAITING_STATES},
    **{(state, "front"): state for state in WAITING_STATES},
    **{(state, "postpone"): SCHEDULED if state in (PENDING, FAILED, BLOCKED) else state for state in WAITING_STATES},
    **{(state, "cancel"): CANCELLED for state in WAITING_STATES},
}


def jobs_text(count: int, kind: str = "") -> str:
    """Return `1 job` or `3 jobs`, with `kind` such as `dead` before the noun."""
    return counted(count, f"{kind} job" if kind else "job")


def gone_text(ids: Sequence[str]) -> str:
    """Return the text for jobs that are processing, but have no workers."""
    if len(ids) == 1:
        return f"{ids[0]} is not running: {GONE}"
    return f"{len(ids)} jobs are not running: their workers are gone; {RECOVERED.format('they are')}"


def waits_since(created_at: int, run_at: int) -> int:
    """Return the instant from which a job waits for a worker: no job waits before it exists, or before its time."""
    return max(created_at, run_at)


def ran_for(started_at: int, suspended_at: int | None, suspended_for: int, now: int) -> int:
    """Return for how many milliseconds an attempt has run by `now`, those that it was suspended for left out."""
    return max(0, (now if suspended_at is None else suspended_at) - started_at - suspended_for)


def sources(verb: str) -> tuple[str, ...]:
    """Return the states from which `verb` is allowed, in the order of STATES."""
    return tuple(state for state in STATES if (state, verb) in TRANSITIONS)


def states_named(words: Collection[str]) -> tuple[str, ...]:
    """Return the states that words of STATE_WORDS name, each once, in the order of STATES."""
    return tuple(state for state in STATES if state in words or (OPEN in words and state in OPEN_STATES))


class NamedJob(Record):
    """What a person needs to recognize a job; a long command is cut off."""

    id: str
    state: str
    command: str


class HookJob(NamedJob):
    """A job that the end of another has added; `reason` is one of HOOK_REASONS."""

    reason: str


class GivenFields:
    """The fields that a new job is given and then keeps. Times are in milliseconds."""

    command: str
    queue: str
    priority: int
    max_retries: int
    timeout: int | None
    expires_at: int | None
    cwd: str
    env: dict[str, str]
    shell: str
    tags: tuple[str, ...]
    allow_background: bool
    nice: int
    kill_grace: int | None
    kill_signal: str | None
    ok_codes: str | None
    snooze_on: str | None
    fail_on: str | None
    retry_on: str | None
    backoff: str | None
    locks: tuple[str, ...]
    batch: str | None
    key: str | None
    key_for: int | None
    on_success: str | None
    on_failure: str | None
    on_finish: str | None
    item: str | None
    item_index: int | None
    inputs: dict[str, str] | None
    after: tuple[str, ...]
    after_any: tuple[str, ...]
    after_failed: tuple[str, ...]

    __slots__ = tuple(__annotations__)


class Job(GivenFields):
    """One job as it stood when it was read.

    Times (`…_at`) are integer milliseconds since 1970, durations milliseconds. A Job cannot be changed: ask the queue.
    """

    id: str
    number: int
    state: str
    attempts: int
    run_at: int
    created_at: int
    updated_at: int
    started_at: int | None
    finished_at: int | None
    duration: int | None
    exit_code: int | None
    signal: int | None
    error: str | None
    suspended_at: int | None
    suspended_by: str | None
    suspended_for: int
    worker: int | None
    pid: int | None
    inherited: tuple[str, ...]
    umask: str | None
    stdin_size: int | None
    snoozes: int
    parked: str | None
    schedule: str | None
    hook_of: int | None
    stuck: bool

    __slots__ = tuple(__annotations__)
    FIELDS = tuple(JOB.keys)

    def __init__(self, **values: Any) -> None:
        for name in self.FIELDS:
            object.__setattr__(self, name, values[name])

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Job is read-only: cannot set {name}")

    def __reduce__(self) -> tuple[object, ...]:
        # For copy and pickle, which would set one value after the other.
        return _made, (type(self), {name: getattr(self, name) for name in self.FIELDS})

    def __repr__(self) -> str:
        return f"<Job {self.id} {self.state}: {self.command[:60]!r}>"

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or is stuck: it does not run unless a user changes something."""
        return self.is_final or self.stuck

    def elapsed(self, now: int) -> int | None:
        """Return for how many milliseconds it has been running, or ran at last; None if it has not run."""
        if self.state == PROCESSING and not self.is_gone and self.started_at is not None:
            return ran_for(self.started_at, self.suspended_at, self.suspended_for, now)
        return self.duration

    def under_way(self, now: int, *, is_gone: bool) -> Job:
        """Return a job that is processing as it is now: with its duration so far, or as one whose worker is gone."""
        values = {name: getattr(self, name) for name in Job.FIELDS}
        if is_gone:
            return Job(**{**values, "error": GONE, "duration": None})
        said = f"suspended by a {self.suspended_by}" if self.is_suspended else None
        return Job(**{**values, "error": said, "duration": self.elapsed(now)})

    @property
    def is_gone(self) -> bool:
        """Whether it is processing, but its worker is gone."""
        return self.state == PROCESSING and self.error == GONE

    @property
    def is_suspended(self) -> bool:
        """Whether its processes are stopped, or about to be; where its worker is gone, to be killed."""
        return self.suspended_at is not None

    @property
    def standing(self) -> str:
        """How it stands, in a word: its state, or `gone`, `suspended`, `parked` or `stuck` where that says more."""
        if self.is_gone:
            return "gone"
        if self.is_suspended:
            return "suspended"
        if self.parked is not None:
            return "parked"
        return "stuck" if self.stuck and self.state == BLOCKED else self.state

    @property
    def state_text(self) -> str:
        """Its state as a list shows it, followed by `(stuck)` or `(parked)` if it is that."""
        return f"{self.state} ({self.standing})" if self.standing in ("stuck", "parked") else self.state

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens to the job unless a user asks for it."""
        return self.state in FINAL_STATES

    def as_dict(self) -> dict[str, Any]:
        """Return all fields by name as JSON has them: times as texts, durations in seconds, secrets masked."""
        return JOB.json(self)


def _made(kind: type[Job], values: dict[str, Any]) -> Job:
    return kind(**values)
