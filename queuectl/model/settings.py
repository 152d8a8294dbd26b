"""Every setting of a home: its name, type, default, range, aliases and help.

SETTINGS is the only list of them; `config`, the environment variables and the documentation are
made from it. A setting is kept as text (in the home, in the environment) and used as a value:

    int       whole number            float  number, six decimals
    duration  integer milliseconds    bytes  integer
    host, url text                    list   tuple of words

A setting that may be switched off is None then, written `none`. `parse(show(value)) == value`.
"""

from __future__ import annotations

from . import when
from .errors import InvalidInput, did_you_mean, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Tuple, Union

    # Which of these a setting holds follows from its kind.
    Value = Union[int, float, str, Tuple[str, ...], None]

SIZES = {"gib": 1 << 30, "g": 1 << 30, "mib": 1 << 20, "m": 1 << 20, "kib": 1 << 10, "k": 1 << 10, "": 1}
MAX_URL = 2_048
MICRO = 1_000_000  # numbers with a fraction have six decimals

HOW_TO_WRITE = {
    "duration": "write 90, 90s, 5m or 1h30m",
    "bytes": "write 1MiB, 512KiB or 1048576",
}


class Setting:
    """One setting. `group` is what it is about; `low` and `high` are values: milliseconds for a duration."""

    __slots__ = (
        "name",
        "kind",
        "default",
        "help",
        "low",
        "high",
        "unit",
        "aliases",
        "optional",
        "choices",
        "env",
        "group",
    )

    def __init__(
        self,
        group: str,
        name: str,
        kind: str,
        default: Value,
        help: str,
        *,
        low: int = 0,
        high: int = 0,
        unit: str = "",
        aliases: tuple[str, ...] = (),
        optional: bool = False,
        choices: tuple[str, ...] = (),
    ) -> None:
        self.group = group
        self.name = name
        self.kind = kind
        self.default = default
        self.help = help
        self.low = low
        self.high = high
        self.unit = unit
        self.aliases = aliases
        self.optional = optional
        self.choices = choices
        self.env = "QUEUECTL_" + name.upper()

    def parse(self, text: str) -> Value:
        """Return the value that the text stands for; refuse it with what is allowed."""
        given = text.strip()
        if self.optional and given.lower() == "none":
            return None
        try:
            return self._read(given)
        except ValueError:
            how = HOW_TO_WRITE.get(self.kind)
            message = f"{self.name} must be {self.allowed}, got {quoted(text)}"
            raise InvalidInput(message, hint=how, field=self.name) from None

    def _read(self, text: str) -> Value:
        if self.kind == "list":
            return _words(text, self.choices)
        if self.kind == "host":
            return _host(text)
        if self.kind == "url":
            return _url(text)
        value = _number(text, self.kind)
        if not self.low <= value <= self.high:
            raise ValueError("out of range")
        return value

    @property
    def allowed(self) -> str:
        """What may be given, as the end of "NAME must be ..."."""
        return self._allowed() + (" or none" if self.optional else "")

    def _allowed(self) -> str:
        if self.kind == "list":
            return "one or more of " + ", ".join(self.choices) + " with commas between"
        if self.kind == "host":
            return "a host name or an IP address"
        if self.kind == "url":
            return "an http or https URL"
        low, high = (self.show(limit).rstrip("s") for limit in (self.low, self.high))
        number = {"int": "a whole number ", "float": "a number "}.get(self.kind, "")
        return f"{number}between {low} and {high} {self.unit}".rstrip()

    def show(self, value: Value) -> str:
        """Return the text that is parsed to this value."""
        if value is None:
            return "none"
        if isinstance(value, tuple):
            return ",".join(value)
        if isinstance(value, str) or self.kind == "int":
            return str(value)
        if self.kind == "bytes":
            return _size(int(value))
        number = f"{value / 1_000 if self.kind == 'duration' else value:.6f}".rstrip("0").rstrip(".")
        return number + "s" if self.kind == "duration" else number


def _number(text: str, kind: str) -> int | float:
    if kind == "duration":
        return when.parse_duration(text)
    if kind == "float":
        return when.scaled(text, MICRO) / MICRO
    if kind == "bytes":
        digits = text.rstrip("GIMKBgimkb")
        unit = SIZES.get(text[len(digits) :].lower())
        if unit is None:
            raise ValueError("no such unit")
        return when.scaled(digits.rstrip(), unit)
    if "." in text:
        raise ValueError("not a whole number")
    return when.scaled(text, 1)


def _size(count: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count and count % unit == 0:
            return f"{count // unit}{name}"
    return str(count)


def _words(text: str, choices: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words in the order of the choices, each once."""
    words = {word.strip().lower() for word in text.split(",")}
    if not words <= set(choices):
        raise ValueError("not one of the choices")
    return tuple(word for word in choices if word in words)


def _host(text: str) -> str:
    if ":" in text or text.replace(".", "").isdigit():
        import ipaddress

        ipaddress.ip_address(text)
        return text
    labels = text.split(".")
    if len(text) > 253 or not all(map(_is_host_label, labels)):
        raise ValueError("not a host name")
    return text


def _is_host_label(label: str) -> bool:
    plain = label.replace("-", "a")
    return 1 <= len(label) <= 63 and label.strip("-") == label and plain.isascii() and plain.isalnum()


def _url(text: str) -> str:
    from urllib.parse import urlsplit

    if len(text) > MAX_URL or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("not a URL")
    parts = urlsplit(text)
    # Reading the port checks it.
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("not a URL of the web")
    return text


SECOND, HOUR, DAY = when.SECOND, when.HOUR, when.DAY
EVENTS = ("completed", "failed", "dead", "cancelled")
RETRIES, QUEUE, WORKERS = "retry policy", "queue behaviour", "workers"
SCHEDULER, DASHBOARD, NOTICES = "scheduler", "dashboard", "notices"

SETTINGS = (
    Setting(RETRIES, "max_retries", "int", 3, "retries after a job's first attempt; 0 means one attempt", high=100),
    Setting(
        QUEUE,
        "timeout",
        "duration",
        300 * SECOND,
        "how long an attempt may run before it is ended",
        low=100,
        high=30 * DAY,
        unit="seconds",
        aliases=("timeout_seconds", "worker_timeout"),
        optional=True,
    ),
    Setting(
        RETRIES,
        "retry_delay",
        "duration",
        2 * SECOND,
        "the wait after the first failed attempt",
        high=DAY,
        unit="seconds",
    ),
    Setting(
        RETRIES,
        "backoff_base",
        "float",
        2.0,
        "what the wait is multiplied by after each further failure",
        low=1,
        high=10,
    ),
    Setting(
        RETRIES,
        "max_retry_delay",
        "duration",
        300 * SECOND,
        "the longest wait between attempts, before jitter",
        low=SECOND,
        high=DAY,
        unit="seconds",
    ),
    Setting(
        RETRIES, "retry_jitter", "float", 0.1, "by which part a wait may be longer, so that retries spread out", high=1
    ),
    Setting(
        QUEUE,
        "output_limit",
        "bytes",
        1 << 20,
        "how much of an attempt's output is kept (its head and tail)",
        low=1 << 10,
        high=1 << 30,
    ),
    Setting(WORKERS, "worker_count", "int", 2, "workers that are started when no number is given", low=1, high=256),
    Setting(WORKERS, "max_workers", "int", 10, "the most workers that may run in this home", low=1, high=256),
    Setting(
        WORKERS,
        "lease",
        "duration",
        30 * SECOND,
        "how long a job belongs to a worker that gives no sign of life",
        low=2 * SECOND,
        high=HOUR,
        unit="seconds",
        aliases=("job_lock_timeout",),
    ),
    Setting(
        WORKERS,
        "kill_grace",
        "duration",
        5 * SECOND,
        "time between asking a command to end and killing it",
        high=600 * SECOND,
        unit="seconds",
    ),
    Setting(
        WORKERS,
        "shutdown_timeout",
        "duration",
        60 * SECOND,
        "how long stopping workers let their jobs finish",
        high=DAY,
        unit="seconds",
    ),
    Setting(
        SCHEDULER,
        "scheduler_interval",
        "duration",
        5 * SECOND,
        "the longest pause between looks of the scheduler",
        low=100,
        high=HOUR,
        unit="seconds",
    ),
    Setting(
        QUEUE,
        "retain_completed_hours",
        "float",
        24.0,
        "hours until completed jobs are pruned; none keeps them",
        high=876_000,
        unit="hours",
        aliases=("cleanup_completed_after_hours",),
        optional=True,
    ),
    Setting(
        QUEUE,
        "retain_dead_hours",
        "float",
        None,
        "hours until dead jobs are pruned; none keeps them",
        high=876_000,
        unit="hours",
        optional=True,
    ),
    Setting(DASHBOARD, "dashboard_host", "host", "127.0.0.1", "the address that the dashboard listens on"),
    Setting(DASHBOARD, "dashboard_port", "int", 5000, "the port that the dashboard listens on", low=1, high=65_535),
    Setting(NOTICES, "webhook_url", "url", None, "where to post a notice of jobs that ended", optional=True),
    Setting(
        NOTICES, "webhook_events", "list", ("dead",), "which ends of a job are posted to webhook_url", choices=EVENTS
    ),
)

BY_NAME = {name: setting for setting in SETTINGS for name in (setting.name, *setting.aliases)}


def find(name: str) -> Setting:
    """Return the setting of this name or alias; dashes and capitals do not matter."""
    wanted = name.strip().lower().replace("-", "_")
    if wanted not in BY_NAME:
        nearest = did_you_mean(wanted, BY_NAME)
        raise InvalidInput(f"unknown setting {quoted(name)}{nearest}", hint="queuectl config show lists all settings")
    return BY_NAME[wanted]


def resolve(stored: Mapping[str, str], environ: Mapping[str, str]) -> list[tuple[Setting, Value, str]]:
    """Return each setting with its value and where that is from: default, home or environment.

    The environment overrides the home; an empty variable counts as not set. Stored names that
    are no setting (another version's) are left alone.
    """
    return [(setting, *_resolve(setting, stored, environ)) for setting in SETTINGS]


def _resolve(setting: Setting, stored: Mapping[str, str], environ: Mapping[str, str]) -> tuple[Value, str]:
    variable = environ.get(setting.env)
    if variable:
        value = _parse_from(setting, variable, f"{setting.env} in the environment", f"unset {setting.env}")
        return value, "environment"
    if setting.name in stored:
        way_out = f"queuectl config reset {setting.name}"
        return _parse_from(setting, stored[setting.name], "the settings of the home", way_out), "home"
    return setting.default, "default"


def _parse_from(setting: Setting, text: str, origin: str, way_out: str) -> Value:
    try:
        return setting.parse(text)
    except InvalidInput as error:
        raise InvalidInput(f"{error.message} (from {origin})", hint=way_out, field=setting.name) from None


class Settings:
    """The resolved values, as read-only attributes. Durations are milliseconds.

    What is given must be values, as `Setting.parse` returns them; the rest are defaults.
    """

    max_retries: int
    timeout: int | None
    retry_delay: int
    backoff_base: float
    max_retry_delay: int
    retry_jitter: float
    output_limit: int
    worker_count: int
    max_workers: int
    lease: int
    kill_grace: int
    shutdown_timeout: int
    scheduler_interval: int
    retain_completed_hours: float | None
    retain_dead_hours: float | None
    dashboard_host: str
    dashboard_port: int
    webhook_url: str | None
    webhook_events: tuple[str, ...]

    def __init__(self, values: Mapping[str, object]) -> None:
        for setting in SETTINGS:
            self.__dict__[setting.name] = setting.default
        for name, value in values.items():
            self.__dict__[find(name).name] = value

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings are read-only, cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"settings are read-only, cannot delete {name}")
