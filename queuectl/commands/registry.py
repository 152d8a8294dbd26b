"""The table of commands. Declaring one here is all that every front end needs to know of it.

    @command("dlq retry", Arg("ids", many=True, complete="dead"), group="Dead letters")
    def retry(context, ids):
        \"\"\"Run dead jobs again.\"\"\"

The docstring's first line is the command's help, the rest its description. The table builds the
parser, and later the shell, the menu, the completion and the manual.
"""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence

    from .result import Result

    Handler = Callable[..., Result]


class Arg:
    """One argument of a command: a positional, or an option if its name begins with `-`.

    `parse` turns the text into a value and raises ValueError with what is allowed. `flag` options
    take no value. `many` takes any number, `optional` none or one; options that may be repeated
    have `many` too. `rest` takes the words after `--`. `complete` names what completes it.
    """

    __slots__ = ("names", "help", "parse", "default", "choices", "metavar", "flag", "many", "optional", "rest",
                 "hidden", "complete")

    def __init__(self, *names: str, help: str, parse: Callable[[str], Any] = str, default: Any = None,
                 choices: Sequence[str] = (), metavar: str | None = None, flag: bool = False, many: bool = False,
                 optional: bool = False, rest: bool = False, hidden: bool = False, complete: str | None = None) -> None:
        self.names = names
        self.help = help
        self.parse = parse
        self.default = [] if many and default is None else False if flag else default
        self.choices = tuple(choices)
        self.metavar = metavar
        self.flag = flag
        self.many = many
        self.optional = optional
        self.rest = rest
        self.hidden = hidden
        self.complete = complete

    @property
    def is_option(self) -> bool:
        """Whether it is written with its name."""
        return self.names[0].startswith("-")

    @property
    def key(self) -> str:
        """The name of the handler's parameter."""
        longest = max(self.names, key=len)
        return longest.lstrip("-").replace("-", "_")

    def value(self, text: str) -> Any:
        """Return the value of a text. Raises ValueError."""
        if self.choices and text not in self.choices:
            raise ValueError(f"must be one of {', '.join(self.choices)}")
        return self.parse(text)


class Command:
    """One command: its path such as `dlq retry`, what it takes and what runs it."""

    __slots__ = ("path", "args", "handler", "group", "aliases", "examples")

    def __init__(self, path: str, args: Sequence[Arg], handler: Handler, *, group: str, aliases: Sequence[str],
                 examples: Sequence[str]) -> None:
        self.path = path
        self.args = tuple(args)
        self.handler = handler
        self.group = group
        self.aliases = tuple(aliases)
        self.examples = tuple(examples)

    @property
    def help(self) -> str:
        """The first line of the handler's docstring, without its full stop."""
        return (self.handler.__doc__ or "").strip().split("\n")[0].rstrip(".")

    @property
    def description(self) -> str:
        """The handler's docstring after its first line."""
        lines = (self.handler.__doc__ or "").strip().split("\n")[1:]
        return "\n".join(line.strip() for line in lines).strip()


COMMANDS: dict[str, Command] = {}
ALIASES: dict[str, str] = {}


def command(path: str, *args: Arg, group: str, aliases: Sequence[str] = (),
            examples: Sequence[str] = ()) -> Callable[[Handler], Handler]:
    """Declare a function as the command of this path."""
    def declare(handler: Handler) -> Handler:
        for name in (path, *aliases):
            if name in COMMANDS or name in ALIASES:
                raise ValueError(f"command {name!r} is declared twice")
        COMMANDS[path] = Command(path, args, handler, group=group, aliases=aliases, examples=examples)
        ALIASES.update(dict.fromkeys(aliases, path))
        return handler
    return declare


MODULES = ("add", "jobs", "output", "actions", "templates", "dlq", "workers", "config", "monitor", "admin")


def load() -> dict[str, Command]:
    """Return the table, with all modules that declare commands loaded."""
    for module in MODULES:
        __import__(f"{__package__}.{module}")
    return COMMANDS


def load_for(word: str) -> None:
    """Load the commands that begin with a word: its own module if one is named so, otherwise all of them."""
    if word in MODULES:
        __import__(f"{__package__}.{word}")
    if not any(name.split()[0] == word for name in (*COMMANDS, *ALIASES)):
        load()
