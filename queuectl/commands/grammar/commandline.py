"""A command line, read along the table of commands: what each of its words is, also while it is being typed.

`CommandLine` never fails, so that completion can ask what stands at the cursor and an error can be shown the
way the line asks for. `read_plain` turns a complete and correct line into a command and its arguments. It does so
without argparse, whose import costs as much as the rest of a short command.

An option is never dropped silently. What adds up (a tag, a state, a queue of a filter) may be repeated, and
so may a flag or an equal value. A global option after the command overrides one before it, so that a shell
alias may carry one. Anything else that is given twice is refused. `Given` is this rule.
"""

from __future__ import annotations

from ...model.errors import InvalidInput, quoted
from ...model.record import Record
from .registry import Arg, Command, command_named, commands_of, load_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Mapping, Sequence


GLOBALS = (
    Arg(
        "--home",
        metavar="DIR",
        help="the queue's directory (default: $QUEUECTL_HOME, the nearest .queuectl, ~/.queuectl)",
        complete="directory",
    ),
    Arg(
        "-o",
        "--output",
        choices=("table", "json", "jsonl", "csv", "tsv", "ids"),
        metavar="FORMAT",
        help="table, json, jsonl, csv, tsv or ids",
    ),
    Arg("--json", flag=True, stands_for="--output=json", help="the same as --output json"),
    Arg("--color", choices=("auto", "always", "never"), default="auto", metavar="WHEN", help="auto, always or never"),
    Arg("-q", "--quiet", flag=True, help="print ids only, and no notes"),
    Arg("--no-pager", flag=True, help="never show long answers in a pager"),
    Arg("--debug", flag=True, help="show a traceback for errors"),
    Arg("--version", flag=True, help="print the version"),
    Arg("-h", "--help", flag=True, help="show help"),
)
GLOBAL_FLAGS = {name: arg for arg in GLOBALS for name in arg.spellings}


# Begins the inputs of a command that takes them.
INPUTS = ":::"


class Parsed(Record):
    """A command line understood: the command (None: none was given), its arguments, the global options."""

    command: Command | None
    arguments: dict[str, Any]
    options: dict[str, Any]
    topic: str = ""


class CommandLine:
    """The words of a line and what they are."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.name: list[int] = []  # the places of the command's name among the words
        self.command: Command | None = None  # what they name
        self.is_naming = True  # whether the next word may belong to the name
        self.given: list[tuple[int, Arg, str]] = []  # each option with its place and its text
        self.waiting: Arg | None = None  # the option whose value comes next
        self.positionals: list[str] = []  # the other words before `--` or `:::`
        self.others: list[int] = []  # the places of the positionals and of unknown options
        # The words after `--` or `:::`, None without it. After one of them, the other is a plain word.
        self.rest: list[str] | None = None
        self.inputs: list[str] | None = None
        self.plain = True  # whether nothing in it is left to argparse
        self.flags = GLOBAL_FLAGS
        for at, word in enumerate(self.words):
            self._take(at, word)

    def _take(self, at: int, word: str) -> None:
        tail = self.tail
        if tail is not None:
            tail.append(word)
            return
        if word == INPUTS and self.command is not None and self.command.takes_inputs:
            self.inputs, self.is_naming = [], False
            return
        waiting, self.waiting = self.waiting, None
        is_option = word.startswith("-") and word != "-"
        if waiting is not None and not is_option:
            self.given.append((at, waiting, word))
            return
        if waiting is not None:
            self.plain = False
        if word == "--":
            self.rest, self.is_naming = [], False
        elif is_option:
            self._take_option(at, word)
        elif not (self.is_naming and self._take_name(at, word)):
            self.positionals.append(word)
            self.others.append(at)
            self.is_naming = False

    def _take_option(self, at: int, word: str) -> None:
        name, equals, text = word.partition("=")
        arg = self.flags.get(name)
        if arg is None or (equals and (arg.flag or not name.startswith("--"))):
            self.plain = False
            self._take_attached(at, word)
            return
        if name not in GLOBAL_FLAGS:
            self.is_naming = False
        if arg.takes_next_word and not equals:
            self.waiting = arg
            return
        self.given.append((at, arg, text if equals else arg.implied or ""))

    def _take_attached(self, at: int, word: str) -> None:
        """Take `-ojson` or `-o=json`, which argparse will read too: an error is written as it wants; or no option."""
        arg = self.flags.get(word[:2])
        if arg is not None and arg.takes_next_word:
            self.given.append((at, arg, word[3:] if word[2] == "=" else word[2:]))
        else:
            self.others.append(at)

    def _take_name(self, at: int, word: str) -> bool:
        """Take a word for one of the command's name; return whether it is one."""
        if not self.name:
            load_for(word)
        command = command_named(" ".join([*self.path, word]))
        if self.name and command is None:
            return False
        self.name.append(at)
        self.command = command
        if command is not None:
            own = {name: arg for arg in command.args if arg.is_option for name in arg.spellings}
            self.flags = {**GLOBAL_FLAGS, **own}
        return True

    @property
    def tail(self) -> list[str] | None:
        """The words after `--` or `:::`, of which none is special; None without one."""
        return self.inputs if self.rest is None else self.rest

    @property
    def end(self) -> int:
        """The place of the `--` or `:::` before the tail, or the place after the last word."""
        return len(self.words) - (0 if self.tail is None else len(self.tail) + 1)

    @property
    def path(self) -> list[str]:
        """The words of the command's name, as they were written."""
        return [self.words[at] for at in self.name]

    @property
    def topic(self) -> str:
        """What help would be about: the command, else the word that commands begin with, else nothing."""
        if self.command is not None:
            return self.command.path
        first = "".join(self.path[:1])
        return first if commands_of(first) else ""

    def options(self) -> Iterator[tuple[int, Arg, str]]:
        """Yield the place, the option and the text of each one given; of another spelling, what it stands for."""
        for at, arg, text in self.given:
            if arg.stands_for:
                name, _, text = arg.stands_for.partition("=")
                arg = self.flags[name]
            yield at, arg, text

    def global_values(self, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """Return the global options as far as the line gives them and they can be read."""
        found = unset_globals(defaults)
        for _, arg, text in self.options():
            if arg in GLOBALS:
                try:
                    found[arg.key] = arg.flag or arg.value(text)
                except ValueError:
                    continue  # The reader of the whole line says so.
        return found


class Given:
    """The values of options given on one side of the command, to notice one that is given twice."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, Any]] = {}

    def put(self, arg: Arg, text: str, value: Any, values: dict[str, Any]) -> None:
        """Give an option its value among `values`. Raises InvalidInput if it has another one already."""
        if not arg.many or arg.pairs:
            name = f"{arg.long_name} {value[0]}" if arg.pairs else arg.long_name
            first, found = self._seen.setdefault(name, (text, value))
            if found != value:
                override = "; one after the command overrides one before it" if arg in GLOBALS else ""
                message = f"{name} is given twice: {quoted(first)} and {quoted(text)}"
                raise InvalidInput(message, field=arg.key, hint=f"give one of them{override}")
        if not arg.many:
            values[arg.key] = value
            return
        before = values[arg.key]
        more = value if isinstance(value, list) else [value]
        values[arg.key] = [*before, *(one for one in dict.fromkeys(more) if one not in before)]


def unset_globals(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the global options as they are where none is given."""
    return {arg.key: defaults.get(arg.key, arg.default) for arg in GLOBALS if not arg.stands_for}


def unset_arguments(command: Command, line: CommandLine) -> dict[str, Any]:
    """Return the arguments of a command as they are where none is given, except those after `--` or `:::`."""
    found = {arg.key: [] if arg.many else arg.default for arg in command.args}
    for arg in command.args:
        if arg.inputs:
            found[arg.key] = line.inputs
        elif arg.rest:
            found[arg.key] = [*(line.rest or ())]
    return found


def read_plain(line: CommandLine, defaults: Mapping[str, Any]) -> Parsed:
    """Return what a line means. Raises ValueError or InvalidInput for one that argparse has to judge."""
    command = line.command
    if not line.plain or line.waiting is not None or command is None:
        raise ValueError("not plain")
    options, arguments = unset_globals(defaults), unset_arguments(command, line)
    before, after = Given(), Given()
    for at, arg, text in line.options():
        values = options if arg in GLOBALS else arguments
        if arg.flag:
            values[arg.key] = True
        else:
            (before if at < line.name[0] else after).put(arg, text, arg.value(text), values)
    found, missing, left = placed(command, line.positionals + ([] if command.takes_rest else line.rest or []))
    if missing or left:
        raise ValueError("too few or too many words")
    for arg, texts in found.items():
        own = [arg.value(text) for text in texts]
        if arg.many or own:
            arguments[arg.key] = own if arg.many else own[0]
    return Parsed(command, arguments, options)


def placed(command: Command, texts: Sequence[str]) -> tuple[dict[Arg, Sequence[str]], list[Arg], Sequence[str]]:
    """Return the words of each positional, the positionals that lack a word, and the words that are too many."""
    found: dict[Arg, Sequence[str]] = {}
    for arg in command.args:
        if arg.is_positional:
            count = len(texts) if arg.many else 1
            found[arg], texts = texts[:count], texts[count:]
    missing = [arg for arg, own in found.items() if not (own or arg.many or arg.optional)]
    return found, missing, texts
