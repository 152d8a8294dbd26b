"""A schedule as people read it."""

from __future__ import annotations

from ...model import when
from ...model.fields import BY_NAME, RECURRING, other_texts
from ...model.kinds import exact_duration
from ...model.link import WHENS
from ...model.schedule import CATCH_UP, OVERLAP, ScheduleDetail
from ...model.spec import JobSpec
from ..cells import pairs

# The fields of its jobs that this text writes in its own words, or leaves to --json.
SHOWN = ("command", "queue", "priority", "max_retries", "timeout", "cwd", "env")
LABEL_WIDTH = 15
MOST_JOBS = 20


def shown(found: ScheduleDetail, title: str, now: int) -> str:
    """Return everything about a schedule that people look for; `title` stands before its name."""
    overlap = OVERLAP[found.overlap]
    values = [
        (title, found.name),
        ("when", f"{'paused: ' * found.paused}{found.words} ({found.timezone}), {found.expression}"),
        ("timezone", found.timezone + (", that of the home" if found.timezone_source == "home" else "")),
        *(_jobs(found.jobs) if found.jobs else [("command", found.command or "")]),
        ("next", _next(found, now)),
        _last(found),
        ("missed", CATCH_UP[found.catch_up]),
        ("overlap", overlap.replace("job", "batch") if found.is_graph else overlap),
        ("expires", "never" if found.expires is None else f"{exact_duration(found.expires)} after its time"),
        *([] if found.is_graph else _of_the_command(found)),
        *([("inherited", ", ".join(found.inherited))] if found.inherited else []),
        ("added", f"{when.local(found.created_at)} by {found.created_by}"),
    ]
    return pairs(values, LABEL_WIDTH)


def _next(found: ScheduleDetail, now: int) -> str:
    due = found.next_at
    if found.paused:
        return "not while it is paused"
    return "never" if due is None else f"{when.local(due)} ({when.iso(due)}), {when.ago(due, now)}"


def _last(found: ScheduleDetail) -> tuple[str, str]:
    """Return the state of its newest job or batch."""
    label, name = ("last batch", found.last_batch) if found.is_graph else ("last job", found.last_job)
    return label, "none yet" if name is None else f"{name}, {found.last_state}"


def _of_the_command(found: ScheduleDetail) -> list[tuple[str, str]]:
    """Return the fields of its only job."""
    return [
        ("queue", f"{found.queue}, priority {found.priority}"),
        ("retries", str(found.max_retries)),
        ("timeout", "none" if found.timeout is None else when.duration_text(found.timeout)),
        ("directory", str(found.cwd)),
        *other_texts(found, RECURRING, SHOWN),
    ]


def _jobs(jobs: list[JobSpec]) -> list[tuple[str, str]]:
    """Return the first of its jobs: what each is called, runs and waits for."""
    lines = [("jobs", str(len(jobs)))]
    lines += [(f"  {spec.id or '-'}", f"{spec.command}{_parents(spec)}") for spec in jobs[:MOST_JOBS]]
    return lines + [("  ...", f"{len(jobs) - MOST_JOBS} more")] * (len(jobs) > MOST_JOBS)


def _parents(spec: JobSpec) -> str:
    named = [(BY_NAME[name].label.lower(), ", ".join(getattr(spec, name))) for name in WHENS.values()]
    texts = [f"{label} {jobs}" if label == "after" else f"{label} of {jobs}" for label, jobs in named if jobs]
    return f"  ({'; '.join(texts)})" if texts else ""
