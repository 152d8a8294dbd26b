"""What the word under the cursor may become: the one completion engine, for every shell.

`candidates` walks the words before the cursor along the table of commands, as the parser does, and then
offers what may follow: commands, options that were not given yet, and values. What completes a value
stands in the declaration (`Arg.complete`, `Arg.choices`); a value that the argument would refuse is not
offered.
"""

from __future__ import annotations

from ...model.job import OPEN, STATES, Job
from ..grammar.parser import GLOBAL_FLAGS, GLOBALS
from ..grammar.registry import ALIASES, COMMANDS, Arg, load, load_for
from .lookup import Candidate, Lookup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence

    from ..grammar.registry import Command

__all__ = ["Candidate", "Lookup", "candidates"]

HOME = GLOBAL_FLAGS["--home"]
# Of these kinds an argument may take several with commas between; of the first two only if it says so.
LISTS = {"state": "pending,dead", "column": "id,state", "job": "", "dead": ""}

KINDS: dict[str, Callable[[Lookup, str], list[Candidate]]] = {
    "job": lambda ask, text: [*ask.jobs(text), *_last(text)],
    "dead": lambda ask, text: ask.dead(text),
    "state": lambda ask, text: [*map(Candidate, STATES), Candidate(OPEN, "all that are not final")],
    "column": lambda ask, text: [Candidate(column) for column in Job.FIELDS],
    "setting": lambda ask, text: _settings(text),
    "queue": lambda ask, text: ask.queues(),
    "tag": lambda ask, text: ask.tags(),
    "schedule": lambda ask, text: ask.schedules(),
    "worker": lambda ask, text: ask.workers(),
    "template": lambda ask, text: ask.templates(),
    "file": lambda ask, text: _files(ask, text),
    "directory": lambda ask, text: ask.files(text, only_directories=True),
    "command": lambda ask, text: ask.programs(text),
    "filter": lambda ask, text: _filters(ask, text),
}
# Of these arguments, words of a filter may stand in the place of ids.
WITH_FILTERS = ("filter", "job", "dead")


def candidates(words: Sequence[str], text: str, ask: Lookup) -> list[Candidate]:
    """Return what `text`, the word under the cursor, may become after the complete `words`."""
    place = Place(words)
    found = _at(place, text, ask if place.home is None else ask.at(place.home))
    return [one for one in found if one.leave_to_shell or (one.value.startswith(text) and one.value.isprintable())]


class Place:
    """Where the cursor stands: what the words before it are.

    `path` is the command's name as far as it was given, `waiting` the option whose value comes next, `used`
    the names of the options given, `positionals` the other words.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.command: Command | None = None
        self.path: list[str] = []
        self.waiting: Arg | None = None
        self.used: set[str] = set()
        self.positionals: list[str] = []
        self.after_bars = False
        self.home: str | None = None
        for word in words:
            self._take(word)
        if not self.path:
            load()

    def _take(self, word: str) -> None:
        waiting, self.waiting = self.waiting, None
        if waiting is not None and not word.startswith("-"):
            self._take_value(waiting, word)
        elif self.after_bars:
            self.positionals.append(word)
        elif word == "--":
            self.after_bars = True
        elif word.startswith("-") and word != "-":
            self._take_option(word)
        elif self.command is None:
            self._take_name(word)
        else:
            self.positionals.append(word)

    def _take_option(self, word: str) -> None:
        name, equals, value = word.partition("=")
        arg = self.flags().get(name)
        if arg is None:
            return
        self.used.update(arg.names)
        if equals:
            self._take_value(arg, value)
        elif arg.takes_next_word:
            self.waiting = arg

    def _take_value(self, arg: Arg, value: str) -> None:
        if arg is HOME:
            self.home = value

    def _take_name(self, word: str) -> None:
        if not self.path:
            load_for(word)
        self.path.append(word)
        if not _next_words(self.path):
            self.command = self.named()

    def named(self) -> Command | None:
        """Return the command that the name stands for so far: `config` is one although `config set` is, too."""
        name = " ".join(self.path)
        return COMMANDS.get(ALIASES.get(name, name))

    def flags(self) -> dict[str, Arg]:
        """Return the options that may stand here, by name."""
        command = self.command or self.named()
        own = {name: arg for arg in command.args if arg.is_option for name in arg.names} if command else {}
        return {**own, **GLOBAL_FLAGS}

    @property
    def is_in_rest(self) -> bool:
        """Whether the words here are those of another command, such as those after `add --`."""
        return self.after_bars and self.command is not None and any(arg.rest for arg in self.command.args)

    def positional(self) -> Arg | None:
        """Return the argument that a word without option would be."""
        given = len(self.positionals)
        for arg in self.command.args if self.command is not None else ():
            if arg.is_option or arg.rest:
                continue
            if arg.many or not given:
                return arg
            given -= 1
        return None


def _at(place: Place, text: str, ask: Lookup) -> list[Candidate]:
    if place.waiting is not None:
        return _values(place, place.waiting, text, ask)
    if text.startswith("-") and not place.after_bars:
        name, equals, value = text.partition("=")
        arg = place.flags().get(name)
        if not equals:
            return _options(place, text)
        if arg is None or arg.flag or not name.startswith("--"):
            return []
        return [one.after(f"{name}=") for one in _values(place, arg, value, ask)]
    if place.command is None:
        return _next_words(place.path)
    if place.is_in_rest:
        return ask.words(text, is_first=not place.positionals)
    arg = place.positional()
    return [] if arg is None else _values(place, arg, text, ask)


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


def _options(place: Place, text: str) -> list[Candidate]:
    """Return the options that may still be given, by their long names; a short one only once it stands there."""
    command = place.command or place.named()
    found = []
    for arg in (*(command.args if command is not None else ()), *GLOBALS):
        if not arg.is_option or arg.hidden or (not arg.many and place.used.issuperset(arg.names)):
            continue
        name = text if text in arg.names else arg.long_name
        goes_on = arg.takes_next_word and name.startswith("--")
        found.append(Candidate(f"{name}=" if goes_on else name, arg.help, is_complete=not goes_on))
    return found


def _values(place: Place, arg: Arg, text: str, ask: Lookup) -> list[Candidate]:
    """Return the values of an argument that begin with a text; of a list, what its last element may become."""
    kind = arg.complete
    if arg.choices:
        return [Candidate(choice) for choice in arg.choices]
    if kind == "command_name":
        load()
        return _next_words(place.positionals)
    if kind is None:
        return [] if arg.is_option else _setting_values(place, text)
    filters = _filters(ask, text) if text and arg.many and kind in WITH_FILTERS else []
    if ":" in text and filters:
        return filters
    head, comma, last = text.rpartition(",") if _is_list(arg, kind) else ("", "", text)
    given = {part for word in (head, *(() if arg.is_option else place.positionals)) for part in word.split(",")} - {""}
    minus = "-" if kind == "column" and last.startswith("-") else ""
    found = [one.after(minus) for one in KINDS[kind](ask, last)]
    found = [one.after(head + comma) for one in found if one.value not in given and _is_allowed(arg, one.value)]
    return found if kind == "filter" else [*found, *filters]


def _is_list(arg: Arg, kind: str) -> bool:
    return kind in LISTS and (_is_allowed(arg, LISTS[kind]) if LISTS[kind] else arg.many)


def _is_allowed(arg: Arg, text: str) -> bool:
    try:
        arg.value(text)
    except ValueError:
        return False
    return True


def _filters(ask: Lookup, text: str) -> list[Candidate]:
    """Return what a word of a filter may become: a key, or of some keys a value, the last of several."""
    from ...model.filter import KEYS

    begun = "!" if text.startswith("!") else ""
    key, colon, value = text[len(begun) :].partition(":")
    if not colon:
        return [Candidate(f"{begun}{name}:", f"jobs {KEYS[name][2]}", is_complete=False) for name in KEYS]
    kind = "job" if key == "id" else key
    if key not in KEYS or kind not in KINDS:
        return []
    head, comma, last = value.rpartition(",")
    return [one.after(f"{begun}{key}:{head}{comma}") for one in KINDS[kind](ask, last)]


def _last(text: str) -> list[Candidate]:
    return [Candidate("last", "the newest job")] if text else []


def _files(ask: Lookup, text: str) -> list[Candidate]:
    """Return files; `@FILE` means the file, too."""
    at = "@" if text.startswith("@") else ""
    return [one.after(at) for one in ask.files(text[len(at) :])]


def _settings(text: str) -> list[Candidate]:
    """Return the settings; their aliases, and names with dashes, only where something like that was typed."""
    from ...model.settings import SETTINGS

    names = [(setting.name, setting.help) for setting in SETTINGS]
    names += [(alias, f"the same as {setting.name}") for setting in SETTINGS for alias in setting.aliases if text]
    return [Candidate(name.replace("_", "-") if "-" in text else name, help) for name, help in names]


def _setting_values(place: Place, text: str) -> list[Candidate]:
    """Return what a setting may be set to, where the word before names one: its choices, or its default."""
    from ...model.settings import BY_NAME

    args = place.command.args if place.command is not None else ()
    is_for_setting = bool(place.positionals) and any(arg.complete == "setting" for arg in args)
    setting = BY_NAME.get(place.positionals[-1].lower().replace("-", "_")) if is_for_setting else None
    if setting is None:
        return []
    if setting.choices:
        head, comma, _ = text.rpartition(",")
        return [Candidate(choice).after(head + comma) for choice in setting.choices if choice not in head.split(",")]
    values = {setting.show(setting.default): "the default", **({"none": "switch it off"} if setting.optional else {})}
    return [Candidate(value, description) for value, description in values.items()]
