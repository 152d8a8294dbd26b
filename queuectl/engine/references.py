"""How jobs are named: exact id, number, `last`, a unique prefix, lists `a,b` and ranges `3-9`."""

from __future__ import annotations

from ..model.errors import InvalidInput, NotFound, did_you_mean, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from ..store.search import Search

LAST = "last"
SHOWN = 5
RECENT = 200


def resolve(search: Search, references: Sequence[str | int]) -> list[int]:
    """Return the numbers of the jobs that the references name, in their order, each once.

    Raises NotFound for what names no job and InvalidInput for an ambiguous prefix.
    """
    numbers: dict[int, None] = {}
    for reference in references:
        if isinstance(reference, int):
            numbers[_by_number(search, reference)] = None
            continue
        for part in reference.split(","):
            numbers.update(dict.fromkeys(_resolve(search, part.strip())))
    return list(numbers)


def _resolve(search: Search, text: str) -> list[int]:
    if not text:
        raise InvalidInput("an empty text names no job")
    # An id is ASCII; what else was given may not even be a text that the store can be asked for.
    exact = search.number_of(text) if text.isascii() else None
    if exact is not None:
        return [exact]
    if text == LAST:
        return [_last(search)]
    if is_digits(text):
        return [_by_number(search, int(text))]
    first, dash, last = text.partition("-")
    if dash and is_digits(first) and is_digits(last):
        return _range(search, int(first), int(last))
    return [_by_prefix(search, text)]


def is_digits(text: str) -> bool:
    """Return whether the text is a plain number; str.isdigit() takes other scripts' digits too."""
    return text.isascii() and text.isdigit() and len(text) <= 18


def _last(search: Search) -> int:
    number = search.last()
    if number is None:
        raise NotFound("there is no last job, the queue is empty", hint="add one with: queuectl add 'COMMAND'")
    return number


def _by_number(search: Search, number: int) -> int:
    if search.exists(number):
        return number
    raise NotFound(f"no job with number {number}", hint="see all jobs with: queuectl list")


def _range(search: Search, first: int, last: int) -> list[int]:
    numbers = search.in_range(first, last)
    if not numbers:
        raise NotFound(f"no jobs with numbers {first} to {last}", hint="see all jobs with: queuectl list")
    return numbers


def _by_prefix(search: Search, text: str) -> int:
    found = search.by_prefix(text, SHOWN + 1) if text.isascii() else []
    if len(found) == 1:
        return found[0][1]
    if found:
        shown = ", ".join(identifier for identifier, _ in found[:SHOWN])
        raise InvalidInput(
            f"{quoted(text)} is the beginning of several ids: {shown}" + (" and more" if len(found) > SHOWN else ""),
            hint="write more of the id",
        )
    raise NotFound(
        f"no job with id {quoted(text)}{did_you_mean(text, search.recent_ids(RECENT))}",
        hint="see all jobs with: queuectl list",
    )
