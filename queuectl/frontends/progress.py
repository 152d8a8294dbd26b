"""How far something is, on stderr: one line that moves on a terminal, nothing in a log or a mail.

    terminal         `Importing [####......] 45% 450/1000 12.3/s eta 44s`, ten times a second at most
    dumb terminal    the same without the bar, at 0, 25, 50, 75 and 100 % and otherwise once in 30 s

The moving line takes itself away: at `close`, and before `Terminal.say` writes anything else.
"""

from __future__ import annotations

from ..model import when
from ..model.quantity import bar
from .terminal import ERASE_LINE, Terminal
from .text import clip, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from ..model.clock import Clock

DRAW_INTERVAL = 100
LINE_INTERVAL = 30_000
STALLED_AFTER = 10_000
MIN_SAMPLES = 3
SMOOTHING = 0.3
NARROWEST_BAR, WIDEST_BAR = 4, 30


class Progress:
    """The progress of `total` things. As a context manager it is `update`, to be called as often as one likes."""

    def __init__(self, total: int, label: str, terminal: Terminal, clock: Clock) -> None:
        self.total = total
        self.label = terminal.err.safe(label)
        self.terminal = terminal
        self.clock = clock
        self.rate = 0.0  # a second, smoothed
        self.samples = 0
        self.done = 0
        self.quarter = -1
        self.sampled_at = self.moved_at = self.line_at = clock.monotonic()
        self.drawn_at: int | None = None

    def __enter__(self) -> Callable[[int], None]:
        return self.update

    def __exit__(self, *_: object) -> None:
        self.close()

    def update(self, done: int) -> None:
        """Tell that `done` of the total are done, and show it if it is time to."""
        if self.terminal.quiet or not self.terminal.err.is_tty:
            return
        now = self.clock.monotonic()
        self._sample(done, now)
        if self.terminal.live:
            self._draw(done, now)
        else:
            self._say(done, now)

    def close(self) -> None:
        """Take the line away."""
        self.terminal.erase_line()

    def _sample(self, done: int, now: int) -> None:
        """Let the rate follow; samples closer than a frame would be noise."""
        elapsed = now - self.sampled_at
        if elapsed < DRAW_INTERVAL:
            return
        rate = max(0, done - self.done) * 1000 / elapsed
        self.rate = rate if self.samples == 0 else self.rate + SMOOTHING * (rate - self.rate)
        self.samples += 1
        if done != self.done:
            self.moved_at = now
        self.done, self.sampled_at = done, now

    def _draw(self, done: int, now: int) -> None:
        if self.drawn_at is not None and now - self.drawn_at < DRAW_INTERVAL:
            return
        # What is shown may be drawn in the middle of a transaction, which must not wait for a terminal.
        if not self.terminal.err.takes_text():
            return
        self.drawn_at = now
        err = self.terminal.err
        # The last column stays free: some terminals wrap as soon as it is written.
        room = err.columns - 1
        text = self._figures(done, now)
        bar = self._bar(done, room - width(self.label) - width(text) - 2)
        err.send(ERASE_LINE + clip(f"{self.label} {bar}{text}", room, err.ellipsis))
        self.terminal.line_shown = True

    def _say(self, done: int, now: int) -> None:
        quarter = self._percent(done) // 25
        if quarter <= self.quarter and now - self.line_at < LINE_INTERVAL:
            return
        if not self.terminal.err.takes_text():
            return
        self.quarter, self.line_at = max(quarter, self.quarter), now
        self.terminal.say(f"{self.label} {self._figures(done, now)}")

    def _percent(self, done: int) -> int:
        return min(100, done * 100 // self.total) if self.total > 0 else 100

    def _bar(self, done: int, room: int) -> str:
        """Return `[##..] ` in at most `room` columns, or nothing where it would say nothing."""
        size = min(WIDEST_BAR, room - len("[] "))
        if size < NARROWEST_BAR:
            return ""
        return f"{bar(self._percent(done), size)} "

    def _figures(self, done: int, now: int) -> str:
        text = f"{self._percent(done)}% {done}/{self.total}"
        if self.samples >= MIN_SAMPLES:
            text += f" {self.rate:.1f}/s eta {self._eta(done, now)}"
        return text

    def _eta(self, done: int, now: int) -> str:
        if now - self.moved_at > STALLED_AFTER or self.rate <= 0:
            return "--:--"
        seconds = round(max(0, self.total - done) / self.rate)
        return when.duration_text(seconds * 1000)
