"""The text for Prometheus: read by a strict parser, and by promtool where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from queuectl import __version__
from queuectl.dashboard.api.prometheus import CONTENT_TYPE, escaped
from queuectl.dashboard.daemon import add_up
from queuectl.engine.charts import SLACK_MS
from queuectl.engine.machine.log import Log
from queuectl.model.errors import StoreUnavailable
from queuectl.model.job import COMPLETED, DEAD, FAILED, PROCESSING
from queuectl.model.when import DAY, HOUR
from queuectl.store.lockfile import LockFile
from queuectl.store.stats import Stats
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import NOW, add, bring_to, claim, write

if TYPE_CHECKING:
    Labels = tuple[tuple[str, str], ...]

api = asking.api
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
SAMPLE = re.compile(rf"({NAME})(?:{{(.*)}})? (-?[0-9.]+(?:e[-+]?[0-9]+)?)")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


def parse(text: str) -> dict[tuple[str, Labels], float]:
    """Return {(name, labels): value}. Each family is told about first, its samples stand together, none twice."""
    assert text.endswith("\n")
    found: dict[tuple[str, Labels], float] = {}
    families: list[str] = []
    kind = ""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            assert re.fullmatch(NAME, family) and family not in families
            families.append(family)
            told = re.fullmatch(rf"# TYPE {family} (counter|gauge|histogram)", next(lines))
            assert told
            kind = told[1]
            assert (kind == "counter") == family.endswith("_total")
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        name, labels, value = match.groups()
        assert name in [families[-1] + suffix for suffix in SUFFIXES[kind]], line
        pairs = tuple(LABEL.findall(labels or ""))
        assert ",".join(f'{key}="{text}"' for key, text in pairs) == (labels or ""), line
        assert (name, pairs) not in found, line
        found[name, pairs] = float(value)
    return found


def scraped(api: Api) -> dict[tuple[str, Labels], float]:
    answer = api.ask("GET", "//metrics")
    assert answer.content_type == CONTENT_TYPE == "text/plain; version=0.0.4; charset=utf-8"
    return parse(answer.body.decode())


def test_an_empty_home_is_valid(api: Api) -> None:
    found = scraped(api)
    assert found["queuectl_oldest_pending_seconds", ()] == 0 and found["queuectl_scheduler_up", ()] == 0


def test_the_figures_are_those_of_the_home(api: Api) -> None:
    bring_to(api.store, COMPLETED, queue="mail")
    bring_to(api.store, DEAD, queue="mail", max_retries=0)
    add(api.store, queue="web")
    write(api.store, api.store.workers.add, pid=1, pid_start="", boot="", queues="", now=NOW)
    with api.store.writing():
        for state in (COMPLETED, COMPLETED, FAILED, DEAD):
            api.store.stats.count_attempt("mail", state, run_time=1500, wait_time=250, now=NOW)
    api.clock.advance(2500)
    found = scraped(api)
    assert found["queuectl_jobs", (("queue", "mail"), ("state", "dead"))] == 1
    assert found["queuectl_jobs", (("queue", "web"), ("state", "pending"))] == 1
    assert found["queuectl_jobs", (("queue", "web"), ("state", "dead"))] == 0
    assert found["queuectl_oldest_pending_seconds", ()] == 2.5
    assert found["queuectl_attempts_total", (("queue", "mail"), ("outcome", "completed"))] == 2
    assert found["queuectl_run_time_seconds_sum", (("queue", "mail"),)] == 6
    assert found["queuectl_run_time_seconds_count", (("queue", "mail"),)] == 4
    assert found["queuectl_wait_time_seconds_sum", (("queue", "mail"),)] == 1
    assert not any("recent" in name for name, _ in found)
    assert found["queuectl_workers", (("state", "lost"),)] == 1
    assert found["queuectl_store_bytes", (("file", "database"),)] > 0
    assert sum(value for (name, _), value in found.items() if name == "queuectl_jobs") == 3


def test_it_says_who_answers_since_when_and_what_is_due_next(api: Api) -> None:
    for name in ("nightly", "paused"):
        api.post("/schedules", {"name": name, "expression": "@daily", "command": "make"}, 201)
    api.post("/schedules/paused/pause")
    found = scraped(api)
    assert found["queuectl_build_info", (("version", __version__),)] == 1
    assert found["queuectl_start_time_seconds", ()] == api.clock.wall() / 1000
    due = api.app.queue.schedules.get("nightly").next_at
    assert due is not None
    assert {
        labels: value for (name, labels), value in found.items() if name == "queuectl_schedule_next_time_seconds"
    } == {(("schedule", "nightly"),): due / 1000}


def ended(api: Api, queue: str = "q", *, run: int = 7, wait: int = 3, ago: int = 0) -> None:
    with api.store.writing():
        api.store.stats.count_attempt(queue, COMPLETED, run_time=run, wait_time=wait, now=api.clock.wall() - ago)


def buckets(found: dict[tuple[str, Labels], float], name: str, queue: str) -> list[tuple[str, float]]:
    """Return (le, count) of a histogram, in the order in which they came."""
    return [
        (labels[1][1], value)
        for (family, labels), value in found.items()
        if family == f"queuectl_{name}_seconds_bucket" and labels[0] == ("queue", queue)
    ]


def test_histograms_are_cumulative(api: Api) -> None:
    for run, wait in ((5, 0), (6, 120), (900, 120), (7_000, 120), (90_000_000, 4_000_000)):
        ended(api, run=run, wait=wait)
    found = scraped(api)
    assert buckets(found, "run_time", "q") == [
        ("0.005", 1),
        ("0.01", 2),
        ("0.025", 2),
        ("0.05", 2),
        ("0.1", 2),
        ("0.25", 2),
        ("0.5", 2),
        ("1", 3),
        ("2.5", 3),
        ("5", 3),
        ("10", 4),
        ("30", 4),
        ("60", 4),
        ("300", 4),
        ("1800", 4),
        ("3600", 4),
        ("21600", 4),
        ("+Inf", 5),
    ]
    assert [count for _, count in buckets(found, "wait_time", "q")] == [1] * 5 + [4] * 11 + [5] * 2
    assert found["queuectl_run_time_seconds_sum", (("queue", "q"),)] == 90_007.911
    assert found["queuectl_wait_time_seconds_sum", (("queue", "q"),)] == 4_000.36


ODD = ['"', "\\", "a\nb", 'a,le="1"', "{}", "é", "x" * 100]


def test_each_queue_has_a_histogram_that_agrees_with_itself(api: Api) -> None:
    for number, queue in enumerate(ODD):
        for run in range(number + 1):
            ended(api, queue, run=10**run, wait=10 ** (number - run))
    found = scraped(api)
    for number, queue in enumerate(ODD):
        written = escaped(queue)
        for name in ("run_time", "wait_time"):
            counts = [count for _, count in buckets(found, name, written)]
            assert len(counts) == 18 and counts == sorted(counts)
            assert counts[-1] == found[f"queuectl_{name}_seconds_count", (("queue", written),)] == number + 1
            total = sum(10**power for power in range(number + 1)) / 1000
            assert found[f"queuectl_{name}_seconds_sum", (("queue", written),)] == total
    assert len({labels for family, labels in found if family == "queuectl_run_time_seconds_count"}) == len(ODD)


# Ended minutes are remembered.


def counted(api: Api) -> tuple[float, float]:
    """Return how many attempts the counter and the histogram of the queue have."""
    found = scraped(api)
    return (
        found.get(("queuectl_attempts_total", (("queue", "q"), ("outcome", "completed"))), 0),
        found.get(("queuectl_run_time_seconds_count", (("queue", "q"),)), 0),
    )


def test_what_ends_between_two_looks_is_counted_once(api: Api) -> None:
    for minute in range(20):
        ended(api)
        ended(api, ago=30_000)  # A commit that had to wait.
        assert counted(api) == (2 * minute + 2, 2 * minute + 2)
        api.clock.advance(60_000)
    assert counted(api) == counted(api) == (40, 40)


def test_ended_minutes_are_not_read_again(api: Api) -> None:
    ended(api)
    api.clock.advance(HOUR)
    assert counted(api) == (1, 1)
    with api.store.writing():
        assert api.store.stats.prune(NOW + DAY) == api.store.timings.prune(NOW + DAY) == 1
    assert counted(api) == (1, 1)
    ended(api)
    assert counted(api) == (2, 2)


def test_ended_minutes_are_added_up_before_the_first_request(api: Api) -> None:
    ended(api)
    api.clock.advance(HOUR)
    add_up(api.app, Log("test", api.clock))
    with api.store.writing():
        assert api.store.stats.prune(NOW + DAY) == api.store.timings.prune(NOW + DAY) == 1
    assert counted(api) == (1, 1)


def test_a_store_that_cannot_be_read_is_only_complained_about(
    api: Api, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: object) -> None:
        raise StoreUnavailable("the disk failed")

    monkeypatch.setattr(Stats, "series", fail)
    add_up(api.app, Log("test", api.clock))
    assert "the disk failed" in capfd.readouterr().err


@pytest.mark.parametrize("back", [1, SLACK_MS])
def test_a_clock_that_is_corrected_keeps_what_was_forgotten_since(api: Api, back: int) -> None:
    ended(api)
    api.clock.advance(HOUR + SLACK_MS)
    assert counted(api) == (1, 1)
    with api.store.writing():
        assert api.store.stats.prune(NOW + DAY) == api.store.timings.prune(NOW + DAY) == 1
    api.clock.advance(-back)
    ended(api)
    assert counted(api) == (2, 2)
    api.clock.advance(HOUR)
    assert counted(api) == (2, 2)


def test_a_clock_that_is_set_back_loses_and_doubles_nothing(api: Api) -> None:
    ended(api)
    api.clock.advance(HOUR)
    ended(api)
    api.clock.advance(HOUR)
    assert counted(api) == (2, 2)
    api.clock.advance(-2 * HOUR)
    ended(api)
    assert counted(api) == (3, 3)
    api.clock.advance(3 * HOUR)
    assert counted(api) == (3, 3)


def test_another_home_in_the_same_place_begins_at_zero(api: Api) -> None:
    ended(api)
    api.clock.advance(HOUR)
    assert counted(api) == (1, 1)
    api.app.queue.close()
    Path(api.app.queue.home.database).unlink()
    assert counted(api) == (0, 0)


@pytest.mark.parametrize("value, written", [("a", "a"), ('a"b', 'a\\"b'), ("a\\b", "a\\\\b"), ("a\nb", "a\\nb")])
def test_labels_are_escaped(value: str, written: str) -> None:
    assert escaped(value) == written


@pytest.mark.parametrize(
    "bad",
    [
        "x 1",
        "# HELP a b\n# TYPE a gauge\na{b=c} 1",
        "# HELP a b\n# TYPE a gauge\nb 1",
        "# HELP a b\n# TYPE a gauge\na 1\na 1",
        "# HELP a b\n# TYPE a counter\na 1",
    ],
)
def test_the_parser_is_strict(bad: str) -> None:
    with pytest.raises((AssertionError, LookupError)):
        parse(bad + "\n")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_has_nothing_to_say(api: Api) -> None:
    bring_to(api.store, COMPLETED)
    for queue in ODD:
        ended(api, queue)
    text = api.ask("GET", "//metrics").body
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_suspended_and_stuck_jobs_are_gauges(api: Api) -> None:
    assert [scraped(api)[f"queuectl_{name}_jobs", ()] for name in ("suspended", "stuck")] == [0, 0]
    lock = LockFile(api.store.home.worker_lock(1))
    assert lock.acquire()
    bring_to(api.store, PROCESSING, id="runs")
    queue = api.app.queue
    queue.suspend("runs")
    queue.add("true", id="parent")
    queue.add("true", after=["parent"])
    queue.cancel("parent")
    assert [scraped(api)[f"queuectl_{name}_jobs", ()] for name in ("suspended", "stuck")] == [1, 1]
    lock.close()


def test_pauses_and_limits_of_queues_are_gauges(api: Api) -> None:
    add(api.store, queue="mail")
    api.app.queue.queues.limit("web", 2)
    api.app.queue.queues.pause("mail")
    found = scraped(api)
    assert found["queuectl_paused", ()] == 0 and found["queuectl_queue_slots", (("queue", "web"),)] == 2
    assert [found["queuectl_queue_paused", (("queue", name),)] for name in ("mail", "web")] == [1, 0]
    api.app.queue.queues.pause()
    found = scraped(api)
    assert found["queuectl_paused", ()] == 1 and found["queuectl_queue_paused", (("queue", "web"),)] == 1


def test_locks_are_gauges(api: Api) -> None:
    for _ in range(3):
        add(api.store, locks=("gpu",))
    claim(api.store)
    api.app.queue.locks.limit("gpu", 2)
    found = scraped(api)
    label = (("lock", "gpu"),)
    assert [found[f"queuectl_lock_{part}", label] for part in ("slots", "running", "waiting")] == [2, 1, 2]
