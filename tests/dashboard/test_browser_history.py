"""What the pages show of the past: the backlog, percentiles, the time before; and the workers at a glance."""

from __future__ import annotations

import pytest

from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.job import COMPLETED
from queuectl.store import Home, Store
from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver
MINUTE = 60_000
HOUR = 60 * MINUTE
CELLS = "[...document.querySelectorAll('.crew li')].map((cell) => cell.innerText.split(/\\s+/).join(' '))"


def values(browser: Browser, title: str) -> list[list[str]]:
    """Return the rows of a chart's data table, the newest first, without the times."""
    browser.wait(f"document.querySelector('svg[aria-label^=\"{title}. Last\"]')")
    browser.js(
        "const chart = document.querySelector(`svg[aria-label^=\"${arguments[0]}. Last\"]`).closest('figure');"
        " chart.querySelector('details').open = true",
        title,
    )
    caption = f"[...document.querySelectorAll('caption')].find((one) => one.textContent === {title!r})"
    browser.wait(caption)
    found: list[list[str]] = browser.js(
        f"return [...{caption}.parentNode.tBodies[0].rows].map((row) =>"
        " [...row.cells].slice(1).map((cell) => cell.textContent))"
    )
    return found


def test_the_backlog_begins_with_what_was_written_down_and_ends_with_what_is(
    dashboard: Dashboard, browser: Browser
) -> None:
    dashboard.cli("add", "echo waits", "--id", "first")
    now = SYSTEM_CLOCK.wall()
    with Store(Home(dashboard.home)) as store, store.writing():
        for ago, pending in ((50, 7), (49, 5), (40, 0), (30, 3)):
            store.backlog.add(pending=pending, processing=0, oldest_age=1, now=now - ago * MINUTE)
    browser.open(dashboard.url)
    shown = [value for (value,) in values(browser, "Pending jobs")]
    # Whether or not a minute began in between.
    assert shown[0] == "1" and len(shown) == 60
    history = "".join({"–": "."}.get(value, value) for value in reversed(shown))
    assert "." + "75" + "." * 8 + "0" * 10 + "3" + "." * 20 in history

    dashboard.cli("add", "echo waits", "--id", "second")
    browser.wait("document.querySelector('[data-tile=pending] strong').textContent === '2'")
    assert values(browser, "Pending jobs")[0] == ["2"]
    assert browser.complaints() == []


def register(home: str, count: int) -> None:
    """Add workers that nobody looks after."""
    with Store(Home(home)) as store, store.writing():
        for _ in range(count):
            store.workers.add(pid=999_999, pid_start="1", boot="another", queues="", now=SYSTEM_CLOCK.wall())


def test_workers_are_shown_with_state_job_and_time(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "sleep 300", "--id", "long")
    browser.open(dashboard.url)
    browser.wait("document.querySelector('[data-tile=pending] strong')?.textContent === '1'")
    assert not browser.js("return document.querySelector('.crew').checkVisibility()")

    dashboard.work(2)
    browser.wait(
        f"{CELLS}.length === 2 && {CELLS}.some((cell) => / busy .*long$/.test(cell))"
        f" && {CELLS}.some((cell) => / idle no job$/.test(cell))"
    )
    assert browser.js("return [...document.querySelectorAll('.crew .badge')].every((one) => one.dataset.glyph)")
    browser.wait(f"{CELLS}.some((cell) => /^#\\d+ busy [1-9]\\d*s long$/.test(cell))")
    browser.click(".crew a")
    browser.arrive("/jobs/long")


@pytest.mark.parametrize("count, more", [(32, ""), (40, "+8 more")])
def test_at_most_32_workers_are_shown(dashboard: Dashboard, browser: Browser, count: int, more: str) -> None:
    dashboard.cli("add", "echo waits")
    register(dashboard.home, count)
    browser.size(320, 640)
    browser.open(dashboard.url)
    browser.wait(f"{CELLS}.length === 32")
    assert set(browser.js(f"return {CELLS}.map((cell) => cell.replace(/^#\\d+ /, ''))")) == {"lost no job"}
    assert browser.text(".crew + p") == more
    assert browser.js("return document.documentElement.scrollWidth") <= 320
    if more:
        browser.click(".crew + p a")
        browser.arrive("/workers")


def happened(home: str, ago: int, count: int, run_time: int) -> None:
    now = SYSTEM_CLOCK.wall() - ago
    with Store(Home(home)) as store, store.writing():
        for _ in range(count):
            store.stats.count_attempt("default", COMPLETED, run_time=run_time, wait_time=1, now=now)


def test_metrics_compare_with_the_time_before_and_draw_percentiles(dashboard: Dashboard, browser: Browser) -> None:
    happened(dashboard.home, 50 * HOUR, 1, 7)
    happened(dashboard.home, 30 * HOUR, 1000, 7)
    happened(dashboard.home, 10 * HOUR, 1120, 40)
    browser.open(dashboard.url + "/metrics-ui?range=24h")
    browser.wait("document.querySelector('#totals').textContent")
    assert browser.text("#totals").startswith("Completed 1,120 (+12 % on the 24 h before), ")
    assert browser.text("#totals").endswith("failed attempts 0, dead 0")
    found = [row for row in values(browser, "Run time percentiles") if row != ["–"] * 3]
    assert found == [["0.040s"] * 3]

    browser.js("document.querySelector('a[href=\"/metrics-ui?range=7d\"]').click()")
    browser.wait("document.querySelector('#totals').textContent === 'Completed 2,121, failed attempts 0, dead 0'")
    assert browser.complaints() == []


@pytest.mark.parametrize("before, told", [(4, "−75 % on"), (1, "±0 % on"), (0, "none in")])
def test_fewer_as_many_and_none_before_are_shown(
    dashboard: Dashboard, browser: Browser, before: int, told: str
) -> None:
    happened(dashboard.home, 3 * HOUR, 1, 7)
    happened(dashboard.home, 90 * MINUTE, before, 7)
    happened(dashboard.home, 30 * MINUTE, 1, 7)
    browser.open(dashboard.url + "/metrics-ui")
    browser.wait("document.querySelector('#totals').textContent")
    assert browser.text("#totals").startswith(f"Completed 1 ({told} the hour before), ")
