"""Waiting for jobs until all of them have ended at the same time, and a message to the user who waits.

Only open jobs are read again and again, so that a home full of finished jobs costs nothing. Once none is open, all are
read once more: one that had ended may have been retried meanwhile, and is waited for again. For waiting, a stuck job
has ended: nothing that happens by itself lets it run.
"""

from __future__ import annotations

from ..model.errors import WaitTimeout
from ..model.job import COMPLETED, FINAL_STATES
from ..model.link import STUCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence

    from ..model.job import Job
    from .home.opened import OpenHome

ENDED = (*FINAL_STATES, STUCK)
FIRST_LOOK_SECONDS = 0.005
LONGEST_LOOK_SECONDS = 0.1
NOTIFY_SECONDS = 10.0
# For each program the words before title and text, which are separate arguments: no program takes them for code.
PROGRAMS = {
    "notify-send": ["--app-name=queuectl", "--"],
    "osascript": [
        *("-e", "on run argv", "-e", "display notification (item 2 of argv) with title (item 1 of argv)"),
        *("-e", "end run"),
    ],
}


class Waiting:
    """A wait for jobs, for `timeout` seconds at most from now on.

    `open` are the numbers of those that have not ended, `removed` of those that were removed before they ended,
    and `states` has the last known state of all others, STUCK for stuck ones.
    """

    def __init__(self, opened: OpenHome, numbers: Sequence[int], *, timeout: float | None = None) -> None:
        self._opened = opened
        self._timeout = timeout
        self._deadline = None if timeout is None else opened.clock.monotonic() + round(timeout * 1000)
        self.states = opened.store.search.standings_of(numbers)
        self.open = self._open_among(list(self.states))
        self.removed: list[int] = []

    @property
    def all_completed(self) -> bool:
        """Whether all jobs completed, by their last known states."""
        return not self.removed and all(state == COMPLETED for state in self.states.values())

    def jobs(self, numbers: Sequence[int], on_change: Callable[[], None]) -> list[Job]:
        """Wait until all have ended; return the jobs of these numbers, without any that is gone.

        `on_change` is called whenever something has changed; an error that it raises ends the wait. Raises WaitTimeout.
        """
        while True:
            self._until_ended(on_change)
            jobs = self._opened.store.search.jobs(numbers)
            if all(job.is_over for job in jobs):
                return jobs

    def _until_ended(self, on_change: Callable[[], None]) -> None:
        clock = self._opened.clock
        pause, seen = FIRST_LOOK_SECONDS, -1
        while True:
            changes = self._opened.store.changes()
            if changes != seen:
                pause, seen = FIRST_LOOK_SECONDS, changes
                self._read(self.open)
                if not self.open:
                    self._read(list(self.states))
                on_change()
                if not self.open:
                    return
            if self._deadline is not None and clock.monotonic() >= self._deadline:
                from ..model.filter import reference

                # Somebody may have removed it by now.
                names = [*map(reference, self._opened.store.search.jobs(self.open[:1])), self.open[0]]
                hint = f"nothing was changed; see what it waits for with: queuectl why {names[0]}"
                raise WaitTimeout(f"gave up waiting after {self._timeout:g} s", hint=hint)
            clock.pause(pause)
            pause = min(pause * 1.5, LONGEST_LOOK_SECONDS)

    def _read(self, numbers: Sequence[int]) -> None:
        found = self._opened.store.search.standings_of(numbers)
        for number in self._open_among(numbers):
            if number not in found:
                self.removed.append(number)
                del self.states[number]
        self.states.update(found)
        self.open = self._open_among(list(found))

    def _open_among(self, numbers: Sequence[int]) -> list[int]:
        return [number for number in numbers if self.states[number] not in ENDED]


def notify(title: str, text: str) -> str | None:
    """Show a message on the desktop of this machine; return None, or why that failed."""
    import shutil

    for program, words in PROGRAMS.items():
        path = shutil.which(program)
        if path is not None:
            return _run([path, *words, title, text])
    return f"there is neither {' nor '.join(PROGRAMS)}"


def _run(words: list[str]) -> str | None:
    import subprocess

    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=NOTIFY_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"{words[0]} did not answer within {NOTIFY_SECONDS:g} s"
    except OSError as error:
        return f"cannot run {words[0]}: {error.strerror}"
    told = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
    return None if done.returncode == 0 else f"{words[0]}: {told or f'exit code {done.returncode}'}"
