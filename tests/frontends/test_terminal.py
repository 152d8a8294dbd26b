"""What the terminal is, and that nothing untrusted reaches it unescaped."""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import sys
import unicodedata

import pytest

from queuectl.frontends import text as module
from queuectl.frontends.terminal import STATE_STYLES, Screen, Terminal, wants_color
from queuectl.frontends.text import clip, escape, escape_json, pad, width, wrapped
from queuectl.model.errors import InvalidInput
from queuectl.model.job import STATES

S18 = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


class Tty(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class EncodedTty(io.TextIOWrapper):
    """A terminal of another locale."""

    def isatty(self) -> bool:
        return True


def written(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()


def every_char() -> str:
    return "".join(map(chr, range(sys.maxunicode + 1)))


# --- escape


@pytest.mark.parametrize(
    "text, shown",
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x00", "\\x00"),
        ("\x7f", "\\x7f"),
        ("\x9b31m", "\\x9b31m"),
        ("a\rb", "a\\rb"),
        ("\u202egpj", "\\u202egpj"),
        ("\u200b", "\\u200b"),
        ("\udcff", "\\udcff"),
        ("\U000e0041", "\\U000e0041"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("naïve 日本 \U0001f389 e\u0301", "naïve 日本 \U0001f389 e\u0301"),
        ("", ""),
    ],
)
def test_what_could_move_or_hide_text_is_shown_as_its_code(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_no_unsafe_character_of_all_unicode_survives_escaping() -> None:
    assert len(S18.findall(every_char())) > 2_000
    assert S18.search(escape(every_char(), multiline=True)) is None
    assert not re.search("[\n\t]", escape(every_char()))


def test_the_fast_path_lets_nothing_pass_that_is_unsafe() -> None:
    unsafe = re.findall(module.UNSAFE, every_char())
    assert [char for char in unsafe if char.isprintable()] == []


def test_newline_and_tab_stay_where_several_lines_are_expected() -> None:
    assert escape("a\n\tb\x1b", multiline=True) == "a\n\tb\\x1b"


def test_escaped_json_means_the_same() -> None:
    value = "\x1b\x7f\x9b\u202e\U000e0041\ud800 日本\n"
    document = escape_json(json.dumps({"a": value}, ensure_ascii=False, indent=2))
    assert S18.search(document) is None
    assert "日本" in document
    assert json.loads(document) == {"a": value}


# --- width


@pytest.mark.parametrize(
    "text, columns",
    [
        ("", 0),
        ("abc", 3),
        ("日本", 4),
        ("e\u0301", 1),
        ("\u3099", 0),
        ("ｆ", 2),
        ("…█", 2),
        ("\U0001f389", 2),
        ("\U0001faff", 2),
        ("\u2764\ufe0f", 2),
        ("1\ufe0f\u20e3", 2),
    ],
)
def test_width_counts_columns_not_characters(text: str, columns: int) -> None:
    assert width(text) == columns


def test_clip_keeps_what_fits_and_never_splits_a_wide_character() -> None:
    assert clip("hello", 5) == "hello"
    assert clip("hello!", 5) == "hell…"
    assert clip("日本語", 5) == "日本…"
    assert clip("日本語", 4) == "日…"
    assert clip("e\u0301e\u0301e\u0301", 2) == "e\u0301…"
    assert clip("hello", 0) == ""
    assert clip("hello", 3, "~") == "he~"


@pytest.mark.parametrize(
    "text, columns, rows",
    [
        ("short", 10, ["short"]),
        ("one two three", 8, ["one two", "  three"]),
        ("  one two three", 9, ["  one two", "    three"]),
        ("a-word-that-is-long b", 5, ["a-word-that-is-long", "  b"]),
        ("日本 日本", 6, ["日本", "  日本"]),
        ("no workers run: queuectl worker start", 26, ["no workers run:", "  queuectl worker start"]),
        ("no workers run: queuectl worker start", 20, ["no workers run:", "  queuectl worker", "  start"]),
    ],
)
def test_words_are_wrapped_and_a_command_to_copy_stays_whole(text: str, columns: int, rows: list[str]) -> None:
    assert wrapped(text, columns) == rows


def test_pad_fills_up_by_width() -> None:
    assert pad("日", 4) == "日  "
    assert pad("7", 3, right=True) == "  7"
    assert pad("long", 2) == "long"


# --- color


def expected_color(flag: str, no: str, force: str, cliforce: str, term: str, cli: str, tty: bool) -> bool:
    """The precedence, written down as a list of rules of which the first that speaks decides."""
    rules = [
        {"always": True, "never": False}.get(flag),
        False if no else None,
        True if force == "1" else None,
        True if cliforce == "1" else None,
        False if term == "dumb" else None,
        False if cli == "0" else None,
        tty,
    ]
    return bool(next(rule for rule in rules if rule is not None))


def test_color_follows_the_precedence_in_every_combination() -> None:
    flags, terms, on = ("auto", "always", "never"), ("", "dumb", "xterm"), ("", "0", "1")
    for case in itertools.product(flags, ("", "1"), on, on, terms, on, (False, True)):
        flag, no, force, cliforce, term, cli, tty = case
        environ = {"NO_COLOR": no, "FORCE_COLOR": force, "CLICOLOR_FORCE": cliforce, "TERM": term, "CLICOLOR": cli}
        assert wants_color(flag, environ, tty) is expected_color(*case), case


def test_unset_variables_leave_the_color_to_the_terminal() -> None:
    assert wants_color("auto", {}, True) is True
    assert wants_color("auto", {}, False) is False


def test_color_is_decided_for_each_stream() -> None:
    both = Terminal(io.StringIO(), Tty(), environ={})
    assert (both.color, both.out.color, both.err.color) == (False, False, True)
    assert both.paint("x", "red") == "x"
    assert both.err.paint("x", "red") == "\x1b[31mx\x1b[0m"
    assert both.err.paint("x", "") == "x"


def test_states_have_colors_of_their_own() -> None:
    assert {state for state in STATES if not STATE_STYLES[state]} == {"pending"}
    assert STATE_STYLES["dead"] == "red"
    assert STATE_STYLES["completed"] == "green"


# --- encodings


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "cp1252"])
def test_a_stream_without_the_glyphs_gets_ascii_ones(encoding: str) -> None:
    screen, has_all = Screen(EncodedTty(io.BytesIO(), encoding=encoding), {}), encoding == "utf-8"
    assert (screen.utf8, screen.unicode, screen.ellipsis) == (has_all, has_all, "…" if has_all else "~")


def test_text_that_the_encoding_lacks_is_shown_as_its_code() -> None:
    assert Screen(EncodedTty(io.BytesIO(), encoding="ascii"), {}).safe("é日") == "\\xe9\\u65e5"
    assert Screen(EncodedTty(io.BytesIO(), encoding="latin-1"), {}).safe("é日") == "é\\u65e5"


def test_writing_what_the_encoding_lacks_does_not_fail() -> None:
    out, err = EncodedTty(io.BytesIO(), encoding="ascii"), EncodedTty(io.BytesIO(), encoding="ascii")
    both = Terminal(out, err, environ={})
    both.out.write("日\udcff")
    both.say("…")
    assert written(out) == b"\\u65e5\\udcff"
    assert written(err) == b"\\u2026\n"


def test_a_closed_stdout_is_not_an_error() -> None:
    both = Terminal(None, None, environ={})
    both.out.write("x")
    both.say("y")
    assert (both.is_tty, both.live, both.columns) == (False, False, 80)


# --- size


@pytest.mark.parametrize("value, columns", [("132", 132), ("0", 80), ("-5", 80), ("wide", 80), ("", 80)])
def test_columns_come_from_the_environment_if_they_make_sense(value: str, columns: int) -> None:
    assert Terminal(Tty(), Tty(), environ={"COLUMNS": value}).columns == columns


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pty")
@pytest.mark.parametrize("size, columns", [(0, 80), (57, 57)])
def test_columns_come_from_the_pty_which_may_not_know(size: int, columns: int) -> None:
    import fcntl
    import struct
    import termios

    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size, size, 0, 0))
    with os.fdopen(slave, "w") as stream:
        assert Terminal(stream, io.StringIO(), environ={}).columns == columns
        assert Terminal(io.StringIO(), stream, environ={}).columns == columns
    os.close(master)


# --- words


def test_quiet_leaves_out_notes_but_not_errors() -> None:
    err = io.StringIO()
    both = Terminal(io.StringIO(), err, environ={}, quiet=True)
    both.note("by the way")
    both.say("error")
    assert err.getvalue() == "error\n"


YES = ("y\n", "YES\n", " yes \n")


@pytest.mark.parametrize("answer", [*YES, "\n", "n\n", "yep\n", ""])
def test_only_yes_is_a_confirmation(answer: str) -> None:
    out, err = Tty(), Tty()
    both = Terminal(out, err, stdin=Tty(answer), environ={})
    assert both.confirm("Remove 12 jobs?") is (answer in YES)
    assert err.getvalue().startswith("Remove 12 jobs? [y/N] ")
    assert out.getvalue() == ""


@pytest.mark.parametrize("stdin, err", [(io.StringIO("y\n"), Tty()), (Tty("y\n"), io.StringIO())])
def test_without_someone_to_ask_a_confirmation_is_refused(stdin: io.StringIO, err: io.StringIO) -> None:
    both = Terminal(Tty(), err, stdin=stdin, environ={})
    with pytest.raises(InvalidInput, match="this would remove 12 jobs, so it needs a confirmation") as caught:
        both.confirm("remove 12 jobs")
    assert caught.value.hint == "pass --yes"
    assert err.getvalue() == ""


def test_a_question_cannot_carry_control_characters() -> None:
    err = Tty()
    Terminal(Tty(), err, stdin=Tty("n\n"), environ={}).confirm("Remove \x1b[2J")
    assert "\x1b" not in err.getvalue()


def test_a_character_that_unicode_calls_wide_takes_two_columns() -> None:
    for char in filter(str.isprintable, every_char()):
        if unicodedata.east_asian_width(char) in "WF" and unicodedata.category(char) != "Mn":
            assert width(char) == 2, repr(char)
