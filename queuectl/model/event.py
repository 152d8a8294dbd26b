"""What happened: the steps of a job's history, and the events of a home."""

from __future__ import annotations

from .record import Record

# The events that delete jobs: of many, and of one.
PRUNED, REMOVED = "pruned", "remove"
# A job was cancelled because its first attempt had not begun in time.
EXPIRED = "expired"
# A job was cancelled, but by no user: the failure it was to follow did not happen, or its batch was stopped.
CANCELLED_FOR = "cancelled"
# Processes that a job left running were ended.
BACKGROUND_ENDED = "background ended"
# Too many jobs of a batch were dead; the job is the last of them.
BATCH_STOPPED = "batch stopped"
# The end of the job added another.
HOOK_ADDED = "hook added"


class Step(Record):
    """What happened at an instant, in milliseconds since 1970, and who did it."""

    at: int
    what: str
    detail: str
    by: str

    @property
    def gone_ids(self) -> list[str]:
        """The ids of the jobs that were pruned or removed then; of many only the first."""
        if self.what == REMOVED:
            return [self.detail.partition(",")[0]]
        return self.detail.partition(": ")[2].partition(" and ")[0].split(", ") if self.what == PRUNED else []


class Event(Step):
    """A recorded step; `number` counts them, `job` is the id of the job."""

    number: int
    job: str | None
