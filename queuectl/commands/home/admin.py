"""Commands about the home itself, help, the demonstration, and those that take over the terminal."""

from __future__ import annotations

from typing import Any, Callable, Sequence

from ...engine.queue import Queue
from ...model.errors import InvalidInput, quoted, suggestion_text
from ...model.job import Job
from ...model.nouns.home import MADE_HOME
from ...model.nouns.jobs import ADDED, DEMO_JOB
from ...model.worker import ALL
from ..context import Context, Result
from ..grammar import arguments
from ..grammar.registry import ALIASES, Arg, command, command_named, commands_of, load
from ..grammar.shared import FILTER

TOP_SECONDS = 1.0
BUDGET_SECONDS = 120.0
# They show the queue at work: success, output, retries, a timeout, a dead job.
JOBS: tuple[dict[str, Any], ...] = (
    {"command": "echo 'Hello from QueueCTL'", "priority": 10},
    {"command": 'for i in 1 2 3 4 5; do echo "step $i of 5"; sleep 0.1; done'},
    {"command": "ls /usr/bin | sort | head -n 100 | wc -l"},
    {"command": 'echo "priority jobs go first, this is attempt $QUEUECTL_ATTEMPT"', "priority": 5},
    {"command": "test \"$QUEUECTL_ATTEMPT\" -ge 2 || { echo 'not yet' >&2; exit 75; }", "retries": 2},
    {"command": "echo 'this one always fails' >&2; exit 3", "retries": 1},
    {"command": "echo 'this one takes too long'; sleep 30", "timeout": 1, "retries": 0},
    {"command": "kill -SEGV $$", "retries": 0},
    {"command": 'echo "$GREETING, $NAME"', "env": {"GREETING": "Good evening", "NAME": "night shift"}},
    {"command": "sleep 0.5; date"},
)


@command(
    "init",
    Arg("directory", optional=True, metavar="DIR", help="where (default: here)", complete="directory"),
    examples=("init", "init ~/project"),
)
def init(context: Context, *, directory: str | None) -> Result:
    """Make a queue for this directory and those below it: .queuectl."""
    path, used = context.queue.create(directory or ""), context.queue.home.path
    notes = [f"QUEUECTL_HOME or --home names another one, which goes first: {used}"]
    is_hidden = context.queue.is_named and used != path
    message = f"Queue made: {path}"
    return Result(MADE_HOME, record={"home": path}, message=message, ids=[path], notes=notes if is_hidden else [])


@command("init-db", examples=("init-db", "init-db --home ~/project/.queuectl"))
def init_db(context: Context) -> Result:
    """Make the files of the home now; not needed, since the first job does it."""
    path = context.queue.home.path
    is_new = not context.queue.home.exists()
    context.queue.changes()
    message = f"Queue made: {path}" if is_new else f"The queue is there already: {path}"
    notes = ["init-db is not needed: the first job makes the home"]
    return Result(MADE_HOME, record={"home": path}, message=message, ids=[path], notes=notes)


@command(
    "help",
    Arg("topic", many=True, metavar="COMMAND", help="a command or a group of commands", complete="command_name"),
    Arg("--all", flag=True, help="explain every option in full"),
    examples=("help worker start", "help add --all"),
)
def help_command(context: Context, *, topic: list[str], all: bool) -> Result:
    """Explain a command, or list them all.

    `help global` shows the options of every command, `help exit-codes` what the exit codes mean.
    """
    return help_for(" ".join(topic), whole=all)


def help_for(topic: str, *, whole: bool = False) -> Result:
    """Return the help of a command, of a group such as `dlq`, or the overview. Raises InvalidInput."""
    from ..grammar import manual as pages
    from ..grammar.elsewhere import command_for

    if topic in pages.TOPICS:
        return Result(text=[pages.global_page() if topic == pages.GLOBAL else pages.exit_codes_page()], is_prose=True)
    known, found, group = load(), command_named(topic), commands_of(topic)
    if found is not None and not (topic in ALIASES and group):
        return Result(text=[pages.command_page(found, whole=whole)], is_prose=True)
    if group:
        return Result(text=[pages.group_page(topic)], is_prose=True)
    if topic:
        message = f"there is no command {quoted(topic)}{suggestion_text(command_for(topic, known))}"
        raise InvalidInput(message, hint="see all commands with: queuectl help")
    return Result(text=[pages.overview()], is_prose=True)


@command(
    "demo",
    Arg("--run", flag=True, help="also start two workers, show the progress and stop them again"),
    examples=("demo", "demo --run"),
)
def demo(context: Context, *, run: bool) -> Result:
    """Add a varied set of demo jobs; with --run, run them and show what became of each."""
    ids = context.queue.enqueue([{**job, "tags": ["demo"]} for job in JOBS])
    if not run:
        message = f"{len(ids)} demo jobs added: {ids[0]} to {ids[-1]}"
        notes = ["run them with: queuectl worker start", "see them with: queuectl list"]
        return Result(ADDED, rows=[{"id": job} for job in ids], message=message, ids=ids, notes=notes)
    context.front_end.note(f"{len(ids)} demo jobs added, starting 2 workers")
    with context.front_end.progress(len(ids), "running") as on_progress:
        fates = _run_demo(context.queue, ids, on_progress)
    columns = ("id", "state", "attempts", "duration", "fate", "command")
    notes = [f"look closer at one with: queuectl show {ids[-1]}, and queuectl logs {ids[-1]}"]
    return Result(DEMO_JOB, rows=fates, columns=columns, ids=ids, notes=notes)


@command(
    "top",
    FILTER,
    Arg(
        "--interval",
        "-i",
        parse=arguments.interval,
        default=TOP_SECONDS,
        metavar="SECONDS",
        help="the time between two updates (default: 1)",
    ),
    examples=("top", "top 'state:open queue:mail'"),
)
def top(context: Context, *, filter: Sequence[str], interval: float) -> Result:
    """Watch the queue on the whole screen: counts, throughput, workers, jobs.

    Keys move through the jobs, open their output, retry and cancel them; press ? for all keys.
    """
    from ...model.filterparse import parse

    wanted = parse(" ".join(filter), context.clock.wall())
    return Result(code=context.front_end.top(context, interval, wanted.text))


@command(
    "shell",
    Arg(
        "--command",
        "-c",
        parse=arguments.unicode_text,
        metavar="LINE",
        help='run this line, such as "list; status", and exit',
    ),
    Arg("--keep-going", "-k", flag=True, help="in a script, go on after a command that failed"),
    examples=("shell", "shell -c 'list; status'"),
)
def shell(context: Context, *, command: str | None, keep_going: bool) -> Result:
    """Open the interactive shell: commands without `queuectl` in front, with completion and history.

    Reads commands from a pipe or file too, one a line; the exit code is the last command's, and the
    first that fails ends it.
    """
    return Result(code=context.front_end.shell(context, command, keep_going=keep_going))


@command("menu", examples=("menu", "menu --home jobs"))
def menu(context: Context) -> Result:
    """Open the numbered menu."""
    return Result(code=context.front_end.menu(context))


def _run_demo(queue: Queue, ids: Sequence[str], on_progress: Callable[[int], None]) -> list[dict[str, Any]]:
    """Run jobs by the workers that are there, or by our own and stop these; return their fates. Raises WaitTimeout."""
    ours = queue.workers.pid is None and queue.workers.start(ALL, 2)[0] == 0
    try:
        jobs = queue.wait(
            *ids, timeout=BUDGET_SECONDS, on_change=lambda found: on_progress(sum(job.is_final for job in found))
        )
    finally:
        if ours:
            queue.workers.stop(ALL, force=True)
    return [{**{name: getattr(job, name) for name in job.FIELDS}, "fate": _fate(job)} for job in jobs]


def _fate(job: Job) -> str:
    if job.state != "completed":
        return job.error or job.state
    return "succeeded" if job.attempts == 1 else f"succeeded at attempt {job.attempts}"
