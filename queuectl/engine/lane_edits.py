"""Changes of lanes, each checked before it is made: limits, drains, pauses and their ends."""

from __future__ import annotations

from ..model.errors import Conflict, InvalidInput, did_you_mean, quoted, with_value
from ..model.instants import is_from_now
from ..model.kinds import TIME
from ..model.lane import Lane, demand_slots, parse_rate
from ..model.native import as_json
from ..model.record import Record
from ..model.when import local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta
    from typing import Any

    from ..store import Store

MAX_REASON = 200
# The parts that describe a pause.
HOW = ("until", "reason", "schedules", "running")


class Edit(Record):
    """One change of a lane: `change` makes it and describes it; `what` is its event.

    Workers must know what it `needs`. After it, `then` changes jobs that run; it returns their ids.
    """

    what: str
    change: Callable[[Lane], str]
    needs: str | None = None
    then: Callable[[Store, int, str], list[str]] | None = None


def edits_of(name: str, parts: Mapping[str, Any], now: int) -> list[Edit]:
    """Return the changes of a queue that `parts` ask for, in the order in which to make them.

    Raises InvalidInput for a wrong part, a part of a pause without a pause, and if there is nothing to change.
    """
    # The end of a pause ends a drain too, so `draining` comes last.
    makers: dict[str, Callable[[Any], Edit]] = {
        "paused": lambda is_paused: paused([name], now, **how) if is_paused else resumed([name]),
        "slots": lambda slots: limited(name, slots),
        "rate": rated,
        "draining": drained,
    }
    known = (*makers, *HOW)
    for key in parts:
        if key not in known:
            raise InvalidInput(f"unknown field {quoted(key)}{did_you_mean(key, known)}", field=key)
    how = {key: parts[key] for key in HOW if key in parts}
    for key in how if not parts.get("paused") else ():
        raise InvalidInput(f"{key} is said of a pause: give paused: true as well", field=key)
    if not parts:
        raise InvalidInput(f"nothing to change, give at least one of {', '.join(known)}")
    return [make(parts[key]) for key, make in makers.items() if key in parts]


def limited(name: str, slots: int | None) -> Edit:
    """Return the limit of a queue. Raises InvalidInput."""
    demand_slots(slots, to_stop=f"queuectl queue pause {name}")

    def change(lane: Lane) -> str:
        lane.slots = slots
        return "no limit" if slots is None else f"limit {slots}"

    return Edit("queue", change, "queue limit")


def rated(rate: str | None) -> Edit:
    """Return the rate of a queue. Raises InvalidInput."""
    try:
        found = None if rate is None else parse_rate(str(rate))
    except ValueError as error:
        raise InvalidInput(f"the rate {with_value(error, rate)}", field="rate") from None

    def change(lane: Lane) -> str:
        lane.set_rate(found)
        return "no rate" if found is None else f"rate {found}"

    return Edit("queue", change, "queue rate")


def drained(draining: bool) -> Edit:
    """Return the start or the end of a drain."""

    def change(lane: Lane) -> str:
        lane.is_draining = int(draining)
        return "takes no new jobs" if draining else "takes new jobs"

    return Edit("queue", change)


def resumed(names: Sequence[str]) -> Edit:
    """Return the end of the pauses and drains of some queues, or of all pauses."""

    def change(lane: Lane) -> str:
        if names and lane.paused_at is None and not lane.is_draining:
            hint = "see all queues with: queuectl queue list"
            raise Conflict(f"{lane.subject} is not paused", hint=hint, field="name")
        lane.end_pause()
        lane.is_draining = 0 if names else lane.is_draining
        return ""

    def go_on(store: Store, at: int, actor: str) -> list[str]:
        from .clockwork.pauses import let_go_on

        return let_go_on(store, at, actor)

    return Edit("resumed", change, then=go_on)


def paused(
    names: Sequence[str],
    now: int,
    *,
    until: str | datetime | timedelta | None = None,
    reason: str | None = None,
    schedules: bool = False,
    running: bool = False,
) -> Edit:
    """Return the pause of some queues, or of all if none is named. Raises InvalidInput."""
    end, is_delay = _end_of(as_json(until), now)
    # It is kept as one line.
    line = " ".join((reason or "").split())
    if len(line) > MAX_REASON:
        raise InvalidInput(f"a reason has at most {MAX_REASON} characters, got {len(line)}", field="reason")

    def change(lane: Lane) -> str:
        lane.paused_at, lane.paused_until, lane.is_delay = now, end, int(is_delay)
        lane.pause_reason, lane.pauses_schedules = line or None, int(bool(schedules))
        return lane.pause_text(now)

    def suspend(store: Store, at: int, actor: str) -> list[str]:
        from .clockwork.pauses import suspend_running

        return suspend_running(store, names, at, actor)

    return Edit("paused", change, "pause", suspend if running else None)


def _end_of(until: object, now: int) -> tuple[int | None, bool]:
    """Return when a pause ends, and whether that counts from now. Raises InvalidInput."""
    try:
        end = TIME.check(until, now)
    except ValueError as error:
        raise InvalidInput(f"until {with_value(error, until)}", field="until") from None
    if end is not None and end <= now:
        raise InvalidInput(f"a pause cannot end at {local(end)}, which is over", field="until")
    return end, isinstance(until, str) and is_from_now(until)
