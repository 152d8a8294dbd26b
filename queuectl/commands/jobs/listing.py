"""Commands that look at jobs."""

from __future__ import annotations

from ...model import fields, when
from ...model.errors import InvalidInput, did_you_mean, quoted
from ...model.job import HELD, PROCESSING, STATE_TABLE, STATE_WORDS, Job
from ...model.kinds import masked, read_names
from ...model.link import WHENS
from ...model.nouns import jobs as nouns
from ...model.quantity import counted, size_text
from ..cells import pairs
from ..grammar import arguments
from ..grammar.limit import LIMIT, beyond_limit, limit_of
from ..grammar.registry import Arg, command
from ..grammar.shared import FILTER, ID
from ..result import Result, job_table
from .selection import QUEUE, STATE, TAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from ...model.attempt import Attempt, JobDetail
    from ..context import Context

GROUP = "Jobs"
LABEL_WIDTH = 12
# The fields that are given and that `show` has words of its own for.
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
        if name not in Job.FIELDS:
            raise ValueError(
                f"must be among {', '.join(Job.FIELDS)}, got {quoted(name)}{did_you_mean(name, Job.FIELDS)}"
            )
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
    group=GROUP,
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
    from ...model.filter import how_read, of_options
    from ..grammar.elsewhere import STATES_ELSEWHERE

    if columns and verbose:
        raise InvalidInput("give either --columns or --verbose", field="columns")
    text = of_options(filter, state=state, queue=queue, tag=tag, search=search)
    most = limit_of(context, limit)
    jobs = context.queue.listing(text, sort=sort, limit=most)
    mistaken = {word: STATES_ELSEWHERE.get(word, word) for word in filter}
    notes = [
        *how_read(filter),
        *(
            f"{word} is taken for a text; jobs in this state: 'state:{state}'"
            for word, state in mistaken.items()
            if state in STATE_WORDS
        ),
    ]
    notes += beyond_limit(len(jobs), most, lambda: context.queue.count(text), "jobs")
    if not jobs:
        notes.append("no jobs" + (" match" if text.strip() else "; add one with: queuectl add 'COMMAND'"))
    return job_table(jobs, notes, columns=columns or fields.columns(long=verbose), chosen=bool(columns))


@command(
    "show",
    ID,
    Arg("--tree", flag=True, help="draw the jobs that are linked to it, each below what it waits for", group="output"),
    group=GROUP,
    watch=True,
    examples=("show job-1", "show last --json"),
)
def show(context: Context, *, id: str, tree: bool) -> Result:
    """Show everything about a job: its fields and its attempts."""
    if tree:
        return _tree(context, context.queue.get(id))
    job = context.queue.logs.detail(context.queue.get(id))
    left = context.queue.logs.ended_background(job)
    now = context.clock.wall()
    return Result(nouns.JOB_DETAIL, record=job, ids=[job.id], message=_shown(job, left, now), call=_again(job, now))


def _tree(context: Context, job: Job) -> Result:
    from .tree import tree_text

    graph = context.queue.reports.graph(job)
    text = tree_text(graph, has_unicode=context.front_end.has_unicode)
    return Result(nouns.GRAPH, record=graph, ids=[node.id for node in graph.nodes], message=text)


def _state(job: JobDetail) -> str:
    """Return the state of a job, and why it is there; of a cancelled one the error begins with the state already."""
    if job.error is None:
        return job.state_text
    return job.error if job.error.partition(": ")[0] == job.state else f"{job.state}: {job.error}"


def _shown(job: JobDetail, left: str | None, now: int) -> str:
    """Return a job as people read it: what is not set is left out."""
    from ...model.copies import secrets_of
    from .linked import relatives

    values: list[tuple[str, str]] = [
        ("job", f"{job.id} (number {job.number})"),
        ("state", _state(job)),
        ("command", job.command),
        ("directory", job.cwd),
        ("queue", f"{job.queue}, priority {job.priority}"),
        ("attempts", f"{job.attempts} of {job.max_retries + 1}"),
        ("timeout", "none" if job.timeout is None else when.duration_text(job.timeout)),
        ("added", f"{when.local(job.created_at)} by {job.created_by}"),
    ]
    is_held = job.state == HELD and job.run_at > now
    if is_held or STATE_TABLE[job.state].is_due:
        values.append(("runs at", when.local(job.run_at) + ", once it is released" * is_held))
    if job.expires_at is not None and job.started_at is None:
        from .addedtext import expiry_text

        values.append(("expires", expiry_text(job.expires_at, now)))
    if job.started_at is not None:
        values.append(("started", f"{when.local(job.started_at)} by worker {job.worker}"))
    if job.finished_at is not None:
        values.append(("finished", when.local(job.finished_at)))
    if job.duration is not None:
        so_far = " so far" if job.state == PROCESSING else " (the last attempt)" if job.attempts > 1 else ""
        stood = f", plus {when.duration_text(job.suspended_for)} suspended" if job.suspended_for else ""
        values.append(("duration", when.duration_text(job.duration) + so_far + stood))
    if job.suspended_at is not None and not job.is_gone:
        values.append(("suspended", f"{when.local(job.suspended_at)} by a {job.suspended_by}"))
    if job.parked is not None:
        values.append(("parked", f"{job.parked.replace(':', ' ')} has no room"))
    values += [("variable", f"{name}={value}") for name, value in masked(job.env).items()]
    if job.inherited:
        values.append(("inherited", ", ".join(job.inherited)))
    if job.umask is not None:
        values.append(("umask", job.umask))
    if job.stdin_size is not None:
        values.append(("stdin", f"{size_text(job.stdin_size)}, not in the line below: give it again with --stdin"))
    if job.snoozes:
        values.append(("put off", counted(job.snoozes, "time")))
    values += relatives(job)
    if job.tags:
        values.append(("tags", ", ".join(job.tags)))
    values += fields.other_texts(job, fields.GIVEN, (*SHOWN, *WHENS.values()))
    if left:
        values.append(("background", f"{left} (--allow-background lets them go on)"))
    values += [(f"attempt {attempt.attempt}", _tried(attempt, job)) for attempt in job.attempt_history]
    values += [("hook job", f"{hook.id} ({hook.reason}): {hook.state}") for hook in reversed(job.hook_jobs)]
    secrets = secrets_of(job)
    if secrets:
        values.append(("secret", f"{', '.join(secrets)}, taken from the shell in which you add it again"))
    return pairs(values, LABEL_WIDTH)


def _again(job: Job, now: int) -> str:
    """Return the command that adds a job like this one."""
    from ...model.copies import words_to_add
    from ...model.shellwords import shell_line

    return pairs([("add again", shell_line(words_to_add(job, now)))], LABEL_WIDTH)


def _tried(attempt: Attempt, job: JobDetail) -> str:
    """Return how an attempt ended, when it began, and how long it took."""
    began = f"began {when.local(attempt.started_at)}"
    if attempt.outcome is None:
        so_far = "" if job.duration is None else f", {when.duration_text(job.duration)} so far"
        how = "its worker is gone" if job.is_gone else "suspended" if job.is_suspended else "running"
        return f"{how}, {began}{so_far}"
    went_well = attempt.error is None and attempt.exit_code == 0
    ended = attempt.outcome if went_well else f"{attempt.outcome}: {attempt.ending}"
    took = "" if attempt.duration is None else f", took {when.duration_text(attempt.duration)}"
    return f"{ended}, {began}{took}"


@command("history", ID, group=GROUP, watch=True, examples=("history job-1",))
def history(context: Context, *, id: str) -> Result:
    """Show what happened to a job, oldest first."""
    return Result(nouns.STEP, rows=context.queue.logs.history(context.queue.get(id)))
