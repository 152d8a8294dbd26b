"""How jobs are named: exact id, number, `last`, a unique prefix, lists `a,b` and ranges `3-9`."""

from __future__ import annotations

from ..model.errors import InvalidInput, NotFound, did_you_mean, nearest, quoted
from ..model.fields import FILTERS
from ..model.job import Job
from ..model.when import is_digits, local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from ..store.names import Names

LAST = "last"
SHOWN = 5
RECENT = 200
SEE_ALL = "see all jobs with: queuectl list"


def resolve(names: Names, references: Sequence[str | int | Job]) -> list[int]:
    """Return the numbers of the jobs that the references name, in their order, each once.

    A Job and a number are exact. Raises NotFound if one names no job, and InvalidInput for an ambiguous prefix or for
    anything that is no name.
    """
    numbers: dict[int, None] = {}
    for reference in references:
        if isinstance(reference, Job):
            reference = reference.number
        if isinstance(reference, int) and not isinstance(reference, bool):
            numbers.update(dict.fromkeys(_range(names, reference, reference)))
            continue
        if not isinstance(reference, str):
            raise InvalidInput(f"a job is named by its id or number, not by {quoted(reference)}")
        is_whole = "," not in reference or names.number_of(reference) is not None
        for part in [reference] if is_whole else reference.split(","):
            numbers.update(dict.fromkeys(_resolve(names, part.strip())))
    return list(numbers)


def _resolve(names: Names, text: str) -> list[int]:
    if not text:
        raise InvalidInput("an empty text names no job")
    exact = names.number_of(text)
    if exact is not None:
        return [exact]
    if text == LAST:
        last = names.last()
        if last is None:
            raise NotFound("there is no last job, the queue is empty", hint="add one with: queuectl add 'COMMAND'")
        return [last]
    if is_digits(text):
        return _range(names, int(text), int(text))
    first, dash, end = text.partition("-")
    if dash and is_digits(first) and is_digits(end):
        return _range(names, int(first), int(end))
    return [_by_prefix(names, text)]


def _range(names: Names, first: int, last: int) -> list[int]:
    # The store has no larger numbers, and cannot search for them.
    numbers = names.in_range(first, last) if last.bit_length() < 64 else []
    if not numbers:
        # Jobs without an id of their own have this one.
        _demand_kept(names, f"job-{first}" if first == last else "", f"no job with number {first}")
        which = f"job with number {first}" if first == last else f"jobs with numbers {first} to {last}"
        raise NotFound(f"no {which}", hint=SEE_ALL)
    return numbers


def _by_prefix(names: Names, text: str) -> int:
    found = names.by_prefix(text, SHOWN + 1) if text.isascii() else []
    if len(found) == 1:
        return found[0][1]
    if found:
        shown = ", ".join(identifier for identifier, _ in found[:SHOWN])
        more = " and more" if len(found) > SHOWN else ""
        problem = f"{quoted(text)} is the beginning of several ids: {shown}{more}"
        raise InvalidInput(problem, hint="write more of the id")
    _demand_kept(names, text, f"no job with id {quoted(text)}")
    key, colon, value = text.partition(":")
    if key.lower() in FILTERS and colon:
        from ..model.shellwords import in_quotes

        raise NotFound(f"no job with id {quoted(text)}", hint=f"find jobs by a filter: queuectl list {in_quotes(text)}")
    # By the key alone: together with the value, all keys look alike.
    term = nearest(key.lower(), FILTERS) if colon else None
    known = [*(job.id for job in names.named("", RECENT)), *([f"{term}:{value}"] if term else [])]
    hint = f"the batch of this name is batch:{text}" if names.has_batch(text) else SEE_ALL
    raise NotFound(f"no job with id {quoted(text)}{did_you_mean(text, known)}", hint=hint)


def _demand_kept(names: Names, identifier: str, problem: str) -> None:
    """Raise NotFound, which says when and by whom, if a job was pruned or removed."""
    from ..model.event import PRUNED

    step = names.end_of(identifier)
    if step is not None:
        gone = f"it was {'pruned' if step.what == PRUNED else 'removed'} at {local(step.at)} by {step.by}"
        raise NotFound(f"{problem} any more: {gone}", hint=SEE_ALL)
