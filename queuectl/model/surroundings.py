"""The surroundings of a command: the shell that reads it, its standard input, and what it inherits from its caller.

The caller is who adds the job. Words say what to inherit: `default`, `all` or `none`, names of variables, and patterns
such as CUDA_*. A variable whose name looks secret is inherited only under its full name, a QUEUECTL_ variable never.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from . import checks, kinds
from .errors import quoted
from .record import Record

SHELL = "/bin/sh"
NO_SHELL = "none"
MAX_STDIN_BYTES = 1 << 20
# Words that stand for many variables.
DEFAULT, ALL, NONE = BASES = ("default", "all", "none")
# What jobs inherit in addition to PATH by default.
USUAL = ("LANG", "LC_*", "TZ", "VIRTUAL_ENV", "CONDA_*")
# Variables of a login: a job may run long after its caller's login, so the worker's own values win.
OF_LOGIN = ("SSH_AUTH_SOCK", "DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
# Variables that are true only in the caller's shell and terminal.
OF_TERMINAL = frozenset(("_", "SHLVL", "OLDPWD", "PWD", "TERM", "COLUMNS", "LINES"))
PATH = "PATH"
PATTERN_CHARACTERS = checks.ENV_CHARACTERS | frozenset("*?[]!-")
NOTHING: Mapping[str, str] = {}


class Origin(Record):
    """What a caller gives to the jobs that it adds. An empty `path` and a `umask` of None are those of the workers."""

    path: str
    inherited: Mapping[str, str] = NOTHING
    umask: int | None = None


def umask_text(umask: int | None) -> str | None:
    """Return a umask in octal, such as `0022`."""
    return None if umask is None else f"{umask:04o}"


def check_shell(value: object, now: int) -> str:
    """What runs a command: the name or the path of a shell, or `none`."""
    shell = value.strip() if isinstance(value, str) else ""
    if shell.lower() == NO_SHELL:
        return NO_SHELL
    is_name = shell and "/" not in shell and not any(map(str.isspace, shell)) and not shell.startswith("-")
    if not (is_name or shell.startswith("/")):
        raise ValueError("must be none, the name of a shell such as bash, or its absolute path")
    if "\0" in shell or not checks.is_utf8(shell) or len(shell.encode()) > checks.MAX_PATH_BYTES:
        raise ValueError(f"must be valid Unicode without NUL and at most {checks.MAX_PATH_BYTES} bytes long")
    return shell


def words_of(command: str) -> list[str]:
    """Return the words of a command that no shell runs. Raises ValueError with the rule."""
    import shlex

    try:
        words = shlex.split(command)
    except ValueError:
        raise ValueError("must be words, since its shell is none: a quote is not closed, or \\ ends it") from None
    if not words or not words[0]:
        raise ValueError("must begin with a program, since its shell is none")
    return words


def check_stdin(value: object, now: int) -> bytes | None:
    """What a command reads as its standard input: a text or bytes, None for nothing."""
    if value is None:
        return None
    if not isinstance(value, (str, bytes)):
        raise ValueError("must be a text")
    if isinstance(value, str) and not checks.is_utf8(value):
        raise ValueError("must be valid Unicode, it holds a lone surrogate")
    data = value.encode() if isinstance(value, str) else value
    if len(data) > MAX_STDIN_BYTES:
        raise ValueError(f"must be at most {MAX_STDIN_BYTES} bytes long; let the command read a file")
    return data or None


def check_inherit(value: object, now: int) -> tuple[str, ...] | None:
    """What to inherit: words as a list, or as a text with commas between; None for the setting."""
    if value is None:
        return None
    words = kinds.read_names(value) if isinstance(value, str) else value
    if not isinstance(words, (list, tuple)) or not 0 < len(words) <= checks.MAX_ENV_KEYS:
        raise ValueError(f"must be all, none, default, or 1 to {checks.MAX_ENV_KEYS} names such as LANG or CUDA_*")
    for word in words:
        if not isinstance(word, str) or not 0 < len(word) <= checks.MAX_ID or not PATTERN_CHARACTERS.issuperset(word):
            raise ValueError(f"{quoted(word)} must be all, none, default, or a name such as LANG or CUDA_*")
        if word.startswith(checks.RESERVED_ENV):
            raise ValueError(f"{quoted(word)}: variables that start with {checks.RESERVED_ENV} are never inherited")
    if len({*words} & {*BASES}) > 1:
        raise ValueError("must have at most one of all, none and default")
    return tuple(dict.fromkeys(words))


def inherited(environ: Mapping[str, str], words: Sequence[str], *, has_usual: bool) -> tuple[dict[str, str], list[str]]:
    """Return the variables, without PATH, that jobs inherit from an environment, and the names that did not fit."""
    # With `has_usual` they inherit the usual ones without naming them.
    takes_all = ALL in words
    takes_usual = takes_all or DEFAULT in words or (has_usual and NONE not in words)
    wanted = [*(word for word in words if word not in BASES), *((*USUAL, *OF_LOGIN) if takes_usual else ())]
    exact = frozenset(word for word in wanted if checks.is_variable_name(word))
    patterns = [*(word for word in wanted if word not in exact), *(["*"] if takes_all else [])]
    names = [name for name in environ if _is_wanted(name, exact, patterns)]
    found: dict[str, str] = {}
    left_out, room = [], checks.MAX_ENV_BYTES
    # Named variables come first, since not all may fit.
    for name in sorted(names, key=lambda name: (name not in exact, name)):
        size = len(environ[name].encode("utf-8", "surrogateescape"))
        taken = len(name) + size + 2
        if size > checks.MAX_ENV_VALUE_BYTES or taken > room or len(found) == checks.MAX_ENV_KEYS:
            left_out.append(name)
            continue
        found[name] = environ[name]
        room -= taken
    return found, left_out


def _is_wanted(name: str, exact: frozenset[str], patterns: Iterable[str]) -> bool:
    if name == PATH or name.startswith(checks.RESERVED_ENV) or not checks.is_variable_name(name):
        return False
    if name in exact:
        return True
    if name in OF_TERMINAL or kinds.is_secret(name):
        return False
    return any(_is_like(name, pattern) for pattern in patterns)


def _is_like(name: str, pattern: str) -> bool:
    if pattern.endswith("*") and checks.ENV_CHARACTERS.issuperset(pattern[:-1]):
        return name.startswith(pattern[:-1])
    from fnmatch import fnmatchcase

    return fnmatchcase(name, pattern)
