"""The queue: all that can be done with jobs. Every front end and every Python program goes through it.

    from queuectl import Queue

    with Queue() as queue:
        job = queue.add("make test", retries=2, timeout="10m")
        done = queue.wait(job.id)[0]
        print(done.state, queue.output(done.id).decode())

Threads may share a Queue, and it survives a fork: each thread of each process gets its own connection. When a method
returns, its changes are on the disk.
"""

from __future__ import annotations

import os

from ..model.clock import SYSTEM_CLOCK, Clock
from ..model.errors import Conflict, InvalidInput, NotFound, quoted
from ..store.home import DIRECTORY, VARIABLE, find_home
from ..store.lockfile import is_held
from .changing import Changing, newer_of
from .home.opened import here
from .machine.doorbell import ALL, SCHEDULER, WORKERS, ring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, NoReturn, Sequence, Tuple, Union

    from ..model.attempt import Attempt
    from ..model.job import Job
    from ..model.spec import JobSpec
    from ..store.enqueue import Parent
    from .batches import Batches, Results
    from .charts import Charts
    from .config import Config
    from .dashboard import Dashboard
    from .inputs import Input
    from .logs import Events, Logs
    from .queues import Locks, Queues
    from .reporting import Reports
    from .scheduler import Scheduler
    from .schedules import Schedules
    from .webhooks import Webhooks
    from .workers import Workers

    # What a job may wait for.
    Awaited = Union[str, int, Job, Sequence[Union[str, int, Job]]]

# The value of a field that is not given: None may mean something.
NOT_GIVEN: Any = object()
# Of the parts whose modules have other names.
MODULES = {"reports": "reporting", "events": "logs", "locks": "queues"}


class Queue(Changing):
    """The queue of a home: a directory, by default the one that `queuectl` would use here.

    `actor` is noted with each change; `cwd` is the directory of jobs that name none, by default the current one. Any
    method raises StoreUnavailable if the home cannot be used.
    """

    # The parts, each of the class in the module of its name. They are loaded when they are first used.
    config: Config  # the settings of the home
    events: Events  # what users and daemons did
    batches: Batches  # jobs that belong together, under a name
    schedules: Schedules  # the jobs that are queued again and again
    queues: Queues  # how queues are limited, paused and drained
    locks: Locks  # names that jobs hold while they run
    webhooks: Webhooks  # who is notified of what happens
    logs: Logs  # what jobs printed and what happened to them
    reports: Reports  # how the home is doing
    charts: Charts  # what the dashboard draws of the home
    workers: Workers  # who runs the jobs
    scheduler: Scheduler  # who does what is due when no workers run
    dashboard: Dashboard  # the web dashboard

    def __init__(
        self, home: str | None = None, *, actor: str = "python", clock: Clock = SYSTEM_CLOCK, cwd: str | None = None
    ) -> None:
        # Whether the caller or the environment names the home; otherwise the current directory decides.
        self.is_named = bool(home or os.environ.get(VARIABLE))
        found = find_home(home, os.environ, "" if self.is_named else here())
        super().__init__(found, actor=actor, clock=clock, cwd=cwd)

    if not TYPE_CHECKING:  # type checkers know the parts, and would take any other name for one

        def __getattr__(self, name: str) -> Any:
            kind = Queue.__annotations__.get(name)
            if kind is None:
                raise AttributeError(f"a queue has no {name}")
            module = __import__(f"{__package__}.{MODULES.get(name, name)}", fromlist=[kind])
            part = getattr(module, kind)(self)
            setattr(self, name, part)
            return part

    @staticmethod
    def create(directory: str = "") -> str:
        """Make the home of a directory, by default the current one; return its path. Raises InvalidInput, Conflict."""
        base = os.path.abspath(os.path.join(here(), directory))
        if not os.path.isdir(base):
            raise InvalidInput(f"there is no directory {quoted(base)}", field="directory")
        path = os.path.join(base, DIRECTORY)
        if os.path.exists(os.path.join(path, "queue.db")):
            raise Conflict(f"there is a queue in {path} already", hint="use it: queuectl status")
        with Queue(path) as queue:
            queue.settings()
        return path

    def add(
        self,
        command: str,
        *,
        id: str | None = NOT_GIVEN,
        queue: str = NOT_GIVEN,
        priority: int = NOT_GIVEN,
        retries: int = NOT_GIVEN,
        max_retries: int = NOT_GIVEN,
        timeout: float | str | timedelta | None = NOT_GIVEN,
        run_at: str | datetime | timedelta | None = NOT_GIVEN,
        expires: str | datetime | timedelta | None = NOT_GIVEN,
        hold: bool = NOT_GIVEN,
        cwd: str | os.PathLike[str] = NOT_GIVEN,
        env: Dict[str, str] = NOT_GIVEN,
        shell: str = NOT_GIVEN,
        inherit_env: str | Sequence[str] | None = NOT_GIVEN,
        stdin: str | bytes | None = NOT_GIVEN,
        tags: List[str] | Tuple[str, ...] = NOT_GIVEN,
        allow_background: bool = NOT_GIVEN,
        nice: int = NOT_GIVEN,
        kill_grace: float | str | timedelta | None = NOT_GIVEN,
        kill_signal: int | str | None = NOT_GIVEN,
        ok_codes: int | str | None = NOT_GIVEN,
        snooze_on: int | str | None = NOT_GIVEN,
        fail_on: int | str | None = NOT_GIVEN,
        retry_on: int | str | None = NOT_GIVEN,
        backoff: str | None = NOT_GIVEN,
        locks: str | Sequence[str] = NOT_GIVEN,
        batch: str | None = NOT_GIVEN,
        batch_limit: int | None = NOT_GIVEN,
        max_fails: int | str | None = NOT_GIVEN,
        key: str | None = NOT_GIVEN,
        if_exists: str = NOT_GIVEN,
        key_for: float | str | timedelta | None = NOT_GIVEN,
        on_success: str | None = NOT_GIVEN,
        on_failure: str | None = NOT_GIVEN,
        on_finish: str | None = NOT_GIVEN,
        item: str | None = NOT_GIVEN,
        index: int | None = NOT_GIVEN,
        inputs: Dict[str, str] | None = NOT_GIVEN,
        after: Awaited = NOT_GIVEN,
        after_any: Awaited = NOT_GIVEN,
        after_failed: Awaited = NOT_GIVEN,
        **others: NoReturn,
    ) -> Job:
        """Enqueue one command; return the job.

        The fields are those of JSON, described in docs/adding-jobs.md. `timeout` is in seconds, a text such as "5m", a
        timedelta, or None for none; `run_at` is a text such as "+30m", a datetime (local without a zone), or a
        timedelta from now, and `expires` one of these or None. `after`, `after_any` and `after_failed` take an id, a
        number, a filter, a Job, or several. The job inherits the variables of this process that `inherit_env` names:
        see docs/environment.md. `stdin` is what the command reads. If a job has the `key` already, that job is
        returned, unless `if_exists` is "replace" or "error". `others` are refused as in JSON. Raises InvalidInput,
        NotFound if it finds no job to wait for, or Conflict if the id exists or the key is taken.
        """
        given = {name: value for name, value in locals().items() if name not in ("self", "others")}
        fields = {name: value for name, value in given.items() if value is not NOT_GIVEN}
        return self.get(self.enqueue([{**fields, **others}])[0])

    def enqueue(
        self,
        jobs: Iterable[Mapping[str, object]],
        *,
        names: Sequence[str] = (),
        on_progress: Callable[[int], None] | None = None,
        on_skipped: Callable[[Sequence[str]], None] | None = None,
        like: Job | None = None,
    ) -> list[str]:
        """Enqueue jobs, all of them or none; return their ids.

        If a job is not added because another has its key, the other's id stands in its place; `on_skipped` gets these
        ids, if there are any. `names` says where each came from, for messages. `on_progress` gets the number of written
        jobs now and then, inside the transaction: it must not wait. Jobs that do not say what they inherit get what the
        job `like` has from its caller, if that is given. Raises InvalidInput with every problem of every job, Conflict,
        or DaemonUnavailable if workers run that do not know a field.
        """
        if isinstance(jobs, (str, dict)):
            raise InvalidInput(f"jobs must be a list of mappings, got {quoted(jobs)}", field="jobs")
        specs = self.check(jobs, names=names, are_copies=like is not None)
        if not specs:
            return []
        return self.enqueue_checked(specs, on_progress=on_progress, on_skipped=on_skipped, like=like)

    def add_each(self, command: str | Sequence[str], *sources: Iterable[Input], **fields: Any) -> list[str]:
        """Enqueue a command for each input, or each combination of several sources; return the ids of the jobs.

        Placeholders such as `{}`, `{.}` or `{2}` stand in the command for the inputs, see docs/adding-jobs.md; a
        command that is a list of words is quoted for the shell. An input is a text, a path or a number, or a mapping
        whose keys are placeholders. `fields` are those of `add`, except the id. The jobs are one batch, named `batch-`
        and the number of the first of them unless `batch` names it. Raises InvalidInput, also where there would be more
        than 100,000 jobs, before any is made, and what `enqueue` raises.
        """
        from .inputs import Inputs

        inputs = Inputs.of_python(command, sources)
        return self.enqueue_checked(inputs.specs(self, fields), is_batch=fields.get("batch") is None)

    def enqueue_checked(
        self,
        specs: Sequence[JobSpec],
        *,
        is_batch: bool = False,
        on_progress: Callable[[int], None] | None = None,
        on_skipped: Callable[[Sequence[str]], None] | None = None,
        like: Job | None = None,
    ) -> list[str]:
        """Enqueue what `check` returned, as `enqueue` does; with `is_batch` as a batch named after its first job."""
        store, now = self.store, self.clock.wall()
        self._demand_known({name for spec in specs for name in newer_of(spec)})
        parents: Sequence[Sequence[Parent]] = ()
        if any(spec.after or spec.after_any or spec.after_failed for spec in specs):
            from .linking import parents_of

            parents = parents_of(self, specs)
        named = {spec.inherit_env for spec in specs}
        origins = {words: self.origin(words, has_usual=self.is_caller) for words in named}
        if like is not None and None in origins:
            origins[None] = store.hooks.origin_of(like.number)
        with store.writing():
            if any(spec.is_delay or spec.expires_from_now for spec in specs):
                from .home.clockwatch import follow

                # A time that counts from now goes by the present clock.
                follow(store)
            adding = None
            if any(spec.key is not None for spec in specs):
                from .keys import look_up

                adding = look_up(store, specs, parents, actor=self.actor, now=now)
                specs, parents = adding.specs, adding.parents
            self.demand_open({spec.queue for spec in specs})
            if parents and any(spec.batch is not None for spec in specs):
                from .linking import demand_no_circle_in_batches

                demand_no_circle_in_batches(store, specs, parents)
            ids = store.jobs.enqueue(
                specs,
                origins=origins,
                actor=self.actor,
                now=now,
                parents=parents,
                is_batch=is_batch,
                on_progress=on_progress,
            )
            if ids:
                which = ids[0] if len(ids) == 1 else f"{len(ids)} jobs, {ids[0]} to {ids[-1]}"
                self.note("enqueued", which, now=now)
        # In automatic mode the scheduler starts workers for them.
        has_times = any(spec.run_at is not None or spec.expires_at is not None for spec in specs)
        ring(self.home, ALL if has_times else (WORKERS, SCHEDULER))
        if adding is None:
            return ids
        found = adding.ids(ids)
        if adding.left and on_skipped is not None:
            on_skipped([found[at] for at in adding.left])
        return found

    def is_attended(self) -> bool:
        """Return whether workers run, or a scheduler that starts them: `add` asks each time, so it has to be cheap."""
        home, meta = self.home, self.store.meta
        if is_held(home.daemon_lock("pool")):
            return True
        if is_held(home.daemon_lock("scheduler")) and meta.scheduler().mode == "auto":
            return True
        if meta.daemon("pool") is None:
            return False
        # Only where the lock of the pool is missing: to find its process takes longer.
        from .daemons.daemon import POOL

        return POOL.find(self) is not None

    def wait(
        self,
        *references: str | int | Job,
        timeout: float | timedelta | None = None,
        on_change: Callable[[Sequence[Job]], None] | None = None,
    ) -> List[Job]:
        """Wait until all jobs are completed, dead or cancelled at the same time; return them.

        `timeout` is in seconds, or a timedelta. `on_change` gets the jobs whenever one has changed. Raises WaitTimeout,
        or NotFound if one is removed meanwhile.
        """
        from .waiting import Waiting

        numbers = self.find(references)
        seconds = timeout if timeout is None or isinstance(timeout, (int, float)) else timeout.total_seconds()
        waiting = Waiting(self, numbers, timeout=seconds)

        def look() -> None:
            if waiting.removed:
                raise NotFound(f"{len(waiting.removed)} of the jobs waited for were removed")
            if on_change is not None:
                on_change(self.read(numbers))

        jobs = waiting.jobs(numbers, look)
        if len(jobs) < len(numbers):
            raise NotFound(f"{len(numbers) - len(jobs)} of the jobs waited for were removed")
        return jobs

    def output(self, reference: str | int | Job, *, attempt: int | None = None, stream: int | None = None) -> bytes:
        """Return what an attempt printed, by default the last one; `stream` 1 is stdout, 2 stderr.

        The part of a long output that was not kept is missing. Raises NotFound.
        """
        found = self.logs.attempt(self.get(reference), attempt)
        return b"".join(piece.data for piece in self.logs.read(found) if stream in (None, piece.stream))

    def stdin(self, reference: str | int | Job) -> bytes | None:
        """Return what a job's command reads as standard input, None for nothing. Raises NotFound."""
        return self.store.contexts.stdin_of(self.get(reference).number)

    def results(self, jobs: str, *, with_output: bool = False) -> Results:
        """Return the inputs of jobs and how each ended, in the order of the inputs: dicts that are read one by one.

        `jobs` is the name of a batch, or a filter; `with_output` adds `stdout` and `stderr` of the last attempts.
        Raises NotFound.
        """
        from .batches import results_of

        return results_of(self, jobs, with_output=with_output)

    def attempts(self, reference: str | int | Job) -> List[Attempt]:
        """Return the attempts of a job, oldest first; their times are in milliseconds. Raises NotFound."""
        return self.logs.attempts(self.get(reference))

    def follow(self, reference: str | int | Job, *, stream: int | None = None) -> Iterator[bytes]:
        """Yield what a job has printed and prints in all its attempts, until it has ended.

        `stream` 1 is stdout, 2 stderr. Raises NotFound, also if the job is removed meanwhile.
        """
        from .logs import LOOK_SECONDS, Follower

        follower = Follower(self, self.logs, self.get(reference), stream=stream)
        while True:
            yield from follower.look()
            if follower.is_done:
                return
            self.clock.pause(LOOK_SECONDS)
