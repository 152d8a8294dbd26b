"""Reading the filter language: from a text to a Filter, or to the place where it went wrong.

A word that is not understood is refused with a suggestion, and never taken for text.
"""

from __future__ import annotations

from . import choices
from .checks import ID_CHARACTERS, MAX_ID, is_name, is_utf8
from .errors import FilterError, did_you_mean, nearest, quoted, with_value
from .fields import FILTERS
from .filter import MANY, Filter, Term, written
from .job import STATE_WORDS, STATES, states_named
from .kinds import TIME
from .record import Record
from .shellwords import in_quotes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator, Sequence

    from .choices import Choice

MOST_WORDS = 50
# In all, and the characters of one. SQLite takes 32,766 parameters, and patterns of 50,000 bytes.
MOST_VALUES = 5_000
LONGEST_VALUE = 10_000


class Word(Record):
    """One word: where it begins, whether it is negated, its key (empty for a text), its values and where they begin."""

    position: int
    is_negated: bool
    key: str
    values: Sequence[tuple[int, str]]

    def __str__(self) -> str:
        return ("!" if self.is_negated else "") + written(self.key or "text", *(text for _, text in self.values))


class Text:
    """A filter as it was written, and the words in it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def refused(
        self, position: int, message: str, *, suggestion: str | None = None, hint: str | None = None
    ) -> FilterError:
        """Return the error for a place."""
        return FilterError(message, text=self._text, position=position, suggestion=suggestion, hint=hint)

    def unknown(self, position: int, what: str, given: str, known: Sequence[str], more: str = "") -> FilterError:
        """Return the error for an unknown word."""
        message = f"there is no {what} {quoted(given)}{did_you_mean(given, known)}"
        hint = f"known are {', '.join(sorted(known))}{more}"
        return self.refused(position, message, suggestion=nearest(given, known), hint=hint)

    def words(self) -> Iterator[Word]:
        """Yield the words. Raises FilterError."""
        text, at, count, values = self._text, 0, 0, 0
        if not is_utf8(text) or "\0" in text:
            raise self.refused(0, "the filter must be valid Unicode without NUL")
        while True:
            while at < len(text) and text[at].isspace():
                at += 1
            if at >= len(text):
                return
            count += 1
            if count > MOST_WORDS:
                raise self.refused(at, f"the filter has more than {MOST_WORDS} words")
            word, at = self._word(at)
            values += len(word.values)
            if values > MOST_VALUES:
                raise self.refused(word.position, f"the filter has more than {MOST_VALUES:,} values")
            for position, value in word.values:
                if len(value) > LONGEST_VALUE:
                    raise self.refused(position, f"a value has more than {LONGEST_VALUE:,} characters")
            yield word

    def _word(self, start: int) -> tuple[Word, int]:
        """Return the word that begins at a place, and where it ends."""
        is_negated = self._text[start] == "!"
        at = start + is_negated
        if is_negated and self._text.startswith("!", at):
            raise self.refused(start, "one ! is enough")
        has_minus = self._text.startswith("-", at)
        key = self._key(at + has_minus)
        if key and key not in FILTERS:
            as_text = in_quotes(str(Word(start, is_negated, "", self._values(at, False, start)[0])))
            raise self.unknown(at, "filter", key, tuple(FILTERS), f"; to look for this text: {as_text}")
        values, end = self._values(at + has_minus + len(key) + 1 if key else at, bool(key), start)
        if not values:
            raise self.refused(start, f"{key}: needs a value" if key else "a ! needs a term behind it")
        if key and has_minus:
            negated = str(Word(start, True, key, values))
            raise self.refused(start, f"a minus does not negate a term, write {in_quotes(negated)}", suggestion=negated)
        return Word(start, is_negated, key, values), end

    def _key(self, at: int) -> str:
        """Return the key that stands at a place, in lower case; empty if a text does: `1:2` and a URL are texts."""
        end = at
        while end < len(self._text) and (self._text[end].isalpha() or (end > at and self._text[end] == "_")):
            end += 1
        is_key = end > at and self._text.startswith(":", end) and not self._text.startswith("//", end + 1)
        return self._text[at:end].lower() if is_key else ""

    def _values(self, at: int, has_key: bool, start: int) -> tuple[list[tuple[int, str]], int]:
        """Return the values that begin at a place, after a key with commas between them, and where they end."""
        text, values = self._text, []
        while True:
            begun, plain, is_open, is_quoted = at, "", False, False
            while at < len(text) and (is_open or not (text[at].isspace() or (has_key and text[at] == ","))):
                if text[at] != '"':
                    plain += text[at]
                elif is_open and text.startswith('""', at):
                    plain += '"'
                    at += 1
                else:
                    is_open, is_quoted = not is_open, True
                at += 1
            if is_open:
                raise self.refused(start, "a quote is not closed")
            if plain or is_quoted:
                values.append((begun, plain))
            if not has_key or not text.startswith(",", at):
                return values, at
            at += 1

    def demand_quoted_times(self, words: Sequence[Word], now: int) -> None:
        """Raise FilterError where the time of `created:<2026-11-28 02:00` would be read as a separate text."""
        for word, time in zip(words, words[1:]):
            takes_time = word.key in FILTERS and FILTERS[word.key].kind is TIME
            if time.key or self._text[time.position] in '!"' or not takes_time:
                continue
            start, value = word.values[-1]
            day = value.lstrip("<>=")
            whole = f'{value[: -len(day)]}"{day} {time.values[0][1]}"'
            try:
                choices.of_time(whole.replace('"', ""), now)
            except ValueError:
                continue  # It is no time together: the second word is a text.
            meant = self._text[word.position : start] + whole
            raise self.refused(word.position, f"put quotes around it: {in_quotes(meant)}", suggestion=meant)


def parse(text: str, now: int, *, takes_text: bool = True, takes_all: bool = True) -> Filter:
    """Return the filter that a text stands for at an instant.

    With `takes_text` false each word needs its key, with `takes_all` false there must be one. Raises FilterError.
    """
    given = Text(text)
    named: set[str] | None = None
    states = set(STATES)
    terms: list[Term] = []
    merged: dict[str, list[Choice]] = {}
    found = list(given.words())
    if not found and not takes_all:
        raise given.refused(0, "an empty filter would mean all jobs, say which", hint="of one queue: 'queue:default'")
    given.demand_quoted_times(found, now)
    for word in found:
        key = word.key or "text"
        if not word.key and not takes_text:
            message = f"{quoted(word.values[0][1])} has no key, such as state: or queue:"
            hint = f"jobs whose id or command contains it: {in_quotes(str(word))}"
            texts = [one.values[0][1] for one in found if not (one.key or one.is_negated)]
            if 1 < len(found) == len(texts) and all(is_name(one, ID_CHARACTERS, MAX_ID) for one in texts):
                hint = f"give ids as words of their own: {text}; {hint}"
            raise given.refused(word.position, message, suggestion=str(word), hint=hint)
        if key == "state":
            for position, name in word.values:
                if name.lower() not in STATE_WORDS:
                    raise given.unknown(position, "state", name, STATE_WORDS)
            meant = states_named([name.lower() for _, name in word.values])
            if word.is_negated:
                states.difference_update(meant)
            else:
                named = {*(named or ()), *meant}
            continue
        choices = tuple(_choices(given, key, word, now))
        if word.is_negated or key in MANY:
            terms.append(Term(key, choices, is_negated=word.is_negated))
        else:
            merged.setdefault(key, []).extend(choices)
    terms += [Term(key, tuple(choices)) for key, choices in merged.items()]
    if named is not None:
        states.intersection_update(named)
    rest = " ".join(str(word) for word in found if word.key != "state")
    return Filter([*states], tuple(terms), names_states=named is not None, text=" ".join(map(str, found)), rest=rest)


def _choices(given: Text, key: str, word: Word, now: int) -> list[Choice]:
    kind = FILTERS[key].kind
    reader: Callable[[str, int], Choice] = getattr(choices, kind.choice)
    found: list[Choice] = []
    for position, text in word.values:
        try:
            found.append(reader(text, now))
            for value in found[-1][1] if kind.name == "integer" else ():
                kind.check(value, now)
        except ValueError as error:
            raise given.refused(position, f"{key}: {with_value(error, text)}") from None
    return found
