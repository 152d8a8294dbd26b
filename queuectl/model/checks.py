"""The limits of a job's fields: each function takes a value as JSON has it and returns it as it is kept.

A value that is not allowed raises ValueError with the rule. `now` is the wall time in milliseconds, for `+30m`.
"""

from __future__ import annotations

from . import instants, when
from .errors import quoted

ASCII_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
ALPHANUMERIC = frozenset(ASCII_LETTERS + DIGITS)
NAME_CHARACTERS = ALPHANUMERIC | frozenset("._-")
ID_CHARACTERS = NAME_CHARACTERS | frozenset(":")
ENV_FIRST = frozenset(ASCII_LETTERS + "_")
ENV_CHARACTERS = ENV_FIRST | frozenset(DIGITS)

MAX_ID = 128
MAX_NAME = 64
NAME_RULE = f"must be 1 to {MAX_NAME} of A-Z a-z 0-9 . _ - and start with a letter or digit"
# The same rules as regular expressions, for the API's description.
NAME_PATTERN = f"^[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_NAME - 1}}}$"
ID_PATTERN = f"^[A-Za-z0-9][A-Za-z0-9._:-]{{0,{MAX_ID - 1}}}$"
COMMAND_PATTERN = r"^[^\x00]*[^\x00\s][^\x00]*$"
INPUT_PATTERN = r"^[^\x00]*$"
PATH_PATTERN = r"^/[^\x00]*$"
MAX_COMMAND_BYTES = 65_536
MAX_PRIORITY = 1000
MAX_RETRIES = 100
MAX_NICE = 19
MAX_REFERENCES = 10_000
# The largest number that JSON has exactly in all programs.
MAX_NUMBER = 2**53 - 1
# How the parent of a link may have to end.
ENDS = ("completed", "any", "failed")
MAX_TAGS = 16
MAX_LOCKS = 16
# For a queue, a lock or a batch.
MAX_SLOTS = 10_000
MAX_FAILS = 1_000_000
MIN_TIMEOUT_MS = 100
MAX_TIMEOUT_MS = 2_592_000_000
MAX_GRACE_MS = 600_000
MAX_ENV_KEYS = 100
MAX_ENV_VALUE_BYTES = 32_768
MAX_ENV_BYTES = 131_072
MAX_PATH_BYTES = 4096
MAX_KEY = 255
# An environment variable holds it, whose size Linux limits to 128 KiB; a command that names it has to be no longer.
MAX_ITEM_BYTES = MAX_COMMAND_BYTES
MAX_INPUTS = 1000
RESERVED_ENV = "QUEUECTL_"


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


def check_text(value: object, now: int) -> str:
    """A text."""
    if isinstance(value, str):
        return value
    raise ValueError("must be a text")


def check_id(value: object, now: int) -> str | None:
    """An id starts with a letter or digit and has at most 128 of A-Z a-z 0-9 . _ : -"""
    if value is None or is_name(value, ID_CHARACTERS, MAX_ID):
        return value  # type: ignore[return-value]
    raise ValueError(f"must be 1 to {MAX_ID} of A-Z a-z 0-9 . _ : - and start with a letter or digit")


def without_line_end(command: str) -> str:
    """Return a command without the carriage return of a Windows line at its end, which sh takes for a letter."""
    return command.rstrip("\r\n") if command.rstrip("\n").endswith("\r") else command


def check_command(value: object, now: int) -> str:
    """A command is a text that the shell can be given as one argument."""
    text = without_line_end(check_text(value, now))
    if not text or text.isspace():
        raise ValueError("must not be empty")
    if not is_utf8(text):
        raise ValueError(_why_no_utf8(text))
    return _check_input("", text)


def check_item(value: object, now: int) -> str | None:
    """An input of a command: any text that an environment variable can hold, or none."""
    return None if value is None else _check_input("", value)


def check_inputs(value: object, now: int) -> dict[str, str] | None:
    """The inputs of a command by name; none are None."""
    if value is None or value == {}:
        return None
    if not isinstance(value, dict):
        raise ValueError("must be an object of texts")
    if len(value) > MAX_INPUTS:
        raise ValueError(f"must have at most {MAX_INPUTS} inputs")
    for name, text in value.items():
        if not isinstance(name, str) or not name or "=" in name:
            raise ValueError(f"input {quoted(name)} must have a name without =")
        _check_input(f"input {quoted(name)} ", text)
        _check_input("the name of an input ", name)
    return dict(value)


def _check_input(of: str, text: object) -> str:
    if not isinstance(text, str):
        raise ValueError(f"{of}must be a text")
    if "\0" in text:
        raise ValueError(f"{of}must not contain a NUL character")
    if not is_utf8(text):
        raise ValueError(f"{of}must be valid Unicode")
    if len(text) > MAX_ITEM_BYTES // 4 and len(text.encode()) > MAX_ITEM_BYTES:
        raise ValueError(f"{of}must be at most {MAX_ITEM_BYTES} bytes long")
    return text


def check_key(value: object, now: int) -> str | None:
    """A line of text that no two unfinished jobs have in common, or none."""
    if value is None or value == "none":
        return None
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text that is not empty")
    if len(value) > MAX_KEY or not value.isprintable():
        raise ValueError(f"must be at most {MAX_KEY} printable characters")
    return value


def check_hook(value: object, now: int) -> str | None:
    """A command that the end of a job adds; `none` for no command, an empty text or None for what the settings say."""
    if value is None or value == "":
        return None
    command = check_command(value, now)
    return "none" if command.strip().lower() == "none" else command


def _why_no_utf8(command: str) -> str:
    """Return the rule that a command breaks, with how to write bytes where it has any that are no text."""
    rule = "must be valid Unicode, it holds a lone surrogate"
    try:
        command.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return rule
    from .shellwords import shell_word

    word = next(word for word in command.split() if not is_utf8(word)).strip("'\"")
    return f"{rule}; write a word that is not UTF-8 as {shell_word(word)}"


def check_name(value: object, now: int) -> str:
    """The name of a queue or a tag."""
    if is_name(value):
        return value  # type: ignore[return-value]
    raise ValueError(NAME_RULE)


def check_share(value: object, now: int) -> str | None:
    """A number from 1 on, a percentage, or none; returned as a text, `3` or `10%`."""
    if value is None:
        return None
    text = str(value) if type(value) is int else value if isinstance(value, str) else ""
    digits, percent, more = text.partition("%")
    number = when.integer(digits)
    if number is None or not 0 < number <= (100 if percent else MAX_FAILS) or more:
        raise ValueError(f"must be a whole number between 1 and {MAX_FAILS}, or a percentage such as 10%")
    return f"{number}{percent}"


def check_integer(value: object, low: int, high: int) -> int:
    """Return an integer of a range; a bool is not one."""
    if type(value) is int and low <= value <= high:
        return value
    raise ValueError(f"must be a whole number between {low} and {high}")


def check_duration(value: object, now: int) -> int | None:
    """Seconds as a number, a text such as `1h30m`, or none; returned in milliseconds."""
    return _milliseconds(value, MIN_TIMEOUT_MS, MAX_TIMEOUT_MS)


def check_grace(value: object, now: int) -> int | None:
    """The same for the time that a command has to end; `default`, too, means the setting's."""
    value = None if isinstance(value, str) and value.strip().lower() == "default" else value
    return _milliseconds(value, 0, MAX_GRACE_MS)


def _milliseconds(value: object, low: int, high: int) -> int | None:
    if value is None or isinstance(value, str) and value.strip().lower() == "none":
        return None
    rule = f"must be between {low / 1000:g} and {high // 1000} seconds, or none"
    if isinstance(value, str):
        try:
            milliseconds = when.parse_duration(value)
        except ValueError as error:
            raise ValueError(f"is {error}") from None
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= high:
        milliseconds = round(value * 1000)
    else:
        raise ValueError(rule)
    if low <= milliseconds <= high:
        return milliseconds
    raise ValueError(rule)


def check_instant(value: object, now: int) -> int | None:
    """An instant as a text, returned in milliseconds since 1970."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("must be a text such as 2026-11-10T02:00:00Z or +30m")
    try:
        return instants.parse_instant(value, now)
    except ValueError as error:
        raise ValueError(f"is {error}") from None


def check_expiry(value: object, now: int) -> int | None:
    """An instant that is still to come, `none` for none."""
    at = None if value == "none" else check_instant(value, now)
    if at is not None and at <= now:
        raise ValueError("must be later than now")
    return at


def check_cwd(value: object, now: int) -> str:
    """The directory to run in. Whether it exists is checked when the job starts."""
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
    if sum(_check_variable(name, text) for name, text in value.items()) > MAX_ENV_BYTES:
        raise ValueError(f"must be at most {MAX_ENV_BYTES} bytes in all")
    return dict(value)


def _check_variable(name: object, text: object) -> int:
    """Return the bytes that one variable takes."""
    if not isinstance(name, str) or not is_variable_name(name):
        raise ValueError(f"variable {quoted(name)} must be letters, digits and _, at most {MAX_ID}")
    if name.startswith(RESERVED_ENV):
        raise ValueError(f"variable {name}: names starting with {RESERVED_ENV} are reserved")
    if text is None:
        raise ValueError(f"variable {name} has no value, write {name}=VALUE")
    if not isinstance(text, str) or "\0" in text:
        raise ValueError(f"variable {name} must be a text without NUL")
    if not is_utf8(text):
        raise ValueError(f"variable {name} must be valid Unicode")
    size = len(text.encode())
    if size > MAX_ENV_VALUE_BYTES:
        raise ValueError(f"variable {name} must be at most {MAX_ENV_VALUE_BYTES} bytes long")
    return len(name) + size + 2


def is_variable_name(name: str) -> bool:
    """Return whether `name` can name an environment variable."""
    return 0 < len(name) <= MAX_ID and name[0] in ENV_FIRST and ENV_CHARACTERS.issuperset(name)


def check_tags(value: object, now: int, what: str = "tag", most: int = MAX_TAGS) -> tuple[str, ...]:
    """Names to find the job by."""
    if not isinstance(value, (list, tuple)) or len(value) > most:
        raise ValueError(f"must be a list of at most {most} names")
    for name in value:
        if not is_name(name):
            raise ValueError(f"{what} {quoted(name)} {NAME_RULE}")
    return tuple(dict.fromkeys(value))


def check_locks(value: object, now: int) -> tuple[str, ...]:
    """Names of locks, also a single one as a text."""
    return check_tags([value] if isinstance(value, str) else value, now, "lock", MAX_LOCKS)


def check_references(value: object, now: int) -> tuple[str, ...]:
    """Jobs, each by what names it, filters that find some, or batches."""
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, (list, tuple)) or len(value) > MAX_REFERENCES:
        raise ValueError(f"must be a list of at most {MAX_REFERENCES} ids, numbers or filters")
    for reference in value:
        if isinstance(reference, dict):
            if "job" not in reference or not set(reference) <= {"job", "when"}:
                raise ValueError('an object must be {"job": ..., "when": ...}, "when" may be left out')
            raise ValueError(f"when must be one of {', '.join(ENDS)}, got {quoted(reference['when'])}")
        is_number = type(reference) is int and 1 <= reference <= MAX_NUMBER
        if not is_number and (not isinstance(reference, str) or not reference):
            raise ValueError(f"{quoted(reference)} must be an id, a number or a filter")
    return tuple(dict.fromkeys(map(str, value)))


def check_flag(value: object, now: int) -> bool:
    """true or false."""
    if isinstance(value, bool):
        return value
    raise ValueError("must be true or false")
