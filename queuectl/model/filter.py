"""The one language for finding jobs: `state:dead,failed queue:mail exit:>1 created:<2h !tag:nightly "two words"`.

    filter  = words, with blanks between them
    word    = term, or !term for jobs of which it does not hold
    term    = KEY:value[,value...] | text | "text with blanks"
    value   = a name, number, time or duration, `"in quotes"` if it has a blank or a comma; "" is a quote inside of them

Words with different keys must all hold. Values with commas between them are a choice, and so is a key that is
repeated, except `tag` and `text`, of which a job may have several: those must all hold. So must each `!term`.
A number, time or duration takes `<`, `<=`, `>`, `>=` in front, or is a range, `3..9`; of times `<2h` is younger
than two hours and `<2026-01-01` is before that day. Text without a key is looked for in ids and commands.

The keys are those of `fields.FILTERS`. A Filter is what `filterparse` made of a text.
"""

from __future__ import annotations

from .fields import FILTERS, check_new_id
from .job import STATES, Job
from .record import Record
from .shellwords import in_quotes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from .choices import Choice

# A job may have several of these, so a second value is one more condition and not a choice.
MANY = ("tag", "text")


class Term(Record):
    """One condition on a key: any of the choices, each an operator with its values; negated, none of them.

    Operators are `=`, `<`, `<=`, `>`, `>=`, `..` (from, to), `prefix`, `has` (a tag), `child` (of a job), `child of
    batch` (`batch:NAME`, which may be the id of a job too, and NAME) and `contains` (a text, whatever its case). Times
    and durations are milliseconds.
    """

    key: str
    choices: tuple[Choice, ...]
    is_negated: bool = False

    def only(self, operator: str) -> tuple[object, ...] | None:
        """Return the values if this term demands one choice with this operator, else None."""
        if self.is_negated or len(self.choices) != 1 or self.choices[0][0] != operator:
            return None
        return self.choices[0][1]

    def accepts(self, value: str) -> bool:
        """Return whether a value equals one of the choices, or with a negated term none."""
        return any(value == wanted for _, (wanted,) in self.choices) != self.is_negated


class Filter(Record):
    """Which jobs: those in one of `states` for which every term holds. Raises ValueError for an unknown state."""

    states: Sequence[str] = STATES
    terms: Sequence[Term] = ()
    names_states: bool = False  # whether a `state:` chose them, so that no default applies
    text: str = ""  # the filter as it can be written, empty if it finds all jobs
    rest: str = ""  # the same without its states

    def __post_init__(self) -> None:
        wanted = set(self.states)
        if not wanted.issubset(STATES):
            raise ValueError(f"no such state: {wanted.difference(STATES)}")
        self.states = tuple(state for state in STATES if state in wanted)

    @property
    def batch(self) -> str | None:
        """The batch that its only term names, None if it has another or none."""
        exact = self.terms[0].only("=") if [term.key for term in self.terms] == ["batch"] else None
        return None if exact is None else str(exact[0])

    @property
    def is_counted(self) -> bool:
        """Whether the counts by state, of each queue or of a batch, tell how many jobs it finds."""
        return self.batch is not None or all(term.key == "queue" for term in self.terms)

    def has_queue(self, queue: str) -> bool:
        """Return whether jobs of a queue may be meant."""
        return all(term.accepts(queue) for term in self.terms if term.key == "queue")

    def within(self, states: Sequence[str]) -> Filter:
        """Return the same for jobs that are in one of these states, too."""
        both = [state for state in self.states if state in states]
        return Filter(both, self.terms, names_states=self.names_states, text=self.text, rest=self.rest)

    def suspended(self, is_suspended: bool) -> Filter:
        """Return the same for jobs that are suspended, or for those that are not."""
        term = Term("suspended", (("=", (is_suspended,)),))
        return Filter(self.states, [*self.terms, term], self.names_states, self.text, self.rest)


def is_filter(word: str) -> bool:
    """Return whether a word in the place of an id is a filter and no reference."""
    if word.startswith("!") or any(map(str.isspace, word)):
        return True
    key, colon, _ = word[word.startswith("-") :].partition(":")
    return bool(colon) and key.lower() in FILTERS


def reference(job: Job) -> str:
    """Return how a command refers to a job: by its id, or by its number if the id reads like something else."""
    try:
        check_new_id(job.id, 0)
    except ValueError:
        # Digits are an id before they are a number, so these are exact.
        return job.id if job.id.isdigit() else str(job.number)
    return job.id


def example(key: str) -> str:
    """Return a term of a key as it may be written."""
    return f"{key}:{FILTERS[key].kind.example}"


def meaning(key: str) -> str:
    """Return what a key asks for."""
    return "a text in the id or the command" if key == "text" else FILTERS[key].help


def written(key: str, *values: str) -> str:
    """Return a word of the language: a key with values of which one must hold."""
    return f"{key}:{','.join(map(_value, values))}"


def _value(text: str) -> str:
    """Return a value as it stands in a filter, in quotes where it would be read as something else."""
    is_plain = text and not text.startswith("//") and not any(sign.isspace() or sign in '",' for sign in text)
    return text if is_plain else '"' + text.replace('"', '""') + '"'


class OneTerm(str):
    """A word of a filter whose quotes were added, since the shell had taken them away."""

    __slots__ = ()


def with_quotes(word: str) -> str:
    """Return a word in the place of a filter with the quotes that a shell took away: `error:no such` is one term."""
    key, _, value = word.partition(":")
    name = key[key.startswith("!") :].lower()
    others = value.split()[1:]
    has_free_text = name in FILTERS and FILTERS[name].kind.is_free and '"' not in value
    if not has_free_text or not others or any(map(is_filter, others)):
        return word
    return OneTerm(word[: len(key) - len(name)] + written(name, *value.strip().split(",")))


def how_read(words: Sequence[str]) -> list[str]:
    """Return a note on how words were read where the same text is several terms in the dashboard and in Python."""
    return [f"read as {in_quotes(' '.join(words))}"] if any(isinstance(word, OneTerm) for word in words) else []


def of_options(
    words: Sequence[str] = (),
    *,
    state: Sequence[str] = (),
    queue: Sequence[str] = (),
    tag: Sequence[str] = (),
    search: str | None = None,
) -> str:
    """Return the one filter that words and options make together."""
    found = [*words]
    found += [written(key, *values) for key, values in (("state", state), ("queue", queue)) if values]
    found += [written("tag", name) for name in tag]
    found += [written("text", search)] if search else []
    return " ".join(filter(None, found))
