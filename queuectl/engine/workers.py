"""The workers of a home, in groups that take jobs from the same queues, and their pool.

Groups are named as `model.worker` says. A change of one returns once the workers have followed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..model.alert import NO_WORKERS, START_WORKERS
from ..model.errors import Conflict, DaemonUnavailable, InvalidInput, quoted
from ..model.settings import find
from ..model.worker import ALL, group_of, of_group, option, queues_of, workers_text
from .config import setting_text
from .daemons.daemon import POOL, RunningDaemon
from .daemons.groups import Groups, demand_room
from .machine.doorbell import CONTROL, WORKERS, ring
from .machine.doorbell import POOL as POOL_BELL
from .machine.load import demand_known_memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .daemons.pool import DrainEnd

# For a caller that has more to do than to wait.
START_SECONDS = 90.0


class Workers(Groups):
    """The workers of an open home: `Groups` reads and stops them."""

    def start(
        self,
        group: str = ALL,
        count: int | None = None,
        *,
        patience: float | None = None,
        drain: bool = False,
        limits: Mapping[str, object] | None = None,
    ) -> tuple[int, int]:
        """Have at least `count` workers in a group (by default `worker_count`); start a pool if none runs.

        With `drain` it is a new pool, which stops when its queues are empty. `limits` are the group's own values of
        `max_load` and `min_memory`, as for `Config.set`: a group that runs keeps those that are left out. Returns how
        many workers the group had and the count. Raises Conflict if a pool runs elsewhere, ends or, with `drain`, runs
        at all, InvalidInput beyond `max_workers` and for a wrong name of a group, DaemonUnavailable, also if the pool
        takes longer than `patience` seconds to start.
        """
        group, settings = group_of(queues_of(group)), self._opened.settings()
        wanted = settings.worker_count if count is None else count
        demand_room(settings, {group: wanted})
        pool = POOL.find(self._opened)
        if pool is not None and (drain or pool.is_elsewhere):
            raise POOL.conflict(pool, self._opened)
        self._set_limits(group, limits or {}, is_new=not self._living(group))
        if pool is None:
            try:
                self._start_pool({group: wanted}, patience, drain=drain)
                return 0, wanted
            except Conflict:
                if drain:
                    raise
                # Another start was faster: these are for its pool.
        return self._change(group, lambda before: max(before, wanted)), wanted

    def _set_limits(self, group: str, limits: Mapping[str, object], *, is_new: bool) -> None:
        """Write down the limits of a group, which keeps its earlier ones unless it is new. Raises InvalidInput."""
        opened = self._opened
        texts = dict(setting_text(name, value) for name, value in limits.items())
        kept = {} if is_new else opened.store.meta.limits_of(group)
        own = {name: text for name, text in {**kept, **texts}.items() if text is not None}
        least = own.get("min_memory") or find("min_memory").show(opened.settings().min_memory)
        if least != "none":
            demand_known_memory()
        if own == opened.store.meta.limits_of(group):
            return
        with opened.store.writing():
            opened.store.meta.set_limits_of(group, own)
        ring(opened.home, WORKERS, CONTROL)

    def _start_pool(self, groups: Mapping[str, int], patience: float | None = None, *, drain: bool = False) -> None:
        options = [word for group, count in groups.items() for word in ("--group", f"{count}:{group}")]
        options += ["--drain"] if drain else []
        POOL.start(self._opened, options, patience)

    def scale(self, group: str | None, count: int) -> str:
        """Give a group that runs another number of workers; return the group.

        None is the only group, or that of all queues. Raises DaemonUnavailable if it does not run, InvalidInput beyond
        `max_workers`, for a wrong name of a group or if it is not clear which one is meant, Conflict if the pool ends.
        """
        group = None if group is None else group_of(queues_of(group))
        start = f"{START_WORKERS} --count {count}"
        # This must not make a home.
        if self._opened.home.exists():
            demand_room(self._opened.settings(), {group or ALL: count})
        if self.pid is None:
            raise DaemonUnavailable(NO_WORKERS, hint=start + option(group or None))
        found = self._only_group() if group is None else group
        self._demand_whole(found, f"queuectl worker scale {count}")

        def change(before: int) -> int:
            if before:
                return count
            raise DaemonUnavailable(NO_WORKERS + of_group(found), hint=start + option(found or None))

        self._change(found, change)
        return found

    def _only_group(self) -> str:
        groups = self.groups()
        if len(groups) == 1:
            return next(iter(groups))
        if not groups or ALL in groups:
            return ALL
        names = " or ".join(map(quoted, sorted(groups)))
        problem = f"there are several groups of workers, name one of them: {names}"
        hint = f"for instance: queuectl worker scale N{option(min(groups))}"
        raise InvalidInput(problem, field="queue", hint=hint)

    def _change(self, group: str, change: Callable[[int], int]) -> int:
        """Change the number of workers of a group and wait until it has them; return how many it had.

        Raises Conflict also if somebody else changes it meanwhile, unless `change` would leave that number.
        """
        opened = self._opened
        self._await_pool()
        store, settings = opened.store, opened.settings()
        pool = POOL.find(opened)
        staying, version = self._staying(group), None if pool is None else pool.other_version(opened)
        with store.writing():
            groups = store.meta.pool_groups()
            if not groups and version is None:
                hint = f"wait for them, or end them at once with: {POOL.stop_command} --force"
                raise Conflict(f"the workers in {opened.home.path} are stopping", hint=hint)
            # A pool of a version without groups has written down none.
            before = groups.get(group, 0) if groups else staying
            count = change(before)
            if count == before == staying:
                return before
            if count > before:
                demand_room(settings, {**groups, group: count})
            if version is not None and (count > staying or not groups):
                problem = f"it is of {version} of QueueCTL, which has been replaced"
                message = f"the pool cannot be changed to {workers_text({group: count})}: {problem}"
                raise DaemonUnavailable(message, hint="queuectl worker restart")
            if count != before:
                store.meta.set_pool_groups({**groups, group: count})
                opened.note("scaled", workers_text({group: count}))
        ring(opened.home, POOL_BELL, CONTROL)

        def has_followed(pool: RunningDaemon) -> bool:
            now = store.meta.pool_groups().get(group, 0)
            if now != count and change(now) != now:
                of = of_group(group or None)
                message = f"somebody else has changed the number of workers{of} meanwhile: it is {now}"
                raise Conflict(message, hint="see them with: queuectl worker status")
            return self._staying(group) == now

        self._wait_for_pool(has_followed)
        return before

    def _staying(self, group: str) -> int:
        """Return how many living workers of a group are not stopping."""
        return sum(not row.stopping for row in self._living(group))

    def restart(self, *, patience: float | None = None, force: bool = False) -> dict[str, int]:
        """Stop all workers as `stop` does and start as many again; return how many there are in each group.

        Raises DaemonUnavailable, also if none run, and before any is stopped InvalidInput beyond `max_workers` and
        Conflict if a job of this home asks: it would end before the start.
        """
        if self.asking_job is not None:
            raise Conflict("a job cannot restart the workers that run it")
        groups: dict[str, int] = {}
        if self._opened.home.exists() and (self.pid is not None or self._living()):
            groups = self._opened.store.meta.last_pool_groups()
            demand_room(self._opened.settings(), groups)
        if self.stop(patience=patience, force=force) is None:
            raise DaemonUnavailable(NO_WORKERS, hint=START_WORKERS)
        try:
            self._start_pool(groups)
        except Conflict:
            # Another start was faster: these are for its pool.
            for group, count in groups.items():
                self.start(group, count)
        return groups

    def run(
        self,
        groups: Mapping[str, int],
        ready_fd: int | None = None,
        *,
        drain: bool = False,
        limits: Mapping[str, object] | None = None,
    ) -> DrainEnd | None:
        """Be the pool of these groups until a signal stops it or, with `drain`, their queues are empty.

        Return how a drain ended, otherwise None. `limits` are those of each group, as for `start`; with None the groups
        keep theirs. A process that waits at the descriptor `ready_fd` learns that the workers are up, or why they are
        not. Raises Conflict if a pool runs, InvalidInput beyond `max_workers`, DaemonUnavailable, StoreUnavailable.
        """
        from .daemons.launch import reporting
        from .daemons.pool import Pool, outcome

        with reporting(ready_fd, "pool") as start:
            groups = {group_of(queues_of(group)): count for group, count in groups.items()}
            demand_room(self._opened.settings(), groups)
            if limits is not None and self.pid is None:
                for group in groups:
                    self._set_limits(group, limits, is_new=True)
            self._opened.close()
            since = self._opened.clock.wall()
            Pool(self._opened.home, groups, clock=self._opened.clock, on_ready=start.succeed, drains=drain).run()
        return outcome(self._opened.store, groups, since, self._opened.clock.wall()) if drain else None
