"""What users can do with jobs: each verb once, with all that commands, keys, menus, API and dashboard say about it.

`TRANSITIONS` says where a verb leads from each state; verbs that make a job or delete it are missing there.
"""

from __future__ import annotations

from .job import (
    CANCELLED,
    DEAD,
    FAILED,
    FINAL_STATES,
    GO_ON,
    HELD,
    PAUSE,
    PROCESSING,
    STATE_TABLE,
    STATES,
    TRANSITIONS,
    USER,
    WAITING_STATES,
    sources,
)
from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .job import Job

# Who is woken once it is done: what starts jobs, or the workers that run them.
STARTERS, RUNNERS = "starters", "runners"


class Flag(Record):
    """What may be said about a verb, by the name of its option, key and parameter. The menu asks if not `is_rare`."""

    name: str
    help: str
    is_rare: bool = False

    @property
    def option(self) -> str:
        """The option of a command that says so."""
        return "--" + self.name.replace("_", "-")


WITH_CHILDREN = "with_children"


class Verb(Record):
    """One verb: its states, its words and its manners."""

    name: str
    done: str  # what was done, such as "queued again"
    fits: tuple[str, ...] = ()  # the states that it fits, if not those that `TRANSITIONS` names
    meant: tuple[str, ...] = ()  # those that a filter without a state means, if not all; a note says what is left out
    suspended_by: tuple[str | None, ...] = ()  # it fits only jobs that one of these suspended, None for those that run
    finds: bool | None = None  # whether a filter finds only jobs that are suspended, or only those that are not
    help: str = ""  # one line, perhaps with more below
    already: str = ""  # how a job is for which there is nothing to do, such as "suspended already"
    instead: str | None = None  # what helps with jobs that wait, where it fits none of these
    phrase: str = ""  # what it does to `{}`
    question: str | None = None  # what the dashboard asks about one job, with `{id}` for its id
    destroys: bool = False  # it asks before it takes what a filter found
    flags: tuple[Flag, ...] = ()
    wakes: str | None = None  # STARTERS or RUNNERS
    key: str = ""  # does it in the dashboard
    in_rows: bool = False  # it has a button in each row there, and its key in `top`
    is_plain: bool = True  # it needs nothing but the jobs and flags
    deletes: bool = False  # no job is left of it

    @property
    def states(self) -> tuple[str, ...]:
        """The states that it fits."""
        return self.fits or sources(self.name)

    @property
    def means(self) -> tuple[str, ...]:
        """The states of a filter that names none."""
        return self.meant or self.states

    def misfit(self, job: Job) -> str | None:
        """Return why it does not fit a job, None if it does."""
        if job.state not in self.states:
            is_there = job.state in {TRANSITIONS.get((state, self.name)) for state in self.states}
            return f"it is {job.state}{' already' * is_there}"
        if not self.suspended_by or job.suspended_by in self.suspended_by:
            return None
        return f"it is {self.already}"

    def applied_to(self, what: str) -> str:
        """Return what it does to something, such as `put job "a" in front`."""
        return self.phrase.format(what) if self.phrase else f"{self.name} {what}"

    def hint(self, job: Job) -> str | None:
        """Return what helps where it cannot be used on a job; what the job is called completes it."""
        if job.state == PROCESSING and CANCELLED not in self.states and not self.suspended_by:
            return None  # Once it is cancelled, the verb would not fit it either.
        if self.instead and job.state in WAITING_STATES:
            return None if job.state == HELD else self.instead
        if not self.suspended_by or job.state not in self.states:
            return STATE_TABLE[job.state].hint
        return GO_ON if job.is_suspended else None

    @property
    def label(self) -> str:
        """Its name on a button."""
        return self.name.capitalize()


VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "retry",
            "queued again",
            meant=(DEAD, FAILED),
            help="Run jobs again: dead, completed or cancelled ones, and failed ones at once.",
            question="Run {id} again?",
            flags=(Flag("keep_attempts", "allow one more attempt instead of starting the count again"),),
            wakes=STARTERS,
            key="r",
            in_rows=True,
        ),
        Verb(
            "cancel",
            "cancelled",
            help="Cancel jobs, waiting or running.\n\n"
            "A running command gets SIGTERM, and SIGKILL after kill_grace; its output so far is kept.",
            question="Cancel {id}?",
            destroys=True,
            flags=(Flag(WITH_CHILDREN, "also cancel all jobs that wait for it, directly or not", is_rare=True),),
            wakes=RUNNERS,
            key="c",
            in_rows=True,
        ),
        Verb(
            "suspend",
            "suspended",
            suspended_by=(None, PAUSE),
            finds=False,
            already="suspended already",
            instead="keep it from starting with: queuectl hold",
            help="Stop running jobs where they are, until they are resumed.\n\n"
            "All processes of the job get SIGSTOP. It keeps its worker; its timeout and its duration stand still.",
            wakes=RUNNERS,
            key="z",
            in_rows=True,
        ),
        Verb(
            "resume",
            "resumed",
            suspended_by=(USER, PAUSE),
            finds=True,
            already="not suspended",
            help="Let suspended jobs go on.",
            wakes=RUNNERS,
            key="Z",
            in_rows=True,
        ),
        Verb(
            "hold",
            "held",
            help="Keep waiting jobs from running until they are released.\n\n"
            "A held job counts as unfinished: a schedule that skips while its last job is not done goes on skipping.",
            # Another one may have what it was about to take: a lock, or a place in its batch.
            wakes=STARTERS,
        ),
        Verb(
            "front",
            "put in front",
            already="in front already",
            phrase="put {} in front",
            help="Put waiting jobs before all others of their queue.\n\n"
            "Their priority becomes higher than that of what waits there; among themselves they keep their order. "
            "A job that is held, is not due or waits for others is in front once it may run.",
        ),
        Verb("release", "released", help="Let held jobs run.", wakes=STARTERS, in_rows=True),
        Verb("edit", "edited", wakes=STARTERS, key="e", is_plain=False),
        Verb("duplicate", "duplicated", fits=STATES, is_plain=False),
        Verb(
            "remove",
            "removed",
            fits=tuple(state for state in STATES if state != PROCESSING),
            meant=FINAL_STATES,
            help="Delete jobs that are not running, with their output.",
            question="Remove {id} with its output?",
            destroys=True,
            flags=(Flag(WITH_CHILDREN, "also delete all jobs that wait for it, directly or not", is_rare=True),),
            wakes=STARTERS,
            key="d",
            deletes=True,
        ),
    )
}
PLAIN_VERBS = tuple(verb for verb in VERBS.values() if verb.is_plain)
# What a filter that names no state does to dead jobs is what they are there for.
DLQ_VERBS = tuple(verb for verb in PLAIN_VERBS if DEAD in verb.means)


def allowed_verbs(job: Job) -> list[str]:
    """Return the names of the verbs that fit a job."""
    return [name for name, verb in VERBS.items() if verb.misfit(job) is None]
