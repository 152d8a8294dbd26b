"""What becomes of a job whose attempt did not exit with 0: its policy for failures.

    list       an attempt that ends so
    ok         counts as a success
    snooze     uses up no attempt: the job runs again later
    fail       leaves the job dead at once
    retry      is followed by another attempt; if this list is given, any other exit code leaves the job dead

A list holds exit codes and ranges of them, `timeout`, `signal` for any signal, and names of signals. They are asked in
this order, and the first that has an end decides. Timeouts and signals that no list has are retried. How a worker was
lost, or stopped, is never judged.
"""

from __future__ import annotations

from . import when
from .outcome import EXITED, SIGNALLED, TIMED_OUT, Outcome
from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

OK, SNOOZE, FAIL, RETRY = "ok", "snooze", "fail", "retry"
# The lists, in the order in which they are asked, and what each of them decides.
LISTS = {"ok_codes": OK, "snooze_on": SNOOZE, "fail_on": FAIL, "retry_on": RETRY}
# What a command may ask for while it runs, as it is stored: the word, and what belongs to it.
TO_SNOOZE, TO_FAIL = "snooze", "fail"
TIMEOUT, SIGNAL = "timeout", "signal"
HIGHEST_CODE = 255
SNOOZE_MS = 5 * when.MINUTE
LONGEST_SNOOZE_MS = 30 * when.DAY
CODES_RULE = "must be exit codes and ranges from 1 to 255, timeout, signal, or names of signals, with commas between"
SNOOZE_RULE = f"{CODES_RULE}, and perhaps :DELAY behind each"


class Policy(Record):
    """What a job's own options and the settings say together; texts as the checks return them, or None."""

    ok_codes: str | None
    snooze_on: str | None
    fail_on: str | None
    retry_on: str | None
    backoff: str | None

    @classmethod
    def of_options(cls, options: Mapping[str, object], settings: object) -> Policy:
        """Return the policy of a job with these options: each that it has not is that of the settings."""
        return cls.of({name: options.get(name, getattr(settings, name)) for name in cls.__annotations__})

    def verdict(self, outcome: Outcome) -> tuple[str, int]:
        """Return OK, SNOOZE, FAIL or RETRY for how an attempt ended, and for how many milliseconds to snooze."""
        ends = _names_of(outcome)
        if not ends:
            return RETRY, 0
        for name, verdict in LISTS.items():
            text = getattr(self, name)
            for entry in text.split(",") if text else ():
                code, _, delay = entry.partition(":")
                if _has(code, ends):
                    return verdict, when.parse_duration(delay) if delay else SNOOZE_MS
        is_judged = outcome.kind == EXITED and self.retry_on is not None
        return (FAIL if is_judged else RETRY), 0

    @property
    def words(self) -> list[str]:
        """What it says of ends, in words, without what holds for every job."""
        found = []
        if self.ok_codes:
            found.append(f"{self.ok_codes} counts as a success")
        for entry in (self.snooze_on or "").split(","):
            code, _, delay = entry.partition(":")
            if code:
                found.append(f"{code} means again in {when.duration_text(_delay(delay))}, at no cost")
        if self.fail_on:
            found.append(f"{self.fail_on} leaves it dead at once")
        if self.retry_on:
            found.append(f"{self.retry_on} is tried again, any other exit code leaves it dead at once")
        return found


def check_codes(value: object, now: int) -> str | None:
    """Return a list of ends as it is kept, None for none. Raises ValueError with the rule."""
    return _checked(value, CODES_RULE, takes_delays=False)


def check_snoozes(value: object, now: int) -> str | None:
    """Return a list of ends with delays as it is kept, None for none. Raises ValueError with the rule."""
    return _checked(value, SNOOZE_RULE, takes_delays=True)


def check_signal(value: object, now: int) -> str | None:
    """Return the name of a signal, given by name or number, without SIG; None for none. Raises ValueError."""
    import signal

    if value is None or value == "none":
        return None
    name = str(value).strip().upper()
    name = name[3:] if name.startswith("SIG") else name
    known = {one.name[3:]: one for one in signal.Signals if one.name.startswith("SIG")}
    by_number = {str(int(one)): short for short, one in known.items()}
    name = by_number.get(name, name)
    if isinstance(value, bool) or name not in known or name in ("KILL", "STOP", "CONT"):
        raise ValueError("must be a signal that a process can take, such as INT or HUP")
    return name


def overlaps(given: Mapping[str, object]) -> str | None:
    """Return what is wrong with several lists together: a code that two of them have; None if nothing is."""
    seen: dict[str, str] = {}
    for name in LISTS:
        text = given.get(name)
        for entry in text.split(",") if isinstance(text, str) else ():
            for code in _codes(entry.partition(":")[0]):
                other = seen.setdefault(code, name)
                if other != name:
                    return f"{code} is in {other} and in {name}"
    return None


def _checked(value: object, rule: str, *, takes_delays: bool) -> str | None:
    text = _text(value, rule)
    if text is None:
        return None
    entries = []
    for entry in text.split(","):
        code, colon, delay = entry.partition(":")
        code = code.upper() if code.lower() not in (TIMEOUT, SIGNAL) else code.lower()
        code = code[3:] if code.startswith("SIG") else code
        if not _codes(code) or (colon and not (takes_delays and _is_delay(delay) and _delay(delay))):
            raise ValueError(rule)
        entries.append(f"{code}{colon}{delay}")
    return ",".join(dict.fromkeys(entries))


def _text(value: object, rule: str) -> str | None:
    """Return a value as a text without blanks, None for none."""
    if value is None or isinstance(value, str) and value.strip().lower() in ("", "none"):
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, (list, tuple)):
        value = ",".join(map(str, value))
    if not isinstance(value, str) or len(value) > 1_000:
        raise ValueError(rule)
    return "".join(value.split())


def _codes(entry: str) -> list[str]:
    """Return the single ends that an entry stands for, nothing if it is none."""
    low, dash, high = entry.partition("-")
    if when.is_digits(low) and (when.is_digits(high) if dash else not high):
        first, last = int(low), int(high or low)
        return [str(code) for code in range(first, last + 1)] if 1 <= first <= last <= HIGHEST_CODE else []
    return [entry] if entry in (TIMEOUT, SIGNAL) or _is_signal(entry) else []


def _is_signal(name: str) -> bool:
    import signal

    return f"SIG{name}" in signal.Signals.__members__


def _names_of(outcome: Outcome) -> tuple[str, ...]:
    """Return what an end may be called in a list; nothing for one that is never judged."""
    if outcome.kind == EXITED:
        return (str(outcome.exit_code),)
    if outcome.kind == TIMED_OUT:
        return (TIMEOUT,)
    if outcome.kind != SIGNALLED:
        return ()
    import signal

    try:
        return (signal.Signals(outcome.signal or 0).name[3:], SIGNAL)
    except ValueError:
        return (SIGNAL,)


def _has(entry: str, ends: tuple[str, ...]) -> bool:
    return any(code in ends for code in _codes(entry))


def _delay(text: str) -> int:
    return when.parse_duration(text) if text else SNOOZE_MS


def _is_delay(text: str) -> bool:
    try:
        return 0 <= when.parse_duration(text) <= LONGEST_SNOOZE_MS
    except ValueError:
        return False
