"""Workers, the scheduler, the dashboard."""

from __future__ import annotations

from ..kinds import BYTES, DURATION, FLAG, NUMBER, REAL, TEXT, TIME, one_of
from ..noun import Noun, many, maybe
from ..scheduler import AUTO, MANUAL, TOTALS
from ..worker import EVERY_QUEUE

QUEUES = many(TEXT).but(cell=lambda queues, now: ",".join(queues) or EVERY_QUEUE)
WORKER = Noun(
    "worker",
    worker=NUMBER,
    pid=NUMBER,
    state=one_of("busy", "idle", "stopping", "lost"),
    job=maybe(TEXT),
    elapsed=maybe(DURATION),
    jobs_done=NUMBER,
    heartbeat_at=TIME,
    memory=BYTES,
    uptime=DURATION,
    busy=maybe(REAL),
    queues=QUEUES,
    command=maybe(TEXT),
    trouble=maybe(TEXT),
    limited_by=maybe(TEXT),
)
WORKER_TOTALS = Noun("numbers of workers", total=NUMBER, busy=NUMBER, idle=NUMBER, stopping=NUMBER, lost=NUMBER)
GROUP = Noun("group of workers", queues=QUEUES, target=NUMBER)
POOL = Noun(
    "pool", running=FLAG, pid=maybe(NUMBER), elsewhere=FLAG, version=maybe(TEXT), target=NUMBER, groups=many(GROUP)
)
SCHEDULER = Noun(
    "scheduler",
    running=FLAG,
    pid=maybe(NUMBER),
    version=maybe(TEXT),
    mode=maybe(one_of(MANUAL, AUTO)),
    max_workers=maybe(NUMBER),
    interval=maybe(DURATION),
    uptime=maybe(DURATION),
    last_tick_at=maybe(TIME),
    next_due_at=maybe(TIME),
    **dict.fromkeys((*TOTALS, "schedules"), NUMBER),
    pool_running=FLAG,
)
STOPPED = Noun("stopped daemon", stopped=FLAG, pid=maybe(NUMBER))
DASHBOARD = Noun("dashboard", running=FLAG, pid=maybe(NUMBER), url=maybe(TEXT), link=maybe(TEXT))
DASHBOARD_LINK = Noun("started dashboard", url=TEXT, pid=maybe(NUMBER))
