"""The argparse parsers made from the table: for help, for mistakes, and as the reference for `commandline`."""

from __future__ import annotations

import argparse

from ...model.errors import InvalidInput, quoted, suggestion_text, with_value
from ...model.shellwords import shell_line
from .commandline import GLOBALS, CommandLine, Given, Parsed, unset_arguments, unset_globals
from .elsewhere import OPTIONS_ELSEWHERE, SOURCES_ELSEWHERE, command_for, option_for
from .registry import ALIASES, COMMANDS, Arg, Command, commands_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Mapping, NoReturn, Sequence


# How argparse says that a flag was given a value, which it shows in quotes.
IGNORED = "ignored explicit argument "


class Parser(argparse.ArgumentParser):
    """A parser of some arguments of a command (None: of those of every command). It raises our errors."""

    def __init__(self, command: Command | None, args: Iterable[Arg], unquoted: str = "", **settings: Any) -> None:
        super().__init__(
            prog=f"queuectl {command.path}" if command is not None else "queuectl",
            add_help=False,
            allow_abbrev=False,
            **settings,
        )
        self.command = command
        self.unquoted = unquoted  # the line to type if what it adds was not quoted
        self.args = list(args)
        self.flags = {name: arg for arg in self.args if arg.is_option for name in arg.spellings}
        groups: dict[str, argparse._ActionsContainer] = {"options": self}
        for arg in self.args:
            if arg.is_option and arg.group not in groups:
                groups[arg.group] = self.add_argument_group(arg.group)
            _add(groups[arg.group] if arg.is_option else self, arg)
        # An option such as -0 must not make options of negative numbers.
        self._has_negative_number_optionals.clear()

    def error(self, message: str) -> NoReturn:
        """Raise InvalidInput for a mistake that argparse found, in our words."""
        about, _, what = message.partition(": ")
        name = max(about.split()[-1].split("/"), key=len)
        if about.endswith("are required"):
            message = f"{self.prog.partition(' ')[2]} needs {what}"
        elif what == "expected one argument":
            choices = ", ".join(self.flags[name].choices)
            needed = f"one of {choices}" if choices else f"a value; write {name}=VALUE if it begins with -"
            message = f"option {name} needs {needed}"
        elif what.startswith(IGNORED):
            message = f"option {name} takes no value, got {quoted(what[len(IGNORED) + 1 : -1])}"
        self.refuse(message)

    def refuse(self, message: str) -> NoReturn:
        """Raise InvalidInput with this message."""
        raise InvalidInput(message, hint=f"see: {self.prog} --help")

    def options(self, words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """Return the options among the words, with their texts, and the other words. Raises InvalidInput."""
        # argparse would take the next word for the value of one that may do without; here it stands after `=`.
        alone = {name: f"{name}={arg.implied}" for name, arg in self.flags.items() if arg.implied is not None}
        found, others = self.parse_known_args([alone.get(word, word) for word in words])
        for word in others:
            if _is_option(word):
                self._refuse_option(word.partition("=")[0], is_in_command=word != others[0])
        return vars(found), others

    def _refuse_option(self, name: str, is_in_command: bool) -> NoReturn:
        """Raise InvalidInput for an option that there is not; it may stand within a command that was not quoted."""
        message = f"unknown option {quoted(name)}"
        if is_in_command and not name.startswith("--"):
            self._refuse_unquoted(message)
        path = self.command.path if self.command is not None else ""
        instead = OPTIONS_ELSEWHERE.get(f"{path} {name}") or OPTIONS_ELSEWHERE.get(name)
        if instead is not None:
            raise InvalidInput(f"there is no option {name}", hint=instead)
        found = option_for(name, [name for arg in self.args if arg.is_option for name in arg.names])
        if found is None and is_in_command:
            self._refuse_unquoted(message)
        self.refuse(f"{message}{suggestion_text(found)}")

    def _refuse_unquoted(self, message: str) -> None:
        """Raise InvalidInput with the line to type, if there is one."""
        if self.unquoted:
            raise InvalidInput(f"{message}; write a command with blanks as one quoted text", hint=self.unquoted)

    def positionals(self, words: Sequence[str]) -> dict[str, list[str]]:
        """Return the words of each positional. Raises InvalidInput for one too few or too many."""
        # argparse places their numbers: it would drop a `--`, and take what begins with a dash for an option.
        found, unknown = self.parse_known_args(list(map(str, range(len(words)))))
        if unknown:
            word = words[int(unknown[0])]
            if word in SOURCES_ELSEWHERE and self.command is not None and self.command.takes_inputs:
                raise InvalidInput(f"there is no {word}", hint=SOURCES_ELSEWHERE[word])
            message = f"unexpected {quoted(word)}"
            self._refuse_unquoted(message)
            self.refuse(message)
        places = {name: at if isinstance(at, list) else [at] for name, at in vars(found).items()}
        return {name: [words[int(at)] for at in ats if at is not None] for name, ats in places.items()}

    def value(self, arg: Arg, text: str) -> Any:
        """Return the value of an argument's text. Raises InvalidInput."""
        try:
            return arg.value(text)
        except ValueError as error:
            raise InvalidInput(
                f"{arg.long_name} {with_value(error, text)}", field=arg.key, hint=f"see: {self.prog} --help"
            ) from None


def _is_option(word: str) -> bool:
    """Return whether argparse takes a word for an option: no text with a blank, and no negative number."""
    is_number = word[1:].replace(".", "", 1).isdigit()
    return word.startswith("-") and word != "-" and " " not in word and not is_number


def _unquoted(line: CommandLine) -> str:
    """Return the line to type if the command that it adds was not quoted; a first word with a blank was.

    An option of ours may stand on each side of it.
    """
    command, words = line.command, line.words
    first = next((at for at in line.others if not _is_option(words[at])), None)
    if command is None or not command.takes_command or first is None or " " in words[first]:
        return ""
    end = line.end
    last = next((at for at in range(line.others[-1] + 1, end) if words[at].startswith("--")), end)
    own = [words[at] for at in range(line.name[0], first) if at not in line.name]
    return shell_line(["queuectl", *command.path.split(), *own, shell_line(words[first:last]), *words[last:end]])


def _add(parser: argparse._ActionsContainer, arg: Arg) -> None:
    settings: dict[str, Any] = {"help": argparse.SUPPRESS if arg.hidden else arg.help.replace("%", "%%")}
    if arg.stands_for:
        name, _, text = arg.stands_for.partition("=")
        settings.update(dest=name, action="append_const", const=text)
    elif arg.flag:
        settings.update(dest=arg.long_name, action="store_true")
    else:
        # A value that may be left out stands right behind `=`; help takes away the blank that argparse puts there.
        settings["metavar"] = arg.metavar if arg.implied is None else f"[={arg.metavar}]"
        settings.update({"dest": arg.long_name, "action": "append"} if arg.is_option else {"nargs": _count(arg)})
    parser.add_argument(*arg.names, **settings)
    if arg.also:
        parser.add_argument(*arg.also, **{**settings, "help": argparse.SUPPRESS})


def _count(arg: Arg) -> str | None:
    return "*" if arg.many else "?" if arg.optional else None


def read_with_argparse(line: CommandLine, defaults: Mapping[str, Any]) -> Parsed:
    """Return what a line means, or raise InvalidInput with the mistake in it. All commands must be loaded."""
    command, options = line.command, unset_globals(defaults)
    end = line.end
    start = line.name[0] if line.name else end
    own = [line.words[at] for at in range(start, end) if at not in line.name]
    _read_globals(line.words[:start], options)
    if command is None:
        _demand_command(line)
        _read_globals(own, options)
        return Parsed(None, {}, {**options, "help": bool(line.topic)}, topic=line.topic)
    arguments = unset_arguments(command, line)
    unquoted = _unquoted(line)
    parser = Parser(command, (*GLOBALS, *(arg for arg in command.args if arg.is_option)), unquoted)
    found, texts = parser.options(own)
    _fill(parser, found, options, arguments)
    parser = Parser(command, (arg for arg in command.args if arg.is_positional), unquoted)
    _place(parser, texts if command.takes_rest else [*texts, *(line.rest or ())], arguments)
    return Parsed(command, arguments, options)


def _read_globals(words: Sequence[str], options: dict[str, Any]) -> None:
    """Put the global options, where nothing else may stand, among the values. Raises InvalidInput."""
    parser = Parser(None, GLOBALS)
    found, others = parser.options(words)
    if others:
        parser.refuse(f"unexpected {quoted(others[0])}")
    _fill(parser, found, options, {})


def _demand_command(line: CommandLine) -> None:
    """Raise InvalidInput unless the words name no command at all, or a group of them."""
    hint = "see all commands with: queuectl help"
    if line.name and not line.topic:
        word = line.path[0]
        found = command_for(word, {path.split()[0] for path in (*COMMANDS, *ALIASES)})
        raise InvalidInput(f"there is no command {quoted(word)}{suggestion_text(found)}", hint=hint)
    if line.positionals:
        word, known = line.positionals[0], [command.path.split()[1] for command in commands_of(line.topic)]
        raise InvalidInput(
            f"{line.topic} has no command {quoted(word)}{suggestion_text(command_for(word, known))}",
            hint=f"it has: {', '.join(known)}",
        )
    if line.rest is not None:
        raise InvalidInput("there is no command before --", hint=hint)


def _fill(parser: Parser, found: Mapping[str, Any], options: dict[str, Any], arguments: dict[str, Any]) -> None:
    """Put the options that argparse found where they belong: a flag, or a text each time it was given."""
    given = Given()
    for arg in parser.args:
        values = options if arg in GLOBALS else arguments
        if arg.stands_for:
            continue  # What it stands for has it.
        if arg.flag:
            values[arg.key] = values[arg.key] or found[arg.long_name]
            continue
        for text in found[arg.long_name] or ():
            # Before Python 3.13, argparse makes an empty list of the value in `--cwd=--`.
            text = "--" if text == [] else text
            given.put(arg, text, parser.value(arg, text), values)


def _place(parser: Parser, texts: Sequence[str], arguments: dict[str, Any]) -> None:
    """Give the positionals their values. Raises InvalidInput."""
    found = parser.positionals(texts)
    for arg in parser.args:
        values = [parser.value(arg, text) for text in found[arg.names[0]]]
        if arg.many or values:
            arguments[arg.key] = values if arg.many else values[0]
