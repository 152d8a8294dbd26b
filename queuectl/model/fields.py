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
from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

HOW, WHEN = "how to run", "when to run"
# Where a column stands: in every list, or only in a long one.
SHORT, LONG = "short", "long"
# required    no job is added without it                 passing   only a new job has it
# asked       the menu asks for it                       nullable  a job may have none
# editable    it can be changed while the job waits      sortable  jobs can be sorted by it
# recurring   a schedule has it for its jobs             wide      it holds free text of any length
TRAITS = ("required", "asked", "editable", "recurring", "passing", "nullable", "sortable", "wide")


class Field(Record):
    """One field of a job. `traits` are words of TRAITS, told by `is_...`.

    Of one that is given: `spellings` are other names in JSON; `default` stands in where it is missing, unless
    `setting` names the setting that does; `default_words` say so. `option`, `short`, `metavar`, `complete` and
    `group` are its option's.

    Of one that is kept: `filter` is its key in a filter, `column` says where it is listed, `label` stands above it.
    """

    name: str
    kind: Kind
    help: str
    traits: str = ""
    label: str = ""
    spellings: tuple[str, ...] = ()
    default: object = None
    setting: str | None = None
    default_words: str = ""
    option: str = ""
    short: str = ""
    metavar: str | None = None
    complete: str | None = None
    group: str = "options"
    filter: str | None = None
    column: str | None = None
    is_required: bool = False
    is_asked: bool = False
    is_editable: bool = False
    is_recurring: bool = False
    is_passing: bool = False
    is_nullable: bool = False
    is_sortable: bool = False
    is_wide: bool = False

    def __post_init__(self) -> None:
        """Work out what is not given. Raises ValueError for an unknown trait."""
        default = self.default
        self.label = self.label or self.name.replace("_", " ").capitalize()
        self.default_words = self.default_words or self.setting or (str(default) if type(default) in (str, int) else "")
        self.option = self.option or "--" + self.name.replace("_", "-")
        for trait in self.traits.split():
            if trait not in TRAITS:
                raise ValueError(f"{self.name} has an unknown trait: {trait}")
            setattr(self, f"is_{trait}", True)

    def __repr__(self) -> str:
        return f"<Field {self.name}: {self.kind.name}>"

    @property
    def is_kept(self) -> bool:
        """Whether a job has it later on."""
        return not self.is_passing

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
        "asked sortable",
        label="Id",
        default_words="job-NUMBER",
        filter="id",
        column=SHORT,
    ),
    Field("number", NUMBER, "counts up in a home", "sortable", column=LONG),
    Field(
        "command",
        Kind("text", check_command),
        "one shell command",
        "required asked editable recurring sortable wide",
        complete="command",
        filter="text",
        column=SHORT,
    ),
    Field("state", STATE, "where the job is", "sortable", filter="state", column=SHORT),
    Field(
        "queue",
        Kind("name", check_queue),
        "the queue",
        "asked editable recurring sortable",
        default="default",
        short="-Q",
        complete="queue",
        filter="queue",
        column=LONG,
    ),
    Field(
        "priority",
        integer(-MAX_PRIORITY, MAX_PRIORITY),
        f"{-MAX_PRIORITY} to {MAX_PRIORITY}, higher runs first",
        "asked editable recurring sortable",
        default=0,
        short="-p",
        filter="priority",
        column=SHORT,
    ),
    Field("attempts", NUMBER, "how often it was tried", "sortable", filter="tries", column=SHORT),
    Field(
        "max_retries",
        integer(0, MAX_RETRIES),
        "attempts after the first",
        "asked editable recurring",
        label="Retries",
        spellings=("retries",),
        setting="max_retries",
        option="--retries",
        short="-r",
        column=LONG,
    ),
    Field(
        "timeout",
        TIMEOUT,
        "seconds, 5m, 1h30m or none",
        "asked editable recurring nullable",
        spellings=("timeout_seconds", "timeout_sec"),
        setting="timeout",
        short="-T",
        column=LONG,
    ),
    Field(
        "run_at",
        INSTANT,
        "when to run it: now, +30m, tomorrow 09:00, 2026-11-10 02:00:00 (local), or ISO 8601 with zone",
        "asked editable sortable",
        default_words="now",
        option="--at",
        metavar="TIME",
        group=WHEN,
        column=LONG,
    ),
    Field("created_at", TIME, "when it was added", "sortable", label="Created", filter="created", column=SHORT),
    Field("updated_at", TIME, "when it last changed", "sortable", label="Updated", filter="updated"),
    Field(
        "started_at",
        TIME,
        "when its last attempt began",
        "nullable sortable",
        label="Started",
        filter="started",
        column=LONG,
    ),
    Field(
        "finished_at",
        TIME,
        "when it reached a final state",
        "nullable sortable",
        label="Finished",
        filter="finished",
        column=LONG,
    ),
    Field("duration", DURATION, "how long its last attempt took", "nullable sortable", filter="duration", column=SHORT),
    Field("exit_code", NUMBER, "what its command returned", "nullable", filter="exit", column=LONG),
    Field("signal", SIGNAL, "the signal that ended its command", "nullable", filter="signal"),
    Field("error", TEXT, "how its last attempt failed", "nullable wide", filter="error", column=SHORT),
    Field("worker", NUMBER, "the worker of its last attempt", "nullable", filter="worker", column=LONG),
    Field("pid", NUMBER, "the process of its last attempt", "nullable", label="Process"),
    Field(
        "cwd",
        Kind("text", check_cwd),
        "the directory to run in",
        "editable recurring",
        label="Directory",
        default_words="the current one",
        metavar="DIR",
        complete="directory",
        group=HOW,
        column=LONG,
    ),
    Field(
        "env",
        VARIABLES,
        "environment variables",
        "recurring",
        label="Environment",
        default={},
        short="-e",
        metavar="NAME=VALUE",
        group=HOW,
    ),
    Field(
        "tags",
        TAGS,
        "names to find it by",
        "editable",
        default=(),
        option="--tag",
        short="-t",
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
    Field("schedule", NAME, "the schedule that made it", "nullable", filter="schedule"),
    Field("hold", FLAG, "keep it until it is released", "passing", default=False, group=WHEN),
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


def other_texts(thing: object, fields: Sequence[Field], told: Sequence[str]) -> list[tuple[str, str]]:
    """Return label and text of the fields of a job or a schedule that have no default and are not told of yet."""
    values = [(field, getattr(thing, field.name)) for field in fields if field.is_kept and field.name not in told]
    return [(field.label.lower(), field.kind.text(value)) for field, value in values if value != field.default]
