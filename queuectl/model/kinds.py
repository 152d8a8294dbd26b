"""What a field can hold: how that is read from text, checked, and written as JSON and as text again.

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
    number     number                 the same             digits
    bytes      number of bytes        the same             digits
    word       one of `words`         the same             the same

`check(read(text(value)), now) == value` for every kind but variables. A value that is missing is None, `null` and
`none`.
"""

from __future__ import annotations

from .checks import MAX_TAGS, check_duration, check_env, check_flag, check_instant, check_integer, check_tags
from .when import UNITS, iso

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Mapping

    Check = Callable[[object, int], Any]

NONE = "none"
SECRET_WORDS = ("key", "token", "secret", "passw", "credential", "auth")


def as_it_is(value: Any) -> Any:
    """Return a value that everybody may see."""
    return value


def plain_text(value: Any) -> str:
    """Return a value that is its own text."""
    return NONE if value is None else str(value)


def read_integer(text: str) -> int | str:
    """Return the number that ASCII digits are."""
    digits = text[1:] if text.startswith("-") else text
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else text


def seconds(ms: float | None) -> float | None:
    """Return milliseconds as seconds with three decimals at most, whole ones without a fraction."""
    if ms is None:
        return None
    whole = round(ms)
    return whole / 1000 if whole % 1000 else whole // 1000


def exact_duration(ms: int | None) -> str:
    """Return milliseconds as `1h30m` or `250ms`, exactly."""
    if ms is None:
        return NONE
    parts, rest = "", ms
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(rest, UNITS[unit])
        parts += f"{count}{unit}" if count else ""
    return parts or "0s"


def time_text(ms: int | None) -> str:
    """Return an instant as `2026-11-10T02:00:00.000Z`."""
    return iso(ms) or NONE


def read_flag(text: str) -> bool | str:
    """Return whether a text says yes or no."""
    return {"yes": True, "true": True, "no": False, "false": False}.get(text.lower(), text)


def flag_text(value: bool) -> str:
    """Return `yes` or `no`."""
    return "yes" if value else "no"


def read_names(text: str) -> list[str]:
    """Return the words between commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def names_text(names: Iterable[str]) -> str:
    """Return names with commas between."""
    return ",".join(names)


def variables_text(env: Mapping[str, str]) -> str:
    """Return environment variables without their secrets, with commas between."""
    return ",".join(f"{name}={value}" for name, value in masked(env).items())


def is_secret(name: str) -> bool:
    """Return whether an environment variable's name looks secret."""
    lower = name.lower()
    return any(word in lower for word in SECRET_WORDS)


def masked(env: Mapping[str, str]) -> dict[str, str]:
    """Return environment variables with `***` for those whose name looks secret."""
    return {name: "***" if is_secret(name) else value for name, value in env.items()}


class Kind:
    """A kind of value: the functions for it.

    `check` returns what is given in JSON as it is kept, or raises ValueError with the rule; None says that nobody
    gives it: it is computed. `read` returns the JSON value of a text; what is none it leaves as it is, for `check` to
    refuse. Of a kept value `shown` returns what a Python program may see, without secrets, `json` what JSON has,
    `text` a text that means it. `low` and `high` limit a number, `high` a count of names. `of` is the kind of what
    a composed one holds.
    """

    __slots__ = ("name", "check", "read", "shown", "json", "text", "low", "high", "words", "of")

    def __init__(
        self,
        name: str,
        check: Check | None = None,
        *,
        read: Callable[[str], object] = str,
        shown: Callable[[Any], Any] = as_it_is,
        json: Callable[[Any], Any] | None = None,
        text: Callable[[Any], str] = plain_text,
        low: int = 0,
        high: int = 0,
        words: tuple[str, ...] = (),
        of: Kind | None = None,
    ) -> None:
        self.name = name
        self.check = check
        self.read = read
        self.shown = shown
        self.json = json or shown
        self.text = text
        self.low = low
        self.high = high
        self.words = words
        self.of = of

    @property
    def is_text(self) -> bool:
        """Whether JSON has a text for it, which is never read as anything else."""
        return self.name in ("id", "name", "text", "time")


def integer(low: int, high: int) -> Kind:
    """Return the kind of whole numbers of a range."""
    check = lambda value, now: check_integer(value, low, high)  # noqa: E731
    return Kind("integer", check, read=read_integer, low=low, high=high)


# Of what is computed.
ID, NAME, TEXT, STATE = Kind("id"), Kind("name"), Kind("text"), Kind("state")
NUMBER, SIGNAL = Kind("integer"), Kind("signal")
DURATION = Kind("duration", json=seconds, text=exact_duration)
TIME = Kind("time", json=iso, text=time_text)
# An instant that is a text already, and stays one in a table.
TIME_TEXT = Kind("time")
REAL, BYTES = Kind("number"), Kind("bytes")
# Of what is given.
TIMEOUT = Kind("duration", check_duration, json=seconds, text=exact_duration)
INSTANT = Kind("time", check_instant, json=iso, text=time_text)
FLAG = Kind("flag", check_flag, read=read_flag, text=flag_text)
TAGS = Kind("names", check_tags, read=read_names, shown=list, text=names_text, high=MAX_TAGS)
VARIABLES = Kind("variables", check_env, shown=masked, text=variables_text)
