"""What may be asked for when a job is enqueued, checked once for every way in.

`JobSpec.parse` takes a plain mapping (from JSON, from the command line, from Python) and either
returns a complete JobSpec or raises one InvalidInput that names everything wrong with it. The
command line, `enqueue` and the Python API all go through here, so a limit is the same everywhere.
"""

from __future__ import annotations

from . import when
from .errors import InvalidInput, did_you_mean, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping

ASCII_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
ALPHANUMERIC = frozenset(ASCII_LETTERS + DIGITS)
NAME_CHARACTERS = ALPHANUMERIC | frozenset("._-")
ID_CHARACTERS = NAME_CHARACTERS | frozenset(":")
ENV_FIRST = frozenset(ASCII_LETTERS + "_")
ENV_CHARACTERS = ENV_FIRST | frozenset(DIGITS)

MAX_ID = 128
MAX_NAME = 64
MAX_COMMAND_BYTES = 65_536
MAX_PRIORITY = 1000
MAX_RETRIES = 100
MAX_TAGS = 16
MIN_TIMEOUT_MS = 100
MAX_TIMEOUT_MS = 2_592_000_000
MAX_ENV_KEYS = 100
MAX_ENV_VALUE_BYTES = 32_768
MAX_ENV_BYTES = 131_072
MAX_PATH_BYTES = 4096
RESERVED_ENV = "QUEUECTL_"

SPELLINGS = {"retries": "max_retries", "timeout_seconds": "timeout", "timeout_sec": "timeout"}


def is_name(text: object, characters: frozenset[str] = NAME_CHARACTERS, longest: int = MAX_NAME) -> bool:
    """Return whether `text` can name a queue, a tag or (with other limits) a job."""
    return (
        isinstance(text, str) and 0 < len(text) <= longest and text[0] in ALPHANUMERIC and characters.issuperset(text)
    )


def is_utf8(text: str) -> bool:
    """Return whether `text` can be written as UTF-8, which a lone surrogate cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_id(value: object, now: int) -> str | None:
    """An id starts with a letter or digit, has at most 128 of A-Z a-z 0-9 . _ : -, and reads like no filter."""
    if value is None:
        return None
    if not is_name(value, ID_CHARACTERS, MAX_ID):
        raise ValueError(f"must be 1 to {MAX_ID} of A-Z a-z 0-9 . _ : - and start with a letter or digit")
    from .filter import is_reserved

    if is_reserved(str(value)):
        raise ValueError("must not read like a number, a range (3-9), last, or a filter (state:dead)")
    return str(value)


def check_command(value: object, now: int) -> str:
    """A command is a text that the shell can be given as one argument."""
    if not isinstance(value, str):
        raise ValueError("must be a text")
    if not value or value.isspace():
        raise ValueError("must not be empty")
    if "\0" in value:
        raise ValueError("must not contain a NUL character")
    if not is_utf8(value):
        raise ValueError("must be valid Unicode, it holds a lone surrogate")
    if len(value) > MAX_COMMAND_BYTES // 4 and len(value.encode()) > MAX_COMMAND_BYTES:
        raise ValueError(f"must be at most {MAX_COMMAND_BYTES} bytes long")
    return value


def check_queue(value: object, now: int) -> str:
    """The queue's name."""
    if is_name(value):
        return value  # type: ignore[return-value]
    raise ValueError(f"must be 1 to {MAX_NAME} of A-Z a-z 0-9 . _ - and start with a letter or digit")


def check_integer(value: object, low: int, high: int) -> int:
    """Return an integer of a range; a bool is not one."""
    if type(value) is int and low <= value <= high:
        return value
    raise ValueError(f"must be an integer between {low} and {high}")


def check_priority(value: object, now: int) -> int:
    """Higher runs first."""
    return check_integer(value, -MAX_PRIORITY, MAX_PRIORITY)


def check_max_retries(value: object, now: int) -> int:
    """Attempts after the first."""
    return check_integer(value, 0, MAX_RETRIES)


def check_timeout(value: object, now: int) -> int | None:
    """Seconds as a number, a text such as `1h30m`, or none; returned in milliseconds."""
    if value is None or value == "none":
        return None
    rule = "must be between 0.1 and 2592000 seconds, or none"
    if isinstance(value, str):
        try:
            milliseconds = when.parse_duration(value)
        except ValueError:
            raise ValueError(f"{rule} (write 90, 90s, 5m or 1h30m)") from None
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= MAX_TIMEOUT_MS:
        milliseconds = round(value * 1000)
    else:
        raise ValueError(rule)
    if MIN_TIMEOUT_MS <= milliseconds <= MAX_TIMEOUT_MS:
        return milliseconds
    raise ValueError(rule)


def check_run_at(value: object, now: int) -> int | None:
    """An instant as a text, returned in milliseconds since 1970."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("must be a text such as 2026-11-10T02:00:00Z or +30m")
    try:
        return when.parse_instant(value, now)
    except ValueError as error:
        raise ValueError(f"is {error}") from None


def check_cwd(value: object, now: int) -> str:
    """The directory to run in. That it exists is looked at when the job starts."""
    if not isinstance(value, str) or not value.startswith("/") and value[1:3] not in (":\\", ":/"):
        raise ValueError("must be an absolute path")
    if "\0" in value or not is_utf8(value) or len(value.encode()) > MAX_PATH_BYTES:
        raise ValueError(f"must be valid Unicode without NUL and at most {MAX_PATH_BYTES} bytes long")
    return value


def check_env(value: object, now: int) -> dict[str, str]:
    """Environment variables for the job."""
    if not isinstance(value, dict):
        raise ValueError("must be an object of texts")
    if len(value) > MAX_ENV_KEYS:
        raise ValueError(f"must have at most {MAX_ENV_KEYS} variables")
    total = 0
    for name, text in value.items():
        total += _check_variable(name, text)
    if total > MAX_ENV_BYTES:
        raise ValueError(f"must be at most {MAX_ENV_BYTES} bytes in all")
    return dict(value)


def _check_variable(name: object, text: object) -> int:
    """Return the bytes that one variable takes."""
    if not isinstance(name, str) or not is_variable_name(name):
        raise ValueError(f"variable {quoted(name)} must be letters, digits and _, at most {MAX_ID}")
    if name.startswith(RESERVED_ENV):
        raise ValueError(f"variable {name}: names starting with {RESERVED_ENV} are reserved")
    if not isinstance(text, str) or "\0" in text or not is_utf8(text):
        raise ValueError(f"variable {name} must be a text without NUL")
    size = len(text.encode())
    if size > MAX_ENV_VALUE_BYTES:
        raise ValueError(f"variable {name} must be at most {MAX_ENV_VALUE_BYTES} bytes long")
    return len(name) + size + 2


def is_variable_name(name: str) -> bool:
    """Return whether `name` can name an environment variable."""
    return 0 < len(name) <= MAX_ID and name[0] in ENV_FIRST and ENV_CHARACTERS.issuperset(name)


def check_tags(value: object, now: int) -> tuple[str, ...]:
    """Names to find the job by."""
    if not isinstance(value, (list, tuple)) or len(value) > MAX_TAGS:
        raise ValueError(f"must be a list of at most {MAX_TAGS} names")
    for tag in value:
        if not is_name(tag):
            raise ValueError(
                f"tag {quoted(tag)} must be 1 to {MAX_NAME} of A-Z a-z 0-9 . _ - and start with a letter or digit"
            )
    return tuple(dict.fromkeys(value))


def check_flag(value: object, now: int) -> bool:
    """true or false."""
    if isinstance(value, bool):
        return value
    raise ValueError("must be true or false")


FIELDS: dict[str, Callable[[object, int], Any]] = {
    "id": check_id,
    "command": check_command,
    "queue": check_queue,
    "priority": check_priority,
    "max_retries": check_max_retries,
    "timeout": check_timeout,
    "run_at": check_run_at,
    "hold": check_flag,
    "cwd": check_cwd,
    "env": check_env,
    "tags": check_tags,
    "allow_background": check_flag,
}
# What can be changed while a job waits.
EDITABLE = ("command", "queue", "priority", "max_retries", "timeout", "run_at", "cwd", "tags")


class JobSpec:
    """A job to be enqueued: every field checked, times in milliseconds.

    `is_delay` says that `run_at` counts from when the job is added, as `+30m` does.
    """

    __slots__ = (
        "id",
        "command",
        "queue",
        "priority",
        "max_retries",
        "timeout",
        "run_at",
        "is_delay",
        "hold",
        "cwd",
        "env",
        "tags",
        "allow_background",
    )

    id: str | None
    command: str
    queue: str
    priority: int
    max_retries: int
    timeout: int | None
    run_at: int | None
    is_delay: bool
    hold: bool
    cwd: str
    env: dict[str, str]
    tags: tuple[str, ...]
    allow_background: bool

    def __init__(self, command: str, *, max_retries: int, timeout: int | None, cwd: str) -> None:
        self.id = None
        self.command = command
        self.queue = "default"
        self.priority = 0
        self.max_retries = max_retries
        self.timeout = timeout
        self.run_at = None
        self.is_delay = False
        self.hold = False
        self.cwd = cwd
        self.env = {}
        self.tags = ()
        self.allow_background = False

    @classmethod
    def parse(cls, data: Mapping[str, object], *, max_retries: int, timeout: int | None, cwd: str, now: int) -> JobSpec:
        """Return the spec for `data`.

        `max_retries`, `timeout` (milliseconds) and `cwd` stand in where `data` has none; `now` is
        the wall time in milliseconds, for times such as `+30m`. Raises InvalidInput with all
        problems.
        """
        spec = cls("", max_retries=max_retries, timeout=timeout, cwd=cwd)
        reading = Reading(data, FIELDS, now)
        if "cwd" not in reading.seen and not is_utf8(cwd):
            reading.refuse("cwd", f"the current directory {quoted(cwd)} must be valid Unicode, give another as cwd")
        if "command" not in reading.seen:
            reading.refuse("command", "command is missing")
        reading.demand_none_refused()
        for name, value in reading.values.items():
            setattr(spec, name, value)
        spec.is_delay = reading.is_delay
        return spec


def parse_changes(data: Mapping[str, object], now: int) -> dict[str, Any]:
    """Return the checked values of fields that a waiting job is to be given, by name.

    `run_at` null means now; with it comes `is_delay`, as in a JobSpec. Raises InvalidInput with all problems,
    or if there is nothing to change.
    """
    reading = Reading(data, {name: FIELDS[name] for name in EDITABLE}, now)
    reading.demand_none_refused()
    if not reading.values:
        raise InvalidInput(f"nothing to change, give at least one of {', '.join(EDITABLE)}")
    if reading.values.get("run_at", now) is None:
        reading.values["run_at"] = now
    if "run_at" in reading.values:
        reading.values["is_delay"] = reading.is_delay
    return reading.values


class Reading:
    """The fields of a mapping as they were read: `values` by name, and what is wrong with the others.

    `seen` tells for each field the spelling in which it was given, `is_delay` whether `run_at` counts from now.
    """

    def __init__(
        self, data: Mapping[str, object], checks: Mapping[str, Callable[[object, int], Any]], now: int
    ) -> None:
        self.values: dict[str, Any] = {}
        self.seen: dict[str, str] = {}
        self.is_delay = False
        self._problems: list[tuple[str, str]] = []
        for key, value in data.items():
            self._read(key, value, checks, now)

    def _read(self, key: str, value: object, checks: Mapping[str, Callable[[object, int], Any]], now: int) -> None:
        name = SPELLINGS.get(key, key)
        check = checks.get(name)
        if check is None:
            self.refuse(
                key,
                f"{quoted(key)} cannot be changed"
                if name in FIELDS
                else f"unknown field {quoted(key)}{did_you_mean(key, checks)}",
            )
        elif name in self.seen:
            self.refuse(key, f"{key} and {self.seen[name]} are the same field, give one")
        else:
            self.seen[name] = key
            try:
                self.values[name] = check(value, now)
                if name == "run_at" and isinstance(value, str):
                    self.is_delay = when.is_from_now(value)
            except ValueError as error:
                self.refuse(key, _phrase(key, value, error))

    def refuse(self, key: str, problem: str) -> None:
        """Note what is wrong with a field."""
        self._problems.append((key, problem))

    def demand_none_refused(self) -> None:
        """Raise InvalidInput with everything that is wrong; its `field` is the first of them."""
        if self._problems:
            raise InvalidInput.of_fields(self._problems)


def _phrase(key: str, value: object, error: ValueError) -> str:
    """Return what is wrong with a field, with the value if that is short and no secret."""
    if key in ("env", "tags") or isinstance(value, (dict, list)):
        return f"{key}: {error}"
    return f"{key} {error}, got {quoted(value)}"
