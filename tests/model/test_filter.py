"""The filter language: how a text is read and written, and what is told where it is wrong."""

from __future__ import annotations

import pytest

from queuectl.model.errors import FilterError
from queuectl.model.fields import FILTERS
from queuectl.model.filter import Filter, Term, example, in_quotes, is_filter, of_options, with_quotes, written
from queuectl.model.filterparse import LONGEST_VALUE, MOST_VALUES, Text, parse
from queuectl.model.job import COMPLETED, DEAD, FAILED, OPEN_STATES, STATES
from tests.store.building import NOW

HOUR = 3_600_000


def term(text: str) -> Term:
    (found,) = parse(text, NOW).terms
    return found


@pytest.mark.parametrize("text", ["\ud800", "a\0b"])
def test_a_filter_that_is_no_text_is_refused(text: str) -> None:
    with pytest.raises(FilterError, match="valid Unicode"):
        parse(text, NOW)


def test_too_many_words_are_refused() -> None:
    parse("a " * 50, NOW)
    with pytest.raises(FilterError, match="50 words") as raised:
        parse("a " * 51, NOW)
    assert raised.value.position == 100


@pytest.mark.parametrize(
    "text, found",
    [
        ("a b", [("", ["a"]), ("", ["b"])]),
        ('"a b"c', [("", ["a bc"])]),
        ('tag:"a b"', [("tag", ["a b"])]),
        ("TAG:x", [("tag", ["x"])]),
        ("id:b:c", [("id", ["b:c"])]),
        ("1:2", [("", ["1:2"])]),
        ("_x:2", [("", ["_x:2"])]),
        ("http://x/a,b", [("", ["http://x/a,b"])]),
        ("a,b", [("", ["a,b"])]),
        ("text:a,b", [("text", ["a", "b"])]),
        ('text:"a,b",c', [("text", ["a,b", "c"])]),
        ('text:"say ""hi"""', [("text", ['say "hi"'])]),
        ('"-x"', [("", ["-x"])]),
        ("-", [("", ["-"])]),
        ("-rf", [("", ["-rf"])]),
        ("queue:a,,b,", [("queue", ["a", "b"])]),
        ('"state:dead"', [("", ["state:dead"])]),
        ("a!b", [("", ["a!b"])]),
    ],
)
def test_a_text_is_split_into_words(text: str, found: list[tuple[str, list[str]]]) -> None:
    assert [(word.key, [value for _, value in word.values]) for word in Text(text).words()] == found


@pytest.mark.parametrize(
    "text, states",
    [
        ("", STATES),
        ("state:dead", (DEAD,)),
        ("state:FAILED,dead", (FAILED, DEAD)),
        ("state:failed state:dead", (FAILED, DEAD)),
        ("state:open", OPEN_STATES),
        ("!state:open !state:dead,cancelled", (COMPLETED,)),
        ("state:dead,failed !state:dead", (FAILED,)),
        ("state:dead !state:dead", ()),
    ],
)
def test_states_are_a_choice_and_each_negated_one_is_taken_away(text: str, states: tuple[str, ...]) -> None:
    found = parse(text, NOW)
    assert (found.states, found.terms) == (states, ())
    assert found.names_states == text.startswith("state:")


def test_a_repeated_key_is_a_choice_but_a_tag_and_a_text_are_demands() -> None:
    assert term("queue:a queue:b,c").choices == (
        ("=", ("a",)),
        ("=", ("b",)),
        ("=", ("c",)),
    )
    assert [found.choices for found in parse("tag:a tag:b,c", NOW).terms] == [
        (("has", ("a",)),),
        (("has", ("b",)), ("has", ("c",))),
    ]
    assert len(parse("one two text:three", NOW).terms) == 3
    assert [found.is_negated for found in parse("!queue:a !queue:b", NOW).terms] == [True, True]


@pytest.mark.parametrize(
    "text, choice",
    [
        ("exit:1", ("=", (1,))),
        ("exit:>=-1", (">=", (-1,))),
        ("priority:-5..-1", ("..", (-5, -1))),
        ("duration:>1m30s", (">", (90_000,))),
        ("duration:10..20", ("..", (10_000, 20_000))),
        ("created:<2h", (">", (NOW - 2 * HOUR,))),
        ("created:>=2h", ("<=", (NOW - 2 * HOUR,))),
        ("created:<2026-01-01T00:00:00Z", ("<", (1_767_225_600_000,))),
        ("finished:1h..3h", ("..", (NOW - 3 * HOUR, NOW - HOUR))),
        ("started:2026-01-01T00:00:00Z..2026-01-01T01:00:00Z", ("..", (1_767_225_600_000, 1_767_229_200_000))),
        ("signal:segv", ("=", (11,))),
        ("signal:SIGKILL", ("=", (9,))),
        ("signal:15", ("=", (15,))),
        ("id:job-1*", ("prefix", ("job-1",))),
        ("error:x", ("contains", ("x",))),
        ("background:yes", ("=", (True,))),
        ("background:FALSE", ("=", (False,))),
    ],
)
def test_values_are_read_by_the_kind_of_their_key(text: str, choice: tuple[str, tuple[object, ...]]) -> None:
    assert term(text).choices == (choice,)


def test_a_flag_that_is_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(FilterError, match='background: needs yes or no, got "maybe"'):
        parse("background:maybe", NOW)


@pytest.mark.parametrize(
    "word, meant",
    [
        ("error:no such", 'error:"no such"'),
        ("!Error:no such file", '!error:"no such file"'),
        ("text:a b,c d", 'text:"a b","c d"'),
        ("error:no such state:dead", "error:no such state:dead"),
        ("error:no such !tag:a", "error:no such !tag:a"),
        ('error:"no such" such', 'error:"no such" such'),
        ("state:dead such", "state:dead such"),
        ("error:timeout", "error:timeout"),
        ("error:", "error:"),
        ("error:no ", "error:no "),
        ("no such", "no such"),
    ],
)
def test_a_word_gets_the_quotes_back_that_a_shell_took(word: str, meant: str) -> None:
    assert with_quotes(word) == meant


@pytest.mark.parametrize("key", FILTERS)
def test_every_key_can_be_read_and_has_an_example(key: str) -> None:
    assert FILTERS[key].kind.example
    assert [word.key for word in Text(example(key)).words()] == [key]
    assert is_filter(example(key)) and parse(example(key), NOW).text == example(key)


@pytest.mark.parametrize(
    "text, written_again",
    [
        ("  echo   'x' ", "text:echo text:'x'"),
        ('"two words" STATE:dead', 'text:"two words" state:dead'),
        ("!http://x", "!text:http://x"),
        ('text:"say ""hi"", a"', 'text:"say ""hi"", a"'),
        ('tag:"a"', "tag:a"),
        ("text://x", "text:text://x"),
    ],
)
def test_a_filter_is_written_so_that_it_reads_the_same_again(text: str, written_again: str) -> None:
    found = parse(text, NOW)
    assert found.text == written_again
    again = parse(found.text, NOW, takes_text=False)
    assert again.text == found.text
    assert [(one.key, one.choices, one.is_negated) for one in again.terms] == [
        (one.key, one.choices, one.is_negated) for one in found.terms
    ]


@pytest.mark.parametrize("text", ["a b", 'say "hi"', "a,b", "//x", "!x", "-x", "'", "état", '"', '""', "a:b", " "])
def test_any_text_can_be_written_as_a_value(text: str) -> None:
    assert term(written("text", text)).choices == (("contains", (text,)),)


def test_options_are_spellings_of_the_same() -> None:
    text = of_options(["exit:1"], state=["dead", "failed"], queue=["a", "b"], tag=["x", "y"], search='say "hi"')
    assert text == 'exit:1 state:dead,failed queue:a,b tag:x tag:y text:"say ""hi"""'
    assert parse(of_options(["queue:c"], queue=["a"]), NOW).has_queue("c")
    assert of_options() == of_options([""], search="") == ""


def test_a_filter_stands_in_single_quotes() -> None:
    assert in_quotes("state:dead") == "'state:dead'"
    assert in_quotes("text:it's") == "'text:it'\"'\"'s'"


def test_without_free_words_a_text_is_refused_with_what_was_meant() -> None:
    with pytest.raises(FilterError, match='"echo" has no key') as raised:
        parse("state:dead echo", NOW, takes_text=False)
    error = raised.value
    assert (error.position, error.suggestion, error.exit_code) == (11, "text:echo", 2)
    assert error.hint == "jobs whose id or command contains it: text:echo"


def test_a_minus_is_refused_and_shows_what_to_write() -> None:
    with pytest.raises(FilterError, match="write !tag:x") as raised:
        parse("queue:a -tag:x", NOW)
    assert (raised.value.position, raised.value.suggestion) == (8, "!tag:x")


@pytest.mark.parametrize("text", ["exit_code:1", "created_at:<2h", "stat:dead", "id:a*b", "id:*", "id:a**"])
def test_what_looks_like_a_term_and_is_none_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        parse(text, NOW)


@pytest.mark.parametrize("word", ["a b", "!x", "state:dead", "TAG:x", "id:x*", "-tag:x", "!", "\t"])
def test_a_filter_is_told_by_a_blank_an_exclamation_mark_or_a_key(word: str) -> None:
    assert is_filter(word)


@pytest.mark.parametrize("word", ["job-1", "3", "3-9", "last", "-", "a,b", "e:1", "stat:dead", "batch:x", "state", ""])
def test_other_words_are_references(word: str) -> None:
    assert not is_filter(word)


def test_a_filter_within_states_keeps_its_terms() -> None:
    found = parse("queue:a !state:held", NOW).within(OPEN_STATES)
    assert set(found.states) == set(OPEN_STATES) - {"held"} and found.has_queue("a") and not found.has_queue("b")
    assert found.is_counted and not parse("tag:x", NOW).is_counted and Filter().is_counted


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("id:" + ",".join(map(str, range(MOST_VALUES + 1))), 0, "more than 5,000 values"),
        ("queue:a id:" + ",".join("c" * MOST_VALUES), 8, "more than 5,000 values"),
        ("id:a," + "x" * (LONGEST_VALUE + 1), 5, "more than 10,000 characters"),
    ],
)
def test_too_many_and_too_long_values_are_refused(text: str, position: int, said: str) -> None:
    with pytest.raises(FilterError, match=said) as refusal:
        parse(text, NOW)
    assert refusal.value.position == position
