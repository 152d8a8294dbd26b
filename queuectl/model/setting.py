"""One setting: which values it takes, how it reads them from text and shows them again.

A setting is kept as text (in the home, in the environment) and used as a value:

    int       whole number            float    number, six decimals
    duration  milliseconds            bytes    whole number
    list      tuple of words          inherit  tuple of words, see `surroundings`
    all others are texts; `zone` is the name of a time zone, whether or not this machine knows it

A setting that is switched off is None, written `none`. `parse(show(value)) == value`.
"""

from __future__ import annotations

from . import checks, policy, surroundings, when
from .backoff import check_backoff
from .errors import InvalidInput, with_value
from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Mapping, Tuple, Union

    # The kind of a setting says which of these it holds.
    Value = Union[int, float, str, Tuple[str, ...], None]

SIZES = {
    **{"": 1, "b": 1, "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000},
    **{"k": 1 << 10, "kib": 1 << 10, "m": 1 << 20, "mib": 1 << 20, "g": 1 << 30, "gib": 1 << 30},
}
MAX_URL = 2_048
MICRO = 1_000_000  # numbers with a fraction have six decimals

HOW_TO_WRITE = {"duration": "write 90, 90s, 5m or 1h30m", "bytes": "write 1MiB, 1MB, 512KiB or 1048576"}


class Setting(Record):
    """One setting."""

    group: str  # what it is about
    name: str
    kind: str
    default: Value
    help: str
    low: float = 0  # a value, as `high` is: milliseconds for a duration
    high: float = 0
    unit: str = ""  # of a number
    aliases: tuple[str, ...] = ()
    optional: bool = False
    choices: tuple[str, ...] = ()
    shared: bool = False  # the home's value wins over the environment, so that all processes agree

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
            if self.kind == "list":
                return _words(given, self.choices)
            if self.kind in TEXTS:
                return TEXTS[self.kind][0](given, 0)
            in_hours = self.unit == "hours" and given[-1:].isalpha()
            value = when.parse_duration(given) / when.HOUR if in_hours else _number(given, self.kind)
            if self.low <= value <= self.high:
                return value
        except ValueError:
            pass
        raise ValueError(f"must be {self.allowed}")

    @property
    def allowed(self) -> str:
        """What may be given, as the end of "NAME must be ..."."""
        if self.kind == "list":
            found = "one or more of " + ", ".join(self.choices) + " with commas between"
        elif self.kind in TEXTS:
            found = TEXTS[self.kind][1]
        else:
            low, high = (self.show(limit).rstrip("s") for limit in (self.low, self.high))
            number = {"int": "a whole number ", "float": "a number "}.get(self.kind, "")
            unit = "seconds" if self.kind == "duration" else self.unit
            found = f"{number}between {low} and {high} {unit}".rstrip()
        return found + (", or none" if self.optional else "")

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
    """A setting as users see it: its value as text, the source of the value, and the default as text."""

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


def _host(text: str, now: int) -> str:
    if ":" in text or text.replace(".", "").isdigit():
        import ipaddress

        ipaddress.ip_address(text)
        return text
    if len(text) > 253 or not all(map(_is_host_label, text.split("."))):
        raise ValueError("not a host name")
    return text


def _is_host_label(label: str) -> bool:
    plain = label.replace("-", "a")
    return 1 <= len(label) <= 63 and label.strip("-") == label and plain.isascii() and plain.isalnum()


def _url(text: str, now: int) -> str:
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


def _zone(text: str, now: int) -> str:
    from .zones import canonical

    return canonical(text)


# By kind: what reads it, at a wall time that none of them needs, and what may be given.
TEXTS: Mapping[str, tuple[Callable[[str, int], Value], str]] = {
    "host": (_host, "a host name or an IP address"),
    "url": (_url, "an http or https URL without a user name"),
    "command": (checks.check_command, "a shell command of at most 64 KiB"),
    "shell": (surroundings.check_shell, "none, the name of a shell such as bash, or its absolute path"),
    "inherit": (surroundings.check_inherit, "all, none, default or names such as CUDA_* with commas between"),
    "successes": (policy.check_ok_codes, "exit codes and ranges such as 24, timeout, signal, or names of signals"),
    "codes": (policy.check_codes, "exit codes and ranges such as 1,64-78, timeout, signal, or names of signals"),
    "snoozes": (policy.check_snoozes, "exit codes such as 75,80:10m, timeout, signal, or names of signals"),
    "backoff": (check_backoff, "fixed, linear or exponential[:DELAY[:BASE[:MAX]]], or delays such as 10s,1m,10m"),
    "signal": (policy.check_signal, "a signal such as INT or HUP"),
    "zone": (_zone, "local, UTC or a zone such as Europe/London"),
}
