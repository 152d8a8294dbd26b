"""The fields of a job, each described once: what it holds, who gives it, where it is shown and found.

JOB_FIELDS is the only list of them. The rules for a new job, the options of `add`, `schedule`, `cron add` and `edit`,
the keys of JSON, the schemas of the API, the columns, filters and sorts, the forms of the menu and of the dashboard and
the tables of the documentation are made from it. A test compares with it what is also written by hand: the
annotations of Job, JobSpec and Schedule, and the tables of the store.
"""

from __future__ import annotations

from . import checks
from .backoff import check_backoff
from .kinds import (
    BYTES,
    DURATION,
    FLAG,
    HOOK,
    ID,
    NAME,
    NAMES,
    NONE,
    NUMBER,
    REFERENCES,
    SHARE,
    SIGNAL,
    STATE,
    STRING,
    TEXT,
    TIME,
    VARIABLES,
    Kind,
    as_it_is,
    input_texts,
    integer,
    one_of,
    read_names,
)
from .policy import check_codes, check_ok_codes, check_signal, check_snoozes
from .record import Record
from .surroundings import SHELL, check_inherit, check_shell, check_stdin
from .when import DAY, SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence

# What to do with a new job whose key another one has.
SKIP, REPLACE, ERROR = IF_EXISTS = ("skip", "replace", "error")
HOW, WHEN, FAILING, HOOKS = "how to run", "when to run", "when it fails", "when it has ended"
MANY = "many jobs from inputs"


class Field(Record):
    """One field of a job."""

    name: str
    kind: Kind
    help: str
    traits: str = ""  # words, each of them the end of a name `is_...`
    label: str = ""  # stands above it
    spellings: tuple[str, ...] = ()  # other names in JSON
    default: object = None  # stands in where it is missing
    setting: str | None = None  # the setting that does so instead
    default_words: str = ""  # say so
    option: str = ""
    short: str = ""  # the short name of the option
    also: tuple[str, ...] = ()  # names of the option that other tools have
    metavar: str | None = None
    implied: str | None = None  # what the option means without a value
    complete: str | None = None  # what completes it
    group: str = "options"  # the heading of the option
    filter: str = ""  # its key in a filter
    edit_help: str = ""  # the help of the option that changes it, where that differs
    is_given: bool = False  # a new job may be given one
    is_required: bool = False  # no job is added without it
    is_passing: bool = False  # only a new job has it
    is_asked: bool = False  # the menu asks for it
    is_editable: bool = False  # it can be changed while the job waits
    is_recurring: bool = False  # a schedule has it for its jobs
    is_nullable: bool = False  # a job may have none
    is_wide: bool = False  # it holds free text of any length
    is_sortable: bool = False  # jobs can be sorted by it
    is_filtered: bool = False  # a filter finds jobs by it
    is_shared: bool = False  # jobs that are added together share it: it stands in the row of their context
    is_short: bool = False  # every list of jobs has it as a column
    is_long: bool = False  # a long list has it as a column

    def __post_init__(self) -> None:
        default = self.default
        self.label = self.label or self.name.replace("_", " ").capitalize()
        self.default_words = self.default_words or self.setting or (str(default) if type(default) in (str, int) else "")
        self.filter = self.filter or self.name
        self.option = self.option or "--" + self.name.replace("_", "-")
        for trait in self.traits.split():
            if not hasattr(self, f"is_{trait}"):
                raise ValueError(f"{self.name} has an unknown trait: {trait}")
            setattr(self, f"is_{trait}", True)

    @property
    def is_kept(self) -> bool:
        """Whether a job has it later on."""
        return not self.is_passing

    @property
    def other_options(self) -> tuple[str, ...]:
        """Other names of its option: those of JSON, and those that other tools have."""
        names = () if self.kind.is_many else (self.name, *self.spellings)
        options = ("--" + name.replace("_", "-") for name in names)
        return (*(option for option in options if option != self.option), *self.also)

    @property
    def edit_option(self) -> str:
        """The option that changes it: one that takes all names at once replaces them."""
        return "--" + self.name.replace("_", "-") if self.kind.is_many else self.option

    def check(self, value: object, now: int) -> Any:
        """Return a value of JSON as it is kept. Raises ValueError with the rule."""
        if not self.is_given:
            raise ValueError("is computed")
        return self.kind.check(value, now)


def check_new_id(value: object, now: int) -> str | None:
    """A new id reads neither like another reference nor like a filter. Old ids may: use the number then."""
    found = checks.check_id(value, now)
    if found is None:
        return None
    first, dash, last = found.partition("-")
    is_number = first.isdigit() and (not dash or last.isdigit())
    if is_number or found == "last" or found.partition(":")[0].lower() in RESERVED and ":" in found:
        raise ValueError("must not read like a number, a range (3-9), last, or a filter (state:dead)")
    return found


def read_parents(text: str) -> list[str]:
    """Return the references between commas. A filter, which may contain commas, stays whole."""
    key, colon, _ = text.lstrip("-").partition(":")
    is_filter = text.startswith("!") or " " in text.strip() or (colon and key.lower() in FILTERS)
    return [text] if is_filter else read_names(text)


def read_new_parents(text: str) -> list[str]:
    """Return the parents of a new job. Raises ValueError also if there are none: the job would wait for nothing."""
    found = read_parents(text)
    if not found:
        raise ValueError("names no job to wait for")
    return found


INPUT = {**STRING, "pattern": checks.INPUT_PATTERN}
GRACE = DURATION.but(
    check=checks.check_grace,
    given={"anyOf": [{"type": "number", "minimum": 0, "maximum": checks.MAX_GRACE_MS / 1000}, STRING]},
)
ITEM = TEXT.but(check=checks.check_item, example="holiday", given=INPUT)
INDEX = integer(0, checks.MAX_NUMBER).or_none()
INPUTS = VARIABLES.but(
    check=checks.check_inputs,
    given={"type": "object", "additionalProperties": INPUT, "propertyNames": {"pattern": "^[^=\\x00]+$"}},
    json=as_it_is,
    text=lambda inputs: NONE if inputs is None else ",".join(input_texts(inputs)),
    texts=input_texts,
)
LOCKS = NAMES.but(check=checks.check_locks, example="gpu", given={"anyOf": [NAMES.taken, NAME.taken]})
SHELL_NAME = TEXT.but(
    check=check_shell,
    input="line",
    given={**STRING, "pattern": r"^(/[^\x00]*|[^\x00\s/-][^\x00\s/]*)$"},
    is_free=False,
)
STDIN = TEXT.but(
    name="stdin",
    check=check_stdin,
    json=lambda data: None if data is None else data.decode("utf-8", "surrogateescape"),
    text=lambda data: "" if data is None else data.decode("utf-8", "surrogateescape"),
    given={"anyOf": [STRING, {"type": "null"}]},
)
INHERIT = NAMES.but(
    name="patterns",
    check=check_inherit,
    read_one=None,
    texts=None,
    example="all",
    input="line",
    text=lambda words: "" if words is None else ",".join(words),
    given={"anyOf": [STRING, {"type": "array", "items": STRING}, {"type": "null"}]},
)
INHERITED = NAMES.but(schema={"type": "array", "items": STRING}, given=None)
PARENTS = REFERENCES.but(read=read_parents, read_one=read_new_parents)
# As a number it is an exit code, a signal, or the seconds of a backoff.
NUMBER_OF_POLICY = {"type": "integer", "minimum": 0, "maximum": DAY // SECOND}
POLICY = TEXT.but(input="line", is_free=False, given={"anyOf": [STRING, NUMBER_OF_POLICY, {"type": "null"}]})
POLICY_TRAITS = "given editable recurring nullable shared"
HOOK_TRAITS = "given editable recurring nullable wide"
# As a table: the formatter would write each value on a line of its own.
# fmt: off
JOB_FIELDS = (
    Field("id", ID.but(check=check_new_id), "the job's id", "given asked sortable filtered short",
          default_words="job-NUMBER"),
    Field("number", NUMBER, "counts up in a home", "sortable long"),
    Field("command", TEXT.but(check=checks.check_command, given={**STRING, "pattern": checks.COMMAND_PATTERN}),
          "one shell command", "given required asked editable recurring sortable wide filtered short",
          complete="command", filter="text", spellings=("cmd",), edit_help="another command"),
    Field("state", STATE, "where the job is", "sortable filtered short"),
    Field("queue", NAME, "the queue", "given asked editable recurring sortable filtered long", default="default",
          short="-Q", complete="queue", edit_help="move it to this queue"),
    Field("priority", integer(-checks.MAX_PRIORITY, checks.MAX_PRIORITY),
          f"{-checks.MAX_PRIORITY} to {checks.MAX_PRIORITY}, higher runs first",
          "given asked editable recurring sortable filtered short", default=0, short="-p"),
    Field("attempts", NUMBER, "how often it was tried", "sortable filtered short", filter="tries"),
    Field("max_retries", integer(0, checks.MAX_RETRIES), "attempts after the first",
          "given asked editable recurring long", label="Retries", spellings=("retries",), setting="max_retries",
          option="--retries", short="-r"),
    Field("timeout", DURATION, "the time limit: 90, 5m, 1h30m or none", "given asked editable recurring nullable long",
          spellings=("timeout_seconds", "timeout_sec"), setting="timeout", short="-T"),
    Field("run_at", TIME,
          "when to run it: now, +30m, tomorrow 09:00, 2026-11-10 02:00:00 (local), or ISO 8601 with zone",
          "given asked editable sortable long", default_words="now", option="--at", metavar="TIME", group=WHEN),
    Field("expires_at", TIME.but(check=checks.check_expiry, given={"anyOf": [STRING, {"type": "null"}]}),
          "cancel it unless it has started by then: 2h, 18:00, tomorrow 09:00, or none", "given editable nullable",
          spellings=("expires",), default_words="none", label="Expires", option="--expires", metavar="TIME",
          group=WHEN),
    Field("created_at", TIME, "when it was added", "sortable filtered short", label="Created", filter="created"),
    Field("updated_at", TIME, "when it last changed", "sortable filtered", label="Updated", filter="updated"),
    Field("started_at", TIME, "when its last attempt began", "nullable sortable filtered long", label="Started",
          filter="started"),
    Field("finished_at", TIME, "when it reached a final state", "nullable sortable filtered long", label="Finished",
          filter="finished"),
    Field("duration", DURATION, "how long its last attempt took", "nullable sortable filtered short"),
    Field("exit_code", NUMBER, "what its command returned", "nullable filtered long", filter="exit"),
    Field("signal", SIGNAL, "the signal that ended its command", "nullable filtered"),
    Field("error", TEXT, "how its last attempt failed", "nullable wide filtered short"),
    Field("suspended_at", TIME.but(choice="of_flag", example="yes"), "whether it is suspended, and since when",
          "nullable filtered", label="Suspended", filter="suspended"),
    Field("suspended_by", TEXT, "who suspended it: user or pause", "nullable"),
    Field("suspended_for", DURATION, "how long its last attempt was suspended before that"),
    Field("worker", NUMBER, "the worker of its last attempt", "nullable filtered long"),
    Field("pid", NUMBER, "the process of its last attempt", "nullable", label="Process"),
    Field("cwd", TEXT.but(check=checks.check_cwd, given={**STRING, "pattern": checks.PATH_PATTERN}),
          "the directory to run in", "given editable recurring long", label="Directory",
          default_words="the current one", metavar="DIR", complete="directory", group=HOW),
    Field("env", VARIABLES, "an environment variable", "given recurring", label="Environment", default={}, short="-e",
          metavar="NAME[=VALUE]", group=HOW),
    Field("shell", SHELL_NAME, "what runs the command: a shell by name or path; none splits the command into words",
          "given editable recurring shared", default=SHELL, default_words="the setting shell", setting="shell",
          metavar="bash|/PATH|none", complete="shell", group=HOW),
    Field("inherit_env", INHERIT,
          "which variables it takes from its caller: names such as CUDA_*, all (without secrets), none or default",
          "given passing", default_words="the setting inherit_env", setting="inherit_env", label="Inherits",
          metavar="PATTERN,...", implied="all", group=HOW),
    Field("inherited", INHERITED, "the variables that it has from its caller", default=(), group=HOW),
    Field("umask", TEXT.but(input="line", is_free=False), "the umask of its caller, in octal", "nullable",
          label="Umask", group=HOW),
    Field("stdin", STDIN, "what its command reads as standard input: a file, or - for stdin", "given passing",
          label="Standard input", metavar="FILE|-", default_words="nothing", complete="file", group=HOW),
    Field("stdin_size", BYTES, "how much its command is given as standard input", "nullable",
          label="Standard input", group=HOW),
    Field("tags", NAMES, "a name to find it by", "given editable filtered long", default=(), option="--tag", short="-t",
          also=("--label", "--name"), filter="tag"),
    Field("allow_background", FLAG, "let background processes outlive the job", "given filtered",
          label="Background processes", default=False, group=HOW, filter="background"),
    Field("nice", integer(0, checks.MAX_NICE), f"0 to {checks.MAX_NICE}, higher leaves more of the processor to others",
          "given editable recurring", label="Niceness", default=0, group=HOW),
    Field("kill_grace", GRACE, "how long its command has to end before it is killed",
          "given editable recurring nullable shared", group=HOW, default_words="the setting kill_grace",
          metavar="TIME"),
    Field("kill_signal", POLICY.but(check=check_signal), "the signal that asks its command to end: INT, HUP, 10",
          "given editable recurring nullable shared", group=HOW, default_words="the setting kill_signal",
          metavar="SIGNAL"),
    Field("ok_codes", POLICY.but(check=check_ok_codes), "exit codes that are a success, as 0 is: 24, or 1,64-78",
          POLICY_TRAITS, group=FAILING, default_words="the setting ok_codes", metavar="CODES"),
    Field("snooze_on", POLICY.but(check=check_snoozes),
          "exit codes, timeout or signals that snooze it without using up an attempt: 75, or 75:10m",
          POLICY_TRAITS, group=FAILING, default_words="the setting snooze_on", metavar="CODES"),
    Field("fail_on", POLICY.but(check=check_codes),
          "exit codes, timeout or signals that leave it dead at once: 3,127, timeout, signal, SEGV",
          POLICY_TRAITS, group=FAILING, default_words="the setting fail_on", metavar="CODES"),
    Field("retry_on", POLICY.but(check=check_codes), "the only exit codes that are retried: 1,2,64-78",
          POLICY_TRAITS, group=FAILING, default_words="the setting retry_on", metavar="CODES"),
    Field("backoff", POLICY.but(check=check_backoff),
          "the wait between attempts: fixed, linear or exponential[:DELAY[:BASE[:MAX]]], or 10s,1m,10m",
          POLICY_TRAITS, group=FAILING, default_words="the setting backoff"),
    Field("snoozes", NUMBER, "how often snooze_on or its command has snoozed it", group=FAILING),
    Field("locks", LOCKS, "a lock to hold while it runs; one job at a time holds it",
          "given editable recurring filtered", default=(), option="--lock", spellings=("lock",), filter="lock",
          metavar="NAME", complete="lock"),
    Field("parked", TEXT.but(choice="of_flag", example="yes"),
          "the lock or the batch that has no room for it: lock:gpu", "nullable filtered"),
    Field("batch", NAME.but(example="nightly").or_none(), "the batch, a name for jobs that belong together",
          "given nullable sortable filtered long", default_words="none", complete="batch"),
    Field("batch_limit", integer(1, checks.MAX_SLOTS).or_none(),
          "how many of the batch's jobs run at a time; also --batch NAME%N",
          "given passing", default_words="none", metavar="N"),
    Field("max_fails", SHARE, "stop the batch once this many of its jobs are dead, or this percentage: 3 or 10%",
          "given passing", default_words="none", metavar="N|N%"),
    Field("key", TEXT.but(check=checks.check_key, choice="the_same", example="report-2026-11", input="line"),
          "the key; no two unfinished jobs have the same one", "given nullable filtered", default_words="none"),
    Field("if_exists", one_of(*IF_EXISTS), "what to do if a job has the key: skip, replace (if it waits) or error",
          "given passing", default=SKIP, metavar="WHAT"),
    Field("key_for", DURATION, "how long the job keeps its key after it has ended", "given nullable",
          default_words="none", metavar="TIME"),
    Field("on_success", HOOK, "a command to run as another job when it is completed", HOOK_TRAITS,
          metavar="COMMAND", group=HOOKS, complete="command"),
    Field("on_failure", HOOK, "a command to run as another job when it is dead, or none", HOOK_TRAITS,
          metavar="COMMAND", group=HOOKS, complete="command", default_words="the setting on_dead"),
    Field("on_finish", HOOK,
          "a command to run as another job when it is completed, dead, or cancelled while it ran", HOOK_TRAITS,
          metavar="COMMAND", group=HOOKS, complete="command", default_words="the setting on_finish"),
    Field("item", ITEM, "the input that its command was made from",
          "given nullable wide filtered", default_words="none", group=MANY),
    Field("item_index", INDEX, "its place among the jobs that were added together, from 1",
          "given nullable sortable filtered", label="Index", spellings=("index",), option="--index", filter="index",
          default_words="none", metavar="N", group=MANY),
    Field("inputs", INPUTS, "the inputs of its command by name or place, where there are several", "given nullable",
          option="--input", metavar="NAME=VALUE", default_words="none", group=MANY),
    Field("schedule", NAME, "the schedule that made it", "nullable filtered"),
    Field("hook_of", NUMBER.but(example="17"), "the number of the job whose end added it", "nullable filtered",
          label="Hook of", filter="hook"),
    Field("stuck", FLAG, "whether it waits for jobs that ended in another way than it needs", "filtered"),
    Field("after", PARENTS, "jobs, or batch:NAME, that must be completed first", "given editable filtered", default=(),
          label="After", metavar="JOB", complete="job", group=WHEN),
    Field("after_any", PARENTS, "jobs, or batch:NAME, that must have ended first in any way",
          "given editable", default=(), label="After any end", metavar="JOB", complete="job", group=WHEN),
    Field("after_failed", PARENTS, "jobs, or batch:NAME, that must be dead or cancelled first",
          "given editable", default=(), label="After a failure", metavar="JOB", complete="job", group=WHEN),
    Field("hold", FLAG, "keep it until it is released", "given passing", default=False, group=WHEN),
)
# fmt: on
BY_NAME = {field.name: field for field in JOB_FIELDS}
# By every name that JSON may have for it.
BY_SPELLING = {name: field for field in JOB_FIELDS if field.is_given for name in (field.name, *field.spellings)}
KEPT = tuple(field for field in JOB_FIELDS if field.is_kept)
GIVEN = tuple(field for field in JOB_FIELDS if field.is_given)
EDITABLE = tuple(field for field in JOB_FIELDS if field.is_editable)
SHARED = tuple(field for field in GIVEN if field.is_shared)
RECURRING = tuple(field for field in JOB_FIELDS if field.is_recurring)
# The fields of a schedule's future jobs that can be changed.
RECURRING_EDITABLE = tuple(field for field in RECURRING if field.is_editable)
# For each time the flag that says whether it counts from the instant at which it was given, and moves with the clock.
FROM_NOW = {"run_at": "is_delay", "expires_at": "expires_from_now"}
# By the key that they have in a filter.
FILTERS = {field.filter: field for field in KEPT if field.is_filtered}
# Before a colon, these begin a filter, or a reference that may come later.
RESERVED = (*FILTERS, "host")


def columns(*, long: bool = False) -> tuple[str, ...]:
    """Return the names of the columns of a list of jobs: those of free text come last."""
    shown = [field for field in KEPT if field.is_short or (long and field.is_long)]
    return tuple(field.name for field in sorted(shown, key=lambda field: field.is_wide))


def other_texts(thing: object, fields: Sequence[Field], shown: Sequence[str]) -> list[tuple[str, str]]:
    """Return label and text of the fields of a job or a schedule that differ from the default and are not shown yet."""
    values = [(field, getattr(thing, field.name)) for field in fields if field.is_kept and field.name not in shown]
    return [(field.label.lower(), field.kind.text(value)) for field, value in values if value != field.default]


def overridden(job: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a job in JSON with changes, whatever the spelling of either."""
    changed = set(map(_name_of, changes))
    return {**{key: value for key, value in job.items() if _name_of(key) not in changed}, **changes}


def _name_of(key: str) -> str:
    return BY_SPELLING[key].name if key in BY_SPELLING else key
