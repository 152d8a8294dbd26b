"""Help pages, made from the table of commands."""

from __future__ import annotations

import textwrap

from .argparser import EXIT_CODES, WIDTH, help_parser
from .commandline import GLOBALS
from .registry import COMMANDS, Command, commands_of

USAGE = "usage: queuectl [OPTIONS] COMMAND ..."
FIRST_STEPS = """first steps:
  queuectl add 'echo Hello'      add a job
  queuectl worker start          run jobs in the background
  queuectl list                  see what became of them
  queuectl logs last             see what the last one printed"""


def overview() -> str:
    """Return the list of all commands by group, with the global options."""
    groups: dict[str, list[Command]] = {}
    for command in COMMANDS.values():
        groups.setdefault(command.group, []).append(command)
    parts = [USAGE, "Background jobs for shell commands, on bare Python.", FIRST_STEPS]
    parts += [f"{group.lower()}:\n" + "\n".join(map(_line, commands)) for group, commands in groups.items()]
    parts += [global_options(), EXIT_CODES, "More about a command: queuectl help COMMAND"]
    return "\n\n".join(parts) + "\n"


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


def global_options() -> str:
    """Return the options that every command takes."""
    lines = []
    for arg in GLOBALS:
        names = ", ".join(arg.names) + ("" if arg.flag else f" {arg.metavar}")
        lines.append(_entry(names, 20, arg.help))
    return "global options, before or after the command:\n" + "\n".join(lines)


def group_page(word: str) -> str:
    """Return the commands that begin with a word such as `dlq`."""
    return (
        f"usage: queuectl {word} COMMAND ...\n\n"
        + "\n".join(map(_line, commands_of(word)))
        + f"\n\nMore about one of them: queuectl help {word} COMMAND\n"
    )


def command_page(command: Command) -> str:
    """Return everything about one command."""
    text = help_parser(command).format_help().rstrip("\n").replace(" [=", "[=")
    body, _, codes = text.rpartition(EXIT_CODES)
    return f"{body.rstrip()}\n\n{global_options()}\n\n{EXIT_CODES}{codes}\n"
