"""Charts and tables: the counts per minute and queue, and the commands that stand out.

Series come from the rollups, which outlive the jobs. A bucket in which nothing ended is 0; an unknown one (before the
first record, or in the future) is null, and so is an average of nothing. Percentiles are estimated from the histograms
in `timings`, of five minutes each, so their step may be longer.
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping, TypeVar

from ...model import instants, when
from ...model.errors import quoted
from ...model.kinds import TEXT, integer, one_of
from ...model.nouns.home import METRICS
from ...model.numbers import histograms
from ...model.rollup import SLOT_MS, Rollup, Timing
from ..app import App
from ..http.message import HttpError
from .answers import AVERAGES, COUNTS, PERCENTILES, SERIES, TOP
from .route import Parameter, route
from .shapes import shortened

Row = TypeVar("Row", Rollup, Timing)

MOST_POINTS = 500
MOST_QUEUES = 50
SAMPLE = 10_000
# Buckets with names: whole minutes, hours and days.
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1_440, 2_880, 10_080, 20_160, 43_200)


@route(
    "GET",
    "/metrics/series",
    "How many attempts ended over time and how long they took, and the same for the time before",
    query=(
        Parameter("from", TEXT, "an instant, or a time such as -6h", default="-1h"),
        Parameter("to", TEXT, "an instant (default: now)", default="now"),
        Parameter("points", integer(3, MOST_POINTS), "how many values at most", default=120),
        Parameter("queue", TEXT, "only this queue"),
        Parameter("by", one_of("queue"), "a series for each queue"),
    ),
    answer=SERIES,
)
def series(app: App, *, points: int, queue: str | None, by: str | None, to: str, **given: str) -> dict[str, Any]:
    now = app.clock.wall()
    since, until = _instant(given["from"], now, "from"), _instant(to, now, "to")
    if since >= until:
        raise HttpError(400, "bad_parameter", "from must be before to", field="from")
    span = _span(since, until, _step(until - since, points))
    slots = _span(since, until, max(span["step"], SLOT_MS))
    step, charts = span["step"], app.queue.charts
    known = charts.first()
    ended, timings = charts.ended(*span.values()), charts.timings(*slots.values())
    names: list[str | None] = [queue]
    if by is not None:
        names = list(sorted({row.queue for row in _of(queue, ended)})[:MOST_QUEUES])
    unknown = {at: known is None or (at + 1) * step <= known or at * step > now for at in _buckets(span)}
    return {
        **span,
        "series": [{"queue": name, **_values(_of(name, ended), unknown)} for name in names],
        "percentiles": {
            **slots,
            "series": [{"queue": name, **_spreads(_of(name, timings), _buckets(slots))} for name in names],
        },
        "totals": _totals(app, since, until, queue),
        "previous": _previous(app, since, until, queue, known),
    }


def _span(since: int, until: int, step: int) -> dict[str, int]:
    """Return the whole steps around a time."""
    return {"from": since // step * step, "to": (until // step + 1) * step, "step": step}


def _buckets(span: dict[str, int]) -> range:
    return range(span["from"] // span["step"], span["to"] // span["step"])


def _of(queue: str | None, rows: Iterable[Row]) -> list[Row]:
    """Return the rows of a queue, None for all of them."""
    return [row for row in rows if queue in (None, row.queue)]


def _spreads(rows: Iterable[Timing], buckets: range) -> dict[str, Any]:
    steps: dict[int, list[Timing]] = {}
    for row in rows:
        steps.setdefault(row.bucket, []).append(row)
    pairs = [histograms(steps.get(bucket, ())) for bucket in buckets]
    return {
        name: {f"p{percent}": [found.percentile(percent) for found in each] for percent in PERCENTILES}
        for name, each in zip(AVERAGES, zip(*pairs))
    }


def _totals(app: App, since: int, until: int, queue: str | None) -> dict[str, Any]:
    """Return the counts of the minutes after that of `since` up to that of `until`."""
    rows = _of(queue, app.queue.charts.ended(since + when.MINUTE, until + when.MINUTE))
    return {"from": since, "to": until, **{name: sum(getattr(row, name) for row in rows) for name in COUNTS}}


def _previous(app: App, since: int, until: int, queue: str | None, known: int | None) -> dict[str, Any] | None:
    """Return the counts of the same time before `since`, None if a part of it is unknown."""
    before = since - (until - since)
    if known is None or before // when.MINUTE + 1 < known // when.MINUTE:
        return None
    return _totals(app, before, since, queue)


def _instant(text: str, now: int, name: str) -> int:
    try:
        if text.startswith("-"):
            return max(0, now - when.parse_duration(text[1:]))
        return instants.parse_instant(text, now)
    except ValueError as error:
        raise HttpError(400, "bad_parameter", f"{name} is {error}, got {quoted(text)}", field=name) from None


def _step(span: int, points: int) -> int:
    """Return the shortest step, in milliseconds, by which a span and a part of a step at either end fit."""
    for minutes in STEPS:
        if span // (minutes * when.MINUTE) + 2 <= points:
            return minutes * when.MINUTE
    days = -(-span // (points - 2) // when.DAY) + 1
    return days * when.DAY


def _values(rows: Iterable[Rollup], unknown: Mapping[int, bool]) -> dict[str, list[Any]]:
    """Return the counts and averages of each bucket; `unknown` says which are unknown."""
    sums = {bucket: dict.fromkeys((*COUNTS, *AVERAGES), 0) for bucket in unknown}
    for row in rows:
        for name in (*COUNTS, *AVERAGES):
            sums[row.bucket][name] += getattr(row, name)
    found: dict[str, list[Any]] = {
        name: [None if unknown[bucket] else total[name] for bucket, total in sums.items()] for name in COUNTS
    }
    attempts = [sum(total[name] for name in COUNTS) for total in sums.values()]
    for name in AVERAGES:
        found[name] = [round(total[name] / among) if among else None for total, among in zip(sums.values(), attempts)]
    return found


@route(
    "GET",
    "/metrics/top",
    "The slowest and the most failing commands among the newest attempts",
    query=(
        Parameter("limit", integer(1, 50), "how many of each", default=10),
        Parameter("sample", integer(1, SAMPLE), "how many attempts to read", default=SAMPLE),
    ),
    answer=TOP,
)
def top(app: App, *, limit: int, sample: int) -> dict[str, Any]:
    slowest, failing = app.queue.charts.commands(sample, limit)
    rows = {"slowest": map(shortened, slowest), "failing": map(shortened, failing)}
    return {"sampled": sample, **rows}


@route(
    "GET",
    "/metrics/summary",
    "Run and wait times of the last day, success rates, and exit codes of the newest attempts",
    answer=METRICS,
)
def summary(app: App) -> object:
    return app.queue.reports.metrics()
