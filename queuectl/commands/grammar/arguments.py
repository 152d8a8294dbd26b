"""What texts on the command line mean. Each function returns a value or raises ValueError with the rule."""

from __future__ import annotations

from ...model import when
from ...model.checks import check_integer
from ...model.kinds import read_integer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable


def integer(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers of a range; ASCII digits only."""
    return lambda text: check_integer(read_integer(text), low, high)


def seconds(text: str) -> float:
    """A duration such as 90, 90s, 5m or 1h30m, in seconds."""
    try:
        return when.parse_duration(text) / 1000
    except ValueError:
        raise ValueError("must be a duration (write 90, 90s, 5m or 1h30m)") from None


def delay(text: str) -> float:
    """A duration from now, with or without a plus, in seconds."""
    return seconds(text[1:] if text.startswith("+") else text)


def state_list(text: str) -> list[str]:
    """States separated by commas; `open` stands for all that are not final."""
    from ...model.errors import did_you_mean, quoted
    from ...model.job import STATE_WORDS, states_named

    words = [word.strip().lower() for word in text.split(",")]
    for word in words:
        if word not in STATE_WORDS:
            raise ValueError(
                f"must be of {', '.join(STATE_WORDS)}; {quoted(word)} is none{did_you_mean(word, STATE_WORDS)}"
            )
    return list(states_named(words))


def filter_word(text: str) -> str:
    """A word of a filter, or a reference: a shell makes `error:no such` of `error:"no such"`, which is one term."""
    from ...model.filter import with_quotes

    return with_quotes(text)


def unicode_text(text: str) -> str:
    """A text; what is not UTF-8 on the command line comes as lone surrogates, which no job can hold."""
    from ...model.checks import is_utf8

    if not is_utf8(text):
        raise ValueError("must be valid Unicode")
    return text


def name(text: str) -> str:
    """A queue's or a tag's name."""
    from ...model.checks import check_name

    return check_name(text, 0)
