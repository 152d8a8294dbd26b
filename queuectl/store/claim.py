"""What a worker is given to run."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .contexts import Context
    from .sqlite import Row


COLUMNS = (
    "number",
    "id",
    "command",
    "queue",
    "max_retries",
    "timeout",
    "run_at",
    "attempts",
    "last_attempt",
    "allow_background",
)
CLAIM_COLUMNS = ", ".join(COLUMNS)
# The order of claiming, which `urgency` has too.
ORDER = "priority DESC, run_at, number"


class Claim:
    """A job taken by a worker, with the attempt that was begun for it.

    `job` is a row that begins with COLUMNS.

    `attempt_id` is the fencing token, `attempt` the number of the try within the job, `attempts`
    how many of the allowed ones are used up with this one. `lease_until` is monotonic time,
    `started_at` wall time, both in milliseconds.
    """

    number: int
    id: str
    command: str
    queue: str
    attempt: int
    attempts: int
    max_retries: int
    timeout: int | None
    run_at: int
    allow_background: bool
    attempt_id: int
    worker: int
    started_at: int
    lease_until: int
    wait_time: int
    context: Context

    __slots__ = tuple(__annotations__)

    def __init__(
        self,
        job: Row,
        *,
        attempt_id: int,
        worker: int,
        started_at: int,
        lease_until: int,
        wait_time: int,
        context: Context,
    ) -> None:
        (
            self.number,
            self.id,
            self.command,
            self.queue,
            self.max_retries,
            self.timeout,
            self.run_at,
            self.attempts,
            self.attempt,
            allow_background,
        ) = job[: len(COLUMNS)]
        self.allow_background = bool(allow_background)
        self.attempt_id = attempt_id
        self.worker = worker
        self.started_at = started_at
        self.lease_until = lease_until
        self.wait_time = wait_time
        self.context = context


def urgency(row: Row) -> tuple[int, int, int]:
    """Return the key by which jobs are claimed, smallest first."""
    return (-row["priority"], row["run_at"], row["number"])
