"""One tree of errors. A class knows its exit code and its stable error code.

    QueueCTLError (1 failed)
    |-- InvalidInput (2 invalid)
    |   |-- FilterError
    |-- NotFound (3 not_found), a LookupError
    |-- Conflict (4 conflict)
    |-- StoreUnavailable (5 store_unavailable)
    |   |-- StoreBusy  StoreFull  StoreReadOnly  StoreDamaged  StoreTooNew
    |-- DaemonUnavailable (6 daemon_unavailable)
    |-- WaitTimeout (124 wait_timeout), a TimeoutError

They are raised wherever something is found to be wrong and caught at the edge only: the front
end turns them into a message and an exit code, the daemons into a line of their log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .printable import printable
from .quantity import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, TypeVar

    T = TypeVar("T")

MAX_PROBLEMS_SHOWN = 20
MAX_SHOWN = 80


class QueueCTLError(Exception):
    """Something a user can understand went wrong.

    `message` is a line without a full stop, `hint` what to do next, `field` the input to blame, `problems` lists all.
    """

    exit_code = 1
    code = "failed"
    # For a text that is not understood: where, and what was probably meant. For jobs that changed meanwhile: how many.
    position: int | None = None
    suggestion: str | None = None
    count: int | None = None

    def __init__(self, message: str, *, hint: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.field = field
        self.problems = [message]


class InvalidInput(QueueCTLError):
    """The input is not allowed. Nothing was changed. All problems are listed, to be mended in one go."""

    exit_code = 2
    code = "invalid"

    @classmethod
    def of(cls, problems: Sequence[str], *, field: str | None = None) -> InvalidInput:
        """Return one error for several problems; past 20 they are only counted. `field` is the first to mend."""
        shown = list(problems[:MAX_PROBLEMS_SHOWN])
        if len(problems) > len(shown):
            shown.append(f"and {counted(len(problems) - len(shown), 'more problem')}")
        found = cls("; ".join(shown), field=field)
        found.problems = shown
        return found

    def rename(self, names: Mapping[str, str]) -> None:
        """Call fields in the messages as the user has called them: `names` has that by field."""
        import re

        for field, name in names.items():
            # What comes before it is the place; a value, in quotes, comes later.
            called = re.compile(rf'^((?:[^"]*: )?){field}(?=[ :])')
            self.problems = [called.sub(rf"\g<1>{name}", it) for it in self.problems]
        self.message = "; ".join(self.problems)

    @classmethod
    def of_fields(cls, problems: Sequence[tuple[str, str]]) -> InvalidInput:
        """Return one error for problems given as (field, problem)."""
        return cls.of([problem for _, problem in problems], field=problems[0][0])


class FilterError(InvalidInput):
    """A filter that is not understood after `position` characters of `text`; `suggestion` was probably meant there."""

    code = "bad_filter"

    def __init__(
        self, message: str, *, text: str, position: int, suggestion: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, field="filter")
        self.text = text
        self.position = position
        self.suggestion = suggestion


class NotFound(QueueCTLError, LookupError):
    """There is no such job or template."""

    exit_code = 3
    code = "not_found"


class Conflict(QueueCTLError):
    """It exists already, or is not in a state that allows this."""

    exit_code = 4
    code = "conflict"


class StoreUnavailable(QueueCTLError):
    """The home cannot be used at the moment. The request was not carried out."""

    exit_code = 5
    code = "store_unavailable"


class StoreBusy(StoreUnavailable):
    """Another process kept the store locked for the whole budget."""

    code = "store_busy"


class StoreFull(StoreUnavailable):
    """The disk, or the quota on it, is used up."""

    code = "store_full"


class StoreReadOnly(StoreUnavailable):
    """The home cannot be written to."""

    code = "store_read_only"


class StoreDamaged(StoreUnavailable):
    """The home's file is damaged, empty, or not one of ours. It is never replaced."""

    code = "store_damaged"


class StoreTooNew(StoreUnavailable):
    """The home was written by a newer QueueCTL."""

    code = "store_too_new"


class DaemonUnavailable(QueueCTLError):
    """A daemon is not running, or did not start."""

    exit_code = 6
    code = "daemon_unavailable"


class WaitTimeout(QueueCTLError, TimeoutError):
    """The event that was waited for did not happen in time."""

    exit_code = 124
    code = "wait_timeout"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word nearest to `word`, None if none is near."""
    import difflib

    return next(iter(difflib.get_close_matches(word[:MAX_SHOWN], list(known), n=1, cutoff=0.6)), None)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean "x"?)` for the known word nearest to `word`, or an empty string."""
    return suggestion_text(nearest(word, known))


def suggestion_text(found: str | None) -> str:
    """Return ` (did you mean "x"?)`, or an empty string for None."""
    return f' (did you mean "{found}"?)' if found else ""


def quoted(value: object) -> str:
    """Return what was given as it may be shown, cut at 80 characters: a text in quotes, other values as JSON does."""
    if not isinstance(value, str):
        import json

        return printable(_cut(json.dumps(value, default=repr)))
    return '"' + printable(_cut(value).replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _cut(text: str) -> str:
    return text[:MAX_SHOWN] + "..." if len(text) > MAX_SHOWN else text


def value_of(read: Callable[[], T], name: str, value: object, field: str = "") -> T:
    """Return what `read` makes of a value, called `name`. Raises InvalidInput for its ValueError."""
    try:
        return read()
    except ValueError as error:
        raise InvalidInput(f"{name} {with_value(error, value)}", field=field or name) from None


def with_value(error: Exception, value: object) -> str:
    """Return what is wrong with a value, followed by the value unless it or its wrong part is named already."""
    is_named = isinstance(value, str) and quoted(value) in str(error) or ", got " in str(error)
    return str(error) if is_named else f"{error}, got {quoted(value)}"
