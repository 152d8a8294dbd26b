"""The filter language: `state:dead,failed queue:mail exit:>1 created:<2h -tag:nightly "free text"`.

    filter  = words, all of which must hold; a minus before one turns it around
    word    = text | "text with blanks" | qualifier:value[,value...]
    value   = a name, a number, a time, a duration; with < <= > >= in front, or a range such as 3..9

Text is looked for in ids and commands. A time may be a date or an age: `created:<2h` is younger than two
hours. What is not understood is refused with its place and what was probably meant, never taken for text.
"""

from __future__ import annotations

from ...engine.references import is_digits
from ...model import when
from ...model.checks import is_utf8
from ...model.errors import did_you_mean, quoted
from ...model.job import STATE_WORDS, STATES, states_named
from ...store.pages import SORTED_STATES, Term, Wanted
from ..http.message import HttpError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator, Tuple

    Choice = Tuple[str, Tuple[object, ...]]

MOST_WORDS = 50
SORTS = tuple(SORTED_STATES)
COMPARISONS = ("<=", ">=", "<", ">", "=")
TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Word:
    """One word: where it begins, whether it is negated, its qualifier (empty for text), its value."""

    __slots__ = ("position", "is_negated", "name", "value")

    def __init__(self, position: int, is_negated: bool, name: str, value: str) -> None:
        self.position = position
        self.is_negated = is_negated
        self.name = name
        self.value = value


def parse(text: str, now: int, sort: str = "newest") -> Wanted:
    """Return what a filter stands for at an instant. Raises HttpError with `position` and `suggestion`."""
    states = list(STATES)
    terms: list[Term] = []
    for word in words(text):
        if word.name == "state":
            named = _states(word)
            states = [state for state in states if (state in named) != word.is_negated]
            continue
        terms.append(_term(word, now))
    wanted = Wanted(states, terms, sort)
    if states and not wanted.states:
        raise HttpError(
            400,
            "bad_sort",
            f"sort={sort} is for jobs that are {', '.join(SORTED_STATES[sort])}",
            field="sort",
            hint="use newest or oldest with other states",
        )
    return wanted


def words(text: str) -> Iterator[Word]:
    """Yield the words of a filter."""
    if not is_utf8(text) or "\0" in text:
        raise HttpError(400, "bad_filter", "the filter must be valid Unicode without NUL", field="q")
    position, count = 0, 0
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if position >= len(text):
            return
        count += 1
        if count > MOST_WORDS:
            raise _refused(position, f"more than {MOST_WORDS} words")
        word, position = _word(text, position)
        yield word


def _word(text: str, start: int) -> tuple[Word, int]:
    """Return the word that begins at a place, and where it ends."""
    end, is_quoted, plain, colon = start, False, "", -1
    while end < len(text) and (is_quoted or not text[end].isspace()):
        if text[end] == '"':
            is_quoted = not is_quoted
        else:
            if text[end] == ":" and not is_quoted and colon < 0 and '"' not in text[start:end]:
                colon = len(plain)
            plain += text[end]
        end += 1
    if is_quoted:
        raise _refused(start, "a quote is not closed")
    is_negated = plain.startswith("-") and len(plain) > 1 and text[start] == "-"
    name, value = (plain[:colon], plain[colon + 1 :]) if colon >= 0 else ("", plain)
    name = name[1:] if is_negated and name else name
    # A URL is text.
    if colon < 0 or not name.isalpha() or value.startswith("//"):
        return Word(start, is_negated, "", plain[1:] if is_negated else plain), end
    return Word(start, is_negated, name.lower(), value), end


def _states(word: Word) -> list[str]:
    named = _values(word)
    for state in named:
        if state not in STATE_WORDS:
            raise _refused(word.position, f"there is no state {quoted(state)}", state, STATE_WORDS)
    return list(states_named(named))


def _values(word: Word) -> list[str]:
    found = [value for value in word.value.split(",") if value]
    if not found:
        raise _refused(word.position, f"{word.name}: needs a value")
    return found


def _term(word: Word, now: int) -> Term:
    if not word.name:
        if not word.value:
            raise _refused(word.position, "an empty text finds nothing")
        return Term("text", [_text(word.value)], is_negated=word.is_negated)
    read = QUALIFIERS.get(word.name)
    if read is None:
        raise _refused(word.position, f"there is no filter {quoted(word.name)}", word.name, (*QUALIFIERS, "state"))
    given = [word.value] if word.name == "text" else _values(word)
    try:
        choices = [read(value, now) for value in given]
    except ValueError as error:
        raise _refused(word.position, f"{word.name}: {error}, got {quoted(word.value)}") from None
    return Term(word.name, choices, is_negated=word.is_negated)


def _refused(position: int, message: str, given: str = "", known: tuple[str, ...] = ()) -> HttpError:
    import difflib

    nearest = difflib.get_close_matches(given[:80], known, n=1, cutoff=0.6) if given else []
    hint = None if not known else f"known are {', '.join(sorted(known))}; put quotes around what is plain text"
    return HttpError(
        400,
        "bad_filter",
        f"{message}{did_you_mean(given, known) if given else ''}",
        field="q",
        hint=hint,
        position=position,
        suggestion=nearest[0] if nearest else None,
    )


def _name(text: str, now: int) -> Choice:
    return "=", (text,)


def _id(text: str, now: int) -> Choice:
    prefix = text.rstrip("*")
    if prefix == text:
        return "=", (text,)
    if not prefix or "*" in prefix or not prefix.isascii():
        raise ValueError("write the beginning of an id and one *")
    return "prefix", (prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1))


def _tag(text: str, now: int) -> Choice:
    return "tag", (f",{text},",)


def _text(text: str, now: int = 0) -> Choice:
    for special in "\\%_":
        text = text.replace(special, "\\" + special)
    return "text", (f"%{text}%", f"%{text}%")


def _compared(text: str, read: Callable[[str], int]) -> Choice:
    """Return what a value with a comparison in front, or a range, stands for."""
    low, dots, high = text.partition("..")
    if dots:
        return "..", (read(low), read(high))
    for comparison in COMPARISONS:
        if text.startswith(comparison):
            return comparison, (read(text[len(comparison) :]),)
    return "=", (read(text),)


def _integer(text: str) -> int:
    if not is_digits(text.lstrip("-")) or text.count("-") > 1:
        raise ValueError("needs a whole number, such as 3, >2 or 3..9")
    return int(text)


def _number(text: str, now: int) -> Choice:
    return _compared(text, _integer)


def _duration(text: str, now: int) -> Choice:
    return _compared(text, when.parse_duration)


def _time(text: str, now: int) -> Choice:
    """Read `<2h`, an age, or `>2026-01-01`, an instant."""
    comparison = next((sign for sign in COMPARISONS if text.startswith(sign)), "")
    if comparison not in TURNED:
        raise ValueError("needs < or > in front: <2h is younger than two hours, >2026-01-01 is after that day began")
    rest = text[len(comparison) :]
    try:
        age = when.parse_duration(rest) if rest[-1:].isalpha() and rest[:1].isdigit() else None
    except ValueError:
        age = None
    if age is not None:
        # A younger job was created later.
        return TURNED[comparison], (now - age,)
    return comparison, (when.parse_instant(rest, now),)


QUALIFIERS: dict[str, Callable[[str, int], Choice]] = {
    "queue": _name,
    "schedule": _name,
    "id": _id,
    "tag": _tag,
    "text": _text,
    "exit": _number,
    "tries": _number,
    "priority": _number,
    "worker": _number,
    "created": _time,
    "updated": _time,
    "finished": _time,
    "duration": _duration,
}
