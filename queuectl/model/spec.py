"""The request for a new job, checked once for every way in.

`JobSpec.parse` takes a plain mapping (from JSON, the command line or Python) and returns a complete
JobSpec, or raises one InvalidInput with all problems. So a limit is the same everywhere.
"""

from __future__ import annotations

from . import instants
from .checks import is_utf8
from .errors import InvalidInput, did_you_mean, quoted, with_value
from .fields import BY_SPELLING, EDITABLE, FROM_NOW, GIVEN, Field
from .job import COMPLETED, GivenFields
from .link import WHENS
from .native import as_json
from .policy import LISTS, overlaps, yielding
from .surroundings import NO_SHELL, words_of
from .when import is_digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence

# By field; the directory and the values from settings are given with each job.
DEFAULTS = {field.name: field.default for field in GIVEN if not field.is_required}

# Fields that mean nothing without another field.
BELONGS = {"max_fails": "batch", "batch_limit": "batch", "if_exists": "key", "key_for": "key"}


class JobSpec(GivenFields):
    """A job to be enqueued: every field checked, times in milliseconds."""

    id: str | None
    run_at: int | None
    is_delay: bool  # `run_at` counts from when the job is added, as `+30m` does
    expires_from_now: bool  # so does `expires_at`
    hold: bool
    inherit_env: tuple[str, ...] | None
    stdin: bytes | None
    batch_limit: int | None
    max_fails: str | None
    if_exists: str

    __slots__ = tuple(__annotations__)
    FIELDS = (*GivenFields.__slots__, *__slots__)

    def __init__(self, command: str, *, max_retries: int, timeout: int | None, cwd: str, **others: Any) -> None:
        """Make a spec of checked values; what is not given has its default."""
        given = {"command": command, "max_retries": max_retries, "timeout": timeout, "cwd": cwd, **others}
        self.is_delay = self.expires_from_now = False
        for name, value in {**DEFAULTS, **given}.items():
            setattr(self, name, value)

    def with_input(self, command: str, item: str | None, index: int, inputs: dict[str, str] | None) -> JobSpec:
        """Return a spec that differs in its input, which is checked already."""
        other = JobSpec.__new__(JobSpec)
        for name in JobSpec.FIELDS:
            setattr(other, name, getattr(self, name))
        other.command, other.item, other.item_index, other.inputs = command, item, index, inputs
        return other

    @classmethod
    def parse(cls, data: Mapping[str, object], *, cwd: str, now: int, **defaults: Any) -> JobSpec:
        """Return the spec for `data`.

        `cwd` and `defaults` (from settings, as they are kept) stand in where `data` has none; `now` is the wall
        time in milliseconds, for times such as `+30m`. Raises InvalidInput with all problems.
        """
        reading = Reading(data, GIVEN, now)
        if "cwd" not in reading.seen and not is_utf8(cwd):
            reading.refuse("cwd", f"the current directory {quoted(cwd)} must be valid Unicode, give another as cwd")
        if "command" not in reading.seen:
            reading.refuse("command", "command is missing")
        expires_at, run_at = reading.values.get("expires_at"), reading.values.get("run_at")
        if expires_at is not None and run_at is not None and expires_at <= run_at:
            key = reading.seen["expires_at"]
            reading.refuse(key, f"{key} must be later than the time to run it")
        shell = reading.values.get("shell", defaults.get("shell"))
        if shell == NO_SHELL and "command" in reading.values:
            try:
                words_of(reading.values["command"])
            except ValueError as error:
                key = reading.seen["command"]
                reading.refuse(key, f"{key} {with_value(error, reading.values['command'])}")
        for name, owner in BELONGS.items():
            if reading.values.get(name) not in (None, DEFAULTS[name]) and reading.values.get(owner) is None:
                reading.refuse(name, f"{name} belongs to a {owner}, give a {owner} as well")
        reading.demand_none_refused()
        spec = cls(**{**defaults, **yielding(defaults, reading.values), "cwd": cwd, **reading.values})
        for name, key in FROM_NOW.items():
            setattr(spec, key, name in reading.from_now)
        return spec


def parse_changes(data: Mapping[str, object], now: int, allowed: Sequence[Field] = EDITABLE) -> dict[str, Any]:
    """Return the checked changes to a waiting job or a schedule, by field; each time comes with its flag of FROM_NOW.

    `run_at` null means now. Raises InvalidInput with all problems, or if there is nothing to change.
    """
    reading = Reading(data, allowed, now)
    reading.demand_none_refused()
    if not reading.values:
        raise InvalidInput(f"nothing to change, give at least one of {', '.join(field.name for field in allowed)}")
    if reading.values.get("run_at", now) is None:
        reading.values["run_at"] = now
    reading.values.update({key: name in reading.from_now for name, key in FROM_NOW.items() if name in reading.values})
    return reading.values


class Reading:
    """The fields of a mapping: `values` by name, and the problems of the others."""

    def __init__(self, data: Mapping[str, object], allowed: Sequence[Field], now: int) -> None:
        self.values: dict[str, Any] = {}
        self.seen: dict[str, str] = {}  # the given spelling of each field
        self.from_now: set[str] = set()  # the times that count from now
        self._problems: list[tuple[str, str]] = []
        for key, value in with_limit(spread(data)).items():
            self._read(key, as_json(value), allowed, now)

    def _read(self, key: str, value: object, allowed: Sequence[Field], now: int) -> None:
        field = BY_SPELLING.get(key)
        if field is None:
            known = [known.name for known in allowed]
            self.refuse(key, f"unknown field {quoted(key)}{did_you_mean(key, known)}")
        elif field not in allowed:
            self.refuse(key, f"{quoted(key)} cannot be changed")
        elif field.name in self.seen:
            self.refuse(key, f"{key} and {self.seen[field.name]} are the same field, give one")
        else:
            self.seen[field.name] = key
            try:
                self.values[field.name] = field.check(value, now)
                if field.name in FROM_NOW and isinstance(value, str) and instants.is_from_now(value):
                    self.from_now.add(field.name)
            except ValueError as error:
                # A long value is not shown with its problem, nor is a secret one.
                is_shown = not (field.kind.is_many or field.kind.name == "stdin" or isinstance(value, (dict, list)))
                self.refuse(key, f"{key} {with_value(error, value)}" if is_shown else f"{key}: {error}")

    def refuse(self, key: str, problem: str) -> None:
        """Note a problem of a field."""
        self._problems.append((key, problem))

    def demand_none_refused(self) -> None:
        """Raise InvalidInput if there are problems, or a code is in two lists; its `field` is the first of them."""
        given = {name: value for name, value in self.values.items() if value is not None and name in LISTS}
        problem = overlaps(given) if len(given) > 1 else None
        if problem is not None:
            self.refuse(next(iter(given)), problem)
        if self._problems:
            raise InvalidInput.of_fields(self._problems)


def spread(data: Mapping[str, object]) -> Mapping[str, object]:
    """Return a mapping without objects in `after`: `{"job": "a", "when": "any"}` becomes "a" in `after_any`."""
    after = data.get("after")
    if isinstance(after, dict):
        after = [after]
    if not isinstance(after, (list, tuple)) or not any(isinstance(item, dict) for item in after):
        return data
    found: dict[str, list[object]] = {key: [] for key in WHENS.values()}
    for item in after:
        # An object of another form stays, for the check to refuse.
        is_whole = isinstance(item, dict) and {"job"} <= set(item) <= {"job", "when"}
        when = item.get("when", COMPLETED) if is_whole else None
        if isinstance(when, str) and when in WHENS:
            found[WHENS[when]].append(item["job"])
        else:
            found["after"].append(item)
    others = {key: value for key, value in data.items() if key != "after"}
    for key, jobs in found.items():
        given = others.get(key, [])
        if jobs and isinstance(given, (list, tuple)):
            others[key] = [*given, *jobs]
    return others


def with_limit(data: Mapping[str, object]) -> Mapping[str, object]:
    """Return a mapping whose `batch` is a name: `nightly%4` there becomes "nightly", with the `batch_limit` 4."""
    batch = data.get("batch")
    # A wrong number, or a second one, stays as it is and is refused by the check.
    if not isinstance(batch, str) or "%" not in batch or data.get("batch_limit") is not None:
        return data
    name, _, limit = batch.rpartition("%")
    return {**data, "batch": name, "batch_limit": int(limit) if is_digits(limit) else limit}
