"""What texts on the command line mean. Each function returns a value or raises ValueError with the rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...model import when
from ...model.checks import MAX_SLOTS, check_integer, check_name, is_utf8
from ...model.errors import did_you_mean, quoted
from ...model.job import STATE_WORDS, states_named
from ...model.kinds import NONE, read_integer


def integer(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers of a range; ASCII digits only."""
    return lambda text: check_integer(read_integer(text), low, high)


def seconds(text: str) -> float:
    """A duration such as 90, 90s, 5m or 1h30m, in seconds."""
    try:
        return when.parse_duration(text) / 1000
    except ValueError:
        raise ValueError("must be a duration (write 90, 90s, 5m or 1h30m)") from None


def interval(text: str) -> float:
    """Seconds between two updates, as a duration."""
    found = seconds(text)
    if not 0.1 <= found <= 3600:
        raise ValueError("must be between 0.1 and 3600 seconds")
    return found


def delay(text: str) -> float:
    """A duration from now, with or without a plus, in seconds."""
    return seconds(text[1:] if text.startswith("+") else text)


def state_list(text: str) -> list[str]:
    """States separated by commas; `open` stands for all that are not final."""
    words = [word.strip().lower() for word in text.split(",")]
    for word in words:
        if word not in STATE_WORDS:
            from .elsewhere import STATES_ELSEWHERE

            demand_among(word, STATE_WORDS, meant=STATES_ELSEWHERE.get(word, word))
    return list(states_named(words))


def demand_among(word: str, known: Sequence[str], meant: str = "") -> None:
    """Raise ValueError for a word that is not known, with the one that is near to it, or to what it meant."""
    if word not in known:
        near = did_you_mean(meant or word, known)
        raise ValueError(f"must be among {', '.join(known)}, got {quoted(word)}{near}")


def unicode_text(text: str) -> str:
    """A text; what is not UTF-8 on the command line comes as lone surrogates, which no job can hold."""
    if not is_utf8(text):
        raise ValueError("must be valid Unicode")
    return text


def name(text: str) -> str:
    """The name of a queue, a tag or a lock."""
    return check_name(text, 0)


def slots(text: str) -> int:
    """A number of jobs that may run at a time. For 0 there is a better hint than the range."""
    number = read_integer(text)
    return 0 if number == 0 else check_integer(number, 1, MAX_SLOTS)


def slots_or_none(text: str) -> int | None:
    """A number of jobs that may run at a time, or none."""
    if text.lower() == NONE:
        return None
    try:
        return slots(text)
    except ValueError as error:
        raise ValueError(f"{error}, or {NONE}") from None
