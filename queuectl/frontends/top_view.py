"""What `top` looks like: a `Look` and the size of the screen in; safe and painted lines out.

    line 1      the home, FROZEN, the time
    counts      of every state; where it is narrow or low only the states that have jobs
    finished    jobs that ended in each of the last minutes, as a sparkline, and the rate
    alerts      what needs attention, the worst first, in at most a sixth of the screen
    batches     how far the newest open ones are, in at most an eighth of the screen
    workers     with their jobs, in at most a third of the screen
    jobs        the table, one row selected
    last lines  a question, an answer or a problem; the keys

Without enough room, lines go from the middle first: the first and the last line stay longest.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from ..commands.home.batches import rate_text
from ..engine.lookout import MINUTES, SORTS, Snapshot
from ..model.alert import ERROR, INFO, NO_WORKERS, START_WORKERS, WARNING
from ..model.batch import Batch
from ..model.job import DEAD, PENDING, PROCESSING, STATE_TABLE, STATES, Job, waits_since
from ..model.piece import Tail, nothing_printed
from ..model.quantity import bar, counted
from ..model.verbs import PLAIN_VERBS
from ..model.when import ago, duration_text, local
from ..model.worker import WorkerState
from .job_output import shown_lines
from .live import clip_painted
from .render import FLEXIBLE, SEPARATOR, fit
from .terminal import STATE_STYLES, Screen
from .text import clip, pad, width

JOBS, OUTPUT, HELP = "jobs", "output", "help"
BLOCKS, ASCII_BLOCKS = "▁▂▃▄▅▆▇█", " .:-=+*#"
COLUMNS = ("id", "state", "time", "when", "tries", "queue", "prio", "command")
RIGHT = ("time", "tries", "prio")
VERB_KEYS = {verb.key: verb for verb in PLAIN_VERBS if verb.in_rows and verb.key}
# Without room for all, those that are for jobs of a single state are left out first.
VERB_HINTS, RARE_HINTS = (
    [f"{key} {verb.name}" for key, verb in VERB_KEYS.items() if (len(verb.states) == 1) == is_rare]
    for is_rare in (False, True)
)
KEYS = {
    JOBS: ("q quit", "j/k move", "Enter output", *VERB_HINTS, "p freeze", "/ filter", "s sort", *RARE_HINTS, "? help"),
    OUTPUT: ("q back", "j/k scroll", "g/G top/end", "Esc back"),
    HELP: ("q back", "any key back"),
}
VERB_HELP = "\n".join(f"{key:<19}{verb.name} the job" for key, verb in VERB_KEYS.items())
HELP_TEXT = f"""\
j k, arrows        the next or previous job
PgUp PgDn          a page of jobs
g G, Home End      the first or last job
Enter              what the job printed
{VERB_HELP}
p                  freeze the picture, or continue
/                  filter; Esc clears it
s                  sort: default, newest, duration, priority
q, Ctrl-C          quit

Filters, several separated by blanks:
backup             a text in the id or command
text:a:b           the same for a text with a colon
state:dead,failed  queue:mail  tag:nightly

The default order: what runs, what comes next, what ended last.
Of a large home 500 of these are shown and sorted. Texts, tags and
queues are also searched for in the newest 10,000 jobs.
"""
WORKER_STYLES = {"busy": "cyan", "idle": "green", "stopping": "yellow", "lost": "red"}
ALERT_STYLES = {ERROR: "red", WARNING: "yellow", INFO: "dim"}
# Each picture asks for it several times, and 64 KiB of wide characters take 80 ms.
wrapped_lines = lru_cache(maxsize=1)(shown_lines)
NARROWEST_SPARKLINE = 10
LOWEST_WITH_HEADING = 4
BAR_WIDTH = 20


class Look:
    """All that a picture shows."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.mode = JOBS
        self.snapshot = Snapshot(0)
        self.selected: int | None = None  # a job's number
        self.offset = 0  # the first row shown, of the jobs or of the output
        self.sort = SORTS[0]
        self.filter = ""
        self.paused = False
        self.trouble = ""
        self.message = ""
        self.prompt: str | None = None
        self.tail: Tail | None = None

    @property
    def selected_index(self) -> int:
        """The selected job's place in the table, 0 if there is none."""
        return next((index for index, job in enumerate(self.snapshot.jobs) if job.number == self.selected), 0)

    @property
    def selected_job(self) -> Job | None:
        """The selected job, if it is shown."""
        return next((job for job in self.snapshot.jobs if job.number == self.selected), None)


def picture(look: Look, columns: int, rows: int, screen: Screen) -> list[str]:
    """Return at most `rows` lines of at most `columns` columns."""
    head, foot = _head(look, columns, rows, screen), _foot(look, columns, rows, screen)
    height = max(0, rows - len(head) - len(foot))
    if look.mode == JOBS:
        body = _jobs(look, columns, height, screen)
    else:
        body = page(look, columns, screen)[look.offset : look.offset + height]
    lines = [*head, *body, *[""] * (height - len(body)), *foot]
    return [clip_painted(line, columns, screen.ellipsis) for line in lines[len(lines) - rows :]]


def body_rows(look: Look, columns: int, rows: int, screen: Screen) -> int:
    """Return how many rows there are for jobs, or for lines of the output or the help."""
    height = max(0, rows - len(_head(look, columns, rows, screen)) - len(_foot(look, columns, rows, screen)))
    return height - (look.mode == JOBS and height >= LOWEST_WITH_HEADING)


def page(look: Look, columns: int, screen: Screen) -> list[str]:
    """Return the lines of the output or help page; long lines are wrapped."""
    return wrapped_lines(HELP_TEXT if look.mode == HELP else _output_text(look.tail), columns, screen)


def _output_text(tail: Tail | None) -> str:
    if tail is None or tail.job is None:
        return "(the job was removed)"
    if tail.attempt is None:
        return f"(it has not run yet, it is {tail.job.state})"
    return tail.text or nothing_printed(is_running=tail.job.state == PROCESSING).decode()


def _head(look: Look, columns: int, rows: int, screen: Screen) -> list[str]:
    if rows < 2:
        return []
    if look.mode != JOBS:
        return [_title(look, columns, screen)]
    lines = [_first_line(look, columns, screen)]
    if rows >= 4:
        lines += _counts(look, columns, 2 if rows >= 15 else 1, screen)
    if rows >= 8:
        lines.append(_throughput(look, columns, screen))
        lines += _alerts(look, rows // 6, screen)
        lines += [_batch(batch, screen) for batch in look.snapshot.batches[: rows // 8]]
        lines += _workers(look, columns, rows // 3, screen)
    if rows >= 10:
        lines.append(_subtitle(look, screen))
    return lines


def _first_line(look: Look, columns: int, screen: Screen) -> str:
    right = "FROZEN  " * look.paused + local(look.snapshot.now)[0 if columns >= 50 else -8 :]
    room = columns - width(right) - 2
    if room < 8:
        return screen.paint(clip(right, columns, screen.ellipsis), "bold")
    left = clip(f"queuectl  {screen.safe(look.home)}", room, screen.ellipsis)
    painted = screen.paint("FROZEN", "yellow") + right[6:] if look.paused else right
    return screen.paint(pad(left, room), "bold") + "  " + painted


def _title(look: Look, columns: int, screen: Screen) -> str:
    tail = look.tail
    if look.mode == HELP:
        text = "queuectl top"
    elif tail is None or tail.job is None:
        text = "output"
    else:
        text = f"{tail.job.id}  {tail.job.state}"
        if tail.attempt is not None:
            text += f"  attempt {tail.attempt}"
        if tail.before:
            text += f"  ({counted(tail.before, 'byte')} before {'is' if tail.before == 1 else 'are'} not shown)"
        text += f"  {tail.job.command[:columns]}"
    return screen.paint(clip(screen.safe(text), columns, screen.ellipsis), "bold")


def _counts(look: Look, columns: int, most: int, screen: Screen) -> list[str]:
    """Return all counts on up to `most` lines, or only what is not 0 if that does not fit."""
    counts = look.snapshot.counts
    items = {state: (f"{state} {counts.get(state, 0)}", STATE_STYLES[state]) for state in STATES}
    lines = _flow(list(items.values()), columns, screen)
    if len(lines) > most:
        some = [item for state, item in items.items() if counts.get(state)]
        lines = _flow(some or [("no jobs", "dim")], columns, screen)
    return lines[:most]


def _flow(items: Sequence[tuple[str, str]], columns: int, screen: Screen) -> list[str]:
    """Return items with their styles side by side, on as many lines as they need."""
    lines: list[list[str]] = []
    room = 0
    for text, style in items:
        if not lines or room < len(text):
            lines.append([])
            room = columns
        lines[-1].append(screen.paint(text, style))
        room -= len(text) + len(SEPARATOR)
    return [SEPARATOR.join(line) for line in lines]


def sparkline(values: Sequence[int], screen: Screen) -> str:
    """Return a character for each value, the highest as high as it goes and only 0 at the bottom."""
    blocks = BLOCKS if screen.unicode and screen.safe(BLOCKS) == BLOCKS else ASCII_BLOCKS
    top = max(values, default=0)
    return "".join(blocks[max(1, value * 7 // top) if value else 0] for value in values)


def _throughput(look: Look, columns: int, screen: Screen) -> str:
    snapshot = look.snapshot
    completed, failed, dead = snapshot.totals()
    label, rate = "finished ", f" {snapshot.per_minute:.1f}/min"
    totals = f"  {MINUTES} min: {completed} completed, {failed} failed, {dead} dead"
    room = columns - len(label) - len(rate)
    if room - len(totals) >= NARROWEST_SPARKLINE:
        rate, room = rate + totals, room - len(totals)
    line = sparkline(snapshot.series(max(1, min(MINUTES, room))), screen)
    return label + screen.paint(line, "green") + rate


def _alerts(look: Look, most: int, screen: Screen) -> list[str]:
    """Return a line for each alert, the worst first, on `most` lines."""
    found = look.snapshot.alerts
    shown = found if len(found) <= most else found[: most - 1]
    lines = [screen.paint(screen.as_called(screen.safe(str(alert))), ALERT_STYLES[alert.level]) for alert in shown]
    more = screen.as_called("more alerts: queuectl status")
    return lines + [screen.paint(more, "dim")] * (len(shown) < len(found))


def _batch(batch: Batch, screen: Screen) -> str:
    """Return how far a batch is, without what is not known."""
    percent = batch.ended * 100 // batch.jobs
    parts = [f"{bar(percent, BAR_WIDTH)} {percent}% {batch.ended}/{batch.jobs}"]
    if batch.dead:
        parts.append(screen.paint(f"{batch.dead} dead", STATE_STYLES[DEAD]))
    if batch.rate is not None:
        parts.append(rate_text(batch.rate))
    if batch.time_left is not None:
        parts.append(f"about {duration_text(batch.time_left)} left")
    return f"batch {screen.safe(batch.name)}  {', '.join(parts)}"


def _workers(look: Look, columns: int, most: int, screen: Screen) -> list[str]:
    workers = look.snapshot.workers
    if not workers:
        return [screen.paint(screen.as_called(f"{NO_WORKERS}: {START_WORKERS}"), "dim")]
    shown = workers if len(workers) <= most else workers[: max(0, most - 1)]
    lines = [_worker(worker, columns, screen) for worker in shown]
    if len(shown) < len(workers):
        more = counted(len(workers) - len(shown), "more worker" if shown else "worker")
        lines.append(screen.paint(f"and {more}" if shown else more, "dim"))
    return lines


def _worker(worker: WorkerState, columns: int, screen: Screen) -> str:
    line = f"worker {worker.worker}  " + screen.paint(worker.state, WORKER_STYLES.get(worker.state, ""))
    if worker.job is None:
        return line
    taken = "" if worker.elapsed is None else f"{duration_text(max(0, worker.elapsed))}  "
    return f"{line}  {screen.safe(worker.job[:columns])}  {taken}{screen.safe((worker.command or '')[:columns])}"


def _subtitle(look: Look, screen: Screen) -> str:
    shown, total = len(look.snapshot.jobs), look.snapshot.total
    text = f"jobs {shown} of {total}, sort: {look.sort}"
    return screen.paint(text + (f", filter: {screen.safe(look.filter)}" if look.filter else ""), "dim")


def _jobs(look: Look, columns: int, height: int, screen: Screen) -> list[str]:
    jobs = look.snapshot.jobs
    if not jobs:
        empty = "no job matches, Esc clears the filter" if look.filter else "no jobs yet: queuectl add COMMAND"
        return [screen.paint(screen.as_called(empty), "dim")][:height]
    heading = height >= LOWEST_WITH_HEADING
    shown = jobs[look.offset : look.offset + height - heading]
    cells = [_cells(job, look.snapshot.now, columns, screen) for job in shown]
    natural = {name: max(FLEXIBLE.get(name, 0), *map(width, [name, *(row[name] for row in cells)])) for name in COLUMNS}
    widths = fit(natural, max(1, columns - 2))
    lines = []
    if heading:
        lines.append(screen.paint("  " + _row({name: name.upper() for name in COLUMNS}, widths, "", screen), "bold"))
    for job, row in zip(shown, cells):
        if job.number == look.selected:
            text = "> " + _row(row, widths, "", screen)
            # Reverse video is no color: it stays without colors, and dumb terminals have the mark.
            lines.append(f"\x1b[7m{pad(clip(text, columns, screen.ellipsis), columns)}\x1b[0m")
        else:
            lines.append("  " + _row(row, widths, STATE_STYLES[job.state], screen))
    return lines


def _cells(job: Job, now: int, columns: int, screen: Screen) -> dict[str, str]:
    taken = job.elapsed(now)
    return {
        "id": screen.safe(job.id[:columns]),
        "state": job.standing,
        "time": "-" if taken is None else duration_text(taken),
        "when": ago(_instant(job), now),
        "tries": f"{job.attempts}/{job.max_retries + 1}",
        "queue": screen.safe(job.queue),
        "prio": str(job.priority),
        "command": screen.safe(job.command[:columns]),
    }


def _instant(job: Job) -> int:
    """Return the time that matters for a job: when it ended, started, is due, began to wait or was added."""
    if job.is_final and job.finished_at is not None:
        return job.finished_at
    if job.state == PROCESSING and job.started_at is not None:
        return job.started_at
    if job.state == PENDING:
        return waits_since(job.created_at, job.run_at)
    return job.run_at if STATE_TABLE[job.state].is_due else job.created_at


def _row(cells: dict[str, str], widths: dict[str, int], style: str, screen: Screen) -> str:
    parts = []
    for name, wide in widths.items():
        text = pad(clip(cells[name], wide, screen.ellipsis), wide, name in RIGHT)
        parts.append(screen.paint(text, style) if name == "state" else text)
    return SEPARATOR.join(parts).rstrip(" ")


def _foot(look: Look, columns: int, rows: int, screen: Screen) -> list[str]:
    keys = screen.paint(_keys(look.mode, columns), "dim")
    if look.prompt is not None:
        said = _end_of(screen.safe(look.prompt), columns)
    elif look.trouble:
        said = screen.paint(clip(screen.safe(look.trouble), columns, screen.ellipsis), "red")
    elif look.message:
        said = clip(screen.safe(look.message), columns, screen.ellipsis)
    else:
        return [keys]
    return [said] if rows < 4 else [said, keys]


def _end_of(text: str, columns: int) -> str:
    """Return the end of a line that is being typed."""
    while width(text) > columns:
        text = text[max(1, (width(text) - columns) // 2) :]
    return text


def _keys(mode: str, columns: int) -> str:
    """Return the keys that there is room for; the first and the last matter most."""
    line = SEPARATOR.join(KEYS[mode])
    if len(line) <= columns:
        return line
    *others, last = KEYS[mode]
    while len(others) > 1 and len(" ".join([*others, last])) > columns:
        others.pop()
    return " ".join([*others, last])
