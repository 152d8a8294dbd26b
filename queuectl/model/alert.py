"""An alert: something that needs attention. `CODES` lists them all; a code never changes its meaning."""

from __future__ import annotations

from .record import Record

ERROR, WARNING, INFO = "error", "warning", "info"
LEVELS = (ERROR, WARNING, INFO)
# Each code with its level, and when the alert is raised.
CODES = {
    "store_read_only": (ERROR, "nothing in the home can be changed"),
    "low_disk": (ERROR, "less than 500 MiB are free on the disk of the home"),
    "no_workers": (ERROR, "jobs wait, and neither workers run nor a scheduler that starts them"),
    "no_scheduler": (ERROR, "there are schedules, and neither workers nor a scheduler run that fire them"),
    "queue_without_workers": (ERROR, "pending jobs are in a queue that no group of workers takes jobs from"),
    "shortage": (ERROR, "the machine is short of processes, descriptors, memory or space, so that no command starts"),
    "lost_workers": (WARNING, "a worker was killed or crashed, and the job that it ran is not recovered yet"),
    "overdue": (WARNING, "a schedule or a job has been due for over a minute although workers or a scheduler run"),
    "other_version": (WARNING, "the workers or the scheduler are of another version of QueueCTL"),
    "timezone": (
        WARNING,
        "a process is in another time zone than the one that schedules go by, or does not know that one",
    ),
    "long_wait": (WARNING, "a job has been waiting for a worker for over 15 minutes"),
    "paused": (INFO, "all queues or one of them are paused, so that none of their jobs starts"),
    "dead_jobs": (WARNING, "jobs are dead (an info if none of them died during the last day)"),
    "stuck_jobs": (WARNING, "jobs wait for others that ended in another way than they need"),
    "webhook": (WARNING, "a webhook has failed for an hour, was paused because its address is gone, or missed events"),
    "limited": (INFO, "workers take no jobs, since the machine is beyond `max_load` or `min_memory`"),
    "workers_elsewhere": (INFO, "the workers run in another container or pid namespace"),
}
NO_WORKERS = "no workers are running"
NOBODY = "neither workers nor a scheduler are running"
START_WORKERS = "queuectl worker start"
NO_WORKERS_RUN = f"{NO_WORKERS}; start them with: {START_WORKERS}"


class Alert(Record):
    """One thing that needs attention. `command` fixes it or says more; None if no command does."""

    code: str
    text: str
    command: str | None = None
    level: str = ""

    def __post_init__(self) -> None:
        self.level = self.level or CODES[self.code][0]

    def __str__(self) -> str:
        return f"{self.text}: {self.command}" if self.command else self.text

    @property
    def is_pressing(self) -> bool:
        """Whether it asks for something to be done."""
        return self.level != INFO
