"""What a value can be: each kind once, with all that is done by it.

    kind       kept as                JSON                 text
    text       text                   the same             the same
    name       name of a thing        the same             the same
    hook       text or None           the same             the same; empty for None
    id         id of a job            the same             the same
    state      one of STATES          the same             the same
    standing   the same, or a batch's the same             the same
    integer    whole number           the same             digits
    share      `3` or `10%`           the same             the same
    signal     number of a signal     the same             digits
    duration   milliseconds           seconds              `1h30m`
    time       milliseconds           ISO 8601 in UTC      the same
    flag       bool                   the same             `yes`, `no`
    names      tuple of names         list                 commas between
    references tuple of texts         list                 commas between
    variables  dict of texts          secrets are masked   `NAME=VALUE`, commas between
    number     number                 the same             digits
    bytes      number of bytes        the same             digits
    word       one of a few words     the same             the same

`check(read(text(value)), now) == value` for every kind but variables. A value that is missing is None, `null` and
`none`; that of a hook is None, `null` and empty, since `none` is a hook that does nothing.
"""

from __future__ import annotations

from . import checks, when
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
    """Return a value that everybody may see."""
    return value


def plain_text(value: Any) -> str:
    """Return a value that is its own text."""
    return NONE if value is None else str(value)


def hook_text(value: str | None) -> str:
    """Return the command of a hook, an empty text for what the settings say."""
    return value or ""


def read_integer(text: str) -> int | str:
    """Return the number that a text is."""
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


def time_text(ms: int | None) -> str:
    """Return an instant as `2026-11-10T02:00:00.000Z`."""
    return when.iso(ms) or NONE


def read_flag(text: str) -> bool | str:
    """Return whether a text says yes or no."""
    return {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False)}.get(text.lower(), text)


def flag_text(value: bool, now: int | None = None) -> str:
    """Return `yes` or `no`."""
    return "yes" if value else "no"


def time_cell(ms: int, now: int | None) -> str | None:
    """Return an instant as `3m ago`, or without `now` as JSON has it."""
    return when.iso(ms) if now is None else when.ago(ms, now)


def time_detail(ms: int, now: int | None) -> str | None:
    """Return the same behind the local time."""
    return when.iso(ms) if now is None else f"{when.local(ms)} ({when.ago(ms, now)})"


def size_cell(count: int, now: int | None) -> str:
    """Return a number of bytes as `12.3 MiB`."""
    from .size import size_text

    return size_text(count)


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


def shown_variables(env: Mapping[str, str]) -> list[str]:
    """Return environment variables as NAME=VALUE, the secret ones as NAME alone."""
    return [name if is_secret(name) else f"{name}={value}" for name, value in env.items()]


def is_secret(name: str) -> bool:
    """Return whether an environment variable's name looks secret."""
    lower = name.lower()
    return any(word in lower for word in SECRET_WORDS)


def masked(env: Mapping[str, str]) -> dict[str, str]:
    """Return environment variables with `***` for those whose name looks secret."""
    return {name: MASK if is_secret(name) else value for name, value in env.items()}


class Kind(Record):
    """A kind of value: all that is done with a value by its kind is a part of it.

    What is given is JSON, or a text that is read as JSON and then checked; what is kept is what `check` returns.
    """

    name: str
    check: Check = lambda value, now: value  # JSON as it is kept, at a wall time; raises ValueError with the rule
    read: Callable[[str], object] = str  # a text as JSON, or as it is for `check` to refuse
    read_one: Callable[[str], object] | None = None  # the same for one of several texts that make up a value
    choice: str = "equal"  # the function of `choices` that reads it in a filter; few commands load that
    example: str = ""  # such a text
    input: str = "line"  # how a form asks for it
    json: Callable[[Any], Any] = as_it_is  # what is kept as JSON
    text: Callable[[Any], str] = plain_text  # what is kept as a text that means it
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


def integer(low: int, high: int) -> Kind:
    """Return the kind of whole numbers of a range."""
    return NUMBER.but(
        check=lambda value, now: checks.check_integer(value, low, high),
        schema={"type": "integer", "minimum": low, "maximum": high},
    )


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
# So many of some things, or so many percent of them.
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
    text=hook_text,
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
# Which they are, the job says: it is made of kinds.
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
BYTES = NUMBER.but(name="bytes", cell=size_cell)
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
    text=time_text,
    cell=time_cell,
    detail=time_detail,
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
    text=lambda env: ",".join(f"{name}={value}" for name, value in masked(env).items()),
    texts=shown_variables,
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
