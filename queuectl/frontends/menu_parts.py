"""The entries of the menu and of the menus below it, with live facts in their names.

A function whose name ends in `_entries` returns those of one menu. It raises NotFound once the subject of the menu is
gone.
"""

from __future__ import annotations

from functools import partial

from ..commands.grammar.parser import parse
from ..model.fields import EDITABLE, GIVEN
from ..model.filter import reference
from ..model.job import DEAD, STATES, Job
from ..model.settings import NOTIFICATIONS, QUEUE, RETRIES, SCHEDULER, WORKERS
from ..model.verbs import DLQ_VERBS, VERBS, Verb, allowed_verbs
from ..model.when import is_digits, local
from ..model.worker import EVERY_QUEUE
from .forms import Back
from .text import clip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence

    from .menu import Action, Choice, Entries, Menu

# The options that forms ask for in addition to the command and its time.
ASKED = [field.option for field in GIVEN if field.is_asked and field.name not in ("command", "run_at")]
# Other reasons for a new job to wait.
WAITS = ("--in", "--after", "--lock", "--batch")
# The sources of a batch whose inputs are not typed.
SOURCES = ("--each-line", "--csv", "--array", "--batch")
NO_INPUTS = {"command": None, "inputs": "none"}
PAGE = 10
LOG_LINES = "30"
IN_BACKGROUND = "Start in the background"
SEVERAL = "Add several jobs"
# The questions about the times of a schedule.
TIMES = ("--timezone", "--catch-up", "--overlap")


def run(*words: str) -> Action:
    """Return what runs a command."""
    return lambda menu: menu.execute(words)


def ask(path: str, *names: str, **options: Any) -> Action:
    """Return what asks for arguments of a command and runs it; the options are those of `Menu.fill`."""
    return lambda menu: menu.execute(menu.fill(path, *names, **options))


def ask_group(path: str, *names: str) -> Action:
    """Return what asks for arguments of a command, and before them for the group of workers if several run."""

    def fill(menu: Menu) -> None:
        groups = menu.queue.workers.groups()
        if len(groups) > 1:
            shown = ", ".join(f"{group or EVERY_QUEUE} ({groups[group]})" for group in sorted(groups))
            menu.asker.show(f"\nRunning groups: {shown}")
        menu.execute(menu.fill(path, *["--queue"] * (len(groups) > 1), *names))

    return fill


def scale(menu: Menu) -> None:
    """Ask how many workers are to run; where none runs, they are started."""
    action = ask_group("worker scale", "count") if menu.queue.workers.groups() else ask("worker start", "--count")
    action(menu)


def do(path: str, verb: Verb, *ids: str) -> Action:
    """Return what runs the command of a verb, once its flags were asked for."""
    options = [flag.option for flag in verb.flags if not flag.is_rare]
    return ask(path, *options, fixed=ids) if options else run(*path.split(), *ids)


def on_dead(action: Callable[[str], Action]) -> Action:
    """Return what asks for a dead job and does what `action` returns for it."""
    return lambda menu: action(reference(pick_job(menu, (DEAD,))))(menu)


def sure(question: Callable[[Menu], str], *words: str) -> Action:
    """Return what runs a command if the answer to a question is yes."""
    return lambda menu: menu.asker.confirm(question(menu)) and menu.execute(words, quietly_yes=True)


def below(title: str, entries: Entries, fact: str = "") -> Choice:
    """Return the entry that leads to another menu, with a fact behind its title."""
    return f"{title} ({fact})" if fact else title, lambda menu: menu.submenu(title, entries)


def main_entries(menu: Menu) -> Sequence[Choice]:
    queue = menu.queue
    counts = queue.counts()
    workers = sum(queue.workers.groups().values())
    running = f"{workers} running" if workers else "none running"
    return [
        ("Add a job", ask("add", "command", more=[*ASKED, *WAITS], defaults={"command": None, "in": "now"})),
        ("Live status", live_status),
        (f"List jobs ({sum(counts.values())})", list_jobs),
        (f"Start workers ({running})", ask("worker start", "--count", "--queue")),
        (f"Stop workers ({running})", ask_group("worker stop", "--timeout", "--force")),
        below("Worker management", worker_entries),
        below("Dead letter queue", dlq_entries, str(counts.get(DEAD, 0))),
        below("Configuration", config_entries),
        ("Schedule a job", ask("schedule", "command", "when", more=ASKED, defaults={"when": None})),
        below("Scheduler", scheduler_entries, "not running" if queue.scheduler.pid is None else "running"),
        below("Web dashboard", dashboard_entries, "not running" if queue.dashboard.pid is None else "running"),
        below("Demo jobs", lambda _: [("Add demo jobs", run("demo")), ("Add and run them", run("demo", "--run"))]),
        ("Shell", run("shell")),
        below("Queues, batches and locks", queue_entries, "paused" if queue.queues.pause_of_home() is not None else ""),
    ]


def live_status(menu: Menu) -> None:
    """Show the live view, or without a terminal the status once."""
    terminal = menu.asker.terminal
    menu.execute(["top"] if terminal.is_interactive and terminal.out.is_tty and terminal.live else ["status"])


def list_jobs(menu: Menu) -> None:
    """List jobs by state and text, then offer what can be done with one of them."""
    words = menu.fill("list", "--state", "--search", "--limit", defaults={"state": "all", "search": "all"})
    menu.execute(words)
    meant = parse(words).arguments
    while True:
        job = pick_job(menu, meant["state"] or STATES, meant["search"])
        menu.submenu(f"Job {menu.asker.terminal.safe(job.id)}", partial(job_entries, number=job.number))


def job_entries(menu: Menu, number: int) -> Sequence[Choice]:
    job = menu.queue.get(str(number))
    looks = [(f"Show (it is {job.standing})", "show"), ("Output", "logs"), ("History", "history")]
    entries = [(label, run(path, reference(job))) for label, path in looks if path != "logs" or job.attempts > 0]
    detail = menu.queue.logs.detail(job)
    if detail.parents or detail.children:
        entries.append(("Linked jobs", run("show", reference(job), "--tree")))
    # The user chose the job by name, so none of these asks for a confirmation.
    allowed = [VERBS[name] for name in allowed_verbs(job)]
    entries += [(verb.label, do(verb.name, verb, reference(job))) for verb in allowed if verb.is_plain]
    if job.state in VERBS["edit"].states:
        entries.append(("Edit", lambda menu: edit_job(menu, job)))
    return entries


def edit_job(menu: Menu, job: Job) -> None:
    """Ask for what is to be different about a job that waits; what is left empty stays."""
    values = {field.option: field.kind.text(getattr(job, field.name)) for field in EDITABLE if field.is_asked}
    defaults = {option.lstrip("-"): text for option, text in {**values, "--at": local(job.run_at)}.items()}
    menu.execute(menu.fill("edit", *values, fixed=[reference(job)], defaults=defaults))


def worker_entries(menu: Menu) -> Sequence[Choice]:
    return [
        ("View workers", run("worker", "status")),
        ("Health and utilization", run("metrics")),
        ("Scale up or down", scale),
        ("Restart", ask("worker restart", "--timeout")),
        ("Logs", run("worker", "logs", "--tail", LOG_LINES)),
    ]


def dlq_entries(menu: Menu) -> Sequence[Choice]:
    return [
        (f"View ({menu.queue.counts().get(DEAD, 0)})", run("dlq", "list")),
        *(entry for verb in DLQ_VERBS for entry in _dlq_entries_of(verb, f"dlq {verb.name}")),
        ("Failure patterns", run("dlq", "stats")),
        ("Output of one", on_dead(partial(run, "logs"))),
    ]


def _dlq_entries_of(verb: Verb, path: str) -> Sequence[Choice]:
    def question(menu: Menu) -> str:
        count = menu.queue.counts().get(DEAD, 0)
        return f"{verb.name} " + ("the one dead job" if count == 1 else f"all {count} dead jobs")

    all_of_them = sure(question, *path.split()) if verb.destroys else do(path, verb)
    return [(f"{verb.label} one", on_dead(partial(do, path, verb))), (f"{verb.label} all", all_of_them)]


def pick_job(menu: Menu, states: Sequence[str], search: str | None = None) -> Job:
    """Return the job of these states and with this text that the user picks from a list, ten at a time. Raises Back."""
    start = 0
    while True:
        jobs = menu.queue.list(state=states, search=search, limit=start + PAGE + 1)[start:]
        if not jobs and start:
            start = 0
            continue
        if not jobs:
            menu.asker.show("There are none.")
            raise Back
        answer = _ask_for_job(menu, jobs[:PAGE], start, len(jobs) > PAGE)
        if is_digits(answer) and start < int(answer) <= start + len(jobs[:PAGE]):
            return jobs[int(answer) - start - 1]
        if answer.lower() in ("n", "p", ""):
            start = max(0, start + {"n": PAGE * (len(jobs) > PAGE), "p": -PAGE}.get(answer.lower(), 0))
        elif answer.lower() in ("b", "back", "0"):
            raise Back
        else:
            return menu.queue.get(answer)


def _ask_for_job(menu: Menu, jobs: Sequence[Job], start: int, has_more: bool) -> str:
    terminal = menu.asker.terminal
    rows = [""]
    for place, job in enumerate(jobs, start + 1):
        row = f" {place:>2}) {terminal.safe(job.id)}  {job.standing}  {terminal.safe(job.command)}"
        rows.append(clip(row, max(20, terminal.columns - 1), terminal.out.ellipsis))
    menu.offer(rows)
    keys = "n next, " * has_more + "p previous, " * (start > 0)
    return menu.asker.read(f"Which job (line or id, {keys}b back): ")


def config_entries(menu: Menu) -> Sequence[Choice]:
    return [
        ("Show all settings", run("config", "show")),
        *((group.capitalize(), _settings_form(group)) for group in (RETRIES, WORKERS, QUEUE)),
        ("Reset all settings", sure(lambda menu: "set all settings back to their defaults", "config", "reset")),
        (SCHEDULER.capitalize(), _settings_form(SCHEDULER)),
        (NOTIFICATIONS.capitalize(), _settings_form(NOTIFICATIONS)),
    ]


def _settings_form(group: str) -> Callable[[Menu], None]:
    def fill(menu: Menu) -> None:
        """Ask for each setting of the group; what stays as it is needs no command."""
        for setting in menu.queue.config.rows():
            if setting.group == group:
                rule, value = f"{setting.help}: {setting.allowed}", setting.value
                answer = menu.asker.ask(setting.name, rule, setting.read, default=value)
                if answer and setting.show(setting.read(answer)) != value:
                    menu.execute(["config", "set", setting.name, answer])

    return fill


def queue_entries(menu: Menu) -> Sequence[Choice]:
    everything = "Pause everything"
    pause = (everything, ask("pause", "--until", "--reason", title=everything))
    if menu.queue.queues.pause_of_home() is not None:
        pause = ("Resume everything", run("resume"))
    names = [queue.queue for queue in menu.queue.queues.all()]
    return [
        ("List", run("queue", "list")),
        pause,
        (f"List batches ({menu.queue.batches.count()})", run("batch", "list")),
        ("Limit a batch", ask("batch limit", "name", "limit")),
        ("Add a batch", ask("add", "command", "inputs", more=SOURCES, defaults=NO_INPUTS, title="Add a batch")),
        (f"List locks ({len(menu.queue.locks.all())})", run("lock", "list")),
        ("Limit a lock", ask("lock limit", "name", "limit")),
        *(below(f"Queue {menu.asker.terminal.safe(name)}", partial(one_queue_entries, name=name)) for name in names),
    ]


def one_queue_entries(menu: Menu, name: str) -> Sequence[Choice]:
    queue = menu.queue.queues.get(name)
    pause = ("Pause", ask("pause", "--until", "--reason", fixed=[name]))
    return [
        ("Show", run("queue", "show", name)),
        pause if queue.paused_at is None and not queue.draining else ("Resume", run("queue", "resume", name)),
        ("Limit", ask("queue limit", "limit", fixed=[name])),
        ("Rate", ask("queue rate", "rate", fixed=[name])),
        ("Cancel what waits", sure(lambda menu: f"cancel all jobs that wait in queue {name}", "queue", "clear", name)),
    ]


def scheduler_entries(menu: Menu) -> Sequence[Choice]:
    return [
        ("Status", run("scheduler", "status")),
        ("Start", ask("scheduler start", "--interval")),
        ("Start with automatic workers", ask("scheduler start", "--workers", "--interval", fixed=["--auto"])),
        ("Stop", run("scheduler", "stop")),
        ("Logs", run("scheduler", "logs", "--tail", LOG_LINES)),
        ("What is to come", run("scheduled")),
        below("Schedules", cron_entries, str(len(menu.queue.schedules.all()))),
    ]


def cron_entries(menu: Menu) -> Sequence[Choice]:
    entries: list[Choice] = [
        ("List", run("cron", "list")),
        ("Add", ask("cron add", "name", "expression", "command", *TIMES, defaults={"command": None})),
        (SEVERAL, ask("cron add", "name", "expression", "--file", *TIMES, defaults={"file": None}, title=SEVERAL)),
    ]
    for schedule in menu.queue.schedules.all():
        name = menu.asker.terminal.safe(schedule.name)
        _, open_menu = below(f"Schedule {name}", partial(schedule_entries, name=schedule.name))
        entries.append((name, open_menu))
    return entries


def schedule_entries(menu: Menu, name: str) -> Sequence[Choice]:
    verb = "resume" if menu.queue.schedules.get(name).paused else "pause"
    return [
        ("Show", run("cron", "show", name)),
        ("Next times", run("cron", "next", name)),
        ("Run now", run("cron", "run", name)),
        (verb.capitalize(), run("cron", verb, name)),
        ("Remove", run("cron", "remove", name)),
    ]


def dashboard_entries(menu: Menu) -> Sequence[Choice]:
    return [
        (IN_BACKGROUND, ask("dashboard start", "--port", "--read-only", fixed=["--detach"], title=IN_BACKGROUND)),
        ("Where it is", run("dashboard", "status")),
        ("Stop", run("dashboard", "stop")),
    ]
