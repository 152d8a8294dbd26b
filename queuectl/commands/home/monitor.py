"""Commands that show how the queue is doing."""

from __future__ import annotations

from ...model import when
from ...model.job import PENDING, PROCESSING, SCHEDULED
from ...model.link import batch_of
from ...model.nouns.home import CLOCK, METRICS, STATUS
from ..cells import pairs
from ..context import Context, Result
from ..grammar.registry import Arg, command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine.reports.status import Metrics, Status


def batch_term(text: str) -> str:
    """The name of a batch in `batch:NAME`."""
    name = batch_of(text)
    if name is None:
        raise ValueError("must be batch:NAME, or nothing for the whole home")
    return name


@command(
    "status",
    Arg(
        "batch",
        optional=True,
        parse=batch_term,
        metavar="batch:NAME",
        help="how far this batch is, instead of the whole home",
        complete="batch term",
    ),
    watch=True,
    examples=("status", "status --json"),
)
def status(context: Context, *, batch: str | None) -> Result:
    """Show the counts per state, the workers, and what needs attention; of a batch, what batch show does."""
    if batch is not None:
        from .batches import batch_show

        return batch_show(context, name=batch)
    found = context.queue.reports.status()
    return Result(STATUS, record=found, message=_status_text(found), is_prose=True)


def _status_text(found: Status) -> str:
    workers = found.workers
    lines = [
        f"home:      {found.home}" + (f" ({found.pause.pause_text(found.now)})" if found.pause else ""),
        f"workers:   {workers['total']} ({workers['busy']} busy)" if workers["total"] else "workers:   none",
        *([f"scheduler: {found.scheduler.mode}"] if found.scheduler.running else []),
        f"jobs:      {found.total}",
    ]
    some = {
        PENDING: [
            (found.waiting_for_locks, "waiting for a lock"),
            (found.waiting_for_batches, "waiting for others of their batch"),
        ],
        PROCESSING: [(found.suspended, "suspended"), (len(found.gone), "without a worker")],
    }
    for state, count in found.jobs.items():
        of_them = ", ".join(f"{part} {how}" for part, how in some.get(state, ()) if part)
        lines.append(f"  {state + ':':<12}{count:>8}" + (f"  ({of_them})" if of_them else ""))
    held_up = {name: _held_up(found, name) for name in found.queues}
    if len(held_up) > 1 or any(held_up.values()):
        for name, states in found.queues.items():
            counts = ", ".join(f"{count} {state}" for state, count in states.items())
            lines.append(f"queue {name}: {counts}{held_up[name]}")
    if found.average_duration is not None:
        lines.append(f"average duration: {when.duration_text(found.average_duration)}, of the attempts of the last day")
    if found.oldest_pending_age is not None:
        lines.append(f"oldest pending: waiting for {when.duration_text(found.oldest_pending_age)}")
    if found.alerts:
        lines.append(f"alerts:    {len(found.alerts)}")
        lines += [f"  {alert.level + ':':<12}{alert}" for alert in found.alerts]
    return "\n".join(lines)


def _held_up(found: Status, queue: str) -> str:
    """Return why a queue starts no job, or takes none, in parentheses."""
    lane, running = found.lanes.get(queue), found.queues[queue].get(PROCESSING, 0)
    if lane is None:
        return ""
    facts = [lane.pause_text(found.now)] if lane.is_paused(found.now) else []
    facts += [f"full: {running} of {lane.slots} run"] if lane.is_full(running) else []
    facts += ["takes no new jobs"] if lane.is_draining else []
    return f" ({'; '.join(facts)})" if facts else ""


@command("metrics", watch=True, examples=("metrics", "metrics --json"))
def metrics(context: Context) -> Result:
    """Show counts, run and wait times with percentiles, success rate, utilization and queue depth."""
    found = context.queue.reports.metrics()
    return Result(METRICS, record=found, message=_metrics_text(found), is_prose=True)


def _metrics_text(found: Metrics) -> str:
    age, later = found.oldest_pending_age, found.jobs[SCHEDULED]
    lines = [
        "jobs:",
        *(f"  {state + ':':<12}{count:>8}" for state, count in found.jobs.items()),
        f"queue depth:     {found.depth}" + (f", {later} of them scheduled" if later else ""),
        f"per minute:      {found.per_minute:.1f}, over the last five minutes",
        f"oldest pending:  {'-' if age is None else when.duration_text(age)}",
        f"success rate:    {_percent(found.success_rate)} of all, {_percent(found.success_rate_day)} of the last day",
        f"workers:         {found.workers['total']}, {found.workers['busy']} busy",
        f"utilization:     {_percent(found.utilization)} now, "
        f"{_percent(found.utilization_since_start)} since they started",
        f"times of the attempts of the last day ({found.timed_attempts}):",
    ]
    for name, spread in (("run time:", found.run_time), ("wait time:", found.wait_time)):
        if spread is not None:
            texts = [f"{key} {when.duration_text(value)}" for key, value in spread.items()]
            # All in one line would be longer than most terminals are wide.
            lines += [f"  {name:<11}{'  '.join(texts[:3])}", " " * 13 + "  ".join(texts[3:])]
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.1f} %"


@command("time", watch=True, examples=("time", "time --watch"))
def time(context: Context) -> Result:
    """Show the time as the queue sees it, local and UTC, and when the next job is due."""
    now = context.clock.wall()
    due = context.queue.reports.status().scheduler.next_due_at
    record = {"local": when.local(now), "utc": when.iso(now), "next_due_at": due}
    values = [
        ("local", when.local(now)),
        ("UTC", when.iso(now)),
        ("next due", "nothing is scheduled" if due is None else f"{when.local(due)}, {when.ago(due, now)}"),
    ]
    return Result(CLOCK, record=record, message=pairs(values, 9))
