"""The table of commands. Declaring one here is all that every front end needs to know of it.

    @command("dlq retry", Arg("ids", many=True, complete="dead"), examples=("dlq retry job-1",))
    def retry(context, ids):
        \"\"\"Run dead jobs again.\"\"\"

The docstring's first line is the command's help, the rest its description. `PLACES` has its module, its heading in the
help and its page of the documentation. Parser, help, shell, the menu's forms, completion and manual are made of it.
"""

from __future__ import annotations

from ...model.record import Record
from ...model.verbs import PLAIN_VERBS
from . import arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, Sequence

    from ..context import Result

    Handler = Callable[..., Result]


class Arg(Record):
    """One argument of a command: a positional, or an option if its name begins with `-`."""

    names: Sequence[str]
    help: str
    parse: Callable[[str], Any] = str  # the value of a text; raises ValueError with what is allowed
    default: Any = None
    choices: Sequence[str] = ()
    metavar: str = ""
    parameter: str = ""  # the handler's, where another argument has the one of its name
    flag: bool = False  # it takes no value
    many: bool = False  # any number may be given; an option adds up when it is given again, another keeps its value
    pairs: bool = False  # the same for each NAME of NAME=VALUE
    optional: bool = False  # none or one may be given
    implied: str | None = None  # what the option means without a value; its value stands after `=` only
    stands_for: str = ""  # the option with its value of which this flag is another spelling
    rest: bool = False  # it takes the words after `--`
    inputs: bool = False  # it takes the words after `:::`, None without one
    also: Sequence[str] = ()  # other tools' names of the option, taken but not shown
    hidden: bool = False
    complete: str | None = None  # what completes it
    group: str = "options"  # the heading that it stands under in the help
    field: str | None = None  # the field of a job that it becomes, whose rule holds for it
    setting: str | None = None  # the setting that its default comes from

    def __init__(self, *names: str, **parts: Any) -> None:
        super().__init__(names=names, **parts)

    def __post_init__(self) -> None:
        if self.default is None and not self.inputs:
            self.default = [] if self.many else False if self.flag else None
        self.metavar = self.metavar or self.key.upper()

    @property
    def is_option(self) -> bool:
        """Whether it is written with its name."""
        return self.names[0].startswith("-")

    @property
    def is_positional(self) -> bool:
        """Whether it is known by its place among the words that are no options."""
        return not (self.is_option or self.rest or self.inputs)

    @property
    def spellings(self) -> tuple[str, ...]:
        """All names that it is taken by."""
        return (*self.names, *self.also)

    @property
    def takes_next_word(self) -> bool:
        """Whether it is an option whose value may be the word after it."""
        return self.is_option and not self.flag and self.implied is None

    @property
    def long_name(self) -> str:
        """The longest of its names, `--state` of `-s` and `--state`."""
        return max(self.names, key=len)

    @property
    def key(self) -> str:
        """The name of the handler's parameter."""
        return self.parameter or self.long_name.lstrip("-").replace("-", "_")

    def value(self, text: str) -> Any:
        """Return the value of a text. Raises ValueError."""
        if self.choices and text not in self.choices:
            raise ValueError(f"must be one of {', '.join(self.choices)}")
        return self.parse(text)

    def check(self, text: str, now: int) -> None:
        """Raise ValueError for a text that is wrong, also where the job's own rule would say so only later."""
        value = self.value(text)
        if self.field is not None:
            from ...model.fields import BY_NAME
            from ...model.spec import with_limit

            for name, part in with_limit({self.field: value}).items():
                BY_NAME[name].check(part, now)


# Read by the front end, which runs the command again and again: handlers are never given it.
WATCH = Arg(
    "--watch",
    parse=arguments.interval,
    implied="2",
    metavar="SECONDS",
    help="show it again and again until Ctrl-C, every 2 seconds or --watch=SECONDS",
)


class Command(Record):
    """One command: its path such as `dlq retry`, what it takes and what runs it."""

    path: str
    args: Sequence[Arg]
    handler: Handler
    group: str
    page: str  # of the documentation
    aliases: Sequence[str]
    examples: Sequence[str]

    @property
    def takes_rest(self) -> bool:
        """Whether the words after `--` are an argument of their own."""
        return any(arg.rest for arg in self.args)

    @property
    def takes_inputs(self) -> bool:
        """Whether the words after `:::` are an argument of their own."""
        return any(arg.inputs for arg in self.args)

    @property
    def takes_command(self) -> bool:
        """Whether the words that are no options are a shell command, and nothing else."""
        return [arg.key for arg in self.args if arg.is_positional] == ["command"]

    def names_given(self, arguments: Mapping[str, object]) -> dict[str, str]:
        """Return what the user calls the fields of a job that arguments give, where that is another word."""
        given = {key for key, value in arguments.items() if not (value is None or value is False or value == [])}
        others = (arg for arg in self.args if arg.field is not None and arg.field != arg.key and arg.key in given)
        return {str(arg.field): arg.long_name if arg.is_option else arg.metavar for arg in others}

    @property
    def help(self) -> str:
        """The first line of the handler's docstring, without its full stop."""
        return (self.handler.__doc__ or "").strip().split("\n")[0].rstrip(".")

    @property
    def description(self) -> str:
        """The handler's docstring after its first line, a line for each of its paragraphs."""
        paragraphs = (self.handler.__doc__ or "").strip().partition("\n")[2].strip().split("\n\n")
        return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


COMMANDS: dict[str, Command] = {}
ALIASES: dict[str, str] = {}


def command(
    path: str, *args: Arg, aliases: Sequence[str] = (), examples: Sequence[str] = (), watch: bool = False
) -> Callable[[Handler], Handler]:
    """Declare a function as the command of this path; with `watch` it takes `--watch` too."""

    def declare(handler: Handler) -> Handler:
        for name in (path, *aliases):
            if name in COMMANDS or name in ALIASES:
                raise ValueError(f"command {name!r} is declared twice")
        taken = (*args, WATCH) if watch else args
        group, _, page, _ = PLACE_OF[path.split()[0]]
        COMMANDS[path] = Command(path, taken, handler, group, f"docs/{page}.md", aliases, examples)
        ALIASES.update(dict.fromkeys(aliases, path))
        return handler

    return declare


# In the order of the help: a heading, a module, the page in `docs/`, and the first words of the commands of all three.
PLACES = (
    ("Jobs", "jobs.add", "adding-jobs", "add run"),
    ("Jobs", "jobs.enqueue", "adding-jobs", "enqueue"),
    ("Jobs", "jobs.listing", "looking-at-jobs", "list show history"),
    ("Jobs", "jobs.logs", "looking-at-jobs", "logs"),
    ("Jobs", "jobs.wait", "looking-at-jobs", "wait"),
    ("Jobs", "jobs.actions", "changing-jobs", " ".join(verb.name for verb in PLAIN_VERBS if verb.name != "resume")),
    ("Jobs", "jobs.edit", "changing-jobs", "edit"),
    ("Jobs", "jobs.enqueue", "adding-jobs", "template"),
    ("Jobs", "home.batches", "batches", "batch results"),
    ("Jobs", "jobs.inside", "failures", "snooze fail"),
    ("Workers", "daemons.workers", "workers", "worker"),
    ("Queues", "jobs.queues", "queues", "queue"),
    ("Queues", "jobs.queues", "locks", "lock"),
    ("Queues", "jobs.queues", "queues", "pause resume"),
    ("Schedule", "jobs.scheduled", "schedules", "schedule scheduled"),
    ("Schedule", "daemons.scheduler", "schedules", "scheduler"),
    ("Schedule", "jobs.cron", "schedules", "cron"),
    ("Dead letters", "jobs.actions", "failures", "dlq"),
    ("Monitoring", "home.monitor", "monitoring", "status metrics time"),
    ("Monitoring", "daemons.dashboard", "dashboard", "dashboard"),
    ("Monitoring", "home.upkeep", "monitoring", "events"),
    ("Monitoring", "home.upkeep", "looking-at-jobs", "why"),
    ("Monitoring", "home.webhooks", "notifications", "webhook"),
    ("Monitoring", "home.admin", "monitoring", "top"),
    ("Administration", "home.upkeep", "schedules", "prune"),
    ("Administration", "home.admin", "shell", "shell menu"),
    ("Administration", "completion.scripts", "installation", "completion"),
    ("Administration", "grammar.manual", "installation", "man"),
    ("Administration", "home.admin", "home", "init init-db"),
    ("Administration", "home.admin", "installation", "help demo"),
    ("Settings", "home.config", "settings", "config"),
)
PLACE_OF = {word: place for place in PLACES for word in place[3].split()}
# The package of all commands, whose modules are named above.
PACKAGE = __name__.rsplit(".", 2)[0]


def load() -> dict[str, Command]:
    """Return the table with all commands in the order of `PLACES`, whichever were loaded before."""
    for word in PLACE_OF:
        load_for(word)
    places = {word: place for place, word in enumerate(PLACE_OF)}
    ordered = sorted(COMMANDS.items(), key=lambda item: places[item[0].split()[0]])
    COMMANDS.clear()
    COMMANDS.update(ordered)
    return COMMANDS


def load_for(word: str) -> None:
    """Load the one module that declares the commands which begin with a word."""
    if word in PLACE_OF:
        __import__(f"{PACKAGE}.{PLACE_OF[word][1]}")


def command_named(name: str) -> Command | None:
    """Return the command of a name or an alias, of those that are loaded."""
    return COMMANDS.get(ALIASES.get(name, name))


def commands_of(word: str) -> list[Command]:
    """Return the commands of two words that begin with this one, of those that are loaded."""
    return [found for path, found in COMMANDS.items() if word and path.startswith(f"{word} ")]
