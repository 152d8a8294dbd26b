"""From words to a command and its arguments.

`parse` first reads the words itself, along the declarations: that is all that a correct command line
needs, and it saves importing argparse, which costs as much as the rest of a short command. Anything
unusual (help, a mistake, an abbreviation) goes to the argparse parser made from the same table, which
words the errors. A test compares the two over random command lines.

An option is never dropped silently. What adds up (a tag, a state, a queue of a filter) may be repeated, and
so may a flag or an equal value. A global option after the command overrides one before it, so that a shell
alias may carry one. Anything else that is given twice is refused. `Given` is this rule.
"""

from __future__ import annotations

from ...model.errors import InvalidInput, quoted
from .registry import ALIASES, COMMANDS, Arg, load, load_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence

    from .registry import Command

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
GLOBAL_FLAGS = {name: arg for arg in GLOBALS for name in arg.names}


class Parsed:
    """A command line understood: the command (None: none was given), its arguments, the global options."""

    __slots__ = ("command", "arguments", "options", "topic")

    def __init__(
        self, command: Command | None, arguments: dict[str, Any], options: dict[str, Any], topic: str = ""
    ) -> None:
        self.command = command
        self.arguments = arguments
        self.options = options
        self.topic = topic


class Given:
    """The values of options given on one side of the command, to notice one that is given twice."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, Any]] = {}

    def put(self, arg: Arg, text: str, value: Any, values: dict[str, Any]) -> None:
        """Give an option its value among `values`. Raises InvalidInput if it has another one already."""
        if not arg.many or arg.pairs:
            self._demand_same(f"{arg.long_name} {value[0]}" if arg.pairs else arg.long_name, text, value, arg)
        if not arg.many:
            values[arg.key] = value
            return
        before = values[arg.key]
        more = value if isinstance(value, list) else [value]
        values[arg.key] = [*before, *(one for one in dict.fromkeys(more) if one not in before)]

    def _demand_same(self, name: str, text: str, value: Any, arg: Arg) -> None:
        first, found = self._seen.setdefault(name, (text, value))
        if found == value:
            return
        is_global = arg.names[0] in GLOBAL_FLAGS
        raise InvalidInput(
            f"{name} is given twice: {quoted(first)} and {quoted(text)}",
            field=arg.key,
            hint="give one of them" + ("; one after the command overrides one before it" if is_global else ""),
        )


class Unusual(Exception):
    """The quick reading does not understand these words."""


def parse(words: Sequence[str], defaults: Mapping[str, Any] | None = None) -> Parsed:
    """Return what a command line means. Raises InvalidInput.

    `defaults` are global options that hold unless the words have their own.
    """
    try:
        return _read(words, defaults or {})
    except (Unusual, InvalidInput):
        # An option given twice is found here, too, but a wish for help goes before it.
        load()
        _refuse_minus(words)
        from .argparser import parse_with_argparse

        return parse_with_argparse(words, defaults or {})


def _refuse_minus(words: Sequence[str]) -> None:
    """Raise FilterError for `-tag:x`, of which argparse would make the option -t."""
    from ...model.filter import KEYS
    from ...model.filter import parse as parse_filter

    for word in _split_rest(words)[0]:
        key, colon, _ = word.partition(":")
        if colon and key.startswith("-") and key[1:].lower() in KEYS:
            parse_filter(word, 0)


def global_options(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the global options as they are where none is given."""
    plain = {arg.key: arg.default for arg in GLOBALS if not arg.stands_for}
    return {name: defaults.get(name, value) for name, value in plain.items()}


def _read(words: Sequence[str], defaults: Mapping[str, Any]) -> Parsed:
    head, rest = _split_rest(words)
    options = global_options(defaults)
    path, head = _take_command(head, options)
    found = COMMANDS[path]
    flags = {name: arg for arg in found.args if arg.is_option for name in arg.names}
    arguments: dict[str, Any] = {arg.key: ([] if arg.many else arg.default) for arg in found.args}
    positionals = _take_options(head, {**GLOBAL_FLAGS, **flags}, arguments, options)
    _place(found, positionals, rest, arguments)
    if options["version"] or options["help"]:
        raise Unusual
    return Parsed(found, arguments, options)


def _split_rest(words: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """Split at the first `--`; what follows it is never an option."""
    words = list(words)
    if "--" not in words:
        return words, None
    at = words.index("--")
    return words[:at], words[at + 1 :]


def _take_command(words: list[str], options: dict[str, Any]) -> tuple[str, list[str]]:
    """Return the command's path and the words that remain; global options may stand before it."""
    at, given = 0, Given()
    while at < len(words) and words[at].startswith("-"):
        at = take_option(words, at, GLOBAL_FLAGS, options, given)
    if at < len(words):
        load_for(words[at])
    for length in (2, 1):
        path = " ".join(words[at : at + length])
        path = ALIASES.get(path, path)
        if len(words) >= at + length and path in COMMANDS:
            return path, words[at + length :]
    raise Unusual


def _take_options(
    words: list[str], flags: dict[str, Arg], arguments: dict[str, Any], options: dict[str, Any]
) -> list[str]:
    """Set the options among the words; return the others."""
    positionals = []
    at, given = 0, Given()
    while at < len(words):
        word = words[at]
        if not word.startswith("-") or word == "-":
            positionals.append(word)
            at += 1
            continue
        name = word.partition("=")[0]
        at = take_option(words, at, flags, options if name in GLOBAL_FLAGS else arguments, given)
    return positionals


def take_option(words: Sequence[str], at: int, flags: dict[str, Arg], values: dict[str, Any], given: Given) -> int:
    """Set the option at a place; return the place after it. Raises Unusual, and InvalidInput if it is given twice."""
    name, equals, text = words[at].partition("=")
    arg = flags.get(name)
    if arg is None or (equals and (arg.flag or not name.startswith("--"))):
        raise Unusual
    if arg.stands_for:
        take_option([arg.stands_for], 0, flags, values, given)
        return at + 1
    if arg.flag:
        values[arg.key] = True
        return at + 1
    if not equals and arg.implied is not None:
        text = arg.implied
    elif not equals:
        at += 1
        if at >= len(words) or words[at].startswith("-"):
            raise Unusual
        text = words[at]
    given.put(arg, text, _value(arg, text), values)
    return at + 1


def _value(arg: Arg, text: str) -> Any:
    try:
        return arg.value(text)
    except ValueError:
        raise Unusual from None


def _place(found: Command, texts: list[str], rest: list[str] | None, arguments: dict[str, Any]) -> None:
    """Give the positionals their values."""
    takes_rest = [arg for arg in found.args if arg.rest]
    if takes_rest:
        arguments[takes_rest[0].key] = rest or []
    elif rest:
        texts = texts + rest
    for arg in found.args:
        if arg.is_option or arg.rest:
            continue
        if arg.many:
            arguments[arg.key] = [_value(arg, text) for text in texts]
            texts = []
        elif texts:
            arguments[arg.key] = _value(arg, texts.pop(0))
        elif not arg.optional:
            raise Unusual
    if texts:
        raise Unusual


def suggestions(word: str) -> InvalidInput:
    """Return the error for a word that is no command."""
    from ...model.errors import did_you_mean, quoted

    if word.startswith("-"):
        name = word.partition("=")[0]
        return InvalidInput(
            f"unknown option {quoted(name)}{did_you_mean(name, GLOBAL_FLAGS)}", hint="see: queuectl --help"
        )
    firsts = {path.split()[0] for path in (*COMMANDS, *ALIASES)}
    guess = SYNONYMS.get(word)
    mean = f' (did you mean "{guess}"?)' if guess in COMMANDS else did_you_mean(word, firsts)
    return InvalidInput(f"there is no command {quoted(word)}{mean}", hint="see all commands with: queuectl help")


SYNONYMS = {
    "rm": "remove",
    "delete": "remove",
    "ls": "list",
    "ps": "status",
    "tail": "logs",
    "log": "logs",
    "kill": "cancel",
    "stop": "worker stop",
    "start": "worker start",
    "submit": "add",
    "restart": "retry",
    "info": "show",
}
