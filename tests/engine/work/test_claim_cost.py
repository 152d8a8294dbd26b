"""What a worker asks the store for when a job has ended and the next one begins: only what that job needs."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.engine.queue import Queue
from queuectl.engine.work.settle import claim_next
from queuectl.model.job import COMPLETED
from queuectl.model.outcome import Outcome
from queuectl.store import Store


@pytest.mark.parametrize(
    ("fields", "most"), [({}, 9), ({"batch": "b"}, 15), ({"lock": "gpu"}, 14), ({"expires": "2h"}, 9)]
)
def test_a_finish_and_a_claim_take_few_statements(home: str, fields: dict[str, Any], most: int) -> None:
    asked: list[str] = []
    with Queue(home) as queue:
        queue.enqueue([{"command": "true", **fields} for _ in range(3)])
        settings = queue.settings()
        with Store(queue.home, durable=False) as store:
            with store.writing():
                claim = claim_next(store, 1, (), settings)
            # The first end of a job begins the counts of what has ended.
            for _ in range(2):
                asked.clear()
                assert claim is not None
                store.database._connection.set_trace_callback(asked.append)
                with store.writing():
                    now, done = store.clock.wall(), Outcome.exited(0)
                    store.jobs.finish(claim, done, state=COMPLETED, run_at=now, duration=1, now=now)
                    claim = claim_next(store, 1, (), settings)
                store.database._connection.set_trace_callback(None)
    statements = [text for text in asked if text not in ("BEGIN IMMEDIATE", "COMMIT")]
    assert len(statements) <= most, statements
