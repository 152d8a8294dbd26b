"""Hook jobs in a real browser: the page of a job leads to those that its end has added, and theirs back."""

from __future__ import annotations

from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver


def test_a_job_and_its_hook_job_lead_to_each_other(dashboard: Dashboard, browser: Browser) -> None:
    def follow(job: str, shows: str) -> None:
        browser.js(f"document.querySelector('.facts a[href=\"/jobs/{job}\"]').click()")
        browser.wait(f"document.querySelector('.facts')?.textContent.includes('{shows}')")

    hook = "echo '<b>failed</b>'"
    dashboard.cli("add", "exit 3", "--id", "sync", "--retries", "0", "--on-failure", hook)
    dashboard.work()
    browser.open(dashboard.url + "/jobs/sync")
    browser.wait("document.querySelector('.facts')?.textContent.includes('Hook jobsjob-2 failure, completed')")
    assert hook in browser.js("return document.querySelector('.facts').textContent")
    follow("job-2", "Added byhook of sync (failure)")
    follow("1", "Hook jobsjob-2")
