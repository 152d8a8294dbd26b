"""Every setting of a home: its name, type, default, range, aliases and help.

SETTINGS is the only list of them; `config`, the environment variables and the documentation are
made from it. `setting.py` reads and shows them.
"""

from __future__ import annotations

from .errors import InvalidInput, did_you_mean, quoted
from .setting import Setting
from .surroundings import DEFAULT, SHELL
from .when import DAY, HOUR, SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

    from .setting import Value

# What a webhook can be notified of.
EVENTS = ("completed", "failed", "dead", "cancelled", "idle")
RETRIES, QUEUE, WORKERS = "retry policy", "queue behavior", "workers"
SCHEDULER, DASHBOARD, NOTIFICATIONS = "scheduler", "dashboard", "notifications"

# As a table: the formatter would write each value on a line of its own.
# fmt: off
SETTINGS = (
    Setting(RETRIES, "max_retries", "int", 3, "retries after a job's first attempt; 0 means one attempt", high=100,
            aliases=("default_max_retries",)),
    Setting(QUEUE, "timeout", "duration", 300 * SECOND, "how long an attempt may run before it is ended",
            low=100, high=30 * DAY, optional=True,
            aliases=("timeout_seconds", "timeout_sec", "worker_timeout", "job_timeout", "job_timeout_sec",
                     "default_timeout")),
    Setting(RETRIES, "retry_delay", "duration", 2 * SECOND, "the wait after the first failed attempt", high=DAY,
            aliases=("retry_delay_seconds",)),
    Setting(RETRIES, "backoff_base", "float", 2.0, "what the wait is multiplied by after each further failure",
            low=1, high=10, aliases=("base_backoff", "backoff_multiplier")),
    Setting(RETRIES, "max_retry_delay", "duration", 300 * SECOND, "the longest wait between attempts, before jitter",
            low=SECOND, high=DAY, aliases=("max_delay_seconds", "backoff_cap_seconds")),
    Setting(RETRIES, "backoff", "backoff", None,
            "the wait between attempts; none means exponential, with the settings above", optional=True),
    Setting(RETRIES, "ok_codes", "successes", None, "exit codes that count as a success like 0", optional=True),
    Setting(RETRIES, "snooze_on", "snoozes", None,
            "exit codes, timeout or signals that snooze a job without using up an attempt", optional=True),
    Setting(RETRIES, "fail_on", "codes", None,
            "exit codes, timeout or signals that leave a job dead at once", optional=True),
    Setting(RETRIES, "retry_on", "codes", None,
            "the only exit codes that are retried; none means all of them", optional=True),
    Setting(RETRIES, "max_snoozes", "int", 100,
            "how often a job may be snoozed; after that, such an end counts as a failure", high=1_000_000),
    Setting(RETRIES, "retry_jitter", "float", 0.1,
            "how much longer a wait may randomly be, as a fraction, so that retries spread out", high=1),
    Setting(QUEUE, "shell", "shell", SHELL,
            "what runs a command: the name or the path of a shell; none splits it into words"),
    Setting(QUEUE, "inherit_env", "inherit", (DEFAULT,),
            "which of their callers' variables jobs of the command line inherit: all, none, default, or names"),
    Setting(QUEUE, "output_limit", "bytes", 1 << 20, "how much of an attempt's output is kept (its head and tail)",
            low=1 << 10, high=1 << 30),
    Setting(QUEUE, "output_total", "bytes", 2 << 30,
            "how much output all jobs together keep; beyond it the oldest of finished jobs goes",
            low=1 << 20, high=1 << 40, optional=True),
    Setting(WORKERS, "worker_count", "int", 2, "workers that are started when no number is given", low=1, high=256),
    Setting(WORKERS, "max_workers", "int", 10, "the most workers that may run in this home", low=1, high=256),
    Setting(WORKERS, "max_load", "float", None,
            "workers take no job while the load average of the last minute is at or above it", low=0.1, high=10_000,
            optional=True),
    Setting(WORKERS, "min_memory", "bytes", None, "workers take no job while less memory is available", low=1 << 20,
            high=1 << 50, optional=True),
    Setting(WORKERS, "lease", "duration", 30 * SECOND, "how long a job belongs to a worker that gives no sign of life",
            low=2 * SECOND, high=HOUR, aliases=("job_lock_timeout",)),
    Setting(WORKERS, "kill_grace", "duration", 5 * SECOND, "time between asking a command to end and killing it",
            high=600 * SECOND),
    Setting(WORKERS, "kill_signal", "signal", None, "what asks a command to end, by default TERM", optional=True),
    Setting(WORKERS, "shutdown_timeout", "duration", 60 * SECOND, "how long stopping workers let their jobs finish",
            high=DAY),
    Setting(SCHEDULER, "scheduler_interval", "duration", 5 * SECOND,
            "the longest time between two checks of the scheduler", low=100, high=HOUR),
    Setting(SCHEDULER, "timezone", "zone", None,
            "the zone of cron expressions; none means this machine's, which the first cron add writes down",
            optional=True, shared=True),
    Setting(QUEUE, "retain_completed_hours", "float", 168.0,
            "hours until completed jobs are pruned, while workers or a scheduler run; none keeps them",
            high=876_000, unit="hours", aliases=("cleanup_completed_after_hours",), optional=True),
    Setting(QUEUE, "retain_dead_hours", "float", None, "hours until dead jobs are pruned, likewise; none keeps them",
            high=876_000, unit="hours", optional=True),
    Setting(DASHBOARD, "dashboard_host", "host", "127.0.0.1", "the address that the dashboard listens on"),
    Setting(DASHBOARD, "dashboard_port", "int", 5000, "the port that the dashboard listens on", low=1, high=65_535),
    Setting(NOTIFICATIONS, "on_dead", "command", None,
            "the command to run as another job when a job is dead; none runs nothing", optional=True),
    Setting(NOTIFICATIONS, "on_finish", "command", None,
            "the command to run as another job when a job is completed, dead, or cancelled while it ran",
            optional=True),
    Setting(NOTIFICATIONS, "on_idle", "command", None,
            "the command to run as another job when nothing runs or waits to run any more", optional=True),
    Setting(NOTIFICATIONS, "webhook_url", "url", None, "where to post what webhook_events says, see webhook add",
            optional=True),
    Setting(NOTIFICATIONS, "webhook_events", "list", ("dead",), "what is posted to webhook_url",
            choices=(*EVENTS, "all")),
)
# fmt: on

# Settings of other tools that this one does not need, with the reason.
NOT_NEEDED = {"poll_interval": "workers do not poll, they are woken at once"}
BY_NAME = {name: setting for setting in SETTINGS for name in (setting.name, *setting.aliases)}


def find(name: str) -> Setting:
    """Return the setting of this name or alias; dashes and capitals do not matter."""
    wanted = name.strip().lower().replace("-", "_")
    if wanted in BY_NAME:
        return BY_NAME[wanted]
    message = f"unknown setting {quoted(name)}{did_you_mean(wanted, BY_NAME)}"
    if wanted in NOT_NEEDED:
        message = f"{wanted} is not needed: {NOT_NEEDED[wanted]}"
    raise InvalidInput(message, hint="queuectl config show lists all settings")


def resolve(stored: Mapping[str, str], environ: Mapping[str, str]) -> list[tuple[Setting, Value, str]]:
    """Return each setting with its value and its source: default, home or environment."""
    # Stored names that are not settings (another version's) are left alone.
    return [(setting, *_resolve(setting, stored, environ)) for setting in SETTINGS]


def _resolve(setting: Setting, stored: Mapping[str, str], environ: Mapping[str, str]) -> tuple[Value, str]:
    variable, text = environ.get(setting.environment), stored.get(setting.name)
    # The environment overrides the home, except for a shared setting; an empty variable counts as not set.
    if variable and not (setting.shared and text is not None):
        text, source = variable, "environment"
        origin, way_out = f"{setting.environment} in the environment", f"unset {setting.environment}"
    elif text is not None:
        source, origin, way_out = "home", "the settings of the home", f"queuectl config reset {setting.name}"
    else:
        return setting.default, "default"
    try:
        return setting.parse(text), source
    except InvalidInput as error:
        raise InvalidInput(f"{error.message} (from {origin})", hint=way_out, field=setting.name) from None


class Settings:
    """The resolved values, read-only; durations are milliseconds. `values` are parsed; the rest are defaults."""

    max_retries: int
    timeout: int | None
    retry_delay: int
    backoff_base: float
    max_retry_delay: int
    backoff: str | None
    ok_codes: str | None
    snooze_on: str | None
    fail_on: str | None
    retry_on: str | None
    max_snoozes: int
    retry_jitter: float
    shell: str
    inherit_env: tuple[str, ...]
    output_limit: int
    output_total: int | None
    worker_count: int
    max_workers: int
    max_load: float | None
    min_memory: int | None
    lease: int
    kill_grace: int
    kill_signal: str | None
    shutdown_timeout: int
    scheduler_interval: int
    timezone: str | None
    retain_completed_hours: float | None
    retain_dead_hours: float | None
    dashboard_host: str
    dashboard_port: int
    on_dead: str | None
    on_finish: str | None
    on_idle: str | None
    webhook_url: str | None
    webhook_events: tuple[str, ...]

    def __init__(self, values: Mapping[str, object]) -> None:
        self.__dict__.update({setting.name: setting.default for setting in SETTINGS})
        self.__dict__.update({find(name).name: value for name, value in values.items()})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings are read-only, cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"settings are read-only, cannot delete {name}")
