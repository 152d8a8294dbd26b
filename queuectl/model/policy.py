"""What becomes of a job whose attempt did not exit with 0: its policy for failures.

    list       an attempt that ends so
    ok         counts as a success
    snooze     uses up no attempt: the job runs again later
    fail       leaves the job dead at once
    retry      is followed by another attempt; if this list is given, any other exit code leaves the job dead

A list holds exit codes and ranges of them, `timeout`, `signal` for any signal, and names of signals. A shell passes a
signal on as the exit code 128 and its number, so that `SEGV` and 139 stand for each other. The lists are asked in this
order, and the first that has an end decides. Timeouts and signals that no list has are retried. How a worker was lost,
or stopped, is never judged. `none` is an empty list, where that of a setting would hold otherwise.
"""

from __future__ import annotations

from itertools import groupby

from . import when
from .errors import InvalidInput
from .exits import SIGNAL_BASE, signal_name
from .outcome import EXITED, SIGNALLED, TIMED_OUT, Outcome
from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Collection, Mapping

OK, SNOOZE, FAIL, RETRY = "ok", "snooze", "fail", "retry"
# The lists, in the order in which they are asked, and what each of them decides.
LISTS = {"ok_codes": OK, "snooze_on": SNOOZE, "fail_on": FAIL, "retry_on": RETRY}
# What a command may ask for while it runs, as it is stored.
TO_SNOOZE, TO_FAIL = "snooze", "fail"
TIMEOUT, SIGNAL = "timeout", "signal"
EMPTY, OF_SETTINGS = "none", "default"
HIGHEST_CODE = 255
SNOOZE_MS = 5 * when.MINUTE
LONGEST_SNOOZE_MS = 30 * when.DAY
CODES_RULE = "must be exit codes and ranges from 1 to 255, timeout, signal, or names of signals, with commas between"
OK_RULE = CODES_RULE.replace("from 1", "from 0")
SNOOZE_RULE = f"{CODES_RULE}, and perhaps :DELAY behind each"
# What the lists without delays mean.
WORDS = {
    "ok_codes": "counts as a success",
    "fail_on": "leaves it dead at once",
    "retry_on": "is retried, and any other exit code leaves it dead at once",
}


class Policy(Record):
    """The policy of a job, from its own options and the settings; texts as the checks return them, or None."""

    ok_codes: str | None
    snooze_on: str | None
    fail_on: str | None
    retry_on: str | None
    backoff: str | None

    @classmethod
    def of_options(cls, options: Mapping[str, object], settings: object) -> Policy:
        """Return the policy of a job with these options; the settings say what these do not."""
        others = {name: getattr(settings, name) for name in cls.__annotations__}
        return cls.of({**others, **yielding(others, options), **options})

    @classmethod
    def of_job(cls, job: object, settings: object) -> Policy:
        """Return the policy of a job."""
        own = {name: getattr(job, name) for name in cls.__annotations__}
        return cls.of_options({name: value for name, value in own.items() if value is not None}, settings)

    def verdict(self, outcome: Outcome, *, can_snooze: bool = True) -> tuple[str, int]:
        """Return OK, SNOOZE, FAIL or RETRY for how an attempt ended, and for how many milliseconds to snooze."""
        ends = _names_of(outcome)
        if not ends:
            return RETRY, 0
        for name, verdict in LISTS.items():
            for code, delay in _entries(getattr(self, name)):
                if not ends.isdisjoint(_codes(code)) and (can_snooze or verdict != SNOOZE):
                    return verdict, _delay(delay)
        return (FAIL if outcome.kind == EXITED and _entries(self.retry_on) else RETRY), 0

    @property
    def words(self) -> list[str]:
        """Its rules for ends and waits in words, without those of every job."""
        found = []
        for name in LISTS:
            text = getattr(self, name)
            if name == "snooze_on":
                delays = ((code, when.duration_text(_delay(delay))) for code, delay in _entries(text))
                found += [f"{code} means again in {delay}, without using up an attempt" for code, delay in delays]
            elif _entries(text):
                found.append(f"{text} {WORDS[name]}")
        if self.backoff is not None:
            found.append(f"the wait between attempts is {self.backoff}")
        return found


def check_signal(value: object, now: int) -> str | None:
    """Return the name of a signal, given by name or number, without SIG; None for none. Raises ValueError."""
    import signal

    if value is None or isinstance(value, str) and value.strip().lower() in ("", EMPTY, OF_SETTINGS):
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
    """Return the problem of several lists together: a code that two of them have; None without one."""
    seen: dict[str, str] = {}
    for name in LISTS:
        text = given.get(name)
        for entry, _ in _entries(text if isinstance(text, str) else None):
            for code in _codes(entry):
                other = seen.setdefault(code, name)
                if other != name:
                    return f"{code} is in {other} and in {name}"
    return None


def demand_distinct(lists: Mapping[str, object], changed: Collection[str], subject: str = "") -> None:
    """Raise InvalidInput if an end is in two lists, and one of the lists was changed."""
    problem = None if LISTS.keys().isdisjoint(changed) else overlaps(lists)
    if problem is not None:
        raise InvalidInput(problem + subject, field=next(name for name in LISTS if name in changed))


def yielding(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, str]:
    """Return the lists of `defaults` that `own` lacks, without the ends that `own` has: a job's own lists win."""
    taken = {end for name in LISTS for code, _ in _entries(own.get(name)) for end in _codes(code)}
    mine = {name: defaults[name] for name in LISTS if defaults.get(name) is not None and own.get(name) is None}
    return {name: _without(text, taken) for name, text in mine.items()}


def _without(text: str, taken: Collection[str]) -> str:
    """Return a list without some ends: what is left of a range are ranges."""
    kept = []
    for code, delay in _entries(text):
        ends, delay = _codes(code), f":{delay}" * bool(delay)
        if not any(end in taken for end in ends):
            kept.append(code + delay)
            continue
        left = [int(end) for end in ends if end not in taken and when.is_digits(code[:1])]
        for _, run in groupby(enumerate(left), lambda place: place[1] - place[0]):
            codes = [number for _, number in run]
            kept.append((f"{codes[0]}-{codes[-1]}" if len(codes) > 1 else f"{codes[0]}") + delay)
    return ",".join(kept) or EMPTY


def _entries(text: str | None) -> list[tuple[str, str]]:
    """Return what stands in a list: each with its delay."""
    if text is None or text == EMPTY:
        return []
    return [(code, delay) for code, _, delay in (entry.partition(":") for entry in text.split(","))]


def _checked(value: object, rule: str, *, takes_delays: bool = False, lowest: int = 1) -> str | None:
    text = _text(value, rule)
    if text is None or text == EMPTY:
        return text
    entries = []
    for entry in text.split(","):
        code, colon, delay = (part.strip() for part in entry.partition(":"))
        code = code.upper() if code.lower() not in (TIMEOUT, SIGNAL) else code.lower()
        code = code[3:] if code.startswith("SIG") else code
        if not _codes(code, lowest) or (colon and not (takes_delays and when.is_duration(delay, 1, LONGEST_SNOOZE_MS))):
            raise ValueError(rule)
        entries.append(f"{code}{colon}{delay}")
    delays: dict[str, int] = {}
    for code, delay in _entries(",".join(entries)) if takes_delays else ():
        if any(delays.setdefault(end, _delay(delay)) != _delay(delay) for end in _codes(code)):
            raise ValueError("must have one delay for each code")
    return ",".join(dict.fromkeys(entries))


def _check(rule: str, **options: Any) -> Callable[[object, int], str | None]:
    return lambda value, now: _checked(value, rule, **options)


# Each returns a list of ends as it is kept, None for the setting's, and raises ValueError with the rule.
check_ok_codes = _check(OK_RULE, lowest=0)
check_codes = _check(CODES_RULE)
check_snoozes = _check(SNOOZE_RULE, takes_delays=True)


def _text(value: object, rule: str) -> str | None:
    """Return a value as a text, None for the setting."""
    if value is None or isinstance(value, str) and value.strip().lower() in ("", OF_SETTINGS):
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, (list, tuple)):
        value = ",".join(map(str, value))
    if not isinstance(value, str) or len(value) > 1_000:
        raise ValueError(rule)
    return EMPTY if value.strip().lower() == EMPTY else value


def _codes(entry: str, lowest: int = 0) -> list[str]:
    """Return the single ends that an entry stands for, nothing for a wrong entry."""
    low, dash, high = entry.partition("-")
    if when.is_digits(low) and (when.is_digits(high) if dash else not high):
        first, last = int(low), int(high or low)
        return [str(code) for code in range(first, last + 1)] if lowest <= first <= last <= HIGHEST_CODE else []
    if entry in (TIMEOUT, SIGNAL):
        return [entry]
    import signal

    # Some have two names, as ABRT and IOT: an outcome has the first.
    found = signal.Signals.__members__.get(f"SIG{entry}")
    return [] if found is None else [found.name[3:], str(SIGNAL_BASE + found)]


def _names_of(outcome: Outcome) -> set[str]:
    """Return the names of an end in a list; nothing for an end that is never judged."""
    if outcome.kind == TIMED_OUT:
        return {TIMEOUT}
    if outcome.kind == EXITED:
        code = outcome.exit_code or 0
        return {str(code), SIGNAL} if signal_name(code - SIGNAL_BASE) else {str(code)}
    number = outcome.signal
    if outcome.kind != SIGNALLED or number is None:
        return set()
    return {SIGNAL, (signal_name(number) or "")[3:], str(SIGNAL_BASE + number)}


def _delay(text: str) -> int:
    return when.parse_duration(text) if text else SNOOZE_MS
