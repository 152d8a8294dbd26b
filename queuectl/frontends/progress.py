"""How far something is, on stderr: one line that moves on a terminal, nothing in a log or a mail.

    terminal         `Importing [####......] 45% 450/1000 12.3/s eta 44s`, ten times a second at most
    dumb terminal    the same without the bar, at 0, 25, 50, 75 and 100 % and otherwise once in 30 s

The moving line erases itself: at the end of the block, and before `Terminal.say` writes anything else.
"""

from __future__ import annotations

from collections.abc import Callable

from ..model.quantity import bar
from ..model.when import duration_text
from .terminal import ERASE_LINE, Terminal
from .text import clip, width

DRAW_INTERVAL = 100
LINE_INTERVAL = 30_000
STALLED_AFTER = 10_000
MIN_SAMPLES = 3
SMOOTHING = 0.3
NARROWEST_BAR, WIDEST_BAR = 4, 30


class Progress:
    """The progress of `total` things. As a context manager it is `update`, which may be called as often as you like."""

    def __init__(self, total: int, label: str, terminal: Terminal) -> None:
        self.total = total
        self.label = terminal.err.safe(label)
        self.terminal = terminal
        self.rate = 0.0  # a second, smoothed
        self.samples = 0
        self.done = 0
        self.quarter = -1
        self.sampled_at = self.moved_at = terminal.clock.monotonic()
        self.shown_at: int | None = None

    def __enter__(self) -> Callable[[int], None]:
        return self.update

    def __exit__(self, *_: object) -> None:
        self.terminal.erase_line()

    def update(self, done: int) -> None:
        """Note that `done` of the total are done, and show it if it is time to."""
        terminal, err = self.terminal, self.terminal.err
        if terminal.quiet or not err.is_tty:
            return
        now = terminal.clock.monotonic()
        self._sample(done, now)
        percent = min(100, done * 100 // self.total) if self.total > 0 else 100
        is_new = percent // 25 > self.quarter and not terminal.live
        interval = DRAW_INTERVAL if terminal.live else LINE_INTERVAL
        if not is_new and self.shown_at is not None and now - self.shown_at < interval:
            return
        # This may run in the middle of a transaction, which must not wait for a terminal.
        if not err.takes_text():
            return
        self.shown_at, self.quarter = now, max(percent // 25, self.quarter)
        text = f"{percent}% {done}/{self.total}{self._pace(done, now)}"
        if not terminal.live:
            terminal.say(f"{self.label} {text}")
            return
        # The last column stays free: some terminals wrap as soon as it is written.
        room = err.columns - 1
        size = min(WIDEST_BAR, room - width(f"{self.label}  [] {text}"))
        shown = f"{bar(percent, size)} " if size >= NARROWEST_BAR else ""
        err.send(ERASE_LINE + clip(f"{self.label} {shown}{text}", room, err.ellipsis))
        terminal.line_shown = True

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

    def _pace(self, done: int, now: int) -> str:
        """Return the rate and the time that is left, once they are known."""
        if self.samples < MIN_SAMPLES:
            return ""
        left = "--:--"
        if now - self.moved_at <= STALLED_AFTER and self.rate > 0:
            left = duration_text(round(max(0, self.total - done) / self.rate) * 1000)
        return f" {self.rate:.1f}/s eta {left}"
