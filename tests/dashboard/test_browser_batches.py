"""The page of batches in a real browser."""

from __future__ import annotations

from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver


def test_a_batch_is_shown_with_its_progress_and_leads_to_its_jobs(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "exit 1", "--id", "bad", "--batch", "book", "--retries", "0", "--max-fails", "1")
    dashboard.cli("add", "true", "--id", "rest", "--batch", "book", "--in", "2h")
    dashboard.cli("add", "true", "--id", "other")
    browser.open(dashboard.url + "/batches")
    browser.wait("document.querySelector('tr[data-key=book] .badge')?.textContent === 'open'")

    dashboard.work()
    browser.wait("document.querySelector('tr[data-key=book] .badge').textContent === 'stopped'")
    browser.wait("document.querySelector('tr[data-key=book] progress').value === 2")
    assert "batch book was stopped after 1 dead job" in browser.text("tr[data-key=book] td[data-label=State]")
    browser.js("document.querySelector('tr[data-key=book] th a').click()")
    browser.wait("document.querySelector('tr[data-key=bad]')")
    assert not browser.js("return document.querySelector('tr[data-key=other]')")


def test_the_limit_of_a_batch_is_shown_changed_and_taken_away(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "true", "--hold", "--batch", "book%4")
    limit = "document.querySelector('tr[data-key=book] td[data-label=Limit]')?.textContent"
    browser.open(dashboard.url + "/batches")
    browser.wait(f"{limit} === '4 at a time'")
    for typed, command, shown in (("7", "7", "7 at a time"), ("", "none", "")):
        browser.click("[aria-label='Limit batch book']")
        browser.click("[name=slots]")
        browser.js("document.querySelector('[name=slots]').value = ''")
        browser.type(typed or " ")
        assert browser.text("dialog .equivalent code") == f"queuectl batch limit book {command}"
        browser.click("dialog button.primary")
        browser.wait(f"!document.querySelector('dialog') && {limit} === '{shown}'")


def test_what_the_jobs_of_a_batch_have_brought_is_a_link(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "true {}", "--hold", "--batch", "book", ":::", "a.txt")
    browser.open(dashboard.url + "/batches")
    browser.wait("document.querySelector('tr[data-key=book] a[download]')")
    assert browser.text("tr[data-key=book] td[data-label=Progress]").strip() == "0 of 1"
    found = browser.js("return (await fetch(document.querySelector('a[download]').href)).text()")
    assert found.splitlines()[1].startswith('"1","job-1","1","a.txt","held"')


def test_the_batches_stand_side_by_side_in_a_window_of_1280(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "true {}", "--hold", "--batch", "nightly-transcoding-2026-11%4", ":::", "a.txt")
    browser.open(dashboard.url + "/batches")
    browser.wait("document.querySelector('main tbody tr')")
    assert not browser.js("return document.querySelector('main table').classList.contains('stacked')")
