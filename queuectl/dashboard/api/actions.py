"""Actions on many jobs: a preview first, then a commit that does what was shown.

    preview --selection, count--> a person says yes --commit--> done to those that still fit

A selection holds the exact numbers for ten minutes in memory; its id cannot be guessed. Flags of the verb are given to
the preview or to the commit, which takes precedence. The commit skips jobs in other states than those that were shown,
so that it never does more than was shown, on a running queue too. A filter must say something: an empty one never means
all jobs.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from itertools import groupby
from typing import Any, Iterable, Mapping, Sequence

from ...engine.finding import NOT_BOTH, Selection
from ...engine.queue import Queue
from ...model import when
from ...model.dead import DeadGroups
from ...model.errors import InvalidInput
from ...model.filter import Filter, reference
from ...model.job import DEAD, STATES
from ...model.kinds import FLAG, TEXT, integer, one_of
from ...model.noun import many, maybe
from ...model.nouns.jobs import CHANGE
from ...model.record import Record
from ...model.shellwords import in_quotes, shell_line
from ...model.sorts import NEWEST_FIRST
from ...model.verbs import DLQ_VERBS, PLAIN_VERBS, VERBS, WITH_CHILDREN, Verb
from ..app import App
from ..http.message import HttpError
from .answers import DEAD_GROUPS, PREVIEW
from .jobs import read_filter
from .route import Parameter, route
from .shapes import listed_job

KEPT_MS = 10 * when.MINUTE
MOST_SELECTIONS = 100
MOST_SELECTED = 100_000
SAMPLE = 10
SHOWN = 100
GROUPS = 20
WHOLE = integer(-(1 << 32), 1 << 32)
DLQ_ACTION = Parameter("action", one_of(*(verb.name for verb in DLQ_VERBS)), "what to do", is_required=True)
# A command names so few jobs by their ids, more of them by their numbers, and is at most so long.
NAMED, LONGEST_LINE = 5, 2_000


class Shown(Record):
    """What a preview has shown: the jobs that an action fits, and the flags that were given."""

    home: str
    action: str
    jobs: Selection
    flags: Mapping[str, bool]
    expires_at: int


class Selections:
    """The selections of this process, the newest hundred at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, Shown] = {}

    def keep(self, selection: Shown) -> str:
        """Keep one and return its id."""
        name = secrets.token_urlsafe(24)
        with self._lock:
            while len(self._kept) >= MOST_SELECTIONS:
                del self._kept[next(iter(self._kept))]
            self._kept[name] = selection
        return name

    def take(self, name: str, home: str, now: int) -> Shown:
        """Return one and forget it: it is good for one commit. Raises HttpError if it is gone."""
        with self._lock:
            found = self._kept.pop(name, None)
        if found is None or found.home != home or found.expires_at <= now:
            message, hint = "the selection is gone", "show the jobs again"
            raise HttpError(410, "selection_expired", message, field="selection", hint=hint)
        return found


SELECTIONS = Selections()


def _flags_of(verbs: Iterable[Verb]) -> tuple[Parameter, ...]:
    """Return the flags of some verbs as parameters, None where one is not given."""
    found = {flag.name: (verb, flag) for verb in verbs for flag in verb.flags}
    return tuple(Parameter(name, FLAG, f"with {verb.name}: {flag.help}") for name, (verb, flag) in found.items())


def _given(verb: Verb, flags: Mapping[str, bool | None]) -> dict[str, bool]:
    """Return the flags that were given. Raises InvalidInput for one that the verb does not have."""
    given = {name: value for name, value in flags.items() if value is not None}
    for name in given.keys() - {flag.name for flag in verb.flags}:
        raise InvalidInput(f"{verb.name} has no flag {name}", field=name)
    return given


@route(
    "POST",
    "/jobs/actions/preview",
    "Preview an action on many jobs",
    body=(
        Parameter("action", one_of(*(verb.name for verb in PLAIN_VERBS)), "what to do", is_required=True),
        Parameter("ids", many(TEXT, 1000), "ids or numbers of the jobs"),
        Parameter("filter", TEXT, "or the jobs that this filter finds"),
        Parameter("limit", integer(1, MOST_SELECTED), "only so many, the newest first", default=MOST_SELECTED),
        *_flags_of(PLAIN_VERBS),
    ),
    answer=PREVIEW,
    errors=(404,),
)
def preview(
    app: App, *, action: str, ids: list[str] | None, filter: str | None, limit: int, **flags: bool | None
) -> dict[str, Any]:
    given = _given(VERBS[action], flags)
    if ids is not None and filter is None:
        meant = _named(app, VERBS[action], ids)
        command = shell_line(["queuectl", action, *_references(app.queue, meant.numbers)])
        return _shown(app, action, meant, limit, command, given)
    if filter is None or ids is not None:
        raise InvalidInput(NOT_BOTH, field="ids")
    wanted = read_filter(filter, app.clock.wall(), field="filter", takes_all=False)
    command = f"queuectl {action} {in_quotes(wanted.text)}"
    return _shown(app, action, _found(app, VERBS[action], wanted, limit), limit, command, given)


def _named(app: App, verb: Verb, ids: Sequence[str]) -> Selection:
    """Return the jobs with these ids that a verb fits."""
    states = app.queue.states_of(app.queue.named(ids).numbers)
    left_out = Counter(state for state in states.values() if state not in verb.states)
    fitting = [number for number, state in states.items() if state in verb.states]
    return Selection(fitting, None, left_out, tuple({states[number] for number in fitting}))


def _found(app: App, verb: Verb, wanted: Filter, limit: int) -> Selection:
    """Return the jobs that a verb means by a filter, the newest first and one more than the limit if there are more."""
    if verb.finds is not None:
        wanted = wanted.suspended(verb.finds)
    meant = app.queue.found_by(
        wanted.within(verb.states), means=verb.means, takes=verb.states, sort=NEWEST_FIRST, limit=limit + 1
    )
    if wanted.names_states:
        # Those that the verb does not fit are left out: it would be refused there.
        meant.left_out = app.queue.counts(wanted.within([name for name in STATES if name not in verb.states]))
    return meant


def _shown(
    app: App, action: str, meant: Selection, limit: int, command: str | None, flags: Mapping[str, bool]
) -> dict[str, Any]:
    """Keep what is meant, up to the limit, for the commit, and show it. A command has no limit."""
    now = app.clock.wall()
    expires_at = now + KEPT_MS
    if flags.get(WITH_CHILDREN):
        meant = app.queue.with_children(meant, action)
    numbers = meant.numbers[:limit]
    has_more = len(meant.numbers) > limit
    shown = Shown(app.queue.home.path, action, Selection(numbers, states=meant.states), flags, expires_at)
    options = [flag.option for flag in VERBS[action].flags if flags.get(flag.name)]
    return {
        "action": action,
        "count": len(numbers),
        "left_out": meant.left_out,
        "more": has_more,
        "sample": [listed_job(job, now) for job in app.queue.read(numbers[:SAMPLE])],
        "selection": SELECTIONS.keep(shown) if numbers else None,
        "expires_at": expires_at,
        # Without jobs it would be refused, or mean all of them.
        "command": " ".join([command, *options]) if numbers and command and not has_more else None,
    }


@route(
    "POST",
    "/jobs/actions/commit",
    "Do what a preview has shown, to the jobs that still fit",
    body=(
        Parameter("selection", TEXT, "from the preview", is_required=True),
        Parameter("confirm_count", integer(0, MOST_SELECTED), "the count that was shown", is_required=True),
        *_flags_of(PLAIN_VERBS),
    ),
    answer=CHANGE,
    errors=(409, 410),
)
def commit(app: App, *, selection: str, confirm_count: int, **flags: bool | None) -> dict[str, Any]:
    chosen = SELECTIONS.take(selection, app.queue.home.path, app.clock.wall())
    verb = VERBS[chosen.action]
    # How it is done may be settled while the jobs are shown. What waits for them comes along only if that is said.
    decided = {**chosen.flags, **_given(verb, flags)}
    count = len(chosen.jobs.numbers)
    if count != confirm_count:
        message, hint = f"{count} jobs were shown, not {confirm_count}", "show them again"
        raise HttpError(409, "selection_changed", message, field="confirm_count", hint=hint, count=count)
    change = app.queue.apply(verb.name, chosen.jobs, **decided)
    return {
        "count": change.count,
        "done": change.done[:SHOWN],
        "refused": change.refused[:SHOWN],
        "notes": change.notes,
    }


@route(
    "GET",
    "/dlq/groups",
    "Dead jobs grouped by how they failed, the largest group first",
    query=(Parameter("limit", integer(1, 200), "how many groups at most", default=GROUPS),),
    answer=DEAD_GROUPS,
)
def show_dead_groups(app: App, *, limit: int) -> DeadGroups:
    return app.queue.reports.dead_groups(limit)


@route(
    "POST",
    "/dlq/groups/preview",
    "Preview an action on the dead jobs that failed in one way",
    body=(
        DLQ_ACTION,
        Parameter("exit_code", maybe(WHOLE), "as the group has it", is_required=True),
        Parameter("signal", maybe(WHOLE), "as the group has it", is_required=True),
        Parameter("error", maybe(TEXT), "as the group has it as its value", is_required=True),
        *_flags_of(DLQ_VERBS),
    ),
    answer=PREVIEW,
)
def preview_group(
    app: App, *, action: str, exit_code: int | None, signal: int | None, error: str | None, **flags: bool | None
) -> dict[str, Any]:
    return _group_shown(app, action, app.queue.dead_of_group(exit_code, signal, error), flags)


@route(
    "POST",
    "/dlq/commands/preview",
    "Preview an action on the dead jobs whose commands differ only in numbers",
    body=(
        DLQ_ACTION,
        Parameter("like", TEXT, "the id of a job with such a command", is_required=True),
        *_flags_of(DLQ_VERBS),
    ),
    answer=PREVIEW,
    errors=(404,),
)
def preview_commands(app: App, *, action: str, like: str, **flags: bool | None) -> dict[str, Any]:
    return _group_shown(app, action, app.queue.dead_like(like), flags)


def _group_shown(app: App, action: str, numbers: Sequence[int], flags: Mapping[str, bool | None]) -> dict[str, Any]:
    """Return a preview of exactly these dead jobs."""
    command, given = _dlq_command(app.queue, action, numbers), _given(VERBS[action], flags)
    return _shown(app, action, Selection(list(numbers), states=(DEAD,)), MOST_SELECTED, command, given)


def _dlq_command(queue: Queue, action: str, numbers: Sequence[int]) -> str | None:
    """Return the command for exactly these dead jobs, None if it is too long to be typed."""
    words = ["queuectl", "dlq", action]
    if len(numbers) <= NAMED:
        return shell_line([*words, *_references(queue, sorted(numbers))])
    # In a run of numbers that follow each other, number and place grow alike.
    for _, pairs in groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in pairs]
        first, last = run[0], run[-1]
        word = str(first) if first == last else f"{first}-{last}"
        # A job may have such a word as its id, and an id goes before a number.
        words += _references(queue, range(first, last + 1)) if queue.has_id(word) else [word]
        if sum(map(len, words)) + len(words) > LONGEST_LINE:
            return None
    return shell_line(words)


def _references(queue: Queue, numbers: Sequence[int]) -> list[str]:
    return [reference(job) for job in queue.read(numbers)]
