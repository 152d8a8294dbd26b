"""What follows the end of a job: its children learn how it stands, and hooks add jobs, in the transaction of that end.

A text of the job replaces the setting's, and `none` switches that off. A hook job is like the job in whose place it
stands: its queue, priority, directory, variables and time; the shell is that of the settings. How the job ended is in
separate variables, so that nothing is pasted into the text of a command. Hook jobs have no hooks.
"""

from __future__ import annotations

from ...model.event import HOOK_ADDED
from ...model.job import BUSY_STATES, COMPLETED, DEAD, FINAL_STATES, Job
from ...model.kinds import NONE, seconds
from ...model.nouns.jobs import HOOK_REASONS
from ...model.settings import Settings
from ...model.spec import JobSpec
from ...store import Store
from ...store.claim import Claim
from ...store.hooks import REASON

SUCCESS, FAILURE, FINISH, IDLE = HOOK_REASONS
MAX_BYTES = 4096


def may_follow(claim: Claim, state: str | None, settings: Settings) -> bool:
    """Return whether an attempt that has led to `state`, None if it had lost the job, may have added hook jobs."""
    return _has_ended(claim, state) and bool(settings.on_idle or _wanted(claim, state, settings))


def add_hooks(store: Store, claim: Claim, state: str, *, settings: Settings, actor: str, now: int) -> None:
    """Add the hook jobs for an attempt that has led to `state`. In the transaction that has recorded this."""
    if not _has_ended(claim, state):
        return
    wanted = _wanted(claim, state, settings)
    if settings.on_idle and store.hooks.is_idle():
        wanted.append((IDLE, settings.on_idle))
    _add(store, claim.number, wanted, settings=settings, actor=actor, now=now)


def cancel(store: Store, number: int, now: int, *, settings: Settings, actor: str) -> bool:
    """Cancel a job as `store.jobs.cancel` does, and add the hook job if that makes the home idle. In a transaction."""
    if settings.on_idle is None:
        return store.jobs.cancel(number, now)
    (job,) = store.search.jobs([number])
    is_changed = store.jobs.cancel(number, now)
    kept_busy = job.state in BUSY_STATES or job.snoozes > 0
    if is_changed and job.hook_of is None and kept_busy and store.hooks.is_idle():
        _add(store, number, [(IDLE, settings.on_idle)], settings=settings, actor=actor, now=now)
    return is_changed


def _has_ended(claim: Claim, state: str | None) -> bool:
    return state in FINAL_STATES and claim.hook_facts is None


def _wanted(claim: Claim, state: str | None, settings: Settings) -> list[tuple[str, str]]:
    """Return why a command is added, and the command, for each that the end of a job adds."""
    found = (
        (SUCCESS, claim.on_success if state == COMPLETED else None),
        (FAILURE, claim.on_failure or settings.on_dead if state == DEAD else None),
        (FINISH, claim.on_finish or settings.on_finish),
    )
    return [(reason, command) for reason, command in found if command is not None and command != NONE]


def _add(store: Store, number: int, wanted: list[tuple[str, str]], *, settings: Settings, actor: str, now: int) -> None:
    if not wanted:
        return
    (job,) = store.search.jobs([number])
    origin, facts = store.hooks.origin_of(number), _facts(job)
    for reason, command in wanted:
        spec = JobSpec(
            command,
            max_retries=settings.max_retries,
            timeout=settings.timeout,
            cwd=job.cwd,
            env=job.env,
            shell=settings.shell,
            queue=job.queue,
            priority=job.priority,
            # It stands where the job stood, before all that was added later.
            run_at=min(job.run_at, now),
            tags=("hook",),
        )
        by = f"hook of {job.id} ({reason})"
        (added,) = store.jobs.enqueue([spec], origins={None: origin}, actor=by, now=now)
        hook = store.names.number_of(added)
        assert hook is not None
        store.hooks.mark(hook, of=number, facts={**facts, REASON: reason})
        store.events.add(HOOK_ADDED, actor=actor, now=now, job=number, detail=f"{added} ({reason})")


def _facts(job: Job) -> dict[str, str]:
    """Return the variables that describe a job that has ended to a hook's command; a missing value is empty."""
    facts = {
        "QUEUECTL_HOOK_JOB_ID": job.id,
        "QUEUECTL_HOOK_JOB_NUMBER": job.number,
        "QUEUECTL_HOOK_STATE": job.state,
        "QUEUECTL_HOOK_EXIT_CODE": job.exit_code,
        "QUEUECTL_HOOK_SIGNAL": job.signal,
        "QUEUECTL_HOOK_ERROR": job.error,
        "QUEUECTL_HOOK_ATTEMPTS": job.attempts,
        "QUEUECTL_HOOK_QUEUE": job.queue,
        "QUEUECTL_HOOK_COMMAND": job.command,
        "QUEUECTL_HOOK_DURATION": seconds(job.duration),
        "QUEUECTL_HOOK_TAGS": ",".join(job.tags),
    }
    # As much of each text as variables may take.
    texts = {name: "" if value is None else str(value) for name, value in facts.items()}
    return {name: text.encode()[:MAX_BYTES].decode(errors="ignore") for name, text in texts.items()}


def tell_children(store: Store) -> int:
    """Tell all children how their parents stand; return how many jobs became claimable. Raises StoreUnavailable.

    It is for those that were too many for the transaction that changed the parent. The process that made the change
    goes on in further transactions; if it dies, any scheduler does. Several may do so at once, and between two
    transactions others can write.
    """
    before = store.links.unblocked
    while store.links.has_follow_ups():
        store.database.give_way()
        with store.writing():
            store.links.go_on(store.clock.wall())
    return store.links.unblocked - before
