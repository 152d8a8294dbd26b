"""From words to a command and its arguments: the one door to both readers of a command line.

`commandline` reads all that a correct command line needs. A mistake and whatever else is unusual goes to the
argparse parser made from the same table, which words the errors. A test compares the two over random command lines.
"""

from __future__ import annotations

from ...model.errors import InvalidInput
from .commandline import CommandLine, Parsed, read_plain
from .registry import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence


def parse(words: Sequence[str], defaults: Mapping[str, Any] | None = None) -> Parsed:
    """Return what a command line means; `defaults` are global options that it does not give. Raises InvalidInput."""
    return understand(CommandLine(words), defaults or {})


def understand(line: CommandLine, defaults: Mapping[str, Any]) -> Parsed:
    """Return what a line means, as `parse` does. A wish for help goes before every mistake. Raises InvalidInput."""
    options = line.global_values(defaults)
    if options["help"] or options["version"] or not line.words:
        return Parsed(None, {}, options, topic=line.topic)
    if any(word.startswith("-") and ":" in word for word in line.words[: line.end]):
        _refuse_minus(line)
    try:
        return read_plain(line, defaults)
    except (ValueError, InvalidInput):
        load()
        from .argparser import read_with_argparse

        return read_with_argparse(line, defaults)


def _refuse_minus(line: CommandLine) -> None:
    """Raise FilterError for `-tag:x` in the place of a filter or a job's command; it would be read as -t."""
    from ...model.fields import FILTERS
    from ...model.filter import with_quotes
    from ...model.filterparse import parse as parse_filter

    command = line.command
    if command is None or not (command.path == "add" or any(arg.parse is with_quotes for arg in command.args)):
        return
    for word in line.words[: line.end]:
        key, colon, _ = word.partition(":")
        if colon and key.startswith("-") and key[1:].lower() in FILTERS:
            parse_filter(word, 0)
