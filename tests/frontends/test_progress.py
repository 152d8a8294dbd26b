"""Progress on terminals of two kinds and elsewhere, by a clock that is moved by hand."""

from __future__ import annotations

import io

import pytest

from queuectl.frontends.live import Progress
from queuectl.frontends.terminal import ERASE_LINE, Terminal
from queuectl.frontends.text import width
from tests.frontends.test_terminal import Tty
from tests.support import FakeClock


class Bench:
    """A progress of 1000 things and what it wrote."""

    def __init__(self, columns: int = 80, total: int = 1000, label: str = "Importing", **environ: str) -> None:
        self.clock = FakeClock()
        self.err = Tty()
        environ = {"COLUMNS": str(columns), **environ}
        self.terminal = Terminal(io.StringIO(), self.err, environ=environ, clock=self.clock)
        self.progress = Progress(total, label, self.terminal)

    def step(self, done: int, ms: int) -> None:
        self.clock.advance(ms)
        self.progress.update(done)

    @property
    def frames(self) -> list[str]:
        return self.err.getvalue().split(ERASE_LINE)[1:]

    @property
    def lines(self) -> list[str]:
        return self.err.getvalue().splitlines()


def test_a_terminal_shows_bar_rate_and_remaining_time() -> None:
    bench = Bench()
    for second in range(1, 46):
        bench.step(second * 10, 1000)
    bar = "#" * 13 + "." * 17
    assert bench.frames[-1] == f"Importing [{bar}] 45% 450/1000 10.0/s eta 55s"


def test_the_remaining_time_waits_for_three_samples() -> None:
    bench = Bench()
    for done in (10, 20, 30):
        bench.step(done, 1000)
    assert ["eta" in frame for frame in bench.frames] == [False, False, True]


def test_a_stall_is_shown_instead_of_a_guess() -> None:
    bench = Bench()
    for done in (10, 20, 30):
        bench.step(done, 1000)
    bench.step(30, 10_001)
    assert bench.frames[-1].endswith("eta --:--")


def test_a_terminal_is_drawn_ten_times_a_second_at_most() -> None:
    bench = Bench()
    for done in range(1000):
        bench.step(done, 1)
    assert len(bench.frames) == 10


@pytest.mark.parametrize("columns", [1, 2, 10, 20, 30, 40, 79, 80, 200])
def test_the_line_always_fits(columns: int) -> None:
    bench = Bench(columns=columns, label="日本語 \x1b[2J " * 10)
    for done in range(0, 1000, 100):
        bench.step(done, 1000)
    assert len(bench.frames) == 10
    for frame in bench.frames:
        assert width(frame) < columns
        assert "\x1b" not in frame
        assert "\n" not in frame


def test_the_end_of_the_block_erases_the_line_once() -> None:
    bench = Bench()
    with bench.progress as update:
        bench.clock.advance(1000)
        update(500)
    bench.terminal.erase_line()
    assert bench.err.getvalue().endswith("500/1000" + ERASE_LINE)
    assert bench.err.getvalue().count(ERASE_LINE) == 2


def test_other_words_do_not_mix_with_the_line() -> None:
    bench = Bench()
    with bench.progress:
        bench.step(500, 1000)
        bench.terminal.say("one was refused")
    assert bench.err.getvalue().endswith(f"500/1000{ERASE_LINE}one was refused\n")


def test_a_dumb_terminal_gets_a_line_at_each_quarter() -> None:
    bench = Bench(TERM="dumb")
    with bench.progress:
        for done in range(0, 1001, 10):
            bench.step(done, 100)
    assert [line.split()[1] for line in bench.lines] == ["0%", "25%", "50%", "75%", "100%"]
    assert bench.lines[2] == "Importing 50% 500/1000 100.0/s eta 5s"


def test_a_jump_over_quarters_is_one_line() -> None:
    bench = Bench(TERM="dumb")
    bench.step(0, 0)
    bench.step(800, 1000)
    assert [line.split()[1] for line in bench.lines] == ["0%", "80%"]


def test_a_slow_dumb_terminal_gets_a_line_each_thirty_seconds() -> None:
    bench = Bench(TERM="dumb")
    for second in range(91):
        bench.step(second // 10, 1000)
    assert [line.split()[2] for line in bench.lines] == ["0/1000", "3/1000", "6/1000", "9/1000"]


def test_nothing_to_do_is_all_done() -> None:
    bench = Bench(total=0, TERM="dumb")
    bench.step(0, 1000)
    assert bench.lines == ["Importing 100% 0/0"]


def test_more_than_promised_stays_at_a_hundred() -> None:
    bench = Bench(columns=40)
    for done in (500, 1000, 1500, 2000):
        bench.step(done, 1000)
    assert "100% 2000/1000" in bench.frames[-1]
    assert bench.frames[-1].endswith("eta 0s")


@pytest.mark.parametrize("err, quiet", [(Tty(), True), (io.StringIO(), False)], ids=["quiet", "a log"])
def test_quiet_and_a_log_are_silent(err: io.StringIO, quiet: bool) -> None:
    clock = FakeClock()
    terminal = Terminal(io.StringIO(), err, environ={}, clock=clock, quiet=quiet)
    with Progress(10, "Importing", terminal) as update:
        for done in (0, 5, 10):
            clock.advance(60_000)
            update(done)
    assert err.getvalue() == ""
