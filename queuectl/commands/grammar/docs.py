"""Which page of the documentation tells more about a command, by the first word of its name."""

from __future__ import annotations

INDEX = "docs/index.md"
_COMMANDS = {
    "adding-jobs": "add enqueue template",
    "batches": "batch results",
    "changing-jobs": "cancel edit front hold release remove retry suspend",
    "dashboard": "dashboard",
    "failures": "dlq fail snooze",
    "home": "init init-db",
    "installation": "completion demo help man",
    "locks": "lock",
    "looking-at-jobs": "history list logs show wait why",
    "monitoring": "events metrics status time top",
    "notifications": "webhook",
    "queues": "pause queue resume",
    "schedules": "cron prune schedule scheduled scheduler",
    "settings": "config",
    "shell": "menu shell",
    "workers": "worker",
}
_PAGES = {word: f"docs/{page}.md" for page, words in _COMMANDS.items() for word in words.split()}


def page_of(path: str) -> str:
    """Return the file of the page about the command `path`, such as `dlq retry`, or about all that begin so."""
    return _PAGES[path.split()[0]]
