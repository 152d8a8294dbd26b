"""What a worker is given to run."""

from __future__ import annotations

from ..model.record import Record
from .contexts import Context
from .namelists import names_of
from .sqlite import Row

# The parts of a Claim that a job's row has.
CLAIM_COLUMNS = """number, id, command, queue, max_retries, timeout, run_at, attempts, last_attempt AS attempt,
       allow_background, nice, locks, batch, on_success, on_failure, on_finish, hook_facts, item, item_index,
       EXISTS (SELECT 1 FROM links WHERE child = number) AS has_parents"""
# The order of claiming, which `urgency` has too.
ORDER = "priority DESC, run_at, number"


class Claim(Record):
    """A job taken by a worker, with the attempt that was begun for it. Times are in milliseconds."""

    number: int
    id: str
    command: str
    queue: str
    attempt: int  # the number of the try
    attempts: int  # how many of the allowed ones are used up with this one
    max_retries: int
    timeout: int | None
    run_at: int
    allow_background: bool
    nice: int
    locks: tuple[str, ...]
    batch: str | None
    on_success: str | None
    on_failure: str | None
    on_finish: str | None
    hook_facts: str | None
    item: str | None
    item_index: int | None
    has_parents: bool  # whether it has waited for others
    attempt_id: int  # the fencing token
    worker: int
    started_at: int  # wall time
    lease_until: int  # monotonic time
    wait_time: int
    context: Context

    def __post_init__(self) -> None:
        """Turn the values of a row into those of the attributes."""
        self.allow_background, self.has_parents = bool(self.allow_background), bool(self.has_parents)
        if not isinstance(self.locks, tuple):
            self.locks = names_of(self.locks)


def urgency(row: Row) -> tuple[int, int, int]:
    """Return the key by which jobs are claimed, smallest first."""
    return (-row["priority"], row["run_at"], row["number"])
