"""A batch that is stopped while several workers run its jobs."""

from __future__ import annotations

from queuectl.engine.queue import Queue
from queuectl.model.job import CANCELLED, DEAD
from tests.engine.running import RunningPool
from tests.support import wait_until

WORKERS, JOBS = 4, 200


def test_what_runs_when_a_batch_is_stopped_is_all_that_may_still_fail(queue: Queue, pool: RunningPool) -> None:
    for number in range(JOBS):
        queue.add("exit 1", batch="b", max_fails=3, retries=0, hold=number % 3 == 0, queue="xy"[number % 2])
    pool.start("--count", str(WORKERS))
    wait_until(lambda: queue.batches.get("b").ended == JOBS, what="all of the batch has ended")
    batch = queue.batches.get("b")
    assert 3 <= batch.states[DEAD] < 3 + WORKERS
    assert batch.states[CANCELLED] == JOBS - batch.states[DEAD]
    assert batch.stop_reason == "batch b was stopped after 3 dead jobs"


def test_a_retry_lets_all_of_a_stopped_batch_run(queue: Queue, pool: RunningPool) -> None:
    queue.enqueue(
        [
            {"command": f'test "$QUEUECTL_ATTEMPT" -gt {number == 0:d}', "batch": "b", "max_fails": 1, "retries": 0}
            for number in range(20)
        ]
    )
    pool.start("--count", "1")
    wait_until(lambda: queue.batches.get("b").state == "stopped" and queue.batches.get("b").ended == 20)
    queue.retry("batch:b state:dead,cancelled")
    wait_until(lambda: queue.batches.get("b").state == "completed", what="the batch is completed")
    assert queue.batches.get("b").states == {"completed": 20}
