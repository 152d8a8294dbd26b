"""Commands that show jobs."""

from __future__ import annotations

from ...model import fields, when
from ...model.errors import InvalidInput, did_you_mean
from ...model.filter import how_read, of_options
from ...model.job import HELD, PROCESSING, STATE_TABLE, STATE_WORDS, Job
from ...model.kinds import masked, read_names
from ...model.link import WHENS
from ...model.nouns import jobs as nouns
from ...model.quantity import counted, size_text
from ...model.shellwords import shell_line
from ..cells import pairs
from ..context import Context, Result, job_table
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..grammar.shared import FILTER, ID, LIMIT, beyond_limit, limit_of
from .selection import QUEUE, STATE, TAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from ...model.attempt import Attempt, JobDetail

LABEL_WIDTH = 12
# The fields that `show` writes in its own words.
SHOWN = ("id", "command", "queue", "priority", "max_retries", "timeout", "run_at", "expires_at", "cwd", "env", "tags")


def sort_key(text: str) -> str:
    """A column, with - in front for descending order."""
    from ...model.sorts import SORT_KEYS

    if text.lstrip("-") not in SORT_KEYS or text.startswith("--"):
        meant = did_you_mean(text.lstrip("-"), SORT_KEYS)
        raise ValueError(f"must be one of {', '.join(SORT_KEYS)}, with - in front for descending{meant}")
    return text


def columns(text: str) -> list[str]:
    """Fields of a job, separated by commas."""
    names = read_names(text)
    for name in names:
        arguments.demand_among(name, Job.FIELDS)
    if not names:
        raise ValueError("must name at least one column")
    return names


@command(
    "list",
    FILTER,
    STATE,
    QUEUE,
    TAG,
    Arg(
        "--search",
        "-S",
        parse=arguments.unicode_text,
        metavar="TEXT",
        group="filter",
        help="only jobs whose command or id contains this text",
    ),
    LIMIT,
    Arg(
        "--sort",
        parse=sort_key,
        default="-number",
        metavar="COLUMN",
        complete="column",
        group="output",
        help="order by this column, with - in front for descending: --sort=-duration (default: newest first)",
    ),
    Arg("--columns", "-c", parse=columns, metavar="A,B", help="show these columns", complete="column", group="output"),
    Arg("--verbose", "-v", flag=True, help="show more columns", group="output"),
    watch=True,
    examples=("list", "list 'state:dead exit:1 created:<12h !tag:nightly'"),
)
def list_jobs(
    context: Context,
    *,
    filter: Sequence[str],
    state: Sequence[str],
    queue: Sequence[str],
    tag: Sequence[str],
    search: str | None,
    limit: int | None,
    sort: str,
    columns: list[str] | None,
    verbose: bool,
) -> Result:
    """List jobs, newest first.

    A filter is one or more words: KEY:VALUE, or a text in the id or command; !WORD finds all other jobs. Put it in
    single quotes, since < and ! mean something to the shell.
    """
    from ..grammar.elsewhere import STATES_ELSEWHERE

    if columns and verbose:
        raise InvalidInput("give either --columns or --verbose", field="columns")
    text = of_options(filter, state=state, queue=queue, tag=tag, search=search)
    most = limit_of(context, limit)
    jobs = context.queue.listing(text, sort=sort, limit=most)
    notes = list(how_read(filter))
    for word in dict.fromkeys(filter):
        meant = STATES_ELSEWHERE.get(word, word)
        if meant in STATE_WORDS:
            notes.append(f"{word} is read as a text; jobs in this state: 'state:{meant}'")
    notes += beyond_limit(len(jobs), most, lambda: context.queue.count(text), "jobs")
    if not jobs:
        notes.append("no jobs" + (" match" if text.strip() else "; add one with: queuectl add 'COMMAND'"))
    return job_table(jobs, notes, columns=columns or fields.columns(long=verbose), chosen=bool(columns))


@command(
    "show",
    ID,
    Arg("--tree", flag=True, help="draw the jobs that are linked to it, each below what it waits for", group="output"),
    watch=True,
    examples=("show job-1", "show last --json"),
)
def show(context: Context, *, id: str, tree: bool) -> Result:
    """Show everything about a job: its fields and its attempts."""
    from ...model.copies import words_to_add

    found = context.queue.get(id)
    if tree:
        from .linked import tree_text

        graph = context.queue.reports.graph(found)
        text = tree_text(graph, has_unicode=context.front_end.has_unicode)
        return Result(nouns.GRAPH, record=graph, ids=[node.id for node in graph.nodes], message=text)
    job, now = context.queue.logs.detail(found), context.clock.wall()
    text = _shown(job, context.queue.logs.ended_background(job), now)
    again = pairs([("add again", shell_line(words_to_add(job, now)))], LABEL_WIDTH)
    return Result(nouns.JOB_DETAIL, record=job, ids=[job.id], message=text, call=again)


def _state(job: JobDetail) -> str:
    """Return the state of a job and the reason. The error of a cancelled job begins with its state already."""
    if job.error is None:
        return job.state_text
    return job.error if job.error.partition(": ")[0] == job.state else f"{job.state}: {job.error}"


def _shown(job: JobDetail, left: str | None, now: int) -> str:
    from ...model.copies import secrets_of
    from .linked import relatives

    is_held = job.state == HELD and job.run_at > now
    is_due = is_held or STATE_TABLE[job.state].is_due
    size, at, secrets = job.stdin_size, job.suspended_at, ", ".join(secrets_of(job))
    release = ", once it is released" if is_held else ""
    values: list[tuple[str, str | None]] = [
        ("job", f"{job.id} (number {job.number})"),
        ("state", _state(job)),
        ("command", job.command),
        ("directory", job.cwd),
        ("queue", f"{job.queue}, priority {job.priority}"),
        ("attempts", f"{job.attempts} of {job.max_retries + 1}"),
        ("timeout", "none" if job.timeout is None else when.duration_text(job.timeout)),
        ("added", f"{when.local(job.created_at)} by {job.created_by}"),
        ("runs at", when.local(job.run_at) + release if is_due else None),
        ("expires", _expiry(job, now)),
        ("started", None if job.started_at is None else f"{when.local(job.started_at)} by worker {job.worker}"),
        ("finished", None if job.finished_at is None else when.local(job.finished_at)),
        ("duration", _duration(job)),
        ("suspended", None if at is None or job.is_gone else f"{when.local(at)} by a {job.suspended_by}"),
        ("parked", None if job.parked is None else f"{job.parked.replace(':', ' ')} has no room"),
        *(("variable", f"{name}={value}") for name, value in masked(job.env).items()),
        ("inherited", ", ".join(job.inherited) if job.inherited else None),
        ("umask", job.umask),
        ("stdin", None if size is None else f"{size_text(size)}, not in the line below: give it again with --stdin"),
        ("snoozed", counted(job.snoozes, "time") if job.snoozes else None),
        *relatives(job),
        ("tags", ", ".join(job.tags) if job.tags else None),
        *fields.other_texts(job, fields.GIVEN, (*SHOWN, *WHENS.values())),
        ("background", f"{left} (--allow-background lets them go on)" if left else None),
        *((f"attempt {attempt.attempt}", _tried(attempt, job)) for attempt in job.attempt_history),
        *(("hook job", f"{hook.id} ({hook.reason}): {hook.state}") for hook in reversed(job.hook_jobs)),
        ("secret", f"{secrets}, taken from the shell in which you add it again" if secrets else None),
    ]
    return pairs(values, LABEL_WIDTH)


def _expiry(job: Job, now: int) -> str | None:
    if job.expires_at is None or job.started_at is not None:
        return None
    from .adding import expiry_text

    return expiry_text(job.expires_at, now)


def _duration(job: Job) -> str | None:
    if job.duration is None:
        return None
    so_far = " so far" if job.state == PROCESSING else " (the last attempt)" if job.attempts > 1 else ""
    stood = f", plus {when.duration_text(job.suspended_for)} suspended" if job.suspended_for else ""
    return when.duration_text(job.duration) + so_far + stood


def _tried(attempt: Attempt, job: JobDetail) -> str:
    began = f"began {when.local(attempt.started_at)}"
    if attempt.outcome is None:
        so_far = "" if job.duration is None else f", {when.duration_text(job.duration)} so far"
        how = "its worker is gone" if job.is_gone else "suspended" if job.is_suspended else "running"
        return f"{how}, {began}{so_far}"
    went_well = attempt.error is None and attempt.exit_code == 0
    ended = attempt.outcome if went_well else f"{attempt.outcome}: {attempt.ending}"
    took = "" if attempt.duration is None else f", took {when.duration_text(attempt.duration)}"
    return f"{ended}, {began}{took}"


@command("history", ID, watch=True, examples=("history job-1", "history last --watch"))
def history(context: Context, *, id: str) -> Result:
    """Show what happened to a job, oldest first."""
    return Result(nouns.STEP, rows=context.queue.logs.history(context.queue.get(id)))
