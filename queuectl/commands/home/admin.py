"""Commands about the home itself, help, and the demonstration."""

from __future__ import annotations

from ...model.errors import InvalidInput, quoted, suggestion_text
from ...model.nouns.home import MADE_HOME
from ..context import Context
from ..grammar.registry import ALIASES, Arg, command, command_named, commands_of, load
from ..result import Result


@command(
    "init",
    Arg("directory", optional=True, metavar="DIR", help="where (default: here)", complete="directory"),
    examples=("init",),
)
def init(context: Context, *, directory: str | None) -> Result:
    """Make a queue for this directory and those below it: .queuectl."""
    path, used = context.queue.create(directory or ""), context.queue.home.path
    notes = [f"QUEUECTL_HOME or --home names another one, which goes first: {used}"]
    is_hidden = context.queue.is_named and used != path
    message = f"Queue made: {path}"
    return Result(MADE_HOME, record={"home": path}, message=message, ids=[path], notes=notes if is_hidden else [])


@command("init-db", examples=("init-db",))
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
    examples=("help", "help worker start"),
)
def help_command(context: Context, *, topic: list[str]) -> Result:
    """Explain a command, or list them all.

    `help global` shows the options of every command, `help exit-codes` what the exit codes mean.
    """
    return help_for(" ".join(topic))


def help_for(topic: str) -> Result:
    """Return the help of a command, of a group such as `dlq`, or the overview. Raises InvalidInput."""
    from ..grammar import help as pages
    from ..grammar.elsewhere import command_for

    if topic in pages.TOPICS:
        return Result(text=[pages.global_page() if topic == pages.GLOBAL else pages.exit_codes_page()], is_prose=True)
    known, found, group = load(), command_named(topic), commands_of(topic)
    if found is not None and not (topic in ALIASES and group):
        return Result(text=[pages.command_page(found)], is_prose=True)
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
    from ...engine.demo import add_demo_jobs, run_demo
    from ...model.nouns.jobs import ADDED, DEMO_JOB

    ids = add_demo_jobs(context.queue)
    if not run:
        message = f"{len(ids)} demo jobs added: {ids[0]} to {ids[-1]}"
        notes = ["run them with: queuectl worker start", "look at them with: queuectl list"]
        return Result(ADDED, rows=[{"id": job} for job in ids], message=message, ids=ids, notes=notes)
    context.front_end.note(f"{len(ids)} demo jobs added, starting 2 workers")
    with context.front_end.progress(len(ids), "running") as on_progress:
        fates = run_demo(context.queue, ids, on_progress)
    columns = ("id", "state", "attempts", "duration", "fate", "command")
    notes = [f"look closer at one with: queuectl show {ids[-1]}, and queuectl logs {ids[-1]}"]
    return Result(DEMO_JOB, rows=fates, columns=columns, ids=ids, notes=notes)
