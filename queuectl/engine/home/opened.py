"""A home as one program has opened it, and the settings that hold there.

It may be shared by threads and survives a fork: each thread of each process gets its own connection.
"""

from __future__ import annotations

import os
import time
from _thread import _count, get_ident

from ...model.checks import is_utf8
from ...model.clock import SYSTEM_CLOCK, Clock
from ...model.errors import Conflict, InvalidInput, quoted
from ...model.fields import BY_NAME, GIVEN
from ...model.settings import Settings, find, resolve
from ...model.spec import JobSpec
from ...model.surroundings import NO_SHELL, NONE, NOTHING, PATH, SHELL, Origin, inherited
from ...store import Home, Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterable, Mapping, Sequence, TypeVar

    from ...model.lane import Lane

    Self = TypeVar("Self", bound="OpenHome")

STATUS, UMASK = "/proc/self/status", b"Umask:"


class OpenHome:
    """A home, its store for each thread, its settings and the clock. `actor` is noted with each change.

    `cwd` is the directory of jobs that name none, by default the current one. It waits for other writers for
    `busy_budget` seconds at most; `give_up` is checked meanwhile. `is_caller` says that the caller that adds jobs runs
    in this process: otherwise they inherit only what they name. Set these before the first use.
    """

    busy_budget = 30.0
    give_up: Callable[[], bool] | None = None
    is_caller = True

    def __init__(self, home: Home, *, actor: str, clock: Clock = SYSTEM_CLOCK, cwd: str | None = None) -> None:
        self.home = home
        self.clock = clock
        self._actor = actor
        self._cwd = cwd
        self._stores: dict[tuple[int, int], Store] = {}
        self._maker = get_ident()
        self._told: dict[str, None] = {}

    @property
    def store(self) -> Store:
        """The store as this thread may use it; opened on first use. Raises StoreUnavailable."""
        key = (os.getpid(), get_ident())
        store = self._stores.get(key)
        if store is None:
            store = self._stores[key] = Store(
                self.home, clock=self.clock, give_up=self.give_up, busy_budget=self.busy_budget
            )
        return store

    @property
    def is_in_use(self) -> bool:
        """Whether this thread has the store open."""
        return (os.getpid(), get_ident()) in self._stores

    @property
    def actor(self) -> str:
        """Who makes the changes, for the record."""
        return f"{self._actor}[{os.getpid()}]"

    def note(self, what: str, detail: str, *, now: int | None = None, job: int | None = None) -> None:
        """Note in the history what we do. In the transaction that does it."""
        at = self.clock.wall() if now is None else now
        self.store.events.add(what, actor=self.actor, now=at, detail=detail, job=job)

    def settings(self) -> Settings:
        """Return the settings in force."""
        return load_settings(self.store)

    def check(
        self, jobs: Iterable[Mapping[str, object]], *, names: Sequence[str] = (), are_copies: bool = False
    ) -> list[JobSpec]:
        """Return the specs of jobs without enqueuing them. Raises InvalidInput with every problem.

        Copies inherit from the caller of another job, unless they say what they inherit.
        """
        settings, now, cwd = self.settings(), self.clock.wall(), self._cwd or here()
        defaults = {field.name: getattr(settings, field.setting) for field in GIVEN if field.setting}
        if are_copies or not self.is_caller:
            defaults["inherit_env"] = None
        lanes = self.store.lanes.all()
        specs: list[JobSpec] = []
        problems: list[str] = []
        field: str | None = None
        for index, job in enumerate(jobs):
            try:
                given = _lane_of(job, lanes)
                spec = JobSpec.parse(job, cwd=cwd, now=now, **{**defaults, **given.job_defaults} if given else defaults)
                if spec.shell != SHELL:
                    self.look_for_shell(spec.shell, spec.env)
                specs.append(spec)
            except InvalidInput as error:
                name = f"{names[index]}: " if names else ""
                problems += [name + problem for problem in error.problems]
                field = field or error.field
        if problems:
            raise InvalidInput.of(problems, field=field)
        return specs

    def shell_of(self, job: Mapping[str, object]) -> object:
        """Return the shell of a new job: its own, or else that of its queue or of the settings."""
        lane = _lane_of(job, self.store.lanes.all())
        return job.get("shell") or (lane.job_defaults if lane else {}).get("shell") or self.settings().shell

    def look_for_shell(self, shell: str, env: Mapping[str, str] = NOTHING) -> None:
        """Raise InvalidInput for the path of a missing shell; note that a name is not in PATH of these variables."""
        from ..machine.programs import demand_shell, find_in

        demand_shell(shell)
        is_name = shell != NO_SHELL and "/" not in shell
        if is_name and find_in(shell, env.get(PATH) or search_path()) is None:
            self._told[f"there is no shell {shell} in PATH now; without one the job cannot start"] = None

    def origin(self, words: Sequence[str] | None, *, has_usual: bool) -> Origin:
        """Return what jobs that inherit `words` (None: nothing) get from here, with `has_usual` also the usual."""
        words = words or ()
        path = "" if NONE in words and PATH not in words else search_path()
        found, left_out = inherited(os.environ, words, has_usual=has_usual)
        if left_out:
            self._told[f"not inherited, since there is too much of it: {', '.join(left_out)}"] = None
        return Origin(path, found, own_umask() if self.is_caller else None)

    def demand_open(self, queues: Iterable[str]) -> None:
        """Raise Conflict if one of some queues takes no new jobs. In the transaction that adds them."""
        lanes = self.store.lanes.all()
        for queue in queues:
            if queue in lanes and lanes[queue].is_draining:
                hint = f"let it take jobs again with: queuectl queue resume {queue}"
                raise Conflict(f"queue {queue} is draining and takes no new jobs", hint=hint, field="queue")

    @property
    def notices(self) -> list[str]:
        """What its user should know about the home and about times, if this thread has opened it: a line for each."""
        store = self._stores.get((os.getpid(), get_ident()))
        if store is None:
            return []
        found = [store.database.notice, self._zone_notice(), *self._told]
        return [notice for notice in found if notice]

    @staticmethod
    def _zone_notice() -> str:
        # The C library takes a zone that it does not know for UTC: only then is it worth a look.
        if not os.environ.get("TZ") or time.timezone or time.daylight:
            return ""
        from ..machine.localzone import unknown_zone

        name = unknown_zone()
        return f"TZ is no time zone that this machine knows, {quoted(name)}: local times are UTC" if name else ""

    def close(self) -> None:
        """In the thread that made this, close the connections of all threads, which must be idle; else as `leave`."""
        self.leave()
        if get_ident() != self._maker:
            return
        for process, thread in list(self._stores):
            if process == os.getpid():
                self._stores.pop((process, thread)).close()

    def leave(self) -> None:
        """Close this thread's connection. A later use opens it again."""
        store = self._stores.pop((os.getpid(), get_ident()), None)
        if store is not None:
            store.close()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Part:
    """Some of what can be done with an open home."""

    def __init__(self, opened: OpenHome) -> None:
        self._opened = opened


def _lane_of(job: Mapping[str, object], lanes: Mapping[str, Lane]) -> Lane | None:
    """Return the lane of an unchecked job, None if its queue was given nothing."""
    name = job.get("queue", BY_NAME["queue"].default) if lanes else None
    return lanes.get(name) if isinstance(name, str) else None


def here() -> str:
    """Return the current directory. Raises InvalidInput if it is gone."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise InvalidInput("the current directory does not exist any more", hint="change to one that does") from None


def search_path() -> str:
    """Return the PATH for new jobs, without directories whose names are not UTF-8."""
    return os.pathsep.join(filter(is_utf8, os.environ.get("PATH", "").split(os.pathsep)))


def own_umask() -> int | None:
    """Return the umask, None if it can be read neither from the system's file nor safely by the system call."""
    try:
        with open(STATUS, "rb") as file:
            return next(int(line[len(UMASK) :], 8) for line in file if line.startswith(UMASK))
    except (OSError, StopIteration):
        # The call reveals it only by setting another one, and another thread may make a file meanwhile.
        if _count():
            return None
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def load_settings(store: Store, group: str | None = None) -> Settings:
    """Return the settings in force, those of a group for its workers. Raises InvalidInput for a bad environment."""
    values = {setting.name: value for setting, value, _ in resolve(store.meta.settings(), os.environ)}
    if group is not None:
        own = store.meta.limits_of(group)
        values.update((name, find(name).parse(text)) for name, text in own.items())
    return Settings(values)
