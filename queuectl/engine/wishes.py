"""What the command of a running job asks for: to run later, or to be dead.

A wish is noted with its attempt, which the environment names, and takes effect when that attempt ends by itself. If the
worker is killed, the attempt is lost, and its wish with it. A cancellation comes before a wish.
"""

from __future__ import annotations

import os

from ..model.errors import Conflict, InvalidInput
from ..model.policy import LONGEST_SNOOZE_MS, TO_FAIL, TO_SNOOZE
from ..model.when import duration_text, is_digits
from .home.opened import OpenHome
from .machine.process import MARKER

MOST_REASON = 1_000


def snooze(opened: OpenHome, delay: int, reason: str = "") -> str:
    """Ask to run again after `delay` ms, uncounted; return the id. Raises InvalidInput outside of a job, Conflict."""
    if not 0 < delay <= LONGEST_SNOOZE_MS:
        longest = duration_text(LONGEST_SNOOZE_MS)
        raise InvalidInput(f"the time must be at most {longest}, and more than 0", field="delay")
    line = _line(reason)
    told = f"to run again in {duration_text(delay)}" + (f": {line}" if line else "")
    return _wish(opened, f"{TO_SNOOZE} {delay} {line}".rstrip(), told)


def fail(opened: OpenHome, reason: str) -> str:
    """Ask to be dead at once for a reason; return the id of the job. Raises InvalidInput, Conflict as `snooze` does."""
    if not reason.strip():
        raise InvalidInput("the reason is missing", field="reason")
    return _wish(opened, f"{TO_FAIL} {_line(reason)}", f"to be dead: {_line(reason)}")


def _line(text: str) -> str:
    return " ".join(text.split())[:MOST_REASON]


def _wish(opened: OpenHome, wish: str, told: str) -> str:
    home, _, rest = os.environ.get(MARKER, "").partition("-")
    words = rest.split("-")[-2:]
    if home != opened.store.meta.home_id() or len(words) < 2 or not all(map(is_digits, words)):
        raise InvalidInput("this only works inside a job of this home, while it runs")
    number, attempt = map(int, words)
    with opened.store.writing():
        if not opened.store.jobs.make_wish(number, attempt, wish):
            raise Conflict("this attempt has ended, or lost its job: it cannot ask for anything any more")
        opened.note("asked", told, job=number)
    (job,) = opened.store.search.jobs([number])
    return job.id
