"""The words of other tools (pueue, task-spooler, gh, systemd, celery), each with what does the same here.

A word that is not a command is searched for here first, and only then by its spelling. A command that deletes or ends
something is never suggested by spelling: `pause` is not `prune`.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...model.errors import nearest

# Commands of ours, each with the words for it elsewhere. A word may stand at several: the first that is there is meant.
COMMANDS_ELSEWHERE = {
    "add": "submit push enq new create spawn delay apply_async",
    "list": "ls jobs job tasks task",
    "status": "ps stat health info stats count group ls list",
    "show": "view get inspect describe detail details info",
    "logs": "log tail follow cat output out stdout stderr journal journalctl",
    "cancel": "kill abort terminate revoke interrupt kill-all",
    "stop": "kill kill-all shutdown terminate down quit",
    "prune": "purge clean clear cleanup flush gc",
    "remove": "rm delete del erase drop unset clear purge flush clean",
    "reset": "unset remove rm delete del clear",
    "retry": "rerun requeue replay redo restore restart retry-all again resubmit unbury",
    "hold": "stash bury",
    "release": "unstash unhold kick",
    "suspend": "freeze",
    "front": "urgent bump prioritize prioritise expedite first",
    "edit": "modify change update switch",
    "set": "edit change update put",
    "worker start": "start daemon daemonize pueued work workers up",
    "wait": "join block",
    "top": "monitor tui htop watch",
    "dashboard": "web ui gui dash",
    "start": "up run enable",
    "scale": "add concurrency parallel resize",
    "worker stop": "stop shutdown down",
    "pause": "disable stop suspend",
    "resume": "enable start unpause continue thaw",
    "queue list": "queues groups",
    "queue limit": "limit throttle concurrency",
    "queue rate": "rate ratelimit rate-limit",
    "worker scale": "parallel concurrency scale slots",
    "config": "settings setting set preferences",
    "config reset": "reset",
    "cron list": "crontab recurring repeat beat timers",
    "schedule": "at later defer",
    "scheduled": "list ls",
    "dlq list": "dead failed errors deadletter dead-letter dead_letter dead-letters",
    "enqueue": "import batch load bulk",
    "list --tag NAME": "tag tags label labels",
    "--version": "version",
    "--help": "usage",
}
AFTER_ANOTHER = "--after JOB"
# The states of other tools, each with ours.
STATES_ELSEWHERE = {
    **dict.fromkeys(("running", "active", "started", "executing", "in-progress", "in_progress"), "processing"),
    **dict.fromkeys(("queued", "waiting", "ready"), "pending"),
    **dict.fromkeys(("done", "finished", "success", "succeeded", "successful"), "completed"),
    **dict.fromkeys(("error", "errored", "failure", "discarded", "buried"), "dead"),
    **dict.fromkeys(("canceled", "killed", "aborted", "revoked"), "cancelled"),
    **dict.fromkeys(("paused", "stashed", "suspended"), "held"),
    **dict.fromkeys(("delayed", "later"), "scheduled"),
}
# Options of other tools, each with what to type in their place; some mean that with one command only.
OPTIONS_ELSEWHERE = {
    "--db": "a home is a directory, not a file: --home DIR",
    "--database": "a home is a directory, not a file: --home DIR",
    "--all": "give a filter, such as state:open, or no id where all are meant",
    "--failed": "--state dead, or --state failed for those that will be tried again",
    "--completed": "--state completed",
    "--status": "--state STATE",
    "--group": "--queue NAME",
    "-g": "--queue NAME",
    "--stashed": "--hold",
    "--immediate": "a job starts as soon as a worker is free: queuectl worker start",
    "-i": "a job starts as soon as a worker is free: queuectl worker start",
    "--lines": "--tail N",
    "--working-directory": "--cwd DIR",
    "--parallel": "queuectl worker start --count N",
    "--jobs": "queuectl worker start --count N",
    "-j": "queuectl worker start --count N",
    "--format": "--output FORMAT",
    "--cron": "queuectl cron add NAME 'MIN HOUR DAY MONTH WEEKDAY' COMMAND",
    "--web": "queuectl dashboard --open",
    "--jq": "queuectl list -o json | jq FILTER",
    "--print-task-id": "--quiet",
    "-V": "--version",
    "-v": "--version, or --debug for more about an error",
    "-L": "--limit N",
    "config reset --all": "without a name, config reset resets all settings",
    "add -a": AFTER_ANOTHER,
    "add -D": "--after-any JOB",
    "add -W": AFTER_ANOTHER,
    "add -d": "--in DELAY",
    "add -l": "--tag TAG",
    "list --all": "list shows all jobs that its filter finds",
    "list -w": "queuectl dashboard --open",
    "status -f": "--watch",
    "list --after": "a filter: 'after:JOB'",
    **dict.fromkeys(("--depends", "--depends-on", "--dependency", "--needs", "--requires"), AFTER_ANOTHER),
    "--on-error": "--on-failure COMMAND",
    "--on-complete": "--on-finish COMMAND",
    "--max-failures": "--max-fails N",
    "--niceness": "--nice N",
    "--ttl": "--expires TIME",
}
# Commands that delete or end something, or add jobs that nobody has asked for.
HARMFUL = frozenset(("remove", "prune", "cancel", "reset", "stop", "restart", "release", "run", "demo"))
# How GNU parallel writes other kinds of sources.
SOURCES_ELSEWHERE = {
    ":::+": "sources are always combined; give what belongs together as columns: --csv FILE",
    "::::": "read a file with: --each-line FILE",
    "::::+": "read a file with columns with: --csv FILE",
}


def command_for(word: str, known: Iterable[str]) -> str | None:
    """Return the one of some commands that a word of another tool stands for, or that it was meant for by spelling."""
    paths = list(known)
    for ours, words in COMMANDS_ELSEWHERE.items():
        if word in words.split() and (ours.startswith("--") or ours.split()[0] in paths):
            return ours
    return nearest(word, [path for path in paths if path not in HARMFUL])


def option_for(name: str, known: Iterable[str]) -> str | None:
    """Return the option whose spelling is near; the dashes, which all have, do not count. A letter is near to none."""
    if not name.startswith("--"):
        return None
    names = {option.lstrip("-"): option for option in known}
    return names.get(nearest(name.lstrip("-"), names) or "")
