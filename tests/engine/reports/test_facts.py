"""What is told of workers, with a clock that is moved by hand."""

from __future__ import annotations

from queuectl.engine.queue import Queue
from tests.store.building import NOW, add, claim, employ, finish, write
from tests.support import FakeClock


def test_a_worker_is_busy_also_by_the_job_that_it_runs(home: str) -> None:
    clock = FakeClock(NOW)
    with Queue(home, clock=clock) as queue:
        worker = employ(queue.store)

        def busy() -> float | None:
            (found,) = queue.reports.status().worker_list
            return found.busy

        assert busy() is None  # It has just begun.
        clock.advance(30_000)
        assert busy() == 0.0
        add(queue.store, "sleep 600", now=clock.wall())
        running = claim(queue.store, worker=worker, now=clock.wall())
        clock.advance(30_000)
        assert busy() == 0.5
        assert queue.reports.metrics().utilization_since_start == 0.5

        finish(queue.store, running, now=clock.wall())
        write(queue.store, queue.store.workers.count_jobs, worker, 1, 30_000)
        clock.advance(40_000)
        assert busy() == 0.3
