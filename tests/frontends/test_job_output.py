"""What a terminal shows of what jobs print: lines as they were in the end, colors, and nothing that does harm."""

from __future__ import annotations

import io
import random

import pytest

from queuectl.frontends.job_output import JobOutput, shown_lines, wrap
from queuectl.frontends.live import painted_width
from queuectl.frontends.terminal import Screen
from tests.emulator import Emulator
from tests.frontends.test_terminal import EncodedTty, Tty

RED, RESET = "\x1b[31m", "\x1b[0m"


def screen(color: str = "always") -> Screen:
    return Screen(Tty(), {}, color)


def shown(text: str, color: str = "always") -> str:
    output = JobOutput(screen(color))
    return output.feed(text.encode()) + output.end()


@pytest.mark.parametrize(
    "printed, expected",
    [
        ("plain\n", "plain\n"),
        ("no end", "no end"),
        ("", ""),
        ("10%\r50%\r100%\n", "100%\n"),
        ("100%\r", "100%"),
        ("50%\r100%\r", "100%"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("a\r\r\nb", "a\nb"),
        ("50%\r100%\r\nnext\n", "100%\nnext\n"),
        ("\n\n", "\n\n"),
        ("tab\there\n", "tab\there\n"),
        (f"{RED}red{RESET} not\n", f"{RED}red{RESET} not\n"),
        ("\x1b[mx\x1b[01;32my\x1b[m\n", "\x1b[mx\x1b[01;32my\x1b[m\n"),
        # A color that continues does so line by line, and nothing after the output has it.
        (f"{RED}one\ntwo\n", f"{RED}one{RESET}\n{RED}two{RESET}\n"),
        (f"{RED}10%\r20%{RESET}\n", f"{RED}20%{RESET}\n"),
        (f"{RED}10%{RESET}\r20%\n", "20%\n"),
        ("\x1b[38;5;8mgrey\x1b[0m", "\x1b[38;5;8mgrey\x1b[0m"),
        ("\x1b[38;2;8;8;8;1mx\x1b[0m", "\x1b[38;2;8;8;8;1mx\x1b[0m"),
        ("\x1b[4:3mx\x1b[0m", "\x1b[4:3mx\x1b[0m"),
    ],
)
def test_the_last_form_of_a_line_is_shown_with_its_colors(printed: str, expected: str) -> None:
    assert shown(printed) == expected


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b[2J",
        "\x1b[K",
        "\x1b[1A",
        "\x1b[?25l",
        "\x1b]0;title\x07",
        "\x1bc",
        "\x1b",
        "\x1b[",
        "\x1b[31",
        "\x9b31m",
        "\b",
        "\x07",
        "\u202e",
        # Hidden text, alone and behind what looks like a color.
        "\x1b[8m",
        "\x1b[08m",
        "\x1b[1;8m",
        "\x1b[38;5;38;5;8m",
        "\x1b[38;2;1;2;3;8m",
        "\x1b[38;8m",
        "\x1b[>4;2m",
        "\x1b[31 m",
    ],
)
def test_everything_else_that_is_unsafe_is_shown_as_its_code(sequence: str) -> None:
    text = shown(f"a{sequence}b\n")
    assert text.isascii() and text[:-1].isprintable() and text[-1] == "\n"
    assert text.startswith("a\\") and text.endswith("b\n")


def test_without_colors_they_are_left_out() -> None:
    assert shown(f"{RED}red{RESET} \x1b[2J\n", color="never") == "red \\x1b[2J\n"


def test_what_the_encoding_cannot_hold_is_shown_as_its_code() -> None:
    output = JobOutput(Screen(EncodedTty(io.BytesIO(), encoding="ascii"), {}))
    assert output.feed("ü\n".encode()) == "\\xfc\n"
    assert output.feed(b"\xff\n") == "\\xff\n"


@pytest.mark.parametrize("seed", range(30))
def test_a_live_view_looks_the_same_however_the_output_comes_in_pieces(seed: int) -> None:
    chooser = random.Random(seed)
    parts = ["10%", "日本", "e\u0301", "\r", "\r\n", "\n", RED, RESET, "\x1b[1;32m", "\x1b[2J", "\u202e", " ", "\t"]
    data = "".join(chooser.choices(parts, k=40)).encode()
    whole, live = Emulator(200, 60), Emulator(200, 60)
    whole.feed(shown(data.decode()).replace("\n", "\r\n").encode())
    output = JobOutput(screen(), live=True)
    while data:
        size = chooser.randrange(1, 6)
        live.feed(output.feed(data[:size]).replace("\n", "\r\n").encode())
        data = data[size:]
    live.feed(output.end().encode())
    assert live.lines() == whole.lines()
    assert not live.unknown


def test_a_live_view_shows_a_line_that_has_begun() -> None:
    output = JobOutput(screen(), live=True)
    assert output.feed(b"10%") == "10%"
    assert output.feed(b"\r") == ""
    assert output.feed(b"20%") == "\r\x1b[K20%"
    assert output.feed(b"\r") == ""
    assert output.feed(b"\n") == "\n"
    assert output.feed(b"\r30%") == "30%"
    assert output.end() == ""


def test_long_lines_are_wrapped() -> None:
    assert wrap("abcdefgh", 3) == ["abc", "def", "gh"]
    assert wrap("", 3) == [""]
    assert wrap("日本語", 3) == ["日", "本", "語"]
    assert wrap("日本", 1) == ["日", "本"]
    assert "".join(wrap("e\u0301日" * 100, 7)) == "e\u0301日" * 100


def test_each_part_of_a_long_line_has_its_colors() -> None:
    assert wrap(f"ab{RED}cdef{RESET}gh", 3) == [f"ab{RED}c{RESET}", f"{RED}def{RESET}", "gh"]
    lines = shown_lines(f"1\r{RED}{'日' * 50}\nend{RESET}", 7, screen())
    assert all(painted_width(line) <= 7 for line in lines)
    assert lines[-1] == f"{RED}end{RESET}"
    assert all(line.startswith(RED) and line.endswith(RESET) for line in lines)


def test_a_long_line_is_read_once_however_many_pieces_it_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    known, length = JobOutput._known, 0

    def counted(output: JobOutput, text: str) -> int:
        nonlocal length
        length += len(text)
        return known(output, text)

    monkeypatch.setattr(JobOutput, "_known", counted)
    output = JobOutput(screen())
    assert [output.feed(b"x" * 10) for _ in range(100)] == [""] * 100
    assert output.feed(b"\nrest") == "x" * 1000 + "\n"
    assert length == 1005
    assert output.end() == "rest"
