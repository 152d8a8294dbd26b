"""What a value can be: each kind once, with all that depends on it.

    kind       kept as                JSON                 text
    duration   milliseconds           seconds              `1h30m`
    time       milliseconds           ISO 8601 in UTC      the same
    flag       bool                   the same             `yes`, `no`
    names      tuple of names         list                 commas between
    references tuple of texts         list                 commas between
    variables  dict of texts          secrets are masked   `NAME=VALUE`, commas between

All others are kept as in JSON, and their text is the value. `check(read(text(value)), now) == value` for all but
variables. A missing value is None, `null` and `none`; a missing hook None, `null` and empty: `none` does nothing.
"""

from __future__ import annotations

from . import checks, when
from .quantity import size_text
from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, Sequence

    Check = Callable[[object, int], Any]
    Schema = dict[str, Any]

NONE = "none"
YES, NO = ("yes", "true", "1"), ("no", "false", "0")
# What is shown in place of a secret value.
MASK = "***"
SECRET_WORDS = ("key", "token", "secret", "passw", "credential", "auth")


def as_it_is(value: Any) -> Any:
    """Return the value."""
    return value


def read_integer(text: str) -> int | str:
    """Return the whole number that a text is, other texts as they are."""
    number = when.integer(text)
    return text if number is None else number


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
        count, rest = divmod(rest, when.UNITS[unit])
        parts += f"{count}{unit}" if count else ""
    return parts or "0s"


def read_flag(text: str) -> bool | str:
    """Return whether a text says yes or no."""
    return {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False)}.get(text.lower(), text)


def flag_text(value: bool, now: int | None = None) -> str:
    """Return `yes` or `no`."""
    return "yes" if value else "no"


def read_names(text: str) -> list[str]:
    """Return the words between commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def read_variable(text: str) -> tuple[str, str]:
    """Return the name and the value of NAME=VALUE. Raises ValueError."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ValueError("must be NAME=VALUE")
    return name, value


def input_texts(inputs: Mapping[str, str]) -> list[str]:
    """Return inputs as NAME=VALUE."""
    return [f"{name}={value}" for name, value in inputs.items()]


def is_secret(name: str) -> bool:
    """Return whether an environment variable's name looks secret."""
    lower = name.lower()
    return any(word in lower for word in SECRET_WORDS)


def masked(env: Mapping[str, str]) -> dict[str, str]:
    """Return environment variables with `***` for those whose name looks secret."""
    return {name: MASK if is_secret(name) else value for name, value in env.items()}


class Kind(Record):
    """A kind of value. The input is JSON, or a text that `read` turns into JSON; `check` returns it as it is kept."""

    name: str
    check: Check = lambda value, now: value  # JSON as it is kept, at a wall time; raises ValueError with the rule
    read: Callable[[str], object] = str  # a text as JSON, or as it is for `check` to refuse
    read_one: Callable[[str], object] | None = None  # the same for one of several texts that make up a value
    choice: str = "equal"  # the function of `choices` that reads it in a filter; few commands load that
    example: str = ""  # what a filter may ask for
    input: str = "line"  # how a form asks for it
    json: Callable[[Any], Any] = as_it_is  # what is kept as JSON
    text: Callable[[Any], str] = lambda value: NONE if value is None else str(value)  # what is kept as a text
    texts: Callable[[Any], Sequence[str]] | None = None  # the same for `read_one`, without secrets
    cell: Callable[[Any, int | None], object] | None = None  # what a table shows if not JSON; times relative to another
    detail: Callable[[Any, int | None], object] | None = None  # the same where there is more room
    schema: Schema = {}  # what OpenAPI says of it
    given: Schema | None = None  # what it says where it is given, if that is another
    is_number: bool = False  # it stands on the right of a column
    is_flag: bool = False  # its option has no value
    is_pairs: bool = False  # its option is given once for each NAME=VALUE
    is_free: bool = False  # it is a text that may hold anything
    inner: Kind | None = None  # what a composed one holds

    @property
    def is_many(self) -> bool:
        """Whether several texts make up a value."""
        return self.read_one is not None

    @property
    def taken(self) -> Schema:
        """What OpenAPI says of it where it is given."""
        return self.schema if self.given is None else self.given

    def but(self, **parts: Any) -> Kind:
        """Return a kind that differs from this one in some parts."""
        other = Kind.of(self.parts_by_name())
        for name, value in parts.items():
            setattr(other, name, value)
        return other

    def or_none(self, **parts: Any) -> Kind:
        """Return the kind of a value that may be None, and that differs from this one in some other parts."""
        return self.but(check=lambda value, now: None if value is None else self.check(value, now), **parts)


def integer(low: int, high: int) -> Kind:
    """Return the kind of whole numbers of a range."""
    schema = {"type": "integer", "minimum": low, "maximum": high}
    return NUMBER.but(check=lambda value, now: checks.check_integer(value, low, high), schema=schema)


STRING: Schema = {"type": "string"}
ANY = Kind("any")
TEXT = Kind(
    "text",
    checks.check_text,
    choice="containing",
    example='"no such"',
    input="text",
    schema=STRING,
    is_free=True,
)
# A number of things, or a percentage of them.
SHARE = TEXT.but(
    name="share",
    check=checks.check_share,
    input="line",
    given={"anyOf": [{"type": "integer", "minimum": 1, "maximum": checks.MAX_FAILS}, STRING]},
    is_free=False,
)
HOOK = TEXT.but(
    name="hook",
    check=checks.check_hook,
    text=lambda command: command or "",
    given={**STRING, "pattern": f"^({checks.COMMAND_PATTERN[1:-1]})?$"},
)
NAME = Kind("name", checks.check_name, example="mail", schema=STRING, given={**STRING, "pattern": checks.NAME_PATTERN})
ID = Kind(
    "id",
    checks.check_id,
    choice="beginning",
    example="backup*",
    schema=STRING,
    given={**STRING, "pattern": checks.ID_PATTERN},
)
# `job` lists the states; it is made of kinds itself.
STATE = Kind("state", example="dead,failed", schema=STRING)
# The state of a job or of a batch.
STANDING = Kind("standing", schema=STRING)
NUMBER = Kind(
    "integer",
    read=read_integer,
    choice="of_number",
    example=">2",
    input="number",
    schema={"type": "integer"},
    is_number=True,
)
SIGNAL = NUMBER.but(name="signal", choice="of_signal", example="SEGV", input="line")
BYTES = NUMBER.but(name="bytes", cell=lambda count, now: size_text(count))
REAL = Kind("number", schema={"type": "number"}, is_number=True)
DURATION = Kind(
    "duration",
    checks.check_duration,
    choice="of_duration",
    example=">30s",
    json=seconds,
    text=exact_duration,
    cell=lambda value, now: when.duration_text(value),
    schema={"type": "number", "description": "seconds"},
    given={"anyOf": [{"type": "number", "minimum": 0.1, "maximum": checks.MAX_TIMEOUT_MS / 1000}, STRING]},
    is_number=True,
)
TIME = Kind(
    "time",
    checks.check_instant,
    choice="of_time",
    example="<2h",
    input="time",
    json=when.iso,
    text=lambda ms: when.iso(ms) or NONE,
    cell=lambda ms, now: when.iso(ms) if now is None else when.ago(ms, now),
    detail=lambda ms, now: when.iso(ms) if now is None else f"{when.local(ms)} ({when.ago(ms, now)})",
    schema={"type": "string", "format": "date-time"},
    given=STRING,
)
# An instant that is a text already, and stays one in a table.
TIME_TEXT = TIME.but(json=as_it_is, cell=None, detail=None)
FLAG = Kind(
    "flag",
    checks.check_flag,
    read=read_flag,
    choice="of_flag",
    example="yes",
    input="tick",
    text=flag_text,
    cell=flag_text,
    schema={"type": "boolean"},
    is_flag=True,
)
NAMES = Kind(
    "names",
    checks.check_tags,
    read=read_names,
    read_one=read_names,
    choice="having",
    example="nightly",
    input="names",
    json=list,
    text=",".join,
    texts=list,
    schema={"type": "array", "items": STRING, "maxItems": checks.MAX_TAGS},
    given={"type": "array", "items": NAME.taken, "maxItems": checks.MAX_TAGS},
)
REFERENCES = Kind(
    "references",
    checks.check_references,
    choice="of_parent",
    example="job-1",
    input="names",
    json=list,
    text=",".join,
    texts=list,
    schema={"type": "array", "items": STRING, "maxItems": checks.MAX_REFERENCES},
    given={
        "type": "array",
        "items": {
            "anyOf": [{**STRING, "minLength": 1}, {"type": "integer", "minimum": 1, "maximum": checks.MAX_NUMBER}]
        },
        "maxItems": checks.MAX_REFERENCES,
    },
)
VARIABLES = Kind(
    "variables",
    checks.check_env,
    read_one=read_variable,
    input="variables",
    json=masked,
    text=lambda env: ",".join(input_texts(masked(env))),
    texts=lambda env: [name if is_secret(name) else f"{name}={value}" for name, value in env.items()],
    is_pairs=True,
    schema={"type": "object", "additionalProperties": STRING},
)


def one_of(*words: str) -> Kind:
    """Return the kind of one of some words."""

    def check(value: object, now: int) -> object:
        if value in words:
            return value
        raise ValueError(f"must be one of {', '.join(words)}")

    return TEXT.but(name="word", check=check, schema={"type": "string", "enum": list(words)}, is_free=False)
