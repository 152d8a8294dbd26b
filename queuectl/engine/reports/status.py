"""What is worked out from the facts of a home: `status`, `metrics`, and what needs attention.

There is one list of alerts: every screen shows it, and `why` shares its words. Finding them costs the same however many
jobs there are, so that a prompt may ask each time. The nouns say what is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ... import __version__
from ...model.alert import INFO, LEVELS, NO_WORKERS, NOBODY, START_WORKERS, Alert
from ...model.cached import cached_property
from ...model.job import DEAD, PENDING, PROCESSING, gone_text
from ...model.lane import HOME, Pause
from ...model.numbers import histograms, share, success_rate
from ...model.quantity import counted, size_text
from ...model.webhook import FAILING, IS_GONE
from ...model.when import DAY, HOUR, MINUTE, ago, duration_text
from ...model.worker import ALL, WorkerState, group_of, option
from ...store.home import free_bytes
from ..daemons.daemon import ELSEWHERE, POOL, SCHEDULER
from ..home.opened import OpenHome
from ..home.timezone import alerts as zone_alerts
from ..home.timezone import has_no_next_time
from .facts import Facts

SAMPLE, OUTCOMES = 10_000, 20
PERCENTILES = (50, 90, 95, 99)
LITTLE_ROOM = 500 << 20
LONG_WAIT_MS = 15 * MINUTE
OVERDUE_MS = MINUTE
# At most this many due schedules are checked.
SCHEDULES_READ = 20


class Status(Facts):
    """The facts, how long attempts take, and what needs attention."""

    @cached_property
    def average_duration(self) -> int | None:
        """How long the attempts of the last day ran on average, in milliseconds; None if there were none."""
        return self.store.timings.average(self.now - DAY)

    @cached_property
    def alerts(self) -> list[Alert]:
        """All alerts, the worst first."""
        return found(self, RULES)

    @property
    def pauses(self) -> list[Pause]:
        """The pauses, that of the home first."""
        return [Pause.of_lane(lane) for lane in map(self.paused_lane, sorted(self.lanes)) if lane is not None]

    @property
    def worker_alerts(self) -> list[Alert]:
        """The alerts that are about the workers that run or ran."""
        return found(self, OF_WORKERS)


class Metrics(Facts):
    """The facts, and times, rates and shares. Times are in milliseconds, of the attempts of the last day."""

    def __init__(self, opened: OpenHome) -> None:
        super().__init__(opened)
        stats, yesterday = self.store.stats, self.now - DAY
        run, wait = histograms(self.store.timings.series(yesterday))
        self.timed_attempts = run.count
        self.run_time, self.wait_time = run.spread(PERCENTILES), wait.spread(PERCENTILES)
        self.outcomes = self.store.recent.outcomes(SAMPLE, OUTCOMES)
        self.attempts = stats.totals(0)
        self.success_rate, self.success_rate_day = map(success_rate, (self.attempts, stats.totals(yesterday)))
        self.utilization = share(self.jobs[PROCESSING], self.workers["total"])
        busy = [worker.busy for worker in self.alive if worker.busy is not None]
        self.utilization_since_start = round(sum(busy) / len(busy), 3) if busy else None


def found(facts: Facts, rules: Sequence[Callable[[Facts], Iterator[Alert]]]) -> list[Alert]:
    """Return the alerts that some rules make, the worst first. Raises StoreUnavailable."""
    alerts = [alert for rule in rules for alert in rule(facts)]
    return sorted(alerts, key=lambda alert: LEVELS.index(alert.level))


def absent(facts: Facts) -> str | None:
    """Return which daemons are missing to run jobs, in words; None if workers are, or a scheduler that starts them."""
    if facts.alive or facts.scheduler.mode == "auto":
        return None
    return NO_WORKERS if facts.scheduler.running else NOBODY


def is_deserted(facts: Facts) -> bool:
    """Return whether neither workers nor a scheduler run, so that nothing recovers the job of a lost worker."""
    return not (facts.alive or facts.scheduler.running)


def takers(facts: Facts, queue: str) -> list[WorkerState]:
    """Return the workers that take jobs from a queue and go on doing so."""
    staying = (worker for worker in facts.alive if worker.state != "stopping")
    return [worker for worker in staying if not worker.queues or queue in worker.queues]


def start_for(*queues: str) -> str:
    """Return the command that starts workers for some queues."""
    return START_WORKERS + option(group_of(queues) or None)


def more_workers(facts: Facts, queue: str) -> str:
    """Return the command that gives the group which takes jobs from a queue another worker."""
    targets = {group_of(group.queues): group.target for group in facts.pool.groups}
    group = next((name for name in targets if queue in name.split(",")), ALL)
    return f"queuectl worker scale {targets.get(group, len(takers(facts, queue))) + 1}{option(group or None)}"


def _disk(facts: Facts) -> Iterator[Alert]:
    free = free_bytes(facts.opened.home)
    if facts.store.database.is_read_only:
        # Where nothing can be changed, nothing can be pruned.
        yield Alert("store_read_only", facts.store.database.notice)
    elif free < LITTLE_ROOM:
        yield Alert("low_disk", f"only {size_text(free)} are free on the disk", "queuectl prune")


def _nobody(facts: Facts) -> Iterator[Alert]:
    who = absent(facts)
    if facts.depth and who and not facts.pause:
        yield Alert("no_workers", f"{counted(facts.depth, 'job waits', 'jobs wait')}, but {who}", START_WORKERS)
    if facts.scheduler.schedules and who == NOBODY:
        yield Alert("no_scheduler", f"schedules do not fire: {NOBODY}", "queuectl scheduler start --auto")


def _queue_without_workers(facts: Facts) -> Iterator[Alert]:
    if not facts.alive or facts.scheduler.mode == "auto":
        return
    waiting = {queue: counts[PENDING] for queue, counts in facts.queues.items() if counts.get(PENDING)}
    left = [queue for queue in sorted(waiting) if not takers(facts, queue) and not facts.paused_lane(queue)]
    if not left or facts.pause:
        return
    jobs = counted(sum(waiting[queue] for queue in left), "job waits", "jobs wait")
    where = f"queue {left[0]}" if len(left) == 1 else f"{len(left)} queues"
    yield Alert("queue_without_workers", f"{jobs}, but no worker takes jobs of {where}", start_for(*left))


def limit_text(workers: Sequence[WorkerState]) -> str:
    """Return that some workers wait, and why; they were limited at different moments, so the last one's reason."""
    last = max(workers, key=lambda worker: worker.heartbeat_at)
    return f"{counted(len(workers), 'worker waits', 'workers wait')}: {last.limited_by}"


def _hindered(facts: Facts) -> Iterator[Alert]:
    for reason in sorted({worker.trouble for worker in facts.alive if worker.trouble}):
        yield Alert("shortage", f"workers cannot start commands for now: {reason}; they try again", "ulimit -a")
    for queues in sorted({tuple(worker.queues) for worker in facts.alive if worker.limited_by}):
        group = [worker for worker in facts.alive if worker.limited_by and tuple(worker.queues) == queues]
        yield Alert("limited", limit_text(group), "queuectl worker status")


def _lost_workers(facts: Facts) -> Iterator[Alert]:
    lost, command = facts.workers["lost"], START_WORKERS if is_deserted(facts) else "queuectl worker status"
    if facts.gone:
        yield Alert("lost_workers", gone_text([job.id for job in facts.gone]), command)
    elif lost:
        yield Alert("lost_workers", counted(lost, "worker was lost", "workers were lost"), command)


def _overdue(facts: Facts) -> Iterator[Alert]:
    if is_deserted(facts):
        return
    command = f"queuectl {'scheduler' if facts.scheduler.running else 'worker'} logs"
    before = facts.now - OVERDUE_MS
    for schedule in facts.store.schedules.due(before - 1, SCHEDULES_READ):
        if not has_no_next_time(facts.store, schedule, facts.now):
            due = ago(schedule.next_at or 0, facts.now)
            yield Alert("overdue", f"schedule {schedule.name} was due {due} and has not fired", command)
    due_at = facts.store.jobs.next_due()
    if due_at is not None and due_at < before:
        yield Alert("overdue", f"a job was due {ago(due_at, facts.now)} and does not run yet", command)


def _other_version(facts: Facts) -> Iterator[Alert]:
    this = f"of QueueCTL, this is version {__version__}"
    if facts.pool.version is not None:
        text = f"the workers are of {facts.pool.version} {this}: those that end are not replaced"
        yield Alert("other_version", text, "queuectl worker restart")
    if facts.scheduler.version is not None:
        auto = " --auto" if facts.scheduler.mode == "auto" else ""
        again = f"queuectl scheduler stop && queuectl scheduler start{auto}"
        yield Alert("other_version", f"the scheduler is of {facts.scheduler.version} {this}", again)


def _timezone(facts: Facts) -> Iterator[Alert]:
    zones = {f"{daemon.subject} {daemon.be}": daemon.zone(facts.opened) for daemon in (POOL, SCHEDULER)}
    for text, command in zone_alerts(facts.store, facts.now, zones):
        yield Alert("timezone", text, command)


def _long_wait(facts: Facts) -> Iterator[Alert]:
    # A pause has an alert of its own, and another worker would not help.
    waiting = {name: since for name, since in facts.waiting_since.items() if not facts.paused_lane(name)}
    queue = min(waiting, key=waiting.__getitem__, default="")
    age = facts.now - waiting.get(queue, facts.now)
    if not facts.alive or facts.pause or age <= LONG_WAIT_MS:
        return
    lane, running = facts.lanes.get(queue), facts.queues[queue].get(PROCESSING, 0)
    if lane is not None and not lane.has_room(facts.now, running):
        text = f"a job of queue {queue}, which is at its limit, has been waiting for {duration_text(age)}"
        yield Alert("long_wait", text, f"queuectl queue show {queue}")
    elif takers(facts, queue):
        text = f"a job of queue {queue} has been waiting for {duration_text(age)}"
        yield Alert("long_wait", text, more_workers(facts, queue))


def _paused(facts: Facts) -> Iterator[Alert]:
    """Tell of the home's pause, else of each queue that is paused."""
    for name in [HOME] if facts.pause else facts.lanes:
        lane = facts.paused_lane(name)
        if lane is not None:
            text = f"{lane.subject} is {lane.pause_text(facts.now)}"
            yield Alert("paused", text, f"queuectl resume {name}".rstrip())


def _hopeless(facts: Facts) -> Iterator[Alert]:
    dead = facts.jobs[DEAD]
    if dead:
        is_recent = facts.store.search.ended_since(DEAD, facts.now - DAY, 1)
        text = counted(dead, "job is dead", "jobs are dead")
        yield Alert("dead_jobs", text, "queuectl dlq list", level="" if is_recent else INFO)
    if facts.stuck:
        stuck = counted(facts.stuck, "job is stuck: what it waits", "jobs are stuck: what they wait")
        yield Alert("stuck_jobs", f"{stuck} for has ended otherwise", "queuectl list stuck:yes")


def _webhooks(facts: Facts) -> Iterator[Alert]:
    for webhook in facts.store.webhooks.all():
        command = f"queuectl webhook deliveries {webhook.name}"
        since = webhook.failing_since
        if webhook.pause_reason == IS_GONE:
            yield Alert("webhook", f"webhook {webhook.name} is paused: {IS_GONE}", command)
        elif since is not None and facts.now - since > HOUR and webhook.state == FAILING:
            yield Alert("webhook", f"webhook {webhook.name} has failed for {duration_text(facts.now - since)}", command)
        if webhook.dropped:
            events = counted(webhook.dropped, "event")
            yield Alert("webhook", f"webhook {webhook.name} missed {events}, which had waited for a day", command)


def _workers_elsewhere(facts: Facts) -> Iterator[Alert]:
    if facts.pool.elsewhere:
        yield Alert("workers_elsewhere", f"the workers run {ELSEWHERE}: stop them there")


OF_WORKERS = (_queue_without_workers, _hindered, _lost_workers, _other_version, _workers_elsewhere)
RULES = (_disk, _nobody, *OF_WORKERS, _overdue, _timezone, _long_wait, _paused, _hopeless, _webhooks)
