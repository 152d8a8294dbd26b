"""A number that stands on two screens is the same on both: `status`, `metrics`, `top`, the API and Prometheus."""

from __future__ import annotations

import re
from typing import Any

import pytest

from queuectl.engine.lookout import Lookout
from queuectl.engine.queue import Queue
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.job import COMPLETED, DEAD, FAILED, PENDING, PROCESSING, SCHEDULED
from queuectl.model.nouns.home import ALERT
from queuectl.model.when import MINUTE
from tests.commands.calling import done
from tests.dashboard.asking import Api
from tests.store.building import add, bring_to, write

OTHERS = 17_000


class Screens:
    """What each screen shows of one home at one instant."""

    def __init__(self, home: str) -> None:
        self.status = done(home, "status", "--json").json()
        self.metrics = done(home, "metrics", "--json").json()
        self.texts = [done(home, "status").out, done(home, "metrics").out]
        with Queue(home) as queue:
            self.top = Lookout(queue).look()
        api = Api(home, clock=SYSTEM_CLOCK)
        self.overview = api.get("/overview")
        self.queues = api.get("/queues")["items"]
        self.summary = api.get("/metrics/summary")
        self.prometheus = api.ask("GET", "//metrics").body.decode()
        api.app.queue.close()

    def exported(self, name: str) -> dict[str, float]:
        """Return the samples of a family of Prometheus by their labels."""
        return {
            labels: float(value) for labels, value in re.findall(rf"^{name}(\S*) (\S+)$", self.prometheus, re.MULTILINE)
        }


@pytest.fixture
def screens(home: str, monkeypatch: pytest.MonkeyPatch) -> Screens:
    """The screens of a home with something of everything; the time stands still at a quarter of a minute."""
    now = SYSTEM_CLOCK.wall() // MINUTE * MINUTE + MINUTE // 4
    monkeypatch.setattr(SYSTEM_CLOCK, "wall", lambda: now)
    with Queue(home) as queue:
        store = queue.store
        for state in (COMPLETED, COMPLETED, DEAD, FAILED, SCHEDULED, PROCESSING):
            bring_to(store, state)
        add(store, queue="mail", now=now - OTHERS)
        write(store, store.workers.add, pid=1, pid_start="", boot="", queues="", now=now)
        for back in range(8):
            for state, count in ((COMPLETED, back + 3), (FAILED, 5), (DEAD, 1)):
                for number in range(count):
                    write(
                        store,
                        store.stats.count_attempt,
                        "mail" if number else "default",
                        state,
                        run_time=700 * number,
                        wait_time=40,
                        now=now - back * MINUTE,
                    )
    return Screens(home)


def test_the_jobs_of_each_state_are_the_same(screens: Screens) -> None:
    counts = screens.status["jobs"]
    assert counts == screens.metrics["jobs"] == screens.top.counts == screens.overview["jobs"]
    assert screens.status["total"] == screens.top.total == screens.overview["total"] == 7
    assert screens.status["queues"] == screens.overview["queues"]
    assert sum(screens.exported("queuectl_jobs").values()) == 7


def test_the_depth_is_the_same(screens: Screens) -> None:
    depths = [shown["depth"] for shown in (screens.status, screens.metrics, screens.overview)]
    assert depths == [3] * 3 and sum(queue["depth"] for queue in screens.queues) == 3
    assert re.search("queue depth: +3(, [0-9]+ of them scheduled)?\n", screens.texts[1])


def test_the_jobs_a_minute_are_the_same(screens: Screens) -> None:
    # This minute, four whole ones before it, and three quarters of the one before those.
    expected = (4 + 5 + 6 + 7 + 8 + 0.75 * 9) / 5
    shown = [screens.status, screens.metrics, screens.overview]
    assert [found["per_minute"] for found in shown] == pytest.approx([expected] * 3)
    assert screens.top.per_minute == screens.status["per_minute"]
    assert sum(queue["per_minute"] for queue in screens.queues) == pytest.approx(expected)
    assert f"per minute:      {expected:.1f}, over the last five minutes\n" in screens.texts[1]


def test_the_age_of_the_oldest_pending_job_is_the_same(screens: Screens) -> None:
    ages = [found["oldest_pending_age"] for found in (screens.status, screens.metrics, screens.overview)]
    (mail,) = (queue for queue in screens.queues if queue["queue"] == "mail")
    assert ages == [17] * 3 and mail["oldest_pending_age"] == 17 and mail["jobs"] == {PENDING: 1}
    assert screens.exported("queuectl_oldest_pending_seconds") == {"": 17}
    assert "oldest pending: waiting for 17s\n" in screens.texts[0] and "oldest pending:  17s\n" in screens.texts[1]


def test_the_workers_are_the_same(screens: Screens) -> None:
    totals: dict[str, Any] = screens.overview["workers"]
    assert totals == screens.status["workers"] == screens.metrics["workers"]
    assert totals["lost"] == screens.exported("queuectl_workers")['{state="lost"}'] == 1
    assert [worker.state for worker in screens.top.workers] == ["lost"]


def test_success_rates_and_times_are_the_same(screens: Screens) -> None:
    for name in ("success_rate", "success_rate_day", "run_time", "wait_time", "timed_attempts", "outcomes"):
        assert screens.metrics[name] == screens.summary[name], name
    assert screens.metrics["success_rate"] == round(52 / 60, 4)


def test_the_alerts_are_the_same(screens: Screens) -> None:
    alerts = screens.status["alerts"]
    assert [alert["code"] for alert in alerts] == ["no_workers", "lost_workers", "dead_jobs"]
    assert alerts == screens.overview["alerts"] == [ALERT.json(alert) for alert in screens.top.alerts]
    for alert in alerts:
        assert f"{alert['level'] + ':':<12}{alert['text']}: {alert['command']}\n" in screens.texts[0]
