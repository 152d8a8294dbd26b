"""The argparse parsers made from the table: for mistakes, and as the reference for `commandline`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from ...model.errors import InvalidInput, quoted, suggestion_text, with_value
from ...model.shellwords import shell_line
from .commandline import GLOBALS, CommandLine, Given, Parsed, placed, unset_arguments, unset_globals
from .elsewhere import OPTIONS_ELSEWHERE, SOURCES_ELSEWHERE, command_for, option_for
from .registry import ALIASES, COMMANDS, Arg, Command, commands_of

# How argparse says that a flag was given a value, which it shows in quotes.
IGNORED = "ignored explicit argument "


class Parser(argparse.ArgumentParser):
    """A parser of the options of a command (None: of those of every command). It raises our errors."""

    def __init__(self, command: Command | None, unquoted: str = "") -> None:
        prog = f"queuectl {command.path}" if command is not None else "queuectl"
        super().__init__(prog=prog, add_help=False, allow_abbrev=False)
        self.command = command
        self.unquoted = unquoted  # the line to type if what it adds was not quoted
        self.args = [*GLOBALS, *(arg for arg in (command.args if command is not None else ()) if arg.is_option)]
        self.flags = {name: arg for arg in self.args for name in arg.spellings}
        for arg in self.args:
            settings: dict[str, Any] = {"dest": arg.long_name, "action": "store_true" if arg.flag else "append"}
            if arg.stands_for:
                name, _, text = arg.stands_for.partition("=")
                settings = {"dest": name, "action": "append_const", "const": text}
            for names in filter(None, (arg.names, arg.also)):
                self.add_argument(*names, **settings)
        # An option such as -0 must not make options of negative numbers.
        self._has_negative_number_optionals.clear()

    def error(self, message: str) -> NoReturn:
        """Raise InvalidInput for a mistake that argparse found, in our words."""
        about, _, what = message.partition(": ")
        name = max(about.split()[-1].split("/"), key=len)
        if what == "expected one argument":
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
        """Raise InvalidInput for an unknown option, which may be part of a command that was not quoted."""
        message = f"unknown option {quoted(name)}"
        if is_in_command and not name.startswith("--"):
            self._refuse_unquoted(message)
        path = self.command.path if self.command is not None else ""
        instead = OPTIONS_ELSEWHERE.get(f"{path} {name}") or OPTIONS_ELSEWHERE.get(name)
        if instead is not None:
            raise InvalidInput(f"there is no option {name}", hint=instead)
        found = option_for(name, [name for arg in self.args for name in arg.names])
        if found is None and is_in_command:
            self._refuse_unquoted(message)
        self.refuse(f"{message}{suggestion_text(found)}")

    def _refuse_unquoted(self, message: str) -> None:
        if self.unquoted:
            raise InvalidInput(f"{message}; write a command with blanks as one quoted text", hint=self.unquoted)

    def place(self, command: Command, words: Sequence[str], arguments: dict[str, Any]) -> None:
        """Give the positionals of a command their values. Raises InvalidInput for one too few or too many."""
        found, missing, left = placed(command, words)
        if missing:
            self.refuse(f"{command.path} needs {', '.join(arg.metavar for arg in missing)}")
        if left:
            if left[0] in SOURCES_ELSEWHERE and command.takes_inputs:
                raise InvalidInput(f"there is no {left[0]}", hint=SOURCES_ELSEWHERE[left[0]])
            message = f"unexpected {quoted(left[0])}"
            self._refuse_unquoted(message)
            self.refuse(message)
        for arg, texts in found.items():
            values = [self.value(arg, text) for text in texts]
            if arg.many or values:
                arguments[arg.key] = values if arg.many else values[0]

    def value(self, arg: Arg, text: str) -> Any:
        """Return the value of an argument's text. Raises InvalidInput."""
        try:
            return arg.value(text)
        except ValueError as error:
            message = f"{arg.long_name} {with_value(error, text)}"
            raise InvalidInput(message, field=arg.key, hint=f"see: {self.prog} --help") from None


def _is_option(word: str) -> bool:
    """Return whether argparse takes a word for an option: no text with a blank, and no negative number."""
    is_number = word[1:].replace(".", "", 1).isdigit()
    return word.startswith("-") and word != "-" and " " not in word and not is_number


def _unquoted(line: CommandLine) -> str:
    """Return the line to type if the command to add was not quoted; options of ours may stand on each side of it."""
    command, words = line.command, line.words
    first = next((at for at in line.others if not _is_option(words[at])), None)
    # A first word with a blank was quoted.
    if command is None or not command.takes_command or first is None or " " in words[first]:
        return ""
    end = line.end
    last = next((at for at in range(line.others[-1] + 1, end) if words[at].startswith("--")), end)
    own = [words[at] for at in range(line.name[0], first) if at not in line.name]
    return shell_line(["queuectl", *command.path.split(), *own, shell_line(words[first:last]), *words[last:end]])


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
    parser = Parser(command, _unquoted(line))
    found, texts = parser.options(own)
    _fill(parser, found, options, arguments)
    parser.place(command, texts if command.takes_rest else [*texts, *(line.rest or ())], arguments)
    return Parsed(command, arguments, options)


def _read_globals(words: Sequence[str], options: dict[str, Any]) -> None:
    """Put the global options, where nothing else may stand, among the values. Raises InvalidInput."""
    parser = Parser(None)
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
        message = f"{line.topic} has no command {quoted(word)}{suggestion_text(command_for(word, known))}"
        raise InvalidInput(message, hint=f"it has: {', '.join(known)}")
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
