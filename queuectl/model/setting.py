"""One setting: what it may hold, how that is read from text and shown again.

A setting is kept as text (in the home, in the environment) and used as a value:

    int       whole number            float  number, six decimals
    duration  integer milliseconds    bytes  integer
    host, url text                    list   tuple of words
    command   text of a command       zone   the name of a time zone, whether or not this machine knows it
    shell     a shell, or `none`      inherit  tuple of words that say what of the environment is inherited
    successes, codes, snoozes  text, see `policy`            backoff  text, see `backoff`
    signal    the name of a signal

A setting that may be switched off is None then, written `none`. `parse(show(value)) == value`.
"""

from __future__ import annotations

from . import when
from .errors import InvalidInput, with_value
from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Mapping, Tuple, Union

    # Which of these a setting holds follows from its kind.
    Value = Union[int, float, str, Tuple[str, ...], None]

SIZES = {
    **{"": 1, "b": 1, "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000},
    **{"k": 1 << 10, "kib": 1 << 10, "m": 1 << 20, "mib": 1 << 20, "g": 1 << 30, "gib": 1 << 30},
}
MAX_URL = 2_048
MICRO = 1_000_000  # numbers with a fraction have six decimals

HOW_TO_WRITE = {"duration": "write 90, 90s, 5m or 1h30m", "bytes": "write 1MiB, 1MB, 512KiB or 1048576"}


class Setting(Record):
    """One setting. `group` is what it is about; `low` and `high` are values: milliseconds for a duration.

    `unit` is that of a number; a duration is written in seconds.
    `shared` says that the home's value wins over the environment: all processes must go by the same one.
    """

    group: str
    name: str
    kind: str
    default: Value
    help: str
    low: float = 0
    high: float = 0
    unit: str = ""
    aliases: tuple[str, ...] = ()
    optional: bool = False
    choices: tuple[str, ...] = ()
    shared: bool = False

    @property
    def environment(self) -> str:
        """The environment variable that sets it."""
        return "QUEUECTL_" + self.name.upper()

    def parse(self, text: str) -> Value:
        """Return the value that the text stands for. Raises InvalidInput with what is allowed."""
        try:
            return self.read(text)
        except ValueError as error:
            message = f"{self.name} {with_value(error, text)}"
            raise InvalidInput(message, hint=HOW_TO_WRITE.get(self.kind), field=self.name) from None

    def read(self, text: str) -> Value:
        """Return the value that the text stands for. Raises ValueError with the rule, as readers of options do."""
        given = text.strip()
        if self.optional and given.lower() == "none":
            return None
        try:
            return self._read(given)
        except ValueError:
            raise ValueError(f"must be {self.allowed}") from None

    def _read(self, text: str) -> Value:
        if self.kind == "list":
            return _words(text, self.choices)
        if self.kind in TEXTS:
            return TEXTS[self.kind][0](text)
        if self.unit == "hours" and text[-1:].isalpha():
            value: int | float = when.parse_duration(text) / when.HOUR
        else:
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
        if self.kind in TEXTS:
            return TEXTS[self.kind][1]
        low, high = (self.show(limit).rstrip("s") for limit in (self.low, self.high))
        number = {"int": "a whole number ", "float": "a number "}.get(self.kind, "")
        unit = "seconds" if self.kind == "duration" else self.unit
        return f"{number}between {low} and {high} {unit}".rstrip()

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


class ShownSetting(Setting):
    """A setting as users see it: its value as text, where that is from, and the text of its default."""

    value: str = ""
    source: str = ""


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
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or parts.port == 0 or "@" in parts.netloc:
        raise ValueError("not a URL of the web")
    if not all(1 <= len(label) <= 63 for label in (host[:-1] if host.endswith(".") else host).split(".")):
        raise ValueError("not a host")
    return text


def _command(text: str) -> str:
    from .checks import check_command

    return check_command(text, 0)


def _zone(text: str) -> str:
    from .zones import canonical

    return canonical(text)


def _shell(text: str) -> str:
    from .surroundings import check_shell

    return check_shell(text, 0)


def _inherit(text: str) -> tuple[str, ...]:
    from .surroundings import check_inherit

    return check_inherit(text, 0) or ()


def _successes(text: str) -> Value:
    from .policy import check_ok_codes

    return check_ok_codes(text, 0)


def _codes(text: str) -> Value:
    from .policy import check_codes

    return check_codes(text, 0)


def _snoozes(text: str) -> Value:
    from .policy import check_snoozes

    return check_snoozes(text, 0)


def _signal(text: str) -> Value:
    from .policy import check_signal

    return check_signal(text, 0)


def _backoff(text: str) -> Value:
    from .backoff import check_backoff

    return check_backoff(text, 0)


# By kind: what reads it, and what may be given.
TEXTS: Mapping[str, tuple[Callable[[str], Value], str]] = {
    "host": (_host, "a host name or an IP address"),
    "url": (_url, "an http or https URL without a user name"),
    "command": (_command, "a shell command of at most 64 KiB"),
    "shell": (_shell, "none, the name of a shell such as bash, or its absolute path"),
    "inherit": (_inherit, "all, none, default or names such as CUDA_* with commas between"),
    "successes": (_successes, "exit codes and ranges such as 24, timeout, signal, or names of signals"),
    "codes": (_codes, "exit codes and ranges such as 1,64-78, timeout, signal, or names of signals"),
    "snoozes": (_snoozes, "such a list, with :DELAY behind what has another time than 5m"),
    "backoff": (_backoff, "fixed, linear or exponential[:DELAY[:BASE[:MAX]]], or delays such as 10s,1m,10m"),
    "signal": (_signal, "a signal such as INT or HUP"),
    "zone": (_zone, "local, UTC or a zone such as Europe/London"),
}
