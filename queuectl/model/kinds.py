"""What a job's field can hold: how that is read from text, checked, and written as JSON and as text again.

    kind       kept as                JSON                 text
    text       text                   the same             the same
    name       name of a thing        the same             the same
    id         id of a job            the same             the same
    state      one of STATES          the same             the same
    integer    whole number           the same             digits
    signal     number of a signal     the same             digits
    duration   milliseconds           seconds              `1h30m`
    time       milliseconds           ISO 8601 in UTC      the same
    flag       bool                   the same             `yes`, `no`
    names      tuple of names         list                 commas between
    variables  dict of texts          secrets are masked   `NAME=VALUE`, commas between

`check(read(text(value)), now) == value` for every kind but variables. A value that is missing is None, `null` and
`none`.
"""

from __future__ import annotations

from .checks import MAX_TAGS, check_duration, check_flag, check_instant, check_integer, check_tags
from .when import UNITS, iso

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping

    Check = Callable[[object, int], Any]

NONE = "none"
SECRET_WORDS = ("key", "token", "secret", "passw", "credential", "auth")


class Kind:
    """A kind of value. `check` returns what is given in JSON as it is kept, or raises ValueError with the rule.

    `check` None says that nobody gives it: it is computed.
    """

    __slots__ = ("name", "check")

    def __init__(self, name: str, check: Check | None = None) -> None:
        self.name = name
        self.check = check

    @property
    def is_text(self) -> bool:
        """Whether JSON has a text for it, which is never read as anything else."""
        return self.name in ("id", "name", "text", "time")

    def read(self, text: str) -> object:
        """Return the JSON value of a text; what is none is left as it is, for `check` to refuse."""
        return text

    def shown(self, value: Any) -> Any:
        """Return a kept value as a Python program may see it: without secrets."""
        return value

    def json(self, value: Any) -> Any:
        """Return a kept value as JSON has it."""
        return self.shown(value)

    def text(self, value: Any) -> str:
        """Return a kept value as a text that means it."""
        return NONE if value is None else str(value)


class Integer(Kind):
    """Whole numbers, those that are given between `low` and `high`."""

    __slots__ = ("low", "high")

    def __init__(self, low: int, high: int) -> None:
        super().__init__("integer", lambda value, now: check_integer(value, low, high))
        self.low = low
        self.high = high

    def read(self, text: str) -> object:
        """Return the number that ASCII digits are."""
        digits = text[1:] if text.startswith("-") else text
        return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else text


class Duration(Kind):
    """How long something takes."""

    __slots__ = ()

    def json(self, value: Any) -> Any:
        """Return milliseconds as seconds."""
        return None if value is None else value / 1000

    def text(self, value: Any) -> str:
        """Return `1h30m` or `250ms`, exactly."""
        if value is None:
            return NONE
        parts, rest = "", value
        for unit in ("d", "h", "m", "s", "ms"):
            count, rest = divmod(rest, UNITS[unit])
            parts += f"{count}{unit}" if count else ""
        return parts or "0s"


class Time(Kind):
    """An instant."""

    __slots__ = ()

    def json(self, value: Any) -> Any:
        """Return milliseconds since 1970 as `2026-11-10T02:00:00.000Z`."""
        return iso(value)

    def text(self, value: Any) -> str:
        """Return the same."""
        return iso(value) or NONE


class Flag(Kind):
    """Yes or no."""

    __slots__ = ()

    def text(self, value: Any) -> str:
        """Return `yes` or `no`."""
        return "yes" if value else "no"

    def read(self, text: str) -> object:
        """Return whether it is yes."""
        return {"yes": True, "true": True, "no": False, "false": False}.get(text.lower(), text)


class Names(Kind):
    """At most `most` names, each once."""

    __slots__ = ("most",)

    def __init__(self, name: str, check: Check, most: int) -> None:
        super().__init__(name, check)
        self.most = most

    def read(self, text: str) -> object:
        """Return the words between commas."""
        return [word.strip() for word in text.split(",") if word.strip()]

    def shown(self, value: Any) -> Any:
        """Return them as a list."""
        return list(value)

    def text(self, value: Any) -> str:
        """Return them with commas between."""
        return ",".join(value)


class Variables(Kind):
    """Environment variables."""

    __slots__ = ()

    def shown(self, value: Any) -> Any:
        """Return them without their secrets."""
        return masked(value)

    def text(self, value: Any) -> str:
        """Return them without their secrets, with commas between."""
        return ",".join(f"{name}={text}" for name, text in masked(value).items())


def is_secret(name: str) -> bool:
    """Return whether an environment variable's name looks secret."""
    lower = name.lower()
    return any(word in lower for word in SECRET_WORDS)


def masked(env: Mapping[str, str]) -> dict[str, str]:
    """Return environment variables with `***` for those whose name looks secret."""
    return {name: "***" if is_secret(name) else value for name, value in env.items()}


# Of what is computed.
ID, NAME, TEXT, STATE = Kind("id"), Kind("name"), Kind("text"), Kind("state")
NUMBER, SIGNAL = Kind("integer"), Kind("signal")
DURATION, TIME = Duration("duration"), Time("time")
# Of what is given.
TIMEOUT, INSTANT, FLAG = Duration("duration", check_duration), Time("time", check_instant), Flag("flag", check_flag)
TAGS = Names("names", check_tags, MAX_TAGS)
