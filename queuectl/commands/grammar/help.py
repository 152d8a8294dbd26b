"""Help pages, made from the table of commands."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence

from .commandline import GLOBALS
from .registry import COMMANDS, Arg, Command, commands_of

WIDTH = 79
USAGE = "usage: queuectl [OPTIONS] COMMAND ..."
FIRST_STEPS = """first steps:
  queuectl add 'echo Hello'      add a job
  queuectl worker start          run jobs in the background
  queuectl list                  see what became of them
  queuectl logs last             see what the last one printed"""
EXIT_CODES = {
    "0": "done",
    "1": "failed",
    "2": "invalid input",
    "3": "not found",
    "4": "conflict",
    "5": "store unavailable",
    "6": "not running",
    "70": "bug",
    "124": "timed out",
    "130": "interrupted",
    "141": "nobody reads the output",
}
# What is true of every command, under the words that `help` takes.
GLOBAL, CODES = TOPICS = ("global", "exit-codes")
INDEX = "docs/index.md"
SEE = "see also: {}\n          queuectl help global, queuectl help exit-codes"


def overview() -> str:
    """Return the list of all commands by group."""
    groups: dict[str, list[Command]] = {}
    for command in COMMANDS.values():
        groups.setdefault(command.group, []).append(command)
    parts = [USAGE, "Background jobs for shell commands, on bare Python.", FIRST_STEPS]
    parts += [f"{group.lower()}:\n" + "\n".join(map(_line, commands)) for group, commands in groups.items()]
    return _page([*parts, f"more about a command: queuectl help COMMAND\n{SEE.format(INDEX)}"])


def global_page() -> str:
    """Return the options that every command takes."""
    lines = [_entry(spelled(arg), 20, arg.help) for arg in GLOBALS]
    return _page([USAGE, "\n".join(["options of every command, before or after its name:", *lines])])


def exit_codes_page() -> str:
    """Return what the exit codes mean."""
    return _page(["\n".join(["exit codes:", *(_entry(code, 4, meaning) for code, meaning in EXIT_CODES.items())])])


def group_page(word: str) -> str:
    """Return the commands that begin with a word such as `dlq`."""
    more = f"more about one of them: queuectl help {word} COMMAND\nsee also: {commands_of(word)[0].page}"
    return _page([f"usage: queuectl {word} COMMAND ...", "\n".join(map(_line, commands_of(word))), more])


def command_page(command: Command) -> str:
    """Return everything about one command but what is true of all."""
    paragraphs = filter(None, [command.help, *command.description.split("\n\n")])
    parts = [
        f"usage: queuectl {command.path}{usage_of(command)}",
        *(textwrap.fill(paragraph, WIDTH) for paragraph in paragraphs),
    ]
    for heading, args in _by_group(command.args).items():
        parts.append("\n".join([f"{heading}:", *(_entry(spelled(arg), 22, help_of(arg)) for arg in args)]))
    if command.examples:
        parts.append("\n".join(["examples:", *(f"  queuectl {example}" for example in command.examples)]))
    return _page([*parts, SEE.format(command.page)])


def usage_of(command: Command, mark: Callable[[str], str] = str) -> str:
    """Return what may follow a command; `mark` returns each word that stands for others as it is to be shown."""
    words = [""]
    if any(arg.is_option and not arg.hidden for arg in command.args):
        words.append(f"[{mark('OPTIONS')}]")
    for arg in command.args:
        name = mark(arg.metavar)
        if arg.rest or arg.inputs:
            words.append(f"[-- {name} ...]" if arg.rest else f"[::: {name} ...] ...")
        elif not arg.is_option:
            words.append(f"[{name} ...]" if arg.many else f"[{name}]" if arg.optional else name)
    return " ".join(words)


def help_of(arg: Arg) -> str:
    """Return the help of an argument, with the default that its setting has unless it is set."""
    if arg.setting is None:
        return arg.help
    from ...model.settings import find

    found = find(arg.setting)
    shown = f"{found.show(found.default)}, the setting {found.name}"
    return arg.help.replace(f"(default: {found.name})", f"(default: {shown})")


def _page(parts: Sequence[str]) -> str:
    return "\n\n".join(parts) + "\n"


def _by_group(args: Sequence[Arg]) -> Mapping[str, list[Arg]]:
    """Return the arguments that are shown, under their headings."""
    found: dict[str, list[Arg]] = {"arguments": [], "options": []}
    for arg in args:
        if not arg.hidden and (arg.is_option or arg.is_positional):
            found.setdefault(arg.group if arg.is_option else "arguments", []).append(arg)
    return {heading: shown for heading, shown in found.items() if shown}


def spelled(arg: Arg, name: Callable[[str], str] = str, value: Callable[[str], str] = str) -> str:
    """Return how an argument is spelled: `-s, --state STATE`. `name` and `value` mark the names and the value."""
    shown = value(arg.metavar)
    if not arg.is_option:
        return shown
    names = ", ".join(map(name, sorted(arg.names, key=len)))
    if arg.flag:
        return names
    return f"{names} {shown}" if arg.implied is None else f"{names}[={shown}]"


def _line(command: Command) -> str:
    names = ", ".join((command.path, *(alias for alias in command.aliases if " " not in alias)))
    return _entry(names, 18, command.help)


def _entry(names: str, width: int, text: str) -> str:
    """Return two columns, folded so that a terminal of 80 columns does not break the lines."""
    margin = " " * (width + 3)
    lines = textwrap.wrap(text, WIDTH, initial_indent=margin, subsequent_indent=margin)
    if len(names) > width:
        return "\n".join([f"  {names}", *lines])
    return "\n".join([f"  {names:<{width}} {lines[0].lstrip()}", *lines[1:]])
