"""What a value in a filter asks for: a function of its text and the wall time for each way to read it.

A choice is an operator with its values, as `filter.Term` has them. Other texts raise ValueError with the rule.
"""

from __future__ import annotations

from . import instants, when
from .checks import check_id, check_name
from .kinds import read_flag
from .link import batch_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Tuple

    Choice = Tuple[str, Tuple[object, ...]]

NOT_A_TIME = 'not a time (write <2h, <2026-11-10, <2026-11-10T02:00 or <"2026-11-10 02:00")'
COMPARISONS = ("<=", ">=", "<", ">", "=")
TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def checked(operator: str, check: Callable[[str, int], object]) -> Callable[[str, int], Choice]:
    """Return what reads a single value, which `check` accepts."""
    return lambda text, now: (operator, (check(text, now),))


def _some_text(text: str, now: int) -> str:
    if not text:
        raise ValueError("an empty text finds nothing")
    return text


equal, having = checked("=", check_name), checked("has", check_name)
the_same, containing = checked("=", _some_text), checked("contains", _some_text)


def beginning(text: str, now: int) -> Choice:
    """The same id, or with a `*` at its end all ids that begin so."""
    prefix, star, more = text.partition("*")
    if star and (not prefix or more):
        raise ValueError("write the beginning of an id and one *")
    return "prefix" if star else "=", (check_id(prefix, now),)


def of_flag(text: str, now: int) -> Choice:
    """Yes or no."""
    found = read_flag(text)
    if isinstance(found, str):
        raise ValueError("needs yes or no")
    return "=", (found,)


def of_parent(text: str, now: int) -> Choice:
    """A job that waits, or has waited, for this one, or for this batch."""
    batch = batch_of(text)
    if batch is not None:
        return "child of batch", (text, batch)
    return "child", (check_id(f"job-{text}" if text.isdigit() else text, now),)


def compared(read: Callable[[str], int]) -> Callable[[str, int], Choice]:
    """Return what reads a value with a comparison in front, or a range; `read` reads the value."""

    def choice(text: str, now: int) -> Choice:
        low, dots, high = text.partition("..")
        if dots:
            return "..", tuple(sorted((read(low), read(high))))
        comparison = _comparison(text)
        return comparison or "=", (read(text[len(comparison) :]),)

    return choice


def _comparison(text: str) -> str:
    return next((sign for sign in COMPARISONS if text.startswith(sign)), "")


def _integer(text: str) -> int:
    number = when.integer(text)
    if number is None:
        raise ValueError("needs a whole number, such as 3, >2 or 3..9")
    return number


of_number = compared(_integer)
of_duration = compared(when.parse_duration)


def of_signal(text: str, now: int) -> Choice:
    """A signal by its name, or its number as others."""
    if text[:1].isdigit() or _comparison(text):
        return of_number(text, now)
    import signal

    name = text.upper()
    numbers = {one.name: int(one) for one in signal.Signals}
    found = numbers.get(name if name.startswith("SIG") else f"SIG{name}")
    if found is None:
        raise ValueError("needs the name of a signal or its number, such as SEGV or 11")
    return "=", (found,)


def of_time(text: str, now: int) -> Choice:
    """`<2h`, an age, `>2026-01-01` or `<today`, an instant, or `1h..3h`, from one to the other."""
    low, dots, high = text.partition("..")
    if dots:
        return "..", tuple(sorted(_instant(one, now)[0] for one in (low, high)))
    comparison = _comparison(text)
    if comparison not in TURNED:
        raise ValueError("needs < or > in front: <2h is younger than two hours, >2026-01-01 is after that day began")
    instant, is_age = _instant(text[len(comparison) :], now)
    # A younger job was created later.
    return TURNED[comparison] if is_age else comparison, (instant,)


def _instant(text: str, now: int) -> tuple[int, bool]:
    """Return the instant that an age or a time names, and whether it was an age."""
    if text[:1].isdigit() and text[-1:].isalpha():
        try:
            return now - when.parse_duration(text), True
        except ValueError:
            pass  # It may still be a time, such as 2026-01-01T00:00:00Z.
    try:
        return instants.parse_instant("today 00:00" if text.lower() == "today" else text, now), False
    except ValueError as error:
        raise ValueError(NOT_A_TIME if str(error) == instants.NOT_AN_INSTANT else error) from None
