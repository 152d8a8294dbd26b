"""The fields of a job, each described once: what it holds, who gives it, where it is shown and found.

JOB_FIELDS is the only list of them. The rules for a new job, the options of `add`, `schedule`, `cron add` and `edit`,
the keys of JSON, the schemas of the API, the columns, filters and sorts, the forms of the menu and of the dashboard and
the tables of the documentation are made from it. What is written by hand as well, a test compares with it: the
annotations of Job, JobSpec and Schedule, and the tables of the store.
"""

from __future__ import annotations

from .checks import MAX_PRIORITY, MAX_RETRIES, check_command, check_cwd, check_id, check_queue
from .kinds import (
    DURATION,
    FLAG,
    INSTANT,
    NAME,
    NUMBER,
    SIGNAL,
    STATE,
    TAGS,
    TEXT,
    TIME,
    TIMEOUT,
    VARIABLES,
    Kind,
    integer,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

HOW, WHEN = "how to run", "when to run"
# Where a column stands: in every list, or only in a long one.
SHORT, LONG = "short", "long"


class Field:
    """One field of a job.

    Of one that is given: `spellings` are other names in JSON; `default` stands in where it is missing, unless
    `setting` names the setting that does; `default_words` say so. `option`, `short`, `metavar`, `complete` and
    `group` are its option's. `is_asked` says that the menu asks for it, `is_editable` that it can be changed while
    the job waits, `is_recurring` that a schedule has it for its jobs, and `is_kept` that a job has it later on.

    Of one that is kept: `is_nullable` says that it may be missing. `filter` is its key in a filter, `is_sortable`
    whether jobs can be sorted by it, `column` where it is listed, `label` what stands above it, `is_wide` that it
    holds free text of any length.
    """

    __slots__ = (
        "name",
        "kind",
        "help",
        "label",
        "spellings",
        "default",
        "setting",
        "default_words",
        "option",
        "short",
        "metavar",
        "complete",
        "group",
        "is_required",
        "is_asked",
        "is_editable",
        "is_recurring",
        "is_kept",
        "is_nullable",
        "filter",
        "is_sortable",
        "column",
        "is_wide",
    )

    def __init__(
        self,
        name: str,
        kind: Kind,
        help: str,
        *,
        label: str = "",
        spellings: tuple[str, ...] = (),
        default: object = None,
        setting: str | None = None,
        default_words: str = "",
        option: str = "",
        short: str = "",
        metavar: str | None = None,
        complete: str | None = None,
        group: str = "options",
        is_required: bool = False,
        is_asked: bool = False,
        is_editable: bool = False,
        is_recurring: bool = False,
        is_kept: bool = True,
        is_nullable: bool = False,
        filter: str | None = None,
        is_sortable: bool = False,
        column: str | None = None,
        is_wide: bool = False,
    ) -> None:
        self.name = name
        self.kind = kind
        self.help = help
        self.label = label or name.replace("_", " ").capitalize()
        self.spellings = spellings
        self.default = default
        self.setting = setting
        self.default_words = default_words or setting or ""
        self.option = option or "--" + name.replace("_", "-")
        self.short = short
        self.metavar = metavar
        self.complete = complete
        self.group = group
        self.is_required = is_required
        self.is_asked = is_asked
        self.is_editable = is_editable
        self.is_recurring = is_recurring
        self.is_kept = is_kept
        self.is_nullable = is_nullable
        self.filter = filter
        self.is_sortable = is_sortable
        self.column = column
        self.is_wide = is_wide

    def __repr__(self) -> str:
        return f"<Field {self.name}: {self.kind.name}>"

    @property
    def is_given(self) -> bool:
        """Whether it may be given for a new job; it is computed otherwise."""
        return self.kind.check is not None

    @property
    def edit_option(self) -> str:
        """The option that changes it: one that takes all names at once replaces them."""
        return f"--{self.name}" if self.kind.name == "names" else self.option

    def check(self, value: object, now: int) -> Any:
        """Return a value of JSON as it is kept. Raises ValueError with the rule."""
        if self.kind.check is None:
            raise ValueError("is computed")
        return self.kind.check(value, now)


def check_new_id(value: object, now: int) -> str | None:
    """A new id reads neither like another reference to jobs nor like a filter: old ones may, and have their numbers."""
    found = check_id(value, now)
    if found is None:
        return None
    first, dash, last = found.partition("-")
    is_number = first.isdigit() and (not dash or last.isdigit())
    if is_number or found == "last" or found.partition(":")[0].lower() in RESERVED and ":" in found:
        raise ValueError("must not read like a number, a range (3-9), last, or a filter (state:dead)")
    return found


JOB_FIELDS = (
    Field(
        "id",
        Kind("id", check_new_id),
        "the job's id",
        label="Id",
        default_words="job-NUMBER",
        is_asked=True,
        filter="id",
        is_sortable=True,
        column=SHORT,
    ),
    Field("number", NUMBER, "counts up in a home", is_sortable=True, column=LONG),
    Field(
        "command",
        Kind("text", check_command),
        "one shell command",
        complete="command",
        is_required=True,
        is_asked=True,
        is_editable=True,
        is_recurring=True,
        filter="text",
        is_sortable=True,
        column=SHORT,
        is_wide=True,
    ),
    Field("state", STATE, "where the job is", filter="state", is_sortable=True, column=SHORT),
    Field(
        "queue",
        Kind("name", check_queue),
        "the queue",
        default="default",
        default_words="default",
        short="-Q",
        complete="queue",
        is_asked=True,
        is_editable=True,
        is_recurring=True,
        filter="queue",
        is_sortable=True,
        column=LONG,
    ),
    Field(
        "priority",
        integer(-MAX_PRIORITY, MAX_PRIORITY),
        f"{-MAX_PRIORITY} to {MAX_PRIORITY}, higher runs first",
        default=0,
        default_words="0",
        short="-p",
        is_asked=True,
        is_editable=True,
        is_recurring=True,
        filter="priority",
        is_sortable=True,
        column=SHORT,
    ),
    Field("attempts", NUMBER, "how often it was tried", filter="tries", is_sortable=True, column=SHORT),
    Field(
        "max_retries",
        integer(0, MAX_RETRIES),
        "attempts after the first",
        label="Retries",
        spellings=("retries",),
        setting="max_retries",
        option="--retries",
        short="-r",
        is_asked=True,
        is_editable=True,
        is_recurring=True,
        column=LONG,
    ),
    Field(
        "timeout",
        TIMEOUT,
        "seconds, 5m, 1h30m or none",
        spellings=("timeout_seconds", "timeout_sec"),
        setting="timeout",
        short="-T",
        is_asked=True,
        is_editable=True,
        is_recurring=True,
        is_nullable=True,
        column=LONG,
    ),
    Field(
        "run_at",
        INSTANT,
        "when to run it: now, +30m, tomorrow 09:00, 2026-11-10 02:00:00 (local), or ISO 8601 with zone",
        default_words="now",
        option="--at",
        metavar="TIME",
        group=WHEN,
        is_asked=True,
        is_editable=True,
        is_sortable=True,
        column=LONG,
    ),
    Field("created_at", TIME, "when it was added", label="Created", filter="created", is_sortable=True, column=SHORT),
    Field("updated_at", TIME, "when it last changed", label="Updated", filter="updated", is_sortable=True),
    Field(
        "started_at",
        TIME,
        "when its last attempt began",
        label="Started",
        is_nullable=True,
        filter="started",
        is_sortable=True,
        column=LONG,
    ),
    Field(
        "finished_at",
        TIME,
        "when it reached a final state",
        label="Finished",
        is_nullable=True,
        filter="finished",
        is_sortable=True,
        column=LONG,
    ),
    Field(
        "duration",
        DURATION,
        "how long its last attempt took",
        is_nullable=True,
        filter="duration",
        is_sortable=True,
        column=SHORT,
    ),
    Field("exit_code", NUMBER, "what its command returned", is_nullable=True, filter="exit", column=LONG),
    Field("signal", SIGNAL, "the signal that ended its command", is_nullable=True, filter="signal"),
    Field("error", TEXT, "how its last attempt failed", is_nullable=True, filter="error", column=SHORT, is_wide=True),
    Field("worker", NUMBER, "the worker of its last attempt", is_nullable=True, filter="worker", column=LONG),
    Field("pid", NUMBER, "the process of its last attempt", label="Process", is_nullable=True),
    Field(
        "cwd",
        Kind("text", check_cwd),
        "the directory to run in",
        label="Directory",
        default_words="the current one",
        metavar="DIR",
        complete="directory",
        group=HOW,
        is_editable=True,
        is_recurring=True,
        column=LONG,
    ),
    Field(
        "env",
        VARIABLES,
        "environment variables",
        label="Environment",
        default={},
        short="-e",
        metavar="NAME=VALUE",
        group=HOW,
        is_recurring=True,
    ),
    Field(
        "tags",
        TAGS,
        "names to find it by",
        default=(),
        option="--tag",
        short="-t",
        is_editable=True,
        filter="tag",
        column=LONG,
    ),
    Field(
        "allow_background",
        FLAG,
        "let background processes outlive the job",
        label="Background processes",
        default=False,
        group=HOW,
    ),
    Field("schedule", NAME, "the schedule that made it", is_nullable=True, filter="schedule"),
    Field("hold", FLAG, "keep it until it is released", default=False, group=WHEN, is_kept=False),
)
BY_NAME = {field.name: field for field in JOB_FIELDS}
# By every name that JSON may have for it.
BY_SPELLING = {name: field for field in JOB_FIELDS if field.is_given for name in (field.name, *field.spellings)}
KEPT = tuple(field for field in JOB_FIELDS if field.is_kept)
GIVEN = tuple(field for field in JOB_FIELDS if field.is_given)
EDITABLE = tuple(field for field in JOB_FIELDS if field.is_editable)
RECURRING = tuple(field for field in JOB_FIELDS if field.is_recurring)
# By the key that they have in a filter.
FILTERS = {field.filter: field for field in KEPT if field.filter is not None}
# With a colon behind, these begin a filter, or a reference that is to come.
RESERVED = (*FILTERS, "batch", "after", "lock", "key", "host")


def columns(*, long: bool = False) -> tuple[str, ...]:
    """Return the names of the columns of a list of jobs: those of free text come last."""
    shown = [field for field in KEPT if field.column == SHORT or (long and field.column == LONG)]
    return tuple(field.name for field in sorted(shown, key=lambda field: field.is_wide))


def shown(thing: object, fields: Sequence[Field] = KEPT) -> dict[str, Any]:
    """Return fields of a job or a schedule by name, times and durations in milliseconds, without secrets."""
    return {field.name: field.kind.shown(getattr(thing, field.name)) for field in fields}


def as_json(thing: object, fields: Sequence[Field] = KEPT) -> dict[str, Any]:
    """Return fields of a job or a schedule by name as JSON has them, without secrets."""
    return {field.name: field.kind.json(getattr(thing, field.name)) for field in fields}
