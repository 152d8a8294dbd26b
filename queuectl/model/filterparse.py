"""Reading the filter language: from a text to a Filter, or to the place where it went wrong.

What is not understood is refused with what was probably meant, and never taken for text.
"""

from __future__ import annotations

from . import when
from .checks import is_utf8
from .errors import FilterError, did_you_mean, quoted
from .fields import FILTERS
from .filter import MANY, Filter, Term, written
from .job import STATE_WORDS, STATES, states_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator, NoReturn, Sequence

    from .filter import Choice

MOST_WORDS = 50
COMPARISONS = ("<=", ">=", "<", ">", "=")
KEY_NAMES = tuple(FILTERS)
TEXT_HINT = "; put quotes around what is plain text"
TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Value:
    """One value of a word: its text without quotes, and where it stands."""

    __slots__ = ("text", "position", "is_quoted")

    def __init__(self, text: str, position: int, is_quoted: bool) -> None:
        self.text = text
        self.position = position
        self.is_quoted = is_quoted


class Word:
    """One word: where it begins, whether it is negated, its key (empty for a text), its values."""

    __slots__ = ("position", "is_negated", "key", "values")

    def __init__(self, position: int, is_negated: bool, key: str, values: Sequence[Value]) -> None:
        self.position = position
        self.is_negated = is_negated
        self.key = key
        self.values = tuple(values)

    def __str__(self) -> str:
        return ("!" if self.is_negated else "") + written(self.key or "text", *(value.text for value in self.values))


class Refusal:
    """Words the errors of one text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __call__(self, position: int, message: str, given: str = "", known: Sequence[str] = ()) -> NoReturn:
        """Raise FilterError for a place; `known` are the words one of which was probably meant."""
        import difflib

        nearest = difflib.get_close_matches(given[:80], known, n=1, cutoff=0.6) if given else []
        raise FilterError(
            message + (did_you_mean(given, known) if given else ""),
            text=self._text,
            position=position,
            suggestion=nearest[0] if nearest else None,
            hint=f"known are {', '.join(sorted(known))}" + (TEXT_HINT if known is KEY_NAMES else "") if known else None,
        )

    def minus(self, word: Word) -> NoReturn:
        """Raise FilterError for a term with a minus in front."""
        negated = f"!{str(word).lstrip('!')}"
        raise FilterError(
            f"a minus does not negate a term, write {negated}",
            text=self._text,
            position=word.position,
            suggestion=negated,
        )

    def free(self, word: Word) -> NoReturn:
        """Raise FilterError for a text where each word needs a key."""
        term = str(word)
        raise FilterError(
            f"{quoted(word.values[0].text)} has no key, such as state: or queue:",
            text=self._text,
            position=word.position,
            suggestion=term,
            hint=f"jobs whose id or command contains it: {term}",
        )


def parse(text: str, now: int, *, takes_text: bool = True) -> Filter:
    """Return the filter that a text stands for at an instant.

    With `takes_text` false each word needs its key. Raises FilterError.
    """
    refuse = Refusal(text)
    chosen: list[str] | None = None
    states = set(STATES)
    terms: list[Term] = []
    merged: dict[str, list[Choice]] = {}
    found = list(words(text))
    for word in found:
        if not word.key and not takes_text:
            refuse.free(word)
        if word.key == "state":
            named = states_named(_state_words(word, refuse))
            if word.is_negated:
                states.difference_update(named)
            else:
                chosen = [*(chosen or ()), *named]
            continue
        choices = _choices(word, now, refuse)
        if word.is_negated or (word.key or "text") in MANY:
            terms.append(Term(word.key or "text", choices, is_negated=word.is_negated))
        else:
            merged.setdefault(word.key, []).extend(choices)
    terms += [Term(key, choices) for key, choices in merged.items()]
    if chosen is not None:
        states.intersection_update(chosen)
    return Filter(states, terms, names_states=chosen is not None, text=" ".join(map(str, found)))


def words(text: str) -> Iterator[Word]:
    """Yield the words of a filter. Raises FilterError."""
    refuse = Refusal(text)
    if not is_utf8(text) or "\0" in text:
        refuse(0, "the filter must be valid Unicode without NUL")
    at, count = 0, 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at >= len(text):
            return
        count += 1
        if count > MOST_WORDS:
            refuse(at, f"the filter has more than {MOST_WORDS} words")
        word, at = _word(text, at, refuse)
        yield word


def _word(text: str, start: int, refuse: Refusal) -> tuple[Word, int]:
    """Return the word that begins at a place, and where it ends."""
    is_negated = text[start] == "!"
    at = start + is_negated
    has_minus = text[at : at + 1] == "-"
    key = _key(text, at + has_minus)
    if key and key not in FILTERS:
        refuse(at, f"there is no filter {quoted(key)}", key, KEY_NAMES)
    values, end = _values(text, at + has_minus + len(key) + 1 if key else at, bool(key), start, refuse)
    if not values:
        refuse(start, f"{key}: needs a value" if key else "a ! needs a term behind it")
    word = Word(start, is_negated, key, values)
    if key and has_minus:
        refuse.minus(word)
    return word, end


def _values(text: str, at: int, has_key: bool, start: int, refuse: Refusal) -> tuple[list[Value], int]:
    """Return the values that begin at a place, behind a key with commas between them, and where they end."""
    values: list[Value] = []
    while True:
        value, end = _scan(text, at, "," if has_key else "", start, refuse)
        if value.text or value.is_quoted:
            values.append(value)
        if text[end : end + 1] != "," or not has_key:
            return values, end
        at = end + 1


def _key(text: str, at: int) -> str:
    """Return the key that stands at a place, in lower case; empty if a text does: `1:2` and a URL are texts."""
    end = at
    while end < len(text) and text[end].isalpha():
        end += 1
    is_key = end > at and text[end : end + 1] == ":" and not text.startswith("//", end + 1)
    return text[at:end].lower() if is_key else ""


def _scan(text: str, at: int, stop: str, start: int, refuse: Refusal) -> tuple[Value, int]:
    """Return the value that begins at a place, and where it ends: at a blank or `stop` outside of quotes."""
    position, plain, is_open, is_quoted = at, "", False, False
    while at < len(text) and (is_open or not (text[at].isspace() or text[at] in stop)):
        if text[at] != '"':
            plain += text[at]
        elif is_open and text.startswith('""', at):
            plain += '"'
            at += 1
        else:
            is_open, is_quoted = not is_open, True
        at += 1
    if is_open:
        refuse(start, "a quote is not closed")
    return Value(plain, position, is_quoted), at


def _state_words(word: Word, refuse: Refusal) -> list[str]:
    found = [value.text.lower() for value in word.values]
    for name, value in zip(found, word.values):
        if name not in STATE_WORDS:
            refuse(value.position, f"there is no state {quoted(value.text)}", name, STATE_WORDS)
    return found


def _choices(word: Word, now: int, refuse: Refusal) -> list[Choice]:
    key = word.key or "text"
    reader = READERS[FILTERS[key].kind.name]
    found: list[Choice] = []
    for value in word.values:
        try:
            found.append(reader(value.text, now))
        except ValueError as error:
            refuse(value.position, f"{key}: {error}, got {quoted(value.text)}")
    return found


def _name(text: str, now: int) -> Choice:
    return "=", (text,)


def _id(text: str, now: int) -> Choice:
    prefix = text.rstrip("*")
    if prefix == text:
        return "=", (text,)
    if not prefix or "*" in prefix or not prefix.isascii():
        raise ValueError("write the beginning of an id and one *")
    return "prefix", (prefix,)


def _tag(text: str, now: int) -> Choice:
    return "has", (text,)


def _text(text: str, now: int) -> Choice:
    if not text:
        raise ValueError("an empty text finds nothing")
    return "contains", (text,)


def _compared(text: str, value: Callable[[str], int]) -> Choice:
    """Return what a value with a comparison in front, or a range, stands for."""
    low, dots, high = text.partition("..")
    if dots:
        return "..", (value(low), value(high))
    comparison = _comparison(text)
    return comparison or "=", (value(text[len(comparison) :]),)


def _comparison(text: str) -> str:
    return next((sign for sign in COMPARISONS if text.startswith(sign)), "")


def _integer(text: str) -> int:
    digits = text[1:] if text.startswith("-") else text
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise ValueError("needs a whole number, such as 3, >2 or 3..9")
    return int(text)


def _number(text: str, now: int) -> Choice:
    return _compared(text, _integer)


def _duration(text: str, now: int) -> Choice:
    return _compared(text, when.parse_duration)


def _signal(text: str, now: int) -> Choice:
    if text.isascii() and text.isdigit():
        return _number(text, now)
    import signal

    name = text.upper()
    numbers = {one.name: int(one) for one in signal.Signals}
    found = numbers.get(name if name.startswith("SIG") else f"SIG{name}")
    if found is None:
        raise ValueError("needs the name of a signal or its number, such as SEGV or 11")
    return "=", (found,)


def _time(text: str, now: int) -> Choice:
    """Read `<2h`, an age, `>2026-01-01`, an instant, or `1h..3h`, from one to the other."""
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
    return when.parse_instant(text, now), False


# By the kind of the field.
READERS: dict[str, Callable[[str, int], Choice]] = {
    "id": _id,
    "name": _name,
    "names": _tag,
    "text": _text,
    "integer": _number,
    "signal": _signal,
    "duration": _duration,
    "time": _time,
}
