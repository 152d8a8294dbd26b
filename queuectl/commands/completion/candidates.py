"""What the word under the cursor may become: the one completion engine, for every shell.

`candidates` has the words before the cursor read as every command line is, and offers what may follow:
commands, options that were not given yet, and values. The declaration says what completes a value
(`Arg.complete`, `Arg.choices`); a value that the argument would refuse is not offered.

A TAB must not make a home, must not wait, and has no place to show an error: if the store is missing or does not answer
at once, it gives no candidates.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from ...engine.queue import Queue
from ...model.clock import SYSTEM_CLOCK, Clock
from ...model.errors import QueueCTLError
from ...model.fields import FILTERS
from ...model.filter import is_filter, meaning
from ...model.job import OPEN, STATES, Job
from ...model.record import Record
from ...model.settings import BY_NAME, SETTINGS
from ..grammar.commandline import GLOBALS, CommandLine
from ..grammar.registry import ALIASES, COMMANDS, Arg, Command, load

# An argument may take several of these kinds with commas between; of the first two only if it says so.
LISTS = {"state": "pending,dead", "column": "id,state", "job": "", "resumable": "", "dead": ""}

# How to find candidates of each kind that is no key of a filter, or that needs more than `Lookup.of`.
KINDS: dict[str, Callable[[Lookup, str], list[Candidate]]] = {
    "job": lambda ask, text: [*_ids(ask, "id", text), *_last(text)],
    "resumable": lambda ask, text: [*ask.of("paused"), *_ids(ask, "id", text), *_last(text)],
    "dead": lambda ask, text: _ids(ask, "dead", text),
    "state": lambda ask, text: [*map(Candidate, STATES), Candidate(OPEN, "all that are not final")],
    "column": lambda ask, text: [Candidate(column) for column in Job.FIELDS],
    "setting": lambda ask, text: _settings(text),
    "batch term": lambda ask, text: [one.after("batch:") for one in ask.of("batch", text.partition(":")[2])],
    "template": lambda ask, text: ask.templates(),
    "file": lambda ask, text: _files(ask, text),
    "directory": lambda ask, text: ask.files(text, only_directories=True),
    "command": lambda ask, text: ask.programs(text),
    "shell": lambda ask, text: ask.files(text) if "/" in text else ask.of("shell"),
    "filter": lambda ask, text: _filters(ask, text),
}
# These arguments take words of a filter in the place of ids.
WITH_FILTERS = ("filter", "job", "resumable", "dead")
LIMIT = 50
MAX_FILES = 1_000
BUSY_SECONDS = 0.2


def candidates(words: Sequence[str], text: str, ask: Lookup) -> list[Candidate]:
    """Return what `text`, the word under the cursor, may become after the complete `words`."""
    line = CommandLine(words)
    if not line.name:
        load()
    home = line.global_values({})["home"]
    found = _at(line, text, ask if home is None else ask.at(home))
    return [one for one in found if one.leave_to_shell or (one.value.startswith(text) and one.value.isprintable())]


def _at(line: CommandLine, text: str, ask: Lookup) -> list[Candidate]:
    if line.waiting is not None:
        return _values(line, line.waiting, text, ask)
    if line.inputs is not None:
        return ask.files(text)
    if text.startswith("-") and line.rest is None:
        name, equals, value = text.partition("=")
        arg = line.flags.get(name)
        if not equals:
            return _options(line, text)
        if arg is None or arg.flag or not name.startswith("--"):
            return []
        return [one.after(f"{name}=") for one in _values(line, arg, value, ask)]
    names = _next_words(line.path) if line.is_naming else []
    if line.command is None:
        return names
    if line.rest is not None and any(arg.rest for arg in line.command.args):
        return ask.words(text, is_first=not line.rest)
    arg = _positional(line.command, len(_others(line)))
    # `config` is a command with arguments although `config set` is one, too.
    return names if arg is None else [*names, *_values(line, arg, text, ask)]


def _others(line: CommandLine) -> list[str]:
    """Return the words of a line that are neither options nor the command's name."""
    return [*line.positionals, *(line.rest or ())]


def _positional(command: Command, given: int) -> Arg | None:
    """Return the argument of the next positional word, after `given` of them."""
    for arg in command.args:
        if not arg.is_positional:
            continue
        if arg.many or not given:
            return arg
        given -= 1
    return None


def _next_words(path: Sequence[str]) -> list[Candidate]:
    """Return the words that lead from the beginning of a command's name to a whole one."""
    before = "".join(f"{word} " for word in path)
    found: dict[str, str] = {}
    for name, command in COMMANDS.items():
        if name.startswith(before):
            word, _, rest = name[len(before) :].partition(" ")
            found[word] = command.help if not rest else f"{found[word]}, {rest}" if word in found else rest
    for alias, name in ALIASES.items():
        word = alias[len(before) :]
        if alias.startswith(before) and " " not in word:
            found.setdefault(word, f"the same as {name}")
    return [Candidate(word, description) for word, description in found.items()]


def _options(line: CommandLine, text: str) -> list[Candidate]:
    """Return the options that may still be given, by their long names; by a short name only if it was typed."""
    used = {arg for _, arg, _ in line.given}
    found = []
    for arg in (*(line.command.args if line.command is not None else ()), *GLOBALS):
        if not arg.is_option or arg.hidden or (not arg.many and arg in used):
            continue
        name = text if text in arg.names else arg.long_name
        goes_on = arg.takes_next_word and name.startswith("--")
        found.append(Candidate(f"{name}=" if goes_on else name, arg.help, is_complete=not goes_on))
    return found


def _values(line: CommandLine, arg: Arg, text: str, ask: Lookup) -> list[Candidate]:
    """Return the values of an argument that begin with a text; of a list, what its last element may become."""
    kind = arg.complete
    if arg.choices:
        return [Candidate(choice) for choice in arg.choices]
    if kind == "command_name":
        load()
        return _next_words(_others(line))
    if kind is None:
        return [] if arg.is_option else _setting_values(line, text)
    filters = _filters(ask, text) if text and arg.many and kind in WITH_FILTERS else []
    if (":" in text or " " in text) and filters:
        return filters
    is_list = kind in LISTS and (_is_allowed(arg, LISTS[kind]) if LISTS[kind] else arg.many)
    head, comma, last = text.rpartition(",") if is_list else ("", "", text)
    given = {part for word in (head, *(() if arg.is_option else _others(line))) for part in word.split(",")} - {""}
    minus = "-" if kind == "column" and last.startswith("-") else ""
    found = [one.after(minus) for one in _of_kind(ask, kind, last)]
    fitting = [one for one in found if one.leave_to_shell or (one.value not in given and _is_allowed(arg, one.value))]
    return [*(one.after(head + comma) for one in fitting), *(filters if kind != "filter" else [])]


def _of_kind(ask: Lookup, kind: str, text: str) -> list[Candidate]:
    return KINDS[kind](ask, text) if kind in KINDS else ask.of(kind, text)


def _is_allowed(arg: Arg, text: str) -> bool:
    try:
        arg.value(text)
    except ValueError:
        return False
    return True


def _filters(ask: Lookup, text: str) -> list[Candidate]:
    """Return what the last word of a filter may become: a key, or of some keys a value, the last of several."""
    before, blank, word = text.rpartition(" ")
    begun = before + blank + "!" * word.startswith("!")
    key, colon, value = text[len(begun) :].partition(":")
    if not colon:
        return [Candidate(f"{begun}{name}:", meaning(name), is_complete=False) for name in FILTERS]
    kind = "job" if key == "id" else key
    if key not in FILTERS:
        return []
    head, comma, last = value.rpartition(",")
    return [one.after(f"{begun}{key}:{head}{comma}") for one in _of_kind(ask, kind, last)]


def _ids(ask: Lookup, key: str, text: str) -> list[Candidate]:
    """Return ids, without old ids that read like a filter."""
    return [one for one in ask.of(key, text) if not is_filter(one.value)]


def _last(text: str) -> list[Candidate]:
    return [Candidate("last", "the newest job")] if text else []


def _files(ask: Lookup, text: str) -> list[Candidate]:
    """Return files; `@FILE` means the file, too."""
    at = "@" if text.startswith("@") else ""
    return [one.after(at) for one in ask.files(text[len(at) :])]


def _settings(text: str) -> list[Candidate]:
    """Return the settings; aliases only after a first letter, and dashes only if one was typed."""
    names = [(setting.name, setting.help) for setting in SETTINGS]
    names += [(alias, f"the same as {setting.name}") for setting in SETTINGS for alias in setting.aliases if text]
    return [Candidate(name.replace("_", "-") if "-" in text else name, help) for name, help in names]


def _setting_values(line: CommandLine, text: str) -> list[Candidate]:
    """Return what a setting may be set to, where the word before names one: its choices, or its default."""
    args, others = line.command.args if line.command is not None else (), _others(line)
    is_for_setting = bool(others) and any(arg.complete == "setting" for arg in args)
    setting = BY_NAME.get(others[-1].lower().replace("-", "_")) if is_for_setting else None
    if setting is None:
        return []
    if setting.choices:
        head, comma, _ = text.rpartition(",")
        return [Candidate(choice).after(head + comma) for choice in setting.choices if choice not in head.split(",")]
    values = {setting.show(setting.default): "the default", **({"none": "switch it off"} if setting.optional else {})}
    return [Candidate(value, description) for value, description in values.items()]


class Candidate(Record):
    """What the word under the cursor may become."""

    value: str
    description: str = ""
    is_complete: bool = True  # after one that is not (`--state=`, a directory) the word goes on: no blank follows
    leave_to_shell: str = ""  # says that the shell must complete a "file" or "directory" after `value`

    def after(self, text: str) -> Candidate:
        """Return this candidate with the text before it in the same word."""
        return Candidate(text + self.value, self.description, self.is_complete, self.leave_to_shell)


class Lookup:
    """Finds candidates in a home and in the file system."""

    def __init__(self, home: str | None = None, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._given = home
        self._clock = clock

    def at(self, home: str) -> Lookup:
        """Return the same for another home."""
        return type(self)(home, clock=self._clock)

    def of(self, key: str, prefix: str = "") -> list[Candidate]:
        """Return the values of a key of a filter, such as queues; of jobs those whose id begins with `prefix`."""
        try:
            with self._queue() as queue:
                # Opening the store of a new home would make it.
                if not os.path.isfile(queue.home.database):
                    return []
                return [Candidate(found.value, found.about) for found in queue.suggest(key, prefix, LIMIT)]
        except (QueueCTLError, OSError):
            return []

    def templates(self) -> list[Candidate]:
        """Return the templates, those that come with the package first."""
        from ...model.templates import SHIPPED, SUFFIX, plain_name

        found = [Candidate(name, text) for name, text in SHIPPED.items()]
        try:
            files = sorted(os.listdir(self._queue().home.templates))
        except (OSError, QueueCTLError):
            return found
        return found + [Candidate(plain_name(name), "of this home") for name in files if name.endswith(SUFFIX)]

    def files(self, text: str, *, only_directories: bool = False) -> list[Candidate]:
        """Return the files that the path `text` may become. A directory is shown with its slash."""
        folder, name = os.path.split(text)
        try:
            with os.scandir(os.path.expanduser(folder) or ".") as entries:
                named = (entry for entry in entries if entry.name.startswith(name))
                # Hidden ones only where a dot was typed.
                found = sorted((entry.name, entry.is_dir()) for entry in named if name or entry.name[0] != ".")
        except (OSError, ValueError):
            return []
        before = text[: len(text) - len(name)]
        return [
            Candidate(f"{before}{name}/" if is_directory else before + name, is_complete=not is_directory)
            for name, is_directory in found[:MAX_FILES]
            if is_directory or not only_directories
        ]

    def programs(self, text: str) -> list[Candidate]:
        """Return the commands that `text` begins: names on the PATH, or files where it is a path."""
        if "/" in text:
            return self.files(text)
        names: set[str] = set()
        for folder in os.environ.get("PATH", "").split(os.pathsep) if text else ():
            try:
                names.update(name for name in os.listdir(folder or ".") if name.startswith(text))
            except OSError:
                continue
        # A command goes on with its own arguments, and a quote around it must not be closed.
        return [Candidate(name, is_complete=False) for name in sorted(names)[:MAX_FILES]]

    def words(self, text: str, *, is_first: bool) -> list[Candidate]:
        """Return what a word of another command may become: that is for a shell to know, and this is none."""
        return []

    def _queue(self) -> Queue:
        queue = Queue(self._given, clock=self._clock)
        queue.busy_budget = BUSY_SECONDS
        return queue
