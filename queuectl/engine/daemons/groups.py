"""The groups of workers as seen from outside the pool that has them: who lives, who follows, and how they are stopped.

How many workers each group should have stands in the store; whatever changes that rings the pool's bell. A pool without
a group ends and takes no new one: so a command that adds to it finds either a pool that follows or one that is about to
leave, never one in between.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence

from ...model.errors import DaemonUnavailable, InvalidInput, StoreUnavailable, quoted
from ...model.quantity import counted
from ...model.settings import Settings
from ...model.when import is_digits
from ...model.worker import EVERY_QUEUE, RegisteredWorker, group_of, option, queues_of, workers_text
from ...store import Store
from ...store.home import VARIABLE
from ..home.liveness import is_worker_alive
from ..machine.doorbell import CONTROL, ring
from ..machine.doorbell import POOL as POOL_BELL
from ..machine.identity import LOOK_SECONDS, Identity, TimedSignal, end
from ..machine.process import MARKER
from .daemon import POOL, Place, RunningDaemon, out_of_reach

FOLLOW_BUDGET_MS = 60_000
# What the pool itself takes beyond what its workers are allowed: it ends late ones, and what they have left.
FOLLOW_MS = 20_000
PROBE_TRIES = 10
# A process that holds the store for longer may itself be stopped, and the pool lets its workers go on.
DROP_SECONDS = 1.0


class Groups(Place):
    """The groups of workers of an open home: what is there, and its end."""

    daemon = POOL

    def groups(self) -> dict[str, int]:
        """Return how many workers each group should have; nothing if no pool runs. Raises StoreUnavailable."""
        return {} if self.pid is None else self._opened.store.meta.pool_groups()

    @property
    def asking_job(self) -> int | None:
        """The number of the job of this home that asks, or None: it must not wait for workers that wait for its end."""
        if MARKER not in os.environ or os.environ.get(VARIABLE) != self._opened.home.path:
            return None
        number = os.environ.get("QUEUECTL_JOB_NUMBER", "")
        return int(number) if is_digits(number) else None

    def _demand_whole(self, group: str, command: str) -> None:
        """Raise InvalidInput if a group does not run, but others that take jobs from some of its queues do."""
        groups, queues = self.groups(), queues_of(group)
        others = [one for one in sorted(groups) if set(queues).intersection(queues_of(one))]
        if group in groups or not others:
            return
        problem = f"no group takes jobs from {' and '.join(queues)} {'alone' if len(queues) == 1 else 'together'}"
        running = ", ".join(quoted(one or EVERY_QUEUE) for one in sorted(groups))
        hint = "; ".join(f"{command}{option(one)}" for one in others)
        raise InvalidInput(f"{problem}; running groups: {running}", field="queue", hint=hint)

    def _living(self, group: str | None = None) -> list[RegisteredWorker]:
        """Return the workers that live, of a group or all."""
        opened = self._opened
        try:
            rows = opened.store.workers.all() if opened.home.exists() else []
        except StoreUnavailable:
            return []  # Workers cannot do without the store either: they end by themselves.
        return [row for row in rows if group in (None, row.queues) and is_worker_alive(opened.home, row)]

    def _await_pool(self) -> None:
        """Wait until the pool has noted its groups: it misses what changes before. Raises DaemonUnavailable."""
        self._wait_for_pool(lambda pool: POOL.record(self._opened).process == str(pool.identity))

    def _wait_for_pool(self, condition: Callable[[RunningDaemon], bool]) -> None:
        """Wait until the condition holds for the pool. Raises DaemonUnavailable if the pool ends or takes too long."""
        clock = self._opened.clock
        deadline = clock.monotonic() + FOLLOW_BUDGET_MS
        while True:
            pool = POOL.find(self._opened)
            if pool is None:
                raise DaemonUnavailable("the pool has ended", hint="its log says why: queuectl worker logs")
            if pool.identity is not None:
                # One that was stopped cannot follow, and may keep the store locked. Another container's is not reached.
                pool.identity.send(signal.SIGCONT)
            if condition(pool):
                return
            if clock.monotonic() >= deadline:
                raise DaemonUnavailable(f"the pool ({pool}) did not respond", hint="see queuectl worker logs")
            clock.pause(LOOK_SECONDS)

    def stop(self, group: str | None = None, *, patience: float | None = None, force: bool = False) -> int | None:
        """Stop a group, or all of them with the pool, and workers that have outlived theirs; wait until all are gone.

        Returns the pid of one that was stopped, None if there was none. Jobs may finish for `patience` seconds (None:
        as long as the workers themselves allow), then, or at once with `force`, they are ended and go back to the
        queue. With either, what does not even follow that order is killed. A job of this home only asks them to stop
        and does not wait. Raises InvalidInput for what names no group, or if not this group but others of its queues
        run, DaemonUnavailable for what cannot be signalled from here, what does not answer and what cannot be ended.
        """
        group = None if group is None else group_of(queues_of(group))
        if group and not self._living(group):
            self._demand_whole(group, POOL.stop_command)
        pool, workers = self._drop(group)
        settings, grace = self._patience()
        # To a pool without groups, which ends by itself, a request would be the second one.
        is_dropped = pool is not None and (group is not None or not force and self._drop_all(pool))
        is_asked = is_dropped or self._are_stopping(group)
        orders = _orders(grace, patience, force, is_asked=is_asked)
        limit = grace + FOLLOW_MS + (settings.shutdown_timeout if patience is None and not force else 0)
        by_force = f"{POOL.stop_command}{option(group if pool is None else None)} --force"
        targets = self._left(workers) if pool is None else [pool]
        pids = [target.pid for target in targets] or [row.pid for row in workers]
        if self.asking_job is not None:
            for target in targets:
                target.order(orders[0].number)
            return next(iter(pids), None)
        while targets:
            # The pool first, then workers that have outlived it: each in its turn has the whole time.
            end(targets, orders, limit, POOL.subject, self._opened.clock, by_force)
            targets = self._left(workers)
        return next(iter(pids), None)

    def _drop(self, group: str | None) -> tuple[Identity | None, list[RegisteredWorker]]:
        """Have no more workers started in a group; return the pool, if it is to end, and the workers to stop."""
        # Those are the present workers: a worker that is started before they have ended is not meant.
        opened = self._opened
        pool = POOL.find(opened) if opened.home.exists() else None
        if pool is None:
            return None, self._living(group)
        identity = pool.here()
        if group is None:
            return identity, self._living()
        self._await_pool()
        with opened.store.writing():
            workers = self._living(group)
            groups = opened.store.meta.pool_groups()
            count = groups.pop(group, 0)
            if not count:
                return None, workers
            opened.store.meta.set_pool_groups(groups)
            opened.note("workers stopped", workers_text({group: count}))
        ring(opened.home, POOL_BELL, CONTROL)
        return (None, workers) if groups else (identity, self._living())

    def _drop_all(self, pool: Identity) -> bool:
        """Have a pool end by itself, no matter who else asks for that; return False if only a signal tells it to."""
        opened, running = self._opened, RunningDaemon(POOL, pool)
        if POOL.record(opened).process != str(pool) or running.other_version(opened) is not None:
            return False  # It has not entered yet, or does not look at groups.
        pool.send(signal.SIGCONT)
        try:
            with opened.store.writing(DROP_SECONDS):
                opened.store.meta.set_pool_groups({})
        except StoreUnavailable:
            return False  # A damaged store keeps nobody from stopping what works on it.
        ring(opened.home, POOL_BELL, CONTROL)
        return True

    def _patience(self) -> tuple[Settings, int]:
        """Return the settings, and for how many milliseconds a running job may go on after it was asked to end."""
        settings = Settings({})
        try:
            if self._opened.home.exists():
                settings = self._opened.settings()
                return settings, longest_grace(self._opened.store, settings)
        except StoreUnavailable:
            pass  # A damaged store keeps nobody from stopping what works on it.
        return settings, settings.kill_grace

    def _are_stopping(self, group: str | None) -> bool:
        """Return whether all workers that live were asked to stop already."""
        rows = self._living(group)
        return bool(rows) and all(row.stopping for row in rows)

    def _left(self, workers: Sequence[RegisteredWorker]) -> list[Identity]:
        """Return those of the workers that live. Raises DaemonUnavailable if they cannot be signalled from here."""
        return [self._here(row) for row in workers if is_worker_alive(self._opened.home, row)]

    def _here(self, row: RegisteredWorker) -> Identity:
        """Return whom to signal. A worker whose lock is held while its pid is nobody's here runs elsewhere."""
        identity = Identity.of_worker(row)
        for _ in range(PROBE_TRIES):
            if identity.is_alive() or not is_worker_alive(self._opened.home, row):
                return identity
            self._opened.clock.pause(LOOK_SECONDS)
        raise out_of_reach(f"worker {row.id} runs", "it", POOL)


def _orders(grace: int, patience: float | None, force: bool, *, is_asked: bool) -> list[TimedSignal]:
    """Return which signals to send, each after how many milliseconds: a request, then an order, then the end."""
    # A second request would be taken for the order: a process that was asked already is only made to go on.
    request = [] if force else [TimedSignal(0, signal.SIGCONT if is_asked else signal.SIGTERM)]
    if patience is None and not force:
        return request
    order_at = 0 if patience is None or force else int(patience * 1000)
    kill_at = order_at + grace + FOLLOW_MS
    return [*request, TimedSignal(order_at, signal.SIGQUIT), TimedSignal(kill_at, signal.SIGKILL)]


def longest_grace(store: Store, settings: Settings) -> int:
    """Return for how many milliseconds a running job may go on after it was asked to end. Raises StoreUnavailable."""
    running = store.attempts.running(store.contexts)
    own = [int(attempt.claim.context.options.get("kill_grace", 0)) for attempt in running]
    return max([settings.kill_grace, *own])


def demand_room(settings: Settings, groups: Mapping[str, int], field: str = "count") -> None:
    """Raise InvalidInput if so many workers are more than the settings allow, or none in a group."""
    for count in groups.values():
        if type(count) is not int or count < 1:
            raise InvalidInput(f"the count of workers must be a whole number from 1, got {count!r}", field=field)
    total, most = sum(groups.values()), settings.max_workers
    if total <= most:
        return
    found = f"got {total}" if len(groups) == 1 else f"all groups together would have {total}"
    problem = f"at most {counted(most, 'worker')} {'is' if most == 1 else 'are'} allowed, {found}"
    raise InvalidInput(problem, field=field, hint=f"allow more with: queuectl config set max_workers {total}")
