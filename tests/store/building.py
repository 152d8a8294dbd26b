"""What the tests of the store share: jobs brought to any state, and looking at the whole store."""

from __future__ import annotations

import re
import sqlite3
import sys
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence, TypeVar

from queuectl.engine.machine.identity import Identity
from queuectl.model.job import BLOCKED, CANCELLED, COMPLETED, DEAD, FAILED, HELD, PENDING, PROCESSING, SCHEDULED
from queuectl.model.outcome import Outcome
from queuectl.model.record import Record
from queuectl.model.spec import JobSpec
from queuectl.model.surroundings import Origin
from queuectl.store import Home, Store, schema
from queuectl.store.claim import Claim
from queuectl.store.namelists import names_of
from queuectl.store.parking import ParkingLane
from queuectl.store.schema import migrate
from tests.support import ROOT, FakeClock

if TYPE_CHECKING:
    import pytest

T = TypeVar("T")
Stores = Callable[..., Store]

NOW = 1_767_225_600_000
LATER = NOW + 60_000
LEASE = 30_000
# What the caller gives to its jobs.
ORIGIN = Origin("/bin")
ORIGINS: Mapping[tuple[str, ...] | None, Origin] = {None: ORIGIN}

TABLES = (
    *("meta", "settings", "stdins", "contexts", "jobs", "attempts", "output", "workers", "counts", "batches"),
    *(
        "batch_counts",
        "locks",
        "lock_counts",
        "rollups",
        "events",
        "schedules",
        "fires",
        "timings",
        "backlog",
        "queues",
    ),
)


def open_store(home: str, **options: Any) -> Store:
    """Return a store whose clock stands still; workers' durability, which is faster, unless asked otherwise."""
    return Store(Home(home), **{"durable": False, "clock": FakeClock(), **options})


def add_versions(monkeypatch: pytest.MonkeyPatch, *scripts: str) -> int:
    """Let there be newer versions, each reached by a script from the one before; return the newest one's number."""
    own, newest = migrate.script, schema.VERSION + len(scripts)
    oldest = schema.VERSION + 1
    monkeypatch.setattr(migrate, "script", lambda number: own(number) if number < oldest else scripts[number - oldest])
    monkeypatch.setattr(schema, "VERSION", newest)
    monkeypatch.setattr(migrate, "VERSION", newest)
    return newest


def spec(command: str = "true", **fields: Any) -> JobSpec:
    """Return a spec; `fields` are those of JobSpec, as it holds them after parsing."""
    made = JobSpec(
        command,
        max_retries=fields.pop("max_retries", 3),
        timeout=fields.pop("timeout", 300_000),
        cwd=fields.pop("cwd", "/tmp"),
    )
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def enqueue(store: Store, *specs: JobSpec, now: int = NOW, path: str = "/bin") -> list[str]:
    """Add jobs in a transaction of their own; return their ids."""
    with store.writing():
        return store.jobs.enqueue(specs, origins={None: Origin(path)}, actor="test", now=now)


def add(store: Store, command: str = "true", now: int = NOW, **fields: Any) -> int:
    """Add one job; return its number."""
    identifier = enqueue(store, spec(command, **fields), now=now)[0]
    return number_of(store, identifier)


def number_of(store: Store, identifier: str) -> int:
    number = store.names.number_of(identifier)
    assert number is not None, identifier
    return number


def employ(store: Store, *, queues: str = "", now: int = NOW) -> int:
    """Register this process as a worker that lives; return its number."""
    own = Identity.own()
    facts = {"pid": own.pid, "pid_start": own.start, "boot": own.boot, "namespace": own.namespace}
    return int(write(store, store.workers.add, queues=queues, now=now, **facts))


def take(store: Store, *, worker: int = 1, now: int = NOW, queues: Sequence[str] = ()) -> Claim | None:
    """Claim in a transaction of its own."""
    with store.writing():
        return store.jobs.claim(worker=worker, now=now, lease_until=LEASE, queues=queues)


def claim(store: Store, **options: Any) -> Claim:
    """Claim a job that must be there."""
    claimed = take(store, **options)
    assert claimed is not None
    return claimed


def finish(
    store: Store,
    claimed: Claim,
    state: str = COMPLETED,
    outcome: Outcome | None = None,
    *,
    now: int = NOW,
    run_at: int = NOW,
) -> bool:
    """End an attempt as the engine does, in a transaction of its own."""
    outcome = outcome or outcome_for(state)
    with store.writing():
        if not store.jobs.finish(claimed, outcome, state=state, run_at=run_at, duration=5, now=now):
            return False
        return store.attempts.end(claimed.attempt_id, outcome, duration=5, output_size=0, now=now)


def outcome_for(state: str) -> Outcome:
    """Return an outcome that leads to a state."""
    return {
        COMPLETED: Outcome.exited(0),
        CANCELLED: Outcome.cancelled(),
        PENDING: Outcome.released(),
        SCHEDULED: Outcome.exited(75).snoozed("again in 5m"),
    }.get(state, Outcome.exited(1))


def write(store: Store, verb: Callable[..., T], *arguments: Any, **options: Any) -> T:
    """Call one writing method in a transaction of its own."""
    with store.writing():
        return verb(*arguments, **options)


def bring_to(store: Store, state: str, **fields: Any) -> int:
    """Add a job to an otherwise idle store and bring it to `state`; return its number."""
    if state == SCHEDULED:
        return add(store, run_at=LATER, **fields)
    if state == HELD:
        return add(store, hold=True, **fields)
    number = add(store, **fields)
    if state == BLOCKED:
        _block(store, number)
    elif state == CANCELLED:
        write(store, store.jobs.cancel, number, NOW)
    elif state != PENDING:
        claimed = claim(store)
        assert claimed.number == number, "another job was in front"
        if state != PROCESSING:
            assert finish(store, claimed, state, run_at=LATER if state == FAILED else NOW)
    assert state_of(store, number) == state
    return number


def _block(store: Store, number: int) -> None:
    # It waits for a job that is gone, so that there is no other one in the home.
    with store.writing():
        store.database.change("INSERT INTO links (child, parent, kind) VALUES (?, 1000000000, 'completed')", (number,))
        store.database.change("UPDATE jobs SET state = 'blocked', waits = 1 WHERE number = ?", (number,))
        store.counts.move(job(store, number).queue, None, (), PENDING, BLOCKED)


def job(store: Store, number: int) -> Any:
    """Return the Job of a number that exists."""
    return store.search.jobs([number])[0]


def values(record: Record) -> tuple[Any, ...]:
    """Return what a row has in its columns."""
    return tuple(record.parts_by_name().values())


def state_of(store: Store, number: int) -> str:
    state: str = job(store, number).state
    return state


def contents(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    return {table: [tuple(row) for row in store.database.rows(f"SELECT * FROM {table}")] for table in TABLES}


def counted(store: Store, column: str = "queue") -> dict[str, dict[str, int]]:
    """Return what `counts.by_queue` must say, or `counts.of_batches` with "batch", counted from the jobs."""
    counts: dict[str, dict[str, int]] = {}
    asked = f"SELECT {column}, state, count(*) FROM jobs WHERE {column} IS NOT NULL GROUP BY {column}, state"
    for name, state, jobs in store.database.rows(asked):
        counts.setdefault(name, {})[state] = jobs
    return counts


def counted_locks(store: Store) -> dict[str, dict[str, int]]:
    """Return what `counts.of_locks` must say, counted from the jobs."""
    counts: dict[str, dict[str, int]] = {}
    for text, state in store.database.rows("SELECT locks, state FROM jobs WHERE locks <> ''"):
        for lock in names_of(text):
            states = counts.setdefault(lock, {})
            states[state] = states.get(state, 0) + 1
    return counts


def assert_parked_where_full(store: Store) -> None:
    """Check that no job is parked forever: see `store.parking`."""
    asked = "SELECT queue, locks, batch, parked FROM jobs WHERE state = 'pending' ORDER BY number"
    jobs = [(row["queue"], names_of(row["locks"]), row["batch"], row["parked"]) for row in store.database.rows(asked)]
    free = [(queue, locks, batch) for queue, locks, batch, parked in jobs if not parked]
    places = {(lane.key, queue) for queue, locks, batch in free for lane in lanes_of(store, locks, batch)}
    for queue, locks, batch, parked in jobs:
        if parked:
            lane = {lane.key: lane for lane in lanes_of(store, locks, batch)}[parked]
            assert not lane.has_room or (lane.key, queue) in places, f"{parked} has room, and queue {queue} waits"


def lanes_of(store: Store, locks: Sequence[str], batch: str | None) -> list[ParkingLane]:
    return list(store.jobs.parking.lanes(locks, batch))


def assert_whole(store: Store) -> None:
    """Check what must hold between the tables at any time."""
    assert store.counts.by_queue() == counted(store)
    assert store.counts.of_batches.all() == counted(store, "batch")
    assert store.counts.of_locks.all() == counted_locks(store)
    assert {row[0] for row in store.database.rows("SELECT lock FROM lock_counts")} == {*counted_locks(store)}
    assert_parked_where_full(store)
    assert {batch.name: batch.states for batch in store.batches.newest(-1, NOW)} == counted(store, "batch")
    assert store.database.value("PRAGMA integrity_check") == "ok"
    assert store.database.rows("PRAGMA foreign_key_check") == []


def steps_taken(store: Store, act: Callable[[], object]) -> int:
    """Do something; return how many hundreds of instructions SQLite's machine needed."""
    taken: list[int] = []
    store.database._connection.set_progress_handler(lambda: taken.append(1), 100)
    act()
    store.database._connection.set_progress_handler(None, 0)
    return len(taken)


def plain(path: str) -> sqlite3.Connection:
    """Return a connection that knows nothing of the store's rules."""
    return sqlite3.connect(path, isolation_level=None, timeout=0.0)


def python(code: str, *arguments: str) -> list[str]:
    """Return the words that run code which can import the project."""
    return [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}", *arguments]


ALL_STATES = (SCHEDULED, BLOCKED, HELD, PENDING, PROCESSING, FAILED, COMPLETED, DEAD, CANCELLED)


def plan_of(path: str) -> tuple[Any, ...]:
    """How everything is defined, whatever the spaces and the order in which it was made."""
    connection = plain(path)
    found = {
        (kind, name): re.sub(r"\s*([(),])\s*", r"\1", " ".join((sql or "").split()))
        for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master")
    }
    tables = [name for kind, name in found if kind == "table"]
    columns = {table: connection.execute(f"PRAGMA table_info({table})").fetchall() for table in tables}
    indexes = {table: sorted(row[1:] for row in connection.execute(f"PRAGMA index_list({table})")) for table in tables}
    keys = {table: connection.execute(f"PRAGMA foreign_key_list({table})").fetchall() for table in tables}
    connection.close()
    return found, columns, indexes, keys
