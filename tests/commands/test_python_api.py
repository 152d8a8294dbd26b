"""`from queuectl import Queue`: the same queue from Python, from threads and after a fork."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

import queuectl
from queuectl import Conflict, InvalidInput, Job, NotFound, Queue, WaitTimeout
from queuectl.engine.finding import Selection
from queuectl.model.fields import BY_SPELLING, GIVEN
from tests.commands.calling import done
from tests.support import ROOT, FakeClock, Processes


def test_jobs_are_added_read_listed_and_run(workers: str) -> None:
    with Queue(workers) as queue:
        job = queue.add("echo out; echo err >&2", retries=2, timeout="10m", tags=["t"], env={"A": "1"})
        assert isinstance(job, Job)
        assert (job.max_retries, job.timeout, job.tags) == (2, 600_000, ("t",))
        ended = queue.wait(job.id, timeout=60)
        assert [found.state for found in ended] == ["completed"]
        assert queue.output(job.id) == b"out\nerr\n"
        assert (queue.output(job.id, stream=1), queue.output(job.id, stream=2)) == (b"out\n", b"err\n")
        assert queue.get(str(job.number)).id == queue.get("last").id == job.id
        assert [found.id for found in queue.list()] == [job.id]
        assert queue.list("state:dead", tag="t") == []
        assert queue.list(limit=0) == []


def test_workers_are_started_scaled_and_stopped(home: str, processes: Processes) -> None:
    with Queue(home) as queue:
        assert queue.workers.start(count=1) == (0, 1)
        assert queue.workers.pid is not None
        processes.add(queue.workers.pid)
        assert queue.workers.start("mail", 2) == (0, 2)
        assert queue.workers.start(count=1) == (1, 1)
        assert queue.workers.scale("mail", 1) == "mail"
        assert queue.workers.groups() == {"": 1, "mail": 1}
        assert queue.wait(queue.add("true", queue="mail").id, timeout=60)[0].state == "completed"
        assert queue.workers.stop("mail") is not None
        assert queue.workers.groups() == {"": 1}
        assert queue.workers.stop(force=True) is not None
        assert queue.workers.stop() is None and queue.workers.groups() == {}


def test_a_group_of_workers_and_their_number_are_checked_before_anything_changes(
    home: str, processes: Processes
) -> None:
    with Queue(home) as queue:
        assert queue.workers.start("b,a", 1) == (0, 1)
        assert queue.workers.pid is not None
        processes.add(queue.workers.pid)
        assert queue.workers.start("a,b", 1) == (1, 1)
        for group in ("x\ny", "a b", "*,a", "-a"):
            for call in (queue.workers.start, queue.workers.scale):
                with pytest.raises(InvalidInput, match="queue"):
                    call(group, 1)
            with pytest.raises(InvalidInput, match="queue"):
                queue.workers.stop(group)
        counts: list[Any] = [0, -1, True, 1.5]
        for count in counts:
            for call in (queue.workers.start, queue.workers.scale):
                with pytest.raises(InvalidInput, match="a whole number from 1"):
                    call("a,b", count)
        assert queue.workers.groups() == {"a,b": 1}
        assert queue.workers.scale("b,a", 2) == "a,b"
        assert queue.workers.stop("b,a") is not None
        assert queue.workers.groups() == {}


def test_jobs_are_cancelled_retried_and_removed(home: str) -> None:
    with Queue(home) as queue:
        numbers = [queue.add("true").number for _ in range(3)]
        assert queue.cancel(*numbers[:2]).done == ["job-1", "job-2"]
        again = queue.cancel(*numbers)
        assert (again.done, [refused.state for refused in again.refused]) == (["job-3"], ["cancelled", "cancelled"])
        assert queue.retry(*numbers[:1]).done == ["job-1"]
        assert queue.remove(*numbers[1:]).done == ["job-2", "job-3"]
        assert [job.state for job in queue.list()] == ["pending"]


def test_jobs_are_listed_by_one_or_several_queues_and_tags(home: str) -> None:
    with Queue(home) as queue:
        queue.add("true", id="a", queue="p", tags=["x", "y"])
        queue.add("true", id="b", queue="q", tags=["x"], hold=True)
        queue.add("true", id="c", queue="r", allow_background=True)

        def listed(*filters: str, **fields: Any) -> list[str]:
            return [job.id for job in queue.list(*filters, sort="number", **fields)]

        assert listed(queue="p") == listed(tag="y") == listed(tag=["x", "y"]) == ["a"]
        assert listed(queue=["p", "r"]) == ["a", "c"]
        assert listed("state:held", tag=("x",)) == listed(state="held") == ["b"]
        assert listed("state:open", queue=None, tag=[]) == ["a", "b", "c"]
        assert listed("background:yes") == ["c"]
        with pytest.raises(InvalidInput, match="there is no state"):
            queue.list("state:opened")


@pytest.mark.parametrize("verb", ["duplicate", "edit", "cancle", "close"])
def test_what_needs_more_than_jobs_or_is_no_verb_cannot_be_applied_by_name(home: str, verb: str) -> None:
    with Queue(home) as queue:
        job = queue.add("true")
        with pytest.raises(InvalidInput, match=f'one of retry, cancel, .*, got "{verb}"'):
            queue.apply(verb, job.id)
        assert queue.apply("hold", job.id).done == [job.id]


def test_jobs_are_counted_and_read_by_number(home: str) -> None:
    with Queue(home) as queue:
        assert (queue.count(), queue.counts()) == (0, {})
        queue.add("true", tags=["x"])
        queue.add("echo", hold=True)
        queue.add("true", tags=["x"])
        assert queue.counts() == {"held": 1, "pending": 2}
        assert (queue.count(), queue.count("tag:x"), queue.count("state:dead")) == (3, 2, 0)
        assert queue.counts("!tag:x") == {"held": 1}
        assert [job.id for job in queue.read([3, 99, 1])] == ["job-3", "job-1"]
        with pytest.raises(InvalidInput, match="there is no state"):
            queue.count("state:opened")


def test_a_verb_takes_ids_or_a_filter_but_not_both(home: str) -> None:
    with Queue(home) as queue:
        for name, tag in (("a", "x"), ("b", "y"), ("c", "x")):
            queue.add("true", id=name, tags=[tag])
        assert queue.hold("tag:x").done == ["a", "c"]
        assert queue.cancel("state:pending,held !tag:y").done == ["a", "c"]
        assert queue.retry("tag:x").done == []  # As on the command line, retry means dead and failed ones.
        assert queue.retry("state:cancelled tag:x", "id:a").done == ["a"]
        assert queue.edit("tag:y", priority=5).done == ["b"]
        assert queue.find(["tag:y"]) == [2]
        assert [job.id for job in queue.wait("id:c", timeout=60)] == ["c"]
        assert queue.remove().done == []
        for words in (("a", "tag:x"), (" ",), ("echo hi",), ("-tag:x",)):
            with pytest.raises(InvalidInput):
                queue.cancel(*words)


def test_jobs_that_are_gone_by_now_are_passed_over(home: str) -> None:
    with Queue(home) as queue:
        numbers = [queue.add("true").number for _ in range(2)]
        meant = Selection(numbers)
        queue.remove(numbers[1])
        assert queue.cancel(meant).done == ["job-1"]
        with pytest.raises(NotFound):
            queue.retry(*numbers)
        assert queue.get("job-1").state == "cancelled"


def test_a_wrong_filter_says_where(home: str) -> None:
    with Queue(home) as queue, pytest.raises(queuectl.FilterError) as raised:
        queue.list("queue:a stat:dead")
    assert (raised.value.position, raised.value.suggestion) == (8, "state")


def test_mistakes_are_errors_of_one_tree(home: str) -> None:
    with Queue(home) as queue:
        with pytest.raises(InvalidInput) as raised:
            queue.add("", priority=9_999, prio=1)  # type: ignore[arg-type]
        assert len(raised.value.problems) == 3
        queue.add("true", id="one")
        with pytest.raises(Conflict):
            queue.add("true", id="one")
        with pytest.raises(NotFound):
            queue.get("two")
        with pytest.raises(NotFound):
            queue.output("one")
        with pytest.raises(WaitTimeout):
            queue.wait("one", timeout=0)
        with pytest.raises(TimeoutError, match="gave up waiting after 0.01 s"):
            queue.wait("one", timeout=timedelta(milliseconds=10))
        with pytest.raises(LookupError, match="no job"):
            queue.attempts("two")
        queue.add("true", id="two")
        with pytest.raises(InvalidInput):
            queue.get("one,two")
        assert all(
            issubclass(error, queuectl.QueueCTLError) for error in (Conflict, InvalidInput, NotFound, WaitTimeout)
        )


def test_a_job_is_read_only(home: str) -> None:
    with Queue(home) as queue:
        job = queue.add("true")
    with pytest.raises(AttributeError):
        job.state = "completed"


def test_many_threads_share_one_queue(home: str) -> None:
    queue = Queue(home)
    problems: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for count in range(10):
                job = queue.add("true", id=f"t{name}-{count}")
                assert queue.get(job.id).number == job.number
            queue.close()
        except Exception as error:  # Whatever it is, the main thread must fail by it.
            problems.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []
    assert len(queue.list()) == 80
    queue.close()


def test_the_end_of_a_queue_closes_the_connections_of_all_threads(home: str) -> None:
    def open_files() -> int:
        names = (os.readlink(entry.path) for entry in os.scandir("/proc/self/fd") if os.path.islink(entry.path))
        return sum(name.startswith(os.path.realpath(home)) for name in names)

    may_end = threading.Event()
    with Queue(home) as queue:
        queue.add("true")
        alone = open_files()
        added = threading.Barrier(9)

        def work() -> None:
            queue.add("true")
            added.wait(60)
            may_end.wait(60)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        added.wait(60)
        assert open_files() > alone
    assert open_files() == 0
    may_end.set()
    for thread in threads:
        thread.join(60)


def test_values_may_have_the_types_of_python(home: str) -> None:
    at = datetime(2035, 1, 1, 12, 30, tzinfo=timezone(timedelta(hours=2)))
    with Queue(home, clock=FakeClock()) as queue:
        job = queue.add("true", cwd=Path("/tmp"), timeout=timedelta(minutes=1.5), run_at=at)
        assert (job.cwd, job.timeout, job.run_at) == ("/tmp", 90_000, round(at.timestamp() * 1000))
        local = queue.add("true", run_at=at.astimezone().replace(tzinfo=None))
        assert local.run_at == job.run_at
        delayed = queue.add("true", run_at=timedelta(hours=1))
        assert delayed.run_at - delayed.created_at == 3_600_000
        assert queue.edit(job, cwd=Path("/"), timeout=timedelta(seconds=5)).done == [job.id]
        assert (queue.get(job).cwd, queue.get(job).timeout) == ("/", 5_000)
        assert queue.schedules.add("nightly", "@daily", "true", timeout=timedelta(seconds=5)).timeout == 5_000
        days = [{"run_at": day} for day in (datetime(1960, 1, 1), datetime.min, datetime.max)]
        wrong: list[dict[str, Any]] = [{"timeout": timedelta(-1)}, *days, {"cwd": Path("a")}]
        for fields in wrong:
            with pytest.raises(InvalidInput, match=f"^{next(iter(fields))} "):
                queue.add("true", **fields)


def test_each_field_of_a_job_is_a_parameter_of_add() -> None:
    named = {name for name, found in signature(Queue.add).parameters.items() if found.kind is not found.VAR_KEYWORD}
    assert {BY_SPELLING[name].name for name in named - {"self"}} == {field.name for field in GIVEN}


def test_output_is_followed_through_all_attempts(workers: str) -> None:
    with Queue(workers) as queue:
        job = queue.add("echo $QUEUECTL_ATTEMPT; echo no >&2; exit 1", retries=1)
        assert b"".join(queue.follow(job)) == b"1\nno\n2\nno\n"
        assert b"".join(queue.follow(job.id, stream=1)) == b"1\n2\n"
        assert [(found.attempt, found.exit_code) for found in queue.attempts(job)] == [(1, 1), (2, 1)]


def test_a_type_checker_may_read_the_package() -> None:
    assert os.path.isfile(os.path.join(os.path.dirname(queuectl.__file__), "py.typed"))


def test_the_reports_say_how_the_queue_is_doing(home: str) -> None:
    with Queue(home) as queue:
        job = queue.add("true")
        queue.add("true", id="later", run_at="+1h")
        status = queue.reports.status()
        assert (status.jobs["pending"], status.total, status.depth) == (1, 2, 2)
        assert [alert.code for alert in status.alerts] == ["no_workers"]
        assert queue.reports.why(job).hint == status.alerts[0].command == "queuectl worker start"
        coming, total = queue.reports.upcoming(10)
        assert ([found.id for found in coming], total) == (["later"], 1)
        assert queue.reports.metrics().timed_attempts == 0


def test_a_status_is_of_one_instant(home: str) -> None:
    with Queue(home) as queue:
        before = queue.reports.status()
        assert before.total == 0
        queue.add("true")
        assert (before.total, before.depth, queue.reports.status().total) == (0, 0, 1)


def test_a_queue_survives_a_fork(home: str) -> None:
    """The child adds with the queue of the parent, and neither disturbs the other's connection."""
    program = (
        "import os, sys; from queuectl import Queue\n"
        "queue = Queue(sys.argv[1]); queue.add('true', id='before')\n"
        "child = os.fork()\n"
        "queue.add('true', id='child' if child == 0 else 'parent')\n"
        "if child == 0: os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "queue.add('true', id='after'); print(sorted(job.id for job in queue.list()))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, home], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (answer.stdout, answer.stderr) == ("['after', 'before', 'child', 'parent']\n", "")


def test_a_closed_queue_opens_again(home: str) -> None:
    queue = Queue(home)
    queue.add("true")
    queue.close()
    queue.close()
    assert len(queue.list()) == 1
    queue.close()


def test_the_home_is_found_as_on_the_command_line(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUECTL_HOME", home)
    with Queue() as queue:
        queue.add("true", id="here")
    assert done(home, "show", "here", "--json").json()["created_by"] == f"python[{os.getpid()}]"


def test_every_public_name_is_there_and_no_other() -> None:
    found: dict[str, Any] = {name: getattr(queuectl, name) for name in queuectl.__all__}
    assert found["__version__"] == queuectl.__version__
    with pytest.raises(AttributeError, match="nonsense"):
        queuectl.nonsense  # noqa: B018


def test_settings_are_read_set_and_unset(home: str) -> None:
    with Queue(home) as queue:
        assert [queue.config.set("worker-timeout", "10m"), queue.config.set("max_retries", 5)] == ["600s", "5"]
        found = queue.config.get("timeout")
        assert (found.value, found.source, found.default) == ("600s", "home", "300s")
        assert queue.add("true").max_retries == 5
        assert queue.config.unset("timeout") == "300s"
        with pytest.raises(InvalidInput, match="timeout must be between"):
            queue.config.set("timeout", "soon")


def test_schedules_are_added_read_and_removed(home: str) -> None:
    with Queue(home) as queue:
        added = queue.schedules.add("nightly", "@daily", "true", queue="night")
        assert (added.words, queue.schedules.run("nightly").queue) == ("at 00:00 every day", "night")
        assert [found.name for found in queue.schedules.all()] == ["nightly"]
        assert queue.schedules.pause("nightly").paused and not queue.schedules.resume("nightly").paused
        queue.schedules.remove("nightly")
        with pytest.raises(NotFound):
            queue.schedules.get("nightly")


def test_events_are_read_a_page_at_a_time(home: str) -> None:
    with Queue(home) as queue:
        for command in ("one", "two", "three"):
            queue.add(command, id=command)
        queue.hold("two")
        first, before = queue.events.page(3)
        assert [(event.what, event.job or event.detail) for event in first] == [
            ("hold", "two"),
            ("enqueued", "three"),
            ("enqueued", "two"),
        ]
        assert before is not None
        assert [event.detail for event in queue.events.page(3, before=before)[0]] == ["one"]
        (held,), end = queue.events.page(3, what="hold")
        assert (held.what, end) == ("hold", None)
        assert queue.events.since(first[1].number, 9)[0].number == held.number
