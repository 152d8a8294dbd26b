"""The argparse parser made from the table: for help, for mistakes, and as the reference for `parser`."""

from __future__ import annotations

import argparse

from ...model.errors import InvalidInput, did_you_mean, quoted
from .parser import GLOBAL_FLAGS, Given, Parsed, Unusual, global_options, suggestions, take_option
from .registry import COMMANDS, Arg, Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, NoReturn, Sequence

EXIT_CODES = """exit codes:
  0 done, 1 failed, 2 invalid input, 3 not found, 4 conflict,
  5 store unavailable, 6 not running, 70 bug, 124 timed out, 130 interrupted"""


class Parser(argparse.ArgumentParser):
    """A parser that raises our errors instead of leaving the program."""

    def error(self, message: str) -> NoReturn:
        """Raise InvalidInput for a mistake."""
        if message.endswith("expected one argument"):
            name = max(message.split(":")[0].split()[-1].split("/"), key=len)
            message = f"option {name} needs a value; write {name}=VALUE if it begins with -"
        raise InvalidInput(message, hint=f"see: {self.prog} --help")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse, and refuse what is unknown with a suggestion."""
        found, unknown = super().parse_known_args(args, namespace)
        for word in unknown:
            if word.startswith("-"):
                known = [name for action in self._actions for name in action.option_strings]
                name = word.partition("=")[0]
                self.error(f"unknown option {quoted(name)}{did_you_mean(name, known)}")
        if unknown:
            blanks = any(action.dest == "command" for action in self._actions)
            self.error(
                f"unexpected {quoted(unknown[0])}"
                + ("; write a command with blanks as one quoted text" if blanks else "")
            )
        return found, unknown


def parse_with_argparse(words: Sequence[str], defaults: Mapping[str, Any]) -> Parsed:
    """Return what a command line means, or raise InvalidInput with the mistake in it."""
    options, remaining = _take_globals(words, defaults)
    path = _path_of(remaining)
    if options["help"] or options["version"]:
        return Parsed(None, {}, options, topic=path or _group_of(remaining))
    if not remaining:
        return Parsed(None, {}, options)
    if path is None:
        group = _group_of(remaining)
        if not group:
            raise suggestions(remaining[0])
        if len(remaining) == 1:
            return Parsed(None, {}, {**options, "help": True}, topic=group)
        raise _unknown_in_group(group, remaining[1])
    command = COMMANDS[path]
    consumed = next(count for count in (2, 1) if " ".join(remaining[:count]) in _names(command))
    head, rest = remaining[consumed:], None
    takes_rest = [arg for arg in command.args if arg.rest]
    if takes_rest and "--" in head:
        at = head.index("--")
        head, rest = head[:at], head[at + 1 :]
    values = _values(command, vars(build_parser(command).parse_args(_positionals_last(command, head))))
    if takes_rest:
        values[takes_rest[0].key] = rest or []
    return Parsed(command, values, options)


def _values(command: Command, found: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments from what argparse found: (text, value) pairs, of an option as often as it stands there."""
    values: dict[str, Any] = {}
    given = Given()
    for arg in command.args:
        pairs = found.get(arg.key)
        values[arg.key] = [] if arg.many else arg.default
        if arg.flag:
            values[arg.key] = pairs
        elif arg.is_option:
            for text, value in pairs or ():
                given.put(arg, text, value, values)
        elif arg.many:
            values[arg.key] = [value for _, value in pairs or ()]
        elif pairs is not None:
            values[arg.key] = pairs[1]
    return values


def _positionals_last(command: Command, words: Sequence[str]) -> list[str]:
    """Return the words with the options in front: argparse takes positionals from one place only."""
    flags = {name: arg for arg in command.args if arg.is_option for name in arg.names}
    options: list[str] = []
    others: list[str] = []
    at = 0
    while at < len(words) and words[at] != "--":
        arg = flags.get(words[at])
        if arg is not None and arg.implied is not None:
            options.append(f"{words[at]}={arg.implied}")
            at += 1
        elif words[at].startswith("-") and words[at] != "-":
            count = 2 if arg is not None and arg.takes_next_word else 1
            options += words[at : at + count]
            at += count
        else:
            others.append(words[at])
            at += 1
    others += words[at + 1 :]
    # Without need for it, `--` is left out: argparse refuses one that nothing follows.
    needed = any(word.startswith("-") and word != "-" for word in others)
    return [*options, *(["--"] if needed else []), *others]


def _take_globals(words: Sequence[str], defaults: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Split the global options, wherever they stand before `--`, from the other words."""
    options = global_options(defaults)
    remaining: list[str] = []
    at, before, after = 0, Given(), Given()
    while at < len(words) and words[at] != "--":
        name = words[at].partition("=")[0]
        if name not in GLOBAL_FLAGS:
            remaining.append(words[at])
            at += 1
            continue
        try:
            at = take_option(words, at, GLOBAL_FLAGS, options, after if remaining else before)
        except Unusual:
            raise _bad_global(name, words[at : at + 2]) from None
    return options, [*remaining, *words[at:]]


def _bad_global(name: str, given: Sequence[str]) -> InvalidInput:
    arg = GLOBAL_FLAGS[name]
    if arg.flag:
        return InvalidInput(f"option {name} takes no value, got {quoted(given[0])}")
    allowed = f"one of {', '.join(arg.choices)}" if arg.choices else "a value"
    value = given[0].partition("=")[2] if "=" in given[0] else given[1] if len(given) > 1 else ""
    return InvalidInput(f"option {name} needs {allowed}, got {quoted(value)}")


def _names(command: Command) -> tuple[str, ...]:
    return (command.path, *command.aliases)


def _path_of(words: Sequence[str]) -> str | None:
    for count in (2, 1):
        name = " ".join(words[:count])
        for command in COMMANDS.values():
            if len(words) >= count and name in _names(command):
                return command.path
    return None


def _group_of(words: Sequence[str]) -> str:
    """Return the first word if commands of two words begin with it, else an empty text."""
    first = words[0] if words else ""
    return first if any(path.startswith(first + " ") for path in COMMANDS) and first else ""


def _unknown_in_group(group: str, word: str) -> InvalidInput:
    known = [path.split()[1] for path in COMMANDS if path.startswith(group + " ")]
    return InvalidInput(
        f"{group} has no command {quoted(word)}{did_you_mean(word, known)}", hint=f"it has: {', '.join(known)}"
    )


def build_parser(command: Command) -> Parser:
    """Return the parser of one command's own arguments."""
    parser = Parser(
        prog=f"queuectl {command.path}",
        add_help=False,
        allow_abbrev=False,
        description=command.help + (f"\n\n{command.description}" if command.description else ""),
        epilog=_epilog(command),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    groups: dict[str, argparse._ActionsContainer] = {"options": parser}
    for arg in command.args:
        if arg.rest:
            continue
        if arg.is_option and arg.group not in groups:
            groups[arg.group] = parser.add_argument_group(arg.group)
        _add(groups[arg.group] if arg.is_option else parser, arg, command.path)
    return parser


def _add(parser: argparse._ActionsContainer, arg: Arg, path: str) -> None:
    shown = argparse.SUPPRESS if arg.hidden else arg.help.replace("%", "%%")
    if arg.flag:
        parser.add_argument(*arg.names, action="store_true", default=arg.default, help=shown, dest=arg.key)
        return
    settings: dict[str, Any] = {
        "type": _typed(arg, path),
        "help": shown,
        "metavar": arg.metavar or arg.key.upper(),
    }
    if not arg.is_option:
        settings["nargs"] = "*" if arg.many else "?" if arg.optional else None
        parser.add_argument(arg.key, **settings)
        return
    parser.add_argument(*arg.names, dest=arg.key, action="append", **settings)


def _typed(arg: Arg, path: str) -> Any:
    def convert(text: str) -> tuple[str, Any]:
        try:
            return text, arg.value(text)
        except ValueError as error:
            # Not an ArgumentTypeError: argparse would put the option's names in front once more.
            raise InvalidInput(
                f"{arg.long_name} {error}, got {quoted(text)}",
                field=arg.key,
                hint=f"see: queuectl {path} --help",
            ) from None

    return convert


def _epilog(command: Command) -> str:
    examples = "".join(f"  queuectl {example}\n" for example in command.examples)
    return (f"examples:\n{examples}\n" if examples else "") + EXIT_CODES
