"""The filter language: how a text is read and written, and how errors are reported."""

from __future__ import annotations

import pytest

from queuectl.model.errors import FilterError
from queuectl.model.fields import FILTERS
from queuectl.model.filter import Filter, Term, example, is_filter, of_options, with_quotes, written
from queuectl.model.filterparse import LONGEST_VALUE, MOST_VALUES, Text, parse
from queuectl.model.instants import parse_instant
from queuectl.model.job import COMPLETED, DEAD, FAILED, OPEN_STATES, STATES
from queuectl.model.kinds import NAME, NAMES
from queuectl.model.shellwords import in_quotes
from tests.store.building import NOW

HOUR = 3_600_000


def term(text: str) -> Term:
    (found,) = parse(text, NOW).terms
    return found


@pytest.mark.parametrize("text", ["\ud800", "a\0b"])
def test_a_filter_that_is_not_valid_unicode_is_refused(text: str) -> None:
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
        ("duration:1s..1ms", ("..", (1, 1_000))),
        ("exit:5..1", ("..", (1, 5))),
        ("created:<2h", (">", (NOW - 2 * HOUR,))),
        ("created:>=2h", ("<=", (NOW - 2 * HOUR,))),
        ("created:<2026-01-01T00:00:00Z", ("<", (1_767_225_600_000,))),
        ("finished:1h..3h", ("..", (NOW - 3 * HOUR, NOW - HOUR))),
        ("started:2026-01-01T00:00:00Z..2026-01-01T01:00:00Z", ("..", (1_767_225_600_000, 1_767_229_200_000))),
        ("signal:segv", ("=", (11,))),
        ("signal:SIGKILL", ("=", (9,))),
        ("signal:15", ("=", (15,))),
        ("signal:1..9", ("..", (1, 9))),
        ("signal:>=9", (">=", (9,))),
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


def test_without_free_words_a_text_is_refused_with_what_was_meant() -> None:
    with pytest.raises(FilterError, match='"echo" has no key') as raised:
        parse("state:dead echo", NOW, takes_text=False)
    error = raised.value
    assert (error.position, error.suggestion, error.exit_code) == (11, "text:echo", 2)
    assert error.hint == "jobs whose id or command contains it: 'text:echo'"


def test_a_minus_is_refused_and_shows_what_to_write() -> None:
    with pytest.raises(FilterError, match="write '!tag:x'") as raised:
        parse("queue:a -tag:x", NOW)
    assert (raised.value.position, raised.value.suggestion) == (8, "!tag:x")


def test_today_and_yesterday_are_the_beginning_of_a_day() -> None:
    def instant(text: str) -> object:
        return term(text).choices[0][1][0]

    today = parse_instant("today 00:00", NOW)
    assert instant("created:<today") == instant("created:>=Today") == today
    assert instant('created:<"today 18:00"') == today + 18 * HOUR
    assert instant("created:>yesterday") == parse_instant("today 00:00", today - 1)
    assert instant('created:>"yesterday noon"') == parse_instant("today noon", today - 1)
    assert instant("created:yesterday..today") == instant("created:>yesterday")


@pytest.mark.parametrize(
    "text, position, meant",
    [
        ("created:<2026-11-28 02:00", 0, 'created:<"2026-11-28 02:00"'),
        ("tag:a !created:>2026-11-01,<today  9am tag:b", 6, '!created:>2026-11-01,<"today 9am"'),
        ("finished:2026-11-01..2026-11-28 02:00", 0, 'finished:"2026-11-01..2026-11-28 02:00"'),
    ],
)
def test_a_time_after_a_day_needs_quotes(text: str, position: int, meant: str) -> None:
    with pytest.raises(FilterError) as raised:
        parse(text, NOW)
    error = raised.value
    assert error.message == f"put quotes around it: {in_quotes(meant)}"
    assert (error.position, error.suggestion) == (position, meant)


@pytest.mark.parametrize(
    "text",
    [
        "created:<2h 02:00",
        "created:<2026-11-28 text:02:00",
        'created:<2026-11-28 "02:00"',
        "created:<today make",
        "created:2h..3h 02:00",
        "tag:a 02:00",
        'created:<"2026-11-28 02:00" 02:00',
    ],
)
def test_other_times_after_a_term_are_texts(text: str) -> None:
    assert "text" in [found.key for found in parse(text, NOW).terms]


@pytest.mark.parametrize("value", ["<foo", "<", "<today foo", "<2026-11", "<last"])
def test_an_invalid_time_is_refused_with_what_a_filter_takes(value: str) -> None:
    with pytest.raises(FilterError) as raised:
        parse(f'created:"{value}"', NOW)
    assert 'write <2h, <2026-11-10, <2026-11-10T02:00 or <"2026-11-10 02:00"' in raised.value.message


@pytest.mark.parametrize("key", [key for key in FILTERS if FILTERS[key].kind in (NAME, NAMES)])
@pytest.mark.parametrize("value", ["def*", "é", '""', "a:b", "x" * 65, '"a b"'])
def test_a_name_that_nothing_can_have_is_refused(key: str, value: str) -> None:
    for negation in ("", "!"):
        with pytest.raises(FilterError, match=f"{key}: must be 1 to 64 of A-Z a-z 0-9 . _ -"):
            parse(f"{negation}{key}:good,{value}", NOW)


@pytest.mark.parametrize("value", ["5000", ">-1001", "0..1001"])
def test_a_number_beyond_its_range_is_refused(value: str) -> None:
    with pytest.raises(FilterError, match="priority: must be a whole number between -1000 and 1000"):
        parse(f"priority:{value}", NOW)


@pytest.mark.parametrize("value", ["é", "a$*", "x" * 129, '""'])
def test_an_id_that_no_job_can_have_is_refused(value: str) -> None:
    with pytest.raises(FilterError, match="id: must be 1 to 128 of A-Z a-z 0-9 . _ : -"):
        parse(f"id:{value}", NOW)


@pytest.mark.parametrize(
    "text, meant",
    [("foo:bar", "'text:foo:bar'"), ('!foo:"b c"', "'!text:\"foo:b c\"'"), ("-foo:a,b", "'text:\"-foo:a,b\"'")],
)
def test_a_key_that_does_not_exist_shows_how_to_look_for_the_text(text: str, meant: str) -> None:
    with pytest.raises(FilterError, match="there is no filter") as raised:
        parse(text, NOW)
    assert (raised.value.hint or "").endswith(f"; to look for this text: {meant}")
    assert parse(meant[1:-1], NOW).terms[0].key == "text"


def test_several_words_that_may_be_ids_are_shown_as_separate_words() -> None:
    with pytest.raises(FilterError) as raised:
        parse("job-1 job-2", NOW, takes_text=False)
    assert (raised.value.hint or "").startswith("give ids as words of their own: job-1 job-2; ")
    for text in ("job-1 !job-2", "job-1 tag:a", '"job 1" job-2', "job-1"):
        with pytest.raises(FilterError) as raised:
            parse(text, NOW, takes_text=False)
        assert "ids as" not in (raised.value.hint or "")


def test_one_exclamation_mark_is_enough() -> None:
    with pytest.raises(FilterError, match="one ! is enough"):
        parse("tag:a !!state:dead", NOW)
    assert term('!"!x"').is_negated


@pytest.mark.parametrize("text", ["exit_code:1", "created_at:<2h", "stat:dead", "id:a*b", "id:*", "id:a**"])
def test_what_only_looks_like_a_term_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        parse(text, NOW)


@pytest.mark.parametrize("word", ["a b", "!x", "state:dead", "TAG:x", "id:x*", "-tag:x", "!", "\t"])
def test_a_blank_an_exclamation_mark_or_a_key_makes_a_word_a_filter(word: str) -> None:
    assert is_filter(word)


@pytest.mark.parametrize("word", ["job-1", "3", "3-9", "last", "-", "a,b", "e:1", "stat:dead", "bath:x", "state", ""])
def test_other_words_are_references(word: str) -> None:
    assert not is_filter(word)


def test_a_filter_within_states_keeps_its_terms() -> None:
    found = parse("queue:a !state:held", NOW).within(OPEN_STATES)
    assert set(found.states) == set(OPEN_STATES) - {"held"} and found.has_queue("a") and not found.has_queue("b")
    assert found.is_counted and not parse("tag:x", NOW).is_counted and Filter().is_counted


@pytest.mark.parametrize(
    "text, batch",
    [
        ("batch:b", "b"),
        ("batch:b state:dead", "b"),
        ("batch:b,c", None),
        ("!batch:b", None),
        ("batch:b tag:x", None),
        ("", None),
    ],
)
def test_a_filter_for_one_batch_is_counted_with_it(text: str, batch: str | None) -> None:
    found = parse(text, NOW)
    assert found.batch == batch and found.is_counted == (batch is not None or not text)


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
