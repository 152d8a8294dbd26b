"""Jobs that wait for others, for tests."""

from __future__ import annotations

from queuectl.model.job import CANCELLED, HELD, PENDING, SCHEDULED
from queuectl.store import Store
from tests.store.building import LATER, NOW, ORIGINS, claim, finish, job, spec, write


def add(store: Store, *parents: tuple[int | str, str], state: str = PENDING, batch: str | None = None) -> int:
    """Add a job that waits for these parents; return its number."""
    new = spec(hold=state == HELD, run_at=LATER if state == SCHEDULED else None, batch=batch)
    write(store, store.jobs.enqueue, [new], origins=ORIGINS, actor="test", now=NOW, parents=[parents])
    return int(store.database.value("SELECT max(number) FROM jobs"))


def end(store: Store, number: int, state: str) -> None:
    """Bring a pending job to a final state."""
    if state == CANCELLED:
        assert write(store, store.jobs.cancel, number, NOW)
        return
    claimed = claim(store)
    assert claimed.number == number
    assert finish(store, claimed, state)


def stands(store: Store, number: int) -> tuple[str, bool]:
    """Return the state of a job, and whether it is stuck."""
    found = job(store, number)
    return found.state, found.stuck


def settle_all(store: Store) -> int:
    """Work off what transactions had to put off; return in how many it was done."""
    rounds = 0
    while store.links.has_follow_ups():
        write(store, store.links.go_on, NOW)
        rounds += 1
    return rounds
