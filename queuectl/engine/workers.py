"""The workers of a home, in groups that take jobs from the same queues, and the pool that they belong to.

A group is called as `model.worker` says. What changes it returns when the workers have followed.
"""

from __future__ import annotations

from ..model.alert import NO_WORKERS, START_WORKERS
from ..model.errors import Conflict, DaemonUnavailable, InvalidInput, quoted
from ..model.worker import ALL, of_group, option, workers_text
from .daemons.daemon import POOL
from .daemons.groups import await_pool, demand_room, living_workers, wait_for_pool
from .machine.doorbell import CONTROL, ring
from .machine.doorbell import POOL as POOL_BELL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Mapping

    from .home.opened import OpenHome

START_SECONDS = 90
LOGS = "see queuectl worker logs"


class Workers:
    """The workers of an open home."""

    def __init__(self, opened: OpenHome) -> None:
        self._opened = opened

    @property
    def pid(self) -> int | None:
        """The pid of the pool, None if none runs. Raises StoreUnavailable."""
        return POOL.pid(self._opened)

    @property
    def log(self) -> str:
        """The path of the log of pool and workers."""
        return self._opened.home.daemon_log(POOL.name)

    def groups(self) -> dict[str, int]:
        """Return how many workers each group should have; nothing if no pool runs. Raises StoreUnavailable."""
        return {} if self.pid is None else self._opened.store.meta.pool_groups()

    def start(self, group: str, count: int) -> int:
        """Have at least so many workers in a group, by a pool that is started if none runs.

        Returns how many it had. Raises Conflict where a pool runs elsewhere or ends, InvalidInput beyond `max_workers`,
        DaemonUnavailable.
        """
        demand_room(self._opened.settings(), {group: count})
        pool = POOL.find(self._opened)
        if pool is not None and pool.is_elsewhere:
            raise POOL.conflict(pool, self._opened)
        if pool is None:
            try:
                self._start_pool({group: count})
                return 0
            except Conflict:
                pass  # Another start was faster: these are for its pool.
        return self._change(group, lambda before: max(before, count))

    def _start_pool(self, groups: Mapping[str, int]) -> None:
        POOL.start(self._opened, [word for group, count in groups.items() for word in ("--group", f"{count}:{group}")])

    def start_apart(self, group: str, count: int | None = None) -> None:
        """Do as `start` by a process of its own, since one that has threads must not fork.

        `count` None means `worker_count` of them. Raises the error that the command gave, DaemonUnavailable where it
        gave none.
        """
        import json
        import subprocess

        from .daemons.launch import error_class, own_command

        words = [*(["--queue", group] if group else []), *([] if count is None else ["--count", str(count)])]
        command = own_command(["--home", self._opened.home.path, "--json", "worker", "start", *words])
        empty, pipe = subprocess.DEVNULL, subprocess.PIPE
        try:
            done = subprocess.run(command, stdin=empty, stdout=empty, stderr=pipe, timeout=START_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise DaemonUnavailable("the workers did not come up in time", hint=LOGS) from None
        except OSError as error:
            raise DaemonUnavailable(f"the workers did not come up: {error.strerror or error}") from error
        if done.returncode == 0:
            return
        try:
            said = json.loads(done.stderr)["error"]
            raise error_class(said["code"])(said["message"], field=said["field"], hint=said["hint"])
        except (ValueError, KeyError, TypeError):
            raise DaemonUnavailable("the workers did not come up", hint=LOGS) from None

    def scale(self, group: str | None, count: int) -> str:
        """Give a group that runs another number of workers; return the group.

        None is the only group that there is, or that of all queues. Raises DaemonUnavailable if it does not run,
        InvalidInput beyond `max_workers` or if it is not clear which one is meant, Conflict where the pool ends.
        """
        if not self._opened.home.exists():
            raise DaemonUnavailable(NO_WORKERS, hint=START_WORKERS)
        demand_room(self._opened.settings(), {group or ALL: count})
        start = f"{START_WORKERS} --count {count}"
        if self.pid is None:
            raise DaemonUnavailable(NO_WORKERS, hint=start + option(group or None))
        found = self._only_group() if group is None else group

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
        raise InvalidInput(
            f"there are several groups of workers, name one of them: {' or '.join(map(quoted, sorted(groups)))}",
            field="queue",
            hint=f"for instance: queuectl worker scale N{option(min(groups))}",
        )

    def _change(self, group: str, change: Callable[[int], int]) -> int:
        """Change the number of workers of a group and wait until it has them; return how many it had."""
        opened = self._opened
        await_pool(opened)
        store, settings = opened.store, opened.settings()
        staying, version = self._staying(group), self._other_version()
        with store.writing():
            groups = store.meta.pool_groups()
            if not groups:
                raise Conflict(
                    f"the workers in {opened.home.path} are stopping",
                    hint=f"wait for them, or end them at once with: {POOL.stop_command} --force",
                )
            before = groups.get(group, 0)
            count = change(before)
            if count > before:
                demand_room(settings, {**groups, group: count})
            if version is not None and count > staying:
                raise DaemonUnavailable(
                    f"no more workers can start: the pool is of {version} of QueueCTL, which has been replaced",
                    hint="queuectl worker restart",
                )
            if count != before:
                store.meta.set_pool_groups({**groups, group: count})
                opened.note("scaled", workers_text({group: count}))
        ring(opened.home, POOL_BELL, CONTROL)
        wait_for_pool(opened, lambda pool: self._staying(group) == count)
        return before

    def _staying(self, group: str) -> int:
        """Count the living workers of a group that have not been told to leave."""
        return sum(not row.stopping for row in living_workers(self._opened, group))

    def _other_version(self) -> str | None:
        pool = POOL.find(self._opened)
        return None if pool is None else pool.other_version(self._opened)

    def stop(self, group: str | None = None, *, patience: float | None = None, force: bool = False) -> int | None:
        """Stop a group, or all of them with the pool; return the pid of one that was stopped, None if there was none.

        Jobs may finish for `patience` seconds, by default for `shutdown_timeout`, then, or at once with `force`, they
        are ended and go back to the queue. Raises DaemonUnavailable for what cannot be signalled from here, does not
        answer, or cannot be ended.
        """
        from .daemons.stopping import stop_workers

        return stop_workers(self._opened, group, patience=patience, force=force)

    def restart(self, *, patience: float | None = None, force: bool = False) -> dict[str, int]:
        """Stop all workers as `stop` does and start as many again; return how many there are in each group.

        Raises DaemonUnavailable, also if none run.
        """
        groups = self._running() if self._opened.home.exists() else {}
        if self.stop(patience=patience, force=force) is None:
            raise DaemonUnavailable(NO_WORKERS, hint=START_WORKERS)
        self._start_pool(groups)
        return groups

    def _running(self) -> dict[str, int]:
        """Return how many workers each group of the pool should have; of one that ends, how many live."""
        groups = self._opened.store.meta.pool_groups()
        if not groups:
            for row in living_workers(self._opened):
                groups[row.queues] = groups.get(row.queues, 0) + 1
        return groups

    def run(self, groups: Mapping[str, int], ready_fd: int | None = None) -> None:
        """Be the pool of these groups until told to stop.

        Whoever waits at the descriptor `ready_fd` learns that the workers are up, or why they are not. Raises Conflict
        if a pool runs, InvalidInput beyond `max_workers`, DaemonUnavailable.
        """
        from .daemons.launch import reporting
        from .daemons.pool import Pool

        with reporting(ready_fd) as start:
            demand_room(self._opened.settings(), groups)
            self._opened.close()
            Pool(self._opened.home, groups, clock=self._opened.clock, on_ready=start.succeed).run()
