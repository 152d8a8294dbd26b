"""Jobs from inputs in a real browser: the page of a job shows them, as text."""

from __future__ import annotations

from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver


def test_the_page_of_a_job_shows_what_it_was_made_from(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "echo {1} {2}", ":::", "<b>a</b>", ":::", "x", "y")
    browser.open(dashboard.url + "/jobs/job-2")
    browser.wait("document.querySelector('.facts')?.textContent.includes('Item<b>a</b> y')")
    shown = browser.js("return document.querySelector('.facts').textContent")
    assert "Index2" in shown and "Inputs1=<b>a</b>2=y" in shown and "Batchbatch-1" in shown
    dashboard.cli("add", "true", "--id", "plain")
    browser.open(dashboard.url + "/jobs/plain")
    browser.wait("document.querySelector('.facts')?.textContent.includes('Queue')")
    assert "Item" not in browser.js("return document.querySelector('.facts').textContent")
