"""Jobs made from inputs: one for each input of a command, or for each combination of several sources.

What the jobs share is read and checked once; of each further job only its command. They are counted before any is made.
"""

from __future__ import annotations

import os
from collections.abc import Sized
from functools import partial
from itertools import islice

from ..model.checks import check_command, check_inputs, check_item
from ..model.errors import InvalidInput, quoted
from ..model.inputs import Source, Template, combinations, grid, names_of
from ..model.record import Record
from ..model.shellwords import in_quotes
from ..model.surroundings import NO_SHELL, words_of
from .intake import MAX_BYTES, MAX_JOBS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Iterator, Mapping, Sequence, Tuple, Union

    from ..model.spec import JobSpec
    from .home.opened import OpenHome

    # What a command may be enqueued for.
    Value = Union[str, int, os.PathLike[str]]
    Input = Union[Value, Mapping[str, Value]]
    # The command, the item, the index and the inputs of a job.
    Made = Tuple[str, "str | None", int, "dict[str, str] | None"]

# Stands for the batch that the jobs become: the limits of a batch are refused without one.
ANY_BATCH = "batch"
# For all jobs together: each takes memory, however short it is.
MAX_VALUES = 5_000_000
# Python refuses to write numbers of more than 4,300 digits.
WORTH_COUNTING = 10**18
# What differs from job to job.
OWN = ("id", "key", "item", "item_index", "index", "inputs")
wrong = partial(InvalidInput, field="inputs")


class Inputs(Record):
    """A command, as a text or as words, with its sources; if `indices` are given, jobs differ in these alone."""

    command: str | Sequence[str]
    sources: Sequence[Source]
    indices: range | None = None

    @classmethod
    def of_python(cls, command: str | Sequence[str], sources: Sequence[Iterable[Input]]) -> Inputs:
        """Return the inputs that a Python program gives. Raises InvalidInput."""
        if not command:
            raise InvalidInput("command is missing", field="command")
        if not sources:
            raise wrong("give at least one source of inputs")
        return cls(command, [_source(source, f"source {at}") for at, source in enumerate(sources, 1)])

    def specs(self, home: OpenHome, fields: Mapping[str, object]) -> list[JobSpec]:
        """Return the checked jobs, which all have these fields. Raises InvalidInput."""
        own = next((name for name in OWN if fields.get(name) not in (None, {})), None)
        if own is not None:
            raise InvalidInput(f"{own} is for one job, not for those of several inputs", field=own)
        for at, source in enumerate(self.sources, 1):
            if not source.rows:
                raise wrong(f"source {at} of the inputs is empty")
        count = combinations(self.sources) if self.indices is None else len(self.indices)
        if count > MAX_JOBS:
            shown = count if count < WORTH_COUNTING else "too many"
            raise wrong(f"these inputs make {shown} jobs, at most {MAX_JOBS} can be added at once")
        values = count * sum(source.width for source in self.sources)
        if values > MAX_VALUES:
            problem = f"these inputs make {count} jobs with {values} inputs in all, at most {MAX_VALUES} are allowed"
            raise wrong(problem)
        made = self._made(has_shell=home.shell_of(fields) != NO_SHELL)
        command, item, index, inputs = next(made)
        common = {"batch": None, **{name: value for name, value in fields.items() if name not in OWN}}
        first = {**common, "command": command, "item": item, "item_index": index, "inputs": inputs}
        is_named = first["batch"] is not None
        found = home.check([first if is_named else {**first, "batch": ANY_BATCH}])
        if not is_named:
            found[0].batch = None
        return [*found, *(found[0].with_input(*one) for one in made)]

    def _made(self, *, has_shell: bool) -> Iterator[Made]:
        """Yield what differs from job to job. Raises InvalidInput."""
        if self.indices is not None:
            yield from ((str(self.command), None, index, None) for index in self.indices)
            return
        try:
            names = names_of(self.sources)
            if has_shell:
                template = Template(self.command, names)
            else:
                # No shell reads the command: each word has its values as they are.
                words = words_of(self.command) if isinstance(self.command, str) else self.command
                template = Template(words, names, quote=in_quotes)
            _check_values(self.sources, names)
        except ValueError as error:
            raise wrong(str(error)) from None
        has_names = len(names) > 1 or any(source.names for source in self.sources)
        room = MAX_BYTES
        for index, values in enumerate(grid(self.sources), 1):
            item = values[0] if len(values) == 1 else " ".join(values)
            try:
                command = check_command(template.fill(values, index), 0)
                check_item(item, 0)
            except ValueError as error:
                raise InvalidInput(f"command {index} {error}", field="command") from None
            room -= len(command) + len(item)
            if room < 0:
                raise wrong(f"the commands have more than {MAX_BYTES} bytes together")
            yield command, item, index, dict(zip(names, values)) if has_names else None


def _check_values(sources: Sequence[Source], names: Sequence[str]) -> None:
    """Raise ValueError for an input that no job can have."""
    columns = iter(names)
    for source in sources:
        own = [next(columns) for _ in range(source.width)]
        for at, row in enumerate(source.rows, 1):
            try:
                check_inputs(dict(zip(own, row)), 0)
            except ValueError as error:
                raise ValueError(f"item {at}: {error}") from None


def _source(items: Iterable[Input], place: str) -> Source:
    """Return a source of Python's values. Raises InvalidInput."""
    if isinstance(items, (str, bytes, os.PathLike)) or not hasattr(items, "__iter__"):
        raise wrong(f"{place} must be a list of inputs, got {quoted(items)}")
    if isinstance(items, Sized) and len(items) > MAX_JOBS:
        raise wrong(f"{place} has {len(items)} inputs, at most {MAX_JOBS} jobs can be added at once")
    found = list(islice(items, MAX_JOBS + 1))
    if not any(isinstance(item, dict) for item in found):
        return Source.of_items([_text(item, place) for item in found])
    names = tuple(map(str, found[0])) if isinstance(found[0], dict) else ()
    for item in found:
        if not isinstance(item, dict) or tuple(map(str, item)) != names:
            raise wrong(f"all inputs of {place} must have the keys of the first")
    return Source([tuple(_text(value, place) for value in item.values()) for item in found], names)  # type: ignore[union-attr]


def _text(value: object, place: str) -> str:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise wrong(f"an input of {place} must be a text, a path or a number, got {quoted(value)}")
    return str(value)
