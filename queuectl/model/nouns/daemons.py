"""Workers, the scheduler, the dashboard."""

from __future__ import annotations

from ..kinds import BYTES, FLAG, NUMBER, TEXT, one_of
from ..noun import Noun, many, maybe, noun_of
from ..scheduler import AUTO, MANUAL, SchedulerState
from ..worker import EVERY_QUEUE, WorkerState

QUEUES = many(TEXT).but(cell=lambda queues, now: ",".join(queues) or EVERY_QUEUE)
WORKER = noun_of("worker", WorkerState, state=one_of("busy", "idle", "stopping", "lost"), memory=BYTES, queues=QUEUES)
WORKER_TOTALS = Noun("numbers of workers", total=NUMBER, busy=NUMBER, idle=NUMBER, stopping=NUMBER, lost=NUMBER)
GROUP = Noun("group of workers", queues=QUEUES, target=NUMBER)
POOL = Noun(
    "pool", running=FLAG, pid=maybe(NUMBER), elsewhere=FLAG, version=maybe(TEXT), target=NUMBER, groups=many(GROUP)
)
SCHEDULER = noun_of("scheduler", SchedulerState, mode=maybe(one_of(MANUAL, AUTO)))
STOPPED = Noun("stopped daemon", stopped=FLAG, pid=maybe(NUMBER))
DASHBOARD = Noun("dashboard", running=FLAG, pid=maybe(NUMBER), url=maybe(TEXT), link=maybe(TEXT))
DASHBOARD_LINK = Noun("started dashboard", url=TEXT, pid=maybe(NUMBER))
