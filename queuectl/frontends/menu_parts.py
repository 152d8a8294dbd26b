"""The entries of the menu and of the menus below it, with live facts in their names."""

from __future__ import annotations

from ..model.fields import EDITABLE, GIVEN
from ..model.job import DEAD, STATES
from ..model.verbs import VERBS, allowed_verbs
from ..model.when import is_digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence

    from ..model.job import Job
    from .menu import Choice, Menu

# The options that forms ask for in addition to the command and its time.
ASKED = [field.option for field in GIVEN if field.is_asked and field.name not in ("command", "run_at")]
PAGE = 10
LOG_LINES = "30"


def main_entries(menu: Menu) -> Sequence[Choice]:
    """Return the entries of the main menu."""
    counts = menu.queue.counts()
    workers = sum(menu.queue.workers.groups().values())
    running = f"{workers} running" if workers else "none running"
    return [
        ("1", "Add a job", add_job),
        ("2", "Live status", live_status),
        ("3", f"List jobs ({sum(counts.values())})", list_jobs),
        ("4", f"Start workers ({running})", start_workers),
        ("5", f"Stop workers ({running})", stop_workers),
        ("6", "Worker management", lambda menu: menu.submenu("Worker management", worker_entries)),
        (
            "7",
            f"Dead letter queue ({counts.get(DEAD, 0)})",
            lambda menu: menu.submenu("Dead letter queue", dlq_entries),
        ),
        ("8", "Configuration", lambda menu: menu.submenu("Configuration", config_entries)),
        ("9", "Schedule a job", schedule_job),
        (
            "10",
            f"Scheduler ({'running' if menu.queue.scheduler.pid is not None else 'not running'})",
            lambda menu: menu.submenu("Scheduler", scheduler_entries),
        ),
        (
            "11",
            f"Web dashboard ({'running' if menu.queue.dashboard.pid is not None else 'not running'})",
            lambda menu: menu.submenu("Web dashboard", dashboard_entries),
        ),
        ("12", "Demo jobs", lambda menu: menu.submenu("Demo jobs", demo_entries)),
        ("13", "Shell", open_shell),
    ]


def add_job(menu: Menu) -> None:
    """Ask for a job and add it."""
    menu.form("add", "command", *ASKED, "--in", defaults={"command": None, "in": "now"})


def live_status(menu: Menu) -> None:
    """Show the live view, or without a terminal the status once."""
    terminal = menu.asker.terminal
    menu.execute(["top"] if terminal.is_interactive and terminal.out.is_tty and terminal.live else ["status"])


def list_jobs(menu: Menu) -> None:
    """List jobs by state and text, then offer what can be done with one of them."""
    menu.form("list", "--state", "--search", "--limit", defaults={"state": "all", "search": "all"})
    while True:
        show_job(menu, pick_job(menu, STATES))


def show_job(menu: Menu, job: Job) -> None:
    """Offer what can be done with a job until the user goes back."""
    menu.submenu(f"Job {menu.asker.terminal.safe(job.id)}", lambda menu: job_entries(menu, job.number))


def job_entries(menu: Menu, number: int) -> Sequence[Choice]:
    """Return what can be done with a job as it stands now. Raises NotFound once it is removed."""
    job = menu.queue.get(str(number))
    looks = [(f"Show (it is {job.state})", "show"), ("Output", "logs"), ("History", "history")]
    entries = [(label, _action(path, job.id)) for label, path in looks if path != "logs" or job.attempts > 0]
    # The job was picked by name, so none of these asks.
    allowed = [VERBS[name] for name in allowed_verbs(job.state)]
    entries += [(verb.label, _action(verb.name, job.id)) for verb in allowed if verb.is_plain]
    if job.state in VERBS["edit"].states:
        entries.append(("Edit", lambda menu: edit_job(menu, job)))
    return [(str(place), label, act) for place, (label, act) in enumerate(entries, 1)]


def edit_job(menu: Menu, job: Job) -> None:
    """Ask for what is to be different about a job that waits; what is left empty stays."""
    from ..model.when import local

    asked = [field for field in EDITABLE if field.is_asked]
    values = {field.option: field.kind.text(getattr(job, field.name)) for field in asked}
    defaults = {option.lstrip("-"): text for option, text in {**values, "--at": local(job.run_at)}.items()}
    menu.form("edit", *values, fixed=[job.id], defaults=defaults)


def _action(path: str, job: str) -> Callable[[Menu], object]:
    return lambda menu: menu.execute([path, job])


def start_workers(menu: Menu) -> None:
    """Ask how many workers to start, and for which queues."""
    menu.form("worker start", "--count", "--queue")


def stop_workers(menu: Menu) -> None:
    """Ask how long jobs may go on, and stop the workers."""
    menu.form("worker stop", *_which(menu), "--timeout", "--force")


def scale_workers(menu: Menu) -> None:
    """Ask how many workers there should be."""
    menu.form("worker scale", *_which(menu), "count")


def _which(menu: Menu) -> Sequence[str]:
    """Return the option that has the group asked for, if there are several."""
    return ["--queue"] if len(menu.queue.workers.groups()) > 1 else []


def worker_entries(menu: Menu) -> Sequence[Choice]:
    """Return the entries about workers."""
    return [
        ("1", "View workers", lambda menu: menu.execute(["worker", "status"])),
        ("2", "Health and utilization", lambda menu: menu.execute(["metrics"])),
        ("3", "Scale up or down", scale_workers),
        ("4", "Restart", lambda menu: menu.form("worker restart", "--timeout")),
        ("5", "Logs", lambda menu: menu.execute(["worker", "logs", "--tail", LOG_LINES])),
    ]


def dlq_entries(menu: Menu) -> Sequence[Choice]:
    """Return the entries about dead jobs."""
    dead = menu.queue.counts().get(DEAD, 0)
    return [
        ("1", f"View ({dead})", lambda menu: menu.execute(["dlq", "list"])),
        ("2", "Retry one", lambda menu: menu.execute(["dlq", "retry", pick_job(menu, (DEAD,)).id])),
        ("3", "Retry all", lambda menu: menu.execute(["dlq", "retry"])),
        ("4", "Delete one", lambda menu: menu.execute(["dlq", "remove", pick_job(menu, (DEAD,)).id])),
        ("5", "Delete all", _delete_dead),
        ("6", "Failure patterns", lambda menu: menu.execute(["dlq", "stats"])),
        ("7", "Output of one", lambda menu: menu.execute(["logs", pick_job(menu, (DEAD,)).id])),
    ]


def _delete_dead(menu: Menu) -> None:
    if menu.asker.confirm("remove all dead jobs"):
        menu.execute(["dlq", "remove"], quietly_yes=True)


def pick_job(menu: Menu, states: Sequence[str]) -> Job:
    """Return the job that the user picks from a numbered list, ten at a time. Raises Back."""
    from .forms import Back

    start = 0
    while True:
        jobs = menu.queue.list(state=states, limit=start + PAGE + 1)[start:]
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
    from .terminal import clip

    terminal = menu.asker.terminal
    room = max(20, terminal.columns - 1)
    lines = [
        clip(
            f" {place:>2}) {terminal.safe(job.id)}  {job.state}  {terminal.safe(job.command)}",
            room,
            terminal.out.ellipsis,
        )
        for place, job in enumerate(jobs, start + 1)
    ]
    menu.asker.write("\n" + "\n".join(lines) + "\n")
    keys = "n next, " * has_more + "p previous, " * (start > 0)
    return menu.asker.read(f"Which job (line or id, {keys}b back): ")


def config_entries(menu: Menu) -> Sequence[Choice]:
    """Return the entries about settings: one for each group of them."""
    from ..model.settings import QUEUE, RETRIES, SCHEDULER, WORKERS

    groups = [("2", RETRIES), ("3", WORKERS), ("4", QUEUE)]
    return [
        ("1", "Show all settings", lambda menu: menu.execute(["config", "show"])),
        *((key, group.capitalize(), _settings_form(group)) for key, group in groups),
        ("5", "Reset all settings", _reset_settings),
        ("6", SCHEDULER.capitalize(), _settings_form(SCHEDULER)),
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


def _reset_settings(menu: Menu) -> None:
    if menu.asker.confirm("set all settings back to their defaults"):
        menu.execute(["config", "reset"], quietly_yes=True)


def schedule_job(menu: Menu) -> None:
    """Ask for a job that runs once, at a time."""
    menu.form("schedule", "command", "when", *ASKED, defaults={"when": None})


def scheduler_entries(menu: Menu) -> Sequence[Choice]:
    """Return the entries about the scheduler and the recurring jobs."""
    return [
        ("1", "Status", lambda menu: menu.execute(["scheduler", "status"])),
        ("2", "Start", lambda menu: menu.form("scheduler start", "--interval")),
        (
            "3",
            "Start with automatic workers",
            lambda menu: menu.form("scheduler start", "--workers", "--interval", fixed=["--auto"]),
        ),
        ("4", "Stop", lambda menu: menu.execute(["scheduler", "stop"])),
        ("5", "Logs", lambda menu: menu.execute(["scheduler", "logs", "--tail", LOG_LINES])),
        ("6", "What is to come", lambda menu: menu.execute(["scheduled"])),
        (
            "7",
            f"Recurring jobs ({len(menu.queue.schedules.all())})",
            lambda menu: menu.submenu("Recurring jobs", cron_entries),
        ),
    ]


def cron_entries(menu: Menu) -> Sequence[Choice]:
    """Return the entries about recurring jobs: one each, and one to add another."""
    names = [schedule.name for schedule in menu.queue.schedules.all()]
    return [
        ("1", "List", lambda menu: menu.execute(["cron", "list"])),
        (
            "2",
            "Add",
            lambda menu: menu.form(
                "cron add", "name", "expression", "command", "--timezone", "--catch-up", "--overlap"
            ),
        ),
        *((str(place), menu.asker.terminal.safe(name), _schedule_menu(name)) for place, name in enumerate(names, 3)),
    ]


def _schedule_menu(name: str) -> Callable[[Menu], None]:
    return lambda menu: menu.submenu(
        f"Schedule {menu.asker.terminal.safe(name)}", lambda menu: schedule_entries(menu, name)
    )


def schedule_entries(menu: Menu, name: str) -> Sequence[Choice]:
    """Return what can be done with a recurring job. Raises NotFound once it is removed."""
    verb = "resume" if menu.queue.schedules.get(name).paused else "pause"
    return [
        ("1", "Show", lambda menu: menu.execute(["cron", "show", name])),
        ("2", "Next times", lambda menu: menu.execute(["cron", "next", name])),
        ("3", "Run now", lambda menu: menu.execute(["cron", "run", name])),
        ("4", verb.capitalize(), lambda menu: menu.execute(["cron", verb, name])),
        ("5", "Remove", lambda menu: menu.execute(["cron", "remove", name])),
    ]


def dashboard_entries(menu: Menu) -> Sequence[Choice]:
    """Return the entries about the web dashboard."""
    return [
        (
            "1",
            "Start in the background",
            lambda menu: menu.form("dashboard start", "--port", "--read-only", fixed=["--detach"]),
        ),
        ("2", "Where it is", lambda menu: menu.execute(["dashboard", "status"])),
        ("3", "Stop", lambda menu: menu.execute(["dashboard", "stop"])),
    ]


def demo_entries(menu: Menu) -> Sequence[Choice]:
    """Return the entries about the demonstration."""
    return [
        ("1", "Add demo jobs", lambda menu: menu.execute(["demo"])),
        ("2", "Add and run them", lambda menu: menu.execute(["demo", "--run"])),
    ]


def open_shell(menu: Menu) -> None:
    """Open the shell; leaving it leads back here."""
    menu.execute(["shell"])
