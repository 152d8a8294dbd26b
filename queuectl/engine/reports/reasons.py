"""Why a job is where it is: one sentence, and the command that helps where one does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...model import when
from ...model.alert import NO_WORKERS, NOBODY, START_WORKERS
from ...model.batch import go_on
from ...model.event import EXPIRED
from ...model.exits import accepted_end, meaning
from ...model.filter import reference
from ...model.job import (
    BLOCKED,
    CANCELLED,
    COMPLETED,
    DEAD,
    FAILED,
    FINAL_STATES,
    GO_ON,
    GONE,
    HELD,
    PAUSE,
    PENDING,
    PROCESSING,
    SCHEDULED,
    STATE_TABLE,
    Job,
)
from ...model.link import ANY, BADLY, Relative
from ...model.lock import TAKEN
from ...model.policy import Policy
from ...model.quantity import counted, some_of
from ..home.opened import load_settings
from .facts import COUNTED, Facts
from .status import absent, limit_text, more_workers, start_for, takers

# A command that runs more of them again is too long to type.
MOST_NAMED = 20
# A limit is there for a reason: the hint says what a command would do to it.
MORE = "let more run with: "
MUST = {
    COMPLETED: "and must be completed first",
    ANY: "and must end first",
    BADLY: "and must have failed first",
}


def explain(facts: Facts, job: Job) -> tuple[str, str | None]:
    """Return the reason and the hint for a job."""
    reason, hint = REASONS.get(job.state, _stands)(facts, job)
    if job.expires_at is not None and job.started_at is None and not job.is_final:
        reason += f"; it expires {when.ahead(job.expires_at, facts.now)} unless it has started"
    words = [] if job.state in (COMPLETED, CANCELLED) else Policy.of_job(job, load_settings(facts.store)).words
    if words:
        reason += f"; by its policy {'; '.join(words)}"
    if job.hook_of is None:
        return reason, hint
    return f"{reason}; it is the {facts.store.search.details(job.number).created_by}", hint


def _pending(facts: Facts, job: Job) -> tuple[str, str | None]:
    shut = _shut(facts, job.queue)
    if shut is not None:
        return shut
    who, full = absent(facts), _full(facts, job)
    if full is not None and not who:
        return full
    before = facts.store.search.count_before(job, COUNTED)
    ahead = counted(before, "job is before it", "jobs are before it") if full is None else full[0]
    if who:
        return f"{who}; {ahead}", START_WORKERS
    if not facts.alive:
        return f"{NO_WORKERS}, the scheduler starts some; {ahead}", None
    workers = takers(facts, job.queue)
    if not workers:
        return f"no worker takes jobs of queue {job.queue}; {ahead}", start_for(job.queue)
    if all(worker.state == "busy" for worker in workers):
        busy = "the only worker is busy" if len(workers) == 1 else f"all {len(workers)} workers are busy"
        return f"{busy}; {ahead}", more_workers(facts, job.queue)
    limited = [worker for worker in workers if worker.limited_by]
    if limited and all(worker.limited_by or worker.state == "busy" for worker in workers):
        return f"{limit_text(limited)}; {ahead}", "queuectl worker status"
    return f"a worker will take it shortly; {ahead}", None


def _shut(facts: Facts, queue: str) -> tuple[str, str | None] | None:
    """Return what of a queue's lane, or of the home, lets no job start, with the hint; None if nothing does."""
    paused = facts.pause or facts.paused_lane(queue)
    if paused is not None:
        return f"{paused.subject} is {paused.pause_text(facts.now)}", f"queuectl resume {paused.name}".rstrip()
    lane, running = facts.lanes.get(queue), facts.queues.get(queue, {}).get(PROCESSING, 0)
    if lane is None:
        return None
    if lane.is_full(running):
        more = f"{MORE}queuectl queue limit {queue} {running + 1}"
        return f"queue {queue} is full: {running} of {lane.slots} run", more
    starts_at = lane.starts_at(facts.now)
    if starts_at > facts.now:
        following = when.clock_text(-(-starts_at // when.SECOND) * when.SECOND, facts.now)
        return f"the rate {lane.rate} of queue {queue} lets the next job start at {following}", None
    return None


def _full(facts: Facts, job: Job) -> tuple[str, str] | None:
    """Return which of a job's locks are taken, or that its batch is full, with the hint; None if all have room."""
    locks = [lock for lock in map(facts.store.locks.get, job.locks) if lock.state == TAKEN]
    texts: list[str] = []
    for lock in locks:
        waits = "" if texts else "it waits "
        be, by = "is" if lock.running == 1 else "are", f" by {some_of(lock.holders)}" if lock.holders else ""
        texts.append(f"{waits}for lock {lock.name}: {lock.running} of {lock.slots} {be} taken{by}")
    commands = [f"queuectl lock limit {lock.name} {lock.running + 1}" for lock in locks]
    batch = None if job.batch is None else facts.store.batches.get(job.batch, facts.now)
    if batch is not None and batch.is_full:
        texts.append(f"batch {batch.name} is full: {batch.running} of {batch.slots} run")
        commands.append(f"queuectl batch limit {batch.name} {batch.running + 1}")
    return (", and ".join(texts), MORE + " && ".join(commands)) if texts else None


def _waits(facts: Facts, job: Job) -> tuple[str, str | None]:
    due = f"{when.local(job.run_at)}, {when.ahead(job.run_at, facts.now)}"
    snoozed = f"it was snoozed ({job.error}), and " if job.snoozes and job.error else ""
    reason = f"{snoozed}it is due at {due}{_waits_for_others_too(facts, job)}"
    if job.state == FAILED:
        reason = f"attempt {job.attempts} of {job.max_retries + 1} failed ({_failure(job)}), the next is due at {due}"
    who = absent(facts)
    if who:
        return f"{reason}; {who}", START_WORKERS
    return reason, f"run it at once: queuectl retry {reference(job)}" if job.state == FAILED else None


def _blocked(facts: Facts, job: Job) -> tuple[str, str | None]:
    awaited = [parent for parent in facts.store.links.parents(job.number) if parent.satisfied_at is None]
    hopeless = [parent for parent in awaited if parent.hopeless]
    if not hopeless:
        first = awaited[0]
        look = f"why {first.id}" if first.batch is None else f"batch show {first.batch}"
        return f"it waits for {_named(awaited)}", f"see what it waits for with: queuectl {look}"
    first = hopeless[0]
    reason = f"it is stuck: {_named(hopeless)}, {MUST[first.when]}"
    otherwise = f"let it wait for nothing: queuectl edit {reference(job)} --after ''"
    if first.batch is not None:
        batch = facts.store.batches.get(first.batch, facts.now)
        if batch is not None and first.when == COMPLETED and (batch.dead or batch.states.get(CANCELLED)):
            return reason, f"run what failed of it again: {go_on(first.batch)}; or {otherwise}"
        return reason, f"see how it stands: queuectl batch show {first.batch}; or {otherwise}"
    again = [parent.id for parent in hopeless if parent.state in FINAL_STATES and parent.when == COMPLETED]
    if again:
        them = again[0] if len(again) == 1 else "them"
        return reason, f"run {them} again: queuectl retry {','.join(again[:MOST_NAMED])}; or {otherwise}"
    return reason, f"see why: queuectl why {first.id}; or {otherwise}" if first.state is not None else otherwise


def _named(parents: Sequence[Relative]) -> str:
    """Return some parents with their states."""
    return some_of([f"{parent.id} ({parent.standing})" for parent in parents])


def _waits_for_others_too(facts: Facts, job: Job) -> str:
    """Return what a job that is held or scheduled waits for after that."""
    awaited = [parent for parent in facts.store.links.parents(job.number) if parent.satisfied_at is None]
    return f"; then it waits for {_named(awaited)}" if awaited else ""


def _held(facts: Facts, job: Job) -> tuple[str, str | None]:
    reason, hint = _stands(facts, job)
    return reason + _waits_for_others_too(facts, job), hint


def _processing(facts: Facts, job: Job) -> tuple[str, str | None]:
    if job.is_gone:
        return GONE, START_WORKERS if absent(facts) == NOBODY else "queuectl worker status"
    so_far = job.elapsed(facts.now)
    since = "" if so_far is None else f" for {when.duration_text(so_far)}"
    if facts.store.search.details(job.number).cancel_requested:
        return f"worker {job.worker} is ending it, as was asked", None
    if job.suspended_at is not None:
        so_long = when.duration_text(max(0, facts.now - job.suspended_at))
        paused = (facts.pause or facts.paused_lane(job.queue)) if job.suspended_by == PAUSE else None
        until = "" if paused is None else f": {paused.subject} is {paused.pause_text(facts.now)}"
        return f"suspended for {so_long} by a {job.suspended_by}{until}", f"{GO_ON} {reference(job)}"
    return f"worker {job.worker} has been running it{since}, attempt {job.attempts} of {job.max_retries + 1}", (
        f"follow it with: queuectl logs -f {reference(job)}"
    )


def _failure(job: Job) -> str:
    """Return how the last attempt failed, and what is probably behind that."""
    behind = meaning(job.exit_code, job.signal)
    return f"{job.error}; {behind}" if behind else f"{job.error}"


def _dead(facts: Facts, job: Job) -> tuple[str, str | None]:
    several = "both" if job.attempts == 2 else f"all {job.attempts}"
    how = "its only attempt failed" if job.attempts == 1 else f"{several} attempts failed, the last one"
    if job.attempts <= job.max_retries:
        how = f"attempt {job.attempts} of {job.max_retries + 1} left it dead at once"
    return (
        f"{how}: {_failure(job)}",
        f"see its output with: queuectl logs {reference(job)}; run it again with: queuectl retry {reference(job)}",
    )


def _completed(facts: Facts, job: Job) -> tuple[str, str | None]:
    which = "" if job.attempts < 2 else f" at attempt {job.attempts}"
    ago = when.ago(job.finished_at or 0, facts.now)
    counts = "" if job.exit_code == 0 else f", as {accepted_end(job.exit_code, job.signal)}"
    return f"it succeeded{which}, {'just now' if ago == 'now' else ago}{counts}", None


def _cancelled(facts: Facts, job: Job) -> tuple[str, str | None]:
    # By a user, unless the error says for what.
    word, _, reason = (job.error or "").partition(": ")
    by_user, hint = _stands(facts, job)
    if word == EXPIRED:
        return f"it has {job.error}", hint
    return reason if word == CANCELLED and reason else by_user, hint


def _stands(facts: Facts, job: Job) -> tuple[str, str | None]:
    """Say what its state says of any job."""
    state = STATE_TABLE[job.state]
    return f"it {state.phrase}", state.hint and f"{state.hint} {reference(job)}"


REASONS: dict[str, Callable[[Facts, Job], tuple[str, str | None]]] = {
    PENDING: _pending,
    SCHEDULED: _waits,
    BLOCKED: _blocked,
    HELD: _held,
    FAILED: _waits,
    PROCESSING: _processing,
    DEAD: _dead,
    COMPLETED: _completed,
    CANCELLED: _cancelled,
}
