"""The pool: one process per home and machine that starts, watches, replaces and stops the workers.

Workers are processes of the forkserver context, which forks them from a process that has neither
threads nor a database connection. The pool's main thread looks after processes only; a scheduler
thread with a store of its own does what is due. The pool holds the kernel lock on `run/pool.lock`.

First stop signal: no new jobs, current ones may finish within `shutdown_timeout`. Second, or SIGQUIT:
jobs are ended and go back to the queue. A worker that was killed from outside is replaced at once, one that
fails by itself after a growing delay.
"""

from __future__ import annotations

import multiprocessing
import os
import signal

from ..model.clock import SYSTEM_CLOCK
from ..model.errors import DaemonUnavailable, QueueCTLError, StoreUnavailable
from ..store import Store
from . import process
from .daemon import ROOT
from .doorbell import POOL, Doorbell
from .instance import take_pool_lock
from .log import Log
from .recovery import Recovery
from .scheduler import SchedulerThread
from .settings import load_settings
from .wakeup import Wakeup
from .worker_process import work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext
    from multiprocessing.process import BaseProcess
    from typing import Callable

    from ..model.clock import Clock
    from ..store import Home

LOOK_SECONDS = 5.0
FIRST_DELAY_MS = 100
LONGEST_DELAY_MS = 30_000
SETTLED_MS = 10_000
OVERTIME_MS = 10_000
LAST_BUDGET_SECONDS = 5.0
PRELOAD = ["queuectl.engine.worker_process", "queuectl.engine.fork_server"]


class Slot:
    """A place in the pool, with the worker process that has it at the moment."""

    __slots__ = ("worker", "started_at", "failures", "start_at", "is_leaving")

    def __init__(self, now: int) -> None:
        self.worker: BaseProcess | None = None
        self.started_at = now
        self.failures = 0
        self.start_at = now
        self.is_leaving = False


class Pool:
    """The pool of this process. Raises Conflict if the home has one already.

    `on_ready` is called once all workers are up.
    """

    def __init__(
        self,
        home: Home,
        *,
        count: int,
        queues: tuple[str, ...] = (),
        clock: Clock = SYSTEM_CLOCK,
        on_ready: Callable[[], None],
    ) -> None:
        self._home = home
        self._queues = queues
        self._clock = clock
        self._on_ready = on_ready
        self._log = Log("pool", clock)
        home.prepare()
        self._lock = take_pool_lock(home, clock)
        self._bell = Doorbell(home, POOL)
        self._wakeup = Wakeup(self._bell, interrupts=True)
        # Whoever waits for the store looks at the signals that the wakeup has seen.
        self._store = Store(home, clock=clock, give_up=self._is_forced)
        self._settings = load_settings(self._store)
        self._set_target(count)
        # The orphans of a killed worker's job fall to us, where a recovery finds them.
        process.become_subreaper()
        self._context = _context(home)
        self._slots: list[Slot] = []
        self._stop_by: int | None = None
        self._stops_passed_on = 0
        self._is_ready = False
        self._scheduler = SchedulerThread(home, clock=clock, log=self._log)

    def run(self) -> None:
        """Look after the workers until told to stop and the last one is gone."""
        self._scheduler.start()
        try:
            while self._wakeup.stops == 0 or self._slots:
                self.step()
        finally:
            self._close()

    def step(self) -> None:
        """Bury the dead, start or stop workers as needed, and wait for something to happen."""
        self._bury()
        if self._wakeup.stops:
            self._stop_all()
        else:
            self._follow()
        if self._slots or not self._wakeup.stops:
            self._wait()

    def _is_forced(self) -> bool:
        return self._wakeup.stops > 1

    def _set_target(self, count: int) -> None:
        with self._store.writing():
            self._store.meta.set_pool_target(count)

    def _bury(self) -> None:
        for slot in list(self._slots):
            if slot.worker is None or slot.worker.exitcode is None:
                continue
            self._wakeup.forget(slot.worker.sentinel)
            code, pid = slot.worker.exitcode, slot.worker.pid
            slot.worker.close()
            slot.worker = None
            self._scheduler.poke()
            if slot.is_leaving or self._wakeup.stops:
                self._slots.remove(slot)
            else:
                self._plan_replacement(slot, code, pid)

    def _plan_replacement(self, slot: Slot, code: int, pid: int | None) -> None:
        now = self._clock.monotonic()
        how = f"was killed by {process.signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
        if not self._is_ready and code >= 0:
            raise DaemonUnavailable(f"a worker {how} while starting", hint=f"see {self._home.pool_log}")
        if code == -signal.SIGKILL or now - slot.started_at >= SETTLED_MS:
            slot.failures = 0
            slot.start_at = now
        else:
            slot.failures += 1
            slot.start_at = now + min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** min(slot.failures, 20))
        self._log.say(f"worker process {pid} {how}, starting another in {(slot.start_at - now) / 1000:g} s")

    def _follow(self) -> None:
        if self._store.database.is_replaced():
            self._log.say(f"{self._home.database} was removed or replaced, there is nothing to work for any more")
            self._wakeup.stops = 2
            return
        if not self._scheduler.is_alive():
            self._log.say("the scheduler thread has failed, starting another")
            self._scheduler = SchedulerThread(self._home, clock=self._clock, log=self._log)
            self._scheduler.start()
        try:
            self._follow_target()
            self._announce()
        except StoreUnavailable as error:
            # The workers keep their jobs alive; we look again soon.
            self._log.complain(f"cannot use the store: {error}")

    def _follow_target(self) -> None:
        target = self._store.meta.pool_target() or 0
        staying = [slot for slot in self._slots if not slot.is_leaving]
        for _ in range(target - len(staying)):
            self._slots.append(Slot(self._clock.monotonic()))
        for slot in staying[target:]:
            self._dismiss(slot)
        for slot in self._slots:
            if slot.worker is None and self._clock.monotonic() >= slot.start_at:
                self._start(slot)

    def _start(self, slot: Slot) -> None:
        worker = self._context.Process(target=work, args=(self._home.path, self._queues), daemon=False)
        worker.start()
        slot.worker = worker
        slot.started_at = self._clock.monotonic()
        self._wakeup.listen(worker.sentinel)

    def _dismiss(self, slot: Slot, *, forced: bool = False) -> None:
        """Tell a worker to leave; one that is leaving already is told again only to hurry it up."""
        if slot.worker is None:
            self._slots.remove(slot)
        elif forced:
            process.send_to_pids([slot.worker.pid or 0], signal.SIGQUIT)
        elif not slot.is_leaving:
            slot.worker.terminate()
        slot.is_leaving = True

    def _announce(self) -> None:
        """Say that we are ready once every worker has registered."""
        if self._is_ready:
            return
        registered = {row["pid"] for row in self._store.workers.all()}
        if all(slot.worker is not None and slot.worker.pid in registered for slot in self._slots):
            self._is_ready = True
            self._log.say(f"{len(self._slots)} worker{' is' if len(self._slots) == 1 else 's are'} up")
            self._on_ready()
            self._note("workers started")

    def _note(self, what: str) -> None:
        with self._store.writing(LAST_BUDGET_SECONDS):
            self._store.events.add(
                what,
                actor=f"pool[{os.getpid()}]",
                now=self._clock.wall(),
                detail=f"{self._store.meta.pool_target() or 0} workers",
            )

    def _stop_all(self) -> None:
        now = self._clock.monotonic()
        while self._stops_passed_on < min(self._wakeup.stops, 2):
            self._stops_passed_on += 1
            forced = self._stops_passed_on > 1
            self._reload_settings()
            self._log.say("stopping at once" if forced else "stopping, current jobs may finish")
            patience = 0 if forced else self._settings.shutdown_timeout
            self._stop_by = now + patience + self._settings.kill_grace + OVERTIME_MS
            for slot in list(self._slots):
                self._dismiss(slot, forced=forced)
        if self._stop_by is not None and now >= self._stop_by:
            for slot in self._slots:
                if slot.worker is not None:
                    slot.worker.kill()

    def _reload_settings(self) -> None:
        """Workers follow the settings as they are now; so must the time that we give them."""
        try:
            self._settings = load_settings(self._store)
        except QueueCTLError as error:
            self._log.complain(str(error))

    def _wait(self) -> None:
        now = self._clock.monotonic()
        starts = [slot.start_at - now for slot in self._slots if slot.worker is None]
        if self._stop_by is not None:
            starts.append(self._stop_by - now)
        seconds = min([LOOK_SECONDS, *(max(0, start) / 1000 for start in starts)])
        self._wakeup.rung = False
        self._wakeup.wait(seconds)
        if self._wakeup.rung:
            self._scheduler.poke()

    def _close(self) -> None:
        for slot in self._slots:
            if slot.worker is not None:
                slot.worker.kill()
                slot.worker.join()
        self._scheduler.stop()
        self._recover()
        try:
            self._note("workers stopped")
        except StoreUnavailable as error:
            self._log.complain(f"cannot use the store: {error}")
        self._store.close()
        self._bell.close()
        self._wakeup.close()
        self._log.say("stopped")
        self._lock.close()

    def _recover(self) -> None:
        """End and take back what killed workers have left: nobody else would before the next pool."""
        try:
            with Store(self._home, clock=self._clock, busy_budget=LAST_BUDGET_SECONDS) as store:
                Recovery(self._home, store, clock=self._clock, log=self._log).step()
        except (QueueCTLError, OSError) as error:
            self._log.complain(f"cannot recover: {error}")


def _context(home: Home) -> ForkServerContext | SpawnContext:
    """Return the forkserver context with the worker's modules loaded, or spawn where there is none."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    _start_fork_server(home)
    return context


def _start_fork_server(home: Home) -> None:
    """Start the fork server where it finds our package: before Python 3.12 it looks in its directory only.

    The pool stays in the home: multiprocessing asks for the directory at each start, and the user's may go away.
    """
    from multiprocessing import forkserver

    if os.path.isdir(ROOT):
        os.chdir(ROOT)
    # What closing the terminal means is for the pool to say, not for the fork server and its workers.
    hang_up = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    forkserver.ensure_running()
    signal.signal(signal.SIGHUP, hang_up)
    os.chdir(home.path)
