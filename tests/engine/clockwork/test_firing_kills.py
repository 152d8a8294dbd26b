"""Schedulers are killed between firing and enqueuing: each time makes one job, whatever the instant."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from typing import Any

import pytest

from queuectl.engine.clockwork.tick import Clockwork
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.store import Home, Store
from queuectl.store.lockfile import is_held
from tests.engine.firings import MINUTE, assert_once, every, fires, get, jobs
from tests.engine.running import python
from tests.support import FakeClock, Processes, cli_environment

# Ticks once at a wall time, and kills itself at a step of the transaction that fires.
KILLED = """
import os, signal
from queuectl.engine.machine.log import Log
from queuectl.engine.clockwork.tick import Clockwork
from queuectl.store import Home, Store
from queuectl.store.schedules import Schedules
from tests.support import FakeClock

path, where, wall = sys.argv[1], sys.argv[2], int(sys.argv[3])
clock = FakeClock(wall)
store = Store(Home(path), clock=clock)
scheduler = Clockwork(store, Log("killed", clock))
is_firing = []

def patch(owner, name, wrapper):
    method = getattr(owner, name)
    setattr(owner, name, lambda *arguments, **options: wrapper(method, *arguments, **options))

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def dying(method, *arguments, **options):
    if not is_firing:
        return method(*arguments, **options)
    if where.startswith("before"):
        die()
    method(*arguments, **options)
    die()

def advancing(method, *arguments, **options):
    is_firing.append(True)
    return method(*arguments, **options)

STEPS = {"advance": Schedules, "enqueue": store.jobs, "record_fire": Schedules, "commit": store.database}
step = where.split()[1]
patch(STEPS[step], step, dying)
patch(Schedules, "advance", advancing)
scheduler.tick()
"""
POINTS = [f"{when} {step}" for step in ("advance", "enqueue", "record_fire", "commit") for when in ("before", "after")]


@pytest.mark.parametrize("where", POINTS)
def test_a_kill_in_the_middle_of_firing(
    home: str, queue: Queue, clock: FakeClock, processes: Processes, where: str
) -> None:
    every(queue, catch_up="all")
    clock.advance(2 * MINUTE)
    now = clock.wall()
    killed = processes.start(python(KILLED, home, where, str(now)), env=cli_environment(home))
    assert killed.wait(60) == -signal.SIGKILL
    has_fired = where == "after commit"
    assert (jobs(queue), len(fires(queue))) == ((1, 1) if has_fired else (0, 0))
    assert get(queue).next_at == (now if has_fired else now - MINUTE)
    assert not is_held(queue.home.gate)
    with Store(Home(home), clock=clock) as store:
        for _ in range(2):
            Clockwork(store, Log("next", clock)).tick()
    assert jobs(queue) == 2 and sorted(fires(queue)) == [now - MINUTE, now]
    assert_once(queue)


# At random

# A schedule that fires each minute does so five times a second: a hundred missed times, the most that are caught up
# with, are twenty seconds.
SPEED = 300
CHAOS_MS = 8_000
LEAST_FIRES, LEAST_DEATHS = 10, 5
SCHEDULERS = 3
# Ticks all the time; its wall clock runs ahead. Kills itself at one call of the database in a few hundred.
CHAOS = """
import os, random, signal
from queuectl.engine.machine.log import Log
from queuectl.engine.clockwork.tick import Clockwork
from queuectl.model.clock import SYSTEM_CLOCK, Clock
from queuectl.store import Home, Store
from queuectl.store.database import Database

path, base, since, speed, seed = sys.argv[1], *map(int, sys.argv[2:6])
chance = random.Random(seed)

class Fast(Clock):
    def wall(self):
        return base + (SYSTEM_CLOCK.monotonic() - since) * speed

def risky(method):
    def call(*arguments):
        if chance.random() < 0.004:
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*arguments)
    return call

for name in ("begin", "change", "insert", "commit"):
    setattr(Database, name, risky(getattr(Database, name)))
store = Store(Home(path), clock=Fast())
scheduler = Clockwork(store, Log("chaos", Fast()))
while True:
    scheduler.tick()
    SYSTEM_CLOCK.pause(0.005)
"""


@pytest.fixture
def chance() -> random.Random:
    """Randomness whose seed is printed when the test fails; CHAOS_SEED repeats one."""
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"CHAOS_SEED={seed}")
    return random.Random(seed)


class Schedulers:
    """Processes that tick at once; each that is gone is replaced."""

    def __init__(self, home: str, processes: Processes, chance: random.Random, base: int) -> None:
        self._home = home
        self._processes = processes
        self._chance = chance
        self._base = base
        self._since = SYSTEM_CLOCK.monotonic()
        self.deaths = 0
        self._running: list[subprocess.Popen[Any]] = [self._start() for _ in range(SCHEDULERS)]

    def wall(self) -> int:
        """Return what their clocks say."""
        return self._base + (SYSTEM_CLOCK.monotonic() - self._since) * SPEED

    def _start(self) -> subprocess.Popen[Any]:
        words = [str(number) for number in (self._base, self._since, SPEED, self._chance.randrange(1 << 32))]
        return self._processes.start(
            python(CHAOS, self._home, *words), env=cli_environment(self._home), stderr=subprocess.DEVNULL
        )

    def kill_one(self) -> None:
        self._chance.choice(self._running).kill()

    def replace(self) -> None:
        """Start another in the place of each that was killed, or killed itself; none may end otherwise."""
        for place, process in enumerate(self._running):
            if process.poll() is not None:
                assert process.returncode == -signal.SIGKILL
                self.deaths += 1
                self._running[place] = self._start()

    def end(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()


@pytest.mark.once
def test_schedulers_that_are_killed_at_random_leave_no_time_out_and_fire_none_twice(
    home: str, queue: Queue, clock: FakeClock, processes: Processes, chance: random.Random
) -> None:
    start = clock.wall()
    every(queue, catch_up="all")
    every(queue, "*/7 * * * *", name="other", catch_up="all")
    schedulers = Schedulers(home, processes, chance, start)
    until = SYSTEM_CLOCK.monotonic() + CHAOS_MS
    next_kill = 0
    while SYSTEM_CLOCK.monotonic() < until or schedulers.deaths < LEAST_DEATHS or len(fires(queue)) < LEAST_FIRES:
        if SYSTEM_CLOCK.monotonic() >= next_kill:
            schedulers.kill_one()
            next_kill = SYSTEM_CLOCK.monotonic() + chance.randrange(100, 1_000)
        schedulers.replace()
        SYSTEM_CLOCK.pause(0.01)
    schedulers.end()
    clock.set_to(schedulers.wall())
    assert not is_held(queue.home.gate)
    during = len(fires(queue))
    with Store(Home(home), clock=clock) as store:
        Clockwork(store, Log("last", clock)).tick()
    times = {name: sorted(fires(queue, name)) for name in ("it", "other")}
    print(f"{during} of {len(times['it'])} times fired while {schedulers.deaths} schedulers died")
    check_no_gaps(times, clock.wall())
    assert times["it"][0] == start + MINUTE
    assert jobs(queue) == len(times["it"]) + len(times["other"])
    assert_once(queue)


def check_no_gaps(times: dict[str, list[int]], until: int) -> None:
    for name, step in (("it", MINUTE), ("other", 7 * MINUTE)):
        # Seven does not divide an hour: the last distance of each is shorter.
        gaps = {after - before for before, after in zip(times[name], times[name][1:])}
        assert gaps <= ({step} if name == "it" else {step, 4 * MINUTE}), name
        assert until - times[name][-1] < step
