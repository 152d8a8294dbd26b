"""The linked jobs on a job's page: drawn, followed live, and usable without a pointer."""

from __future__ import annotations

import json

from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver
LABELS = "[...document.querySelectorAll('.graph [aria-label]:not(svg)')].map((one) => one.getAttribute('aria-label'))"
CENTER = "(({ left, width }) => left + width / 2)(document.querySelector(arguments[0]).getBoundingClientRect())"


def add_site(dashboard: Dashboard) -> None:
    """Add a graph with each kind of link."""
    graph = [
        {"id": "fetch", "command": "true"},
        {"id": "pages", "command": "true", "after": "fetch"},
        {"id": "clean", "command": "true", "after_any": "pages"},
        {"id": "alarm", "command": "true", "after_failed": "pages"},
        {"id": "upload", "command": "true", "after": ["pages", "clean"]},
    ]
    dashboard.cli("enqueue", json.dumps(graph))


def test_linked_jobs_are_drawn_from_left_to_right_and_followed(dashboard: Dashboard, browser: Browser) -> None:
    add_site(dashboard)
    browser.open(f"{dashboard.url}/jobs/pages")
    browser.wait(f"{LABELS}.includes('fetch, pending')")
    assert sorted(browser.js(f"return {LABELS}")) == [
        "alarm, blocked",
        "clean, blocked",
        "fetch, pending",
        "pages, blocked",
        "upload, blocked",
    ]
    order = [f'.graph a[href="/jobs/{job}"] rect' for job in ("fetch", "pages", "clean", "upload")]
    found = [browser.js(f"return {CENTER}", selector) for selector in order]
    assert found == sorted(found) and len(set(found)) == 4
    assert browser.js("return document.querySelector('.graph [aria-current]').getAttribute('href')") == "/jobs/pages"
    assert browser.js("return document.querySelectorAll('.graph path[data-when]').length") == 5

    dashboard.cli("cancel", "fetch")
    browser.wait(f"{LABELS}.includes('fetch, cancelled') && {LABELS}.includes('upload, blocked, stuck')")
    browser.wait("document.querySelector('.head .badge').textContent === 'stuck'")
    assert browser.complaints() == []


def test_a_linked_job_is_reached_with_the_keyboard_and_keeps_the_focus(dashboard: Dashboard, browser: Browser) -> None:
    add_site(dashboard)
    browser.open(f"{dashboard.url}/jobs/pages")
    browser.wait(f"{LABELS}.includes('fetch, pending')")
    browser.js("window.kept = true; document.querySelector('.graph a[href=\"/jobs/upload\"]').focus()")
    dashboard.cli("hold", "fetch")
    browser.wait(f"{LABELS}.includes('fetch, held')")
    assert browser.js("return document.activeElement.getAttribute('href')") == "/jobs/upload"
    browser.press("\ue007")
    browser.arrive("/jobs/upload")
    assert browser.js("return window.kept"), "the page was loaded again"


def test_a_batch_that_jobs_wait_for_is_a_node_that_leads_to_its_jobs(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "true", "--id", "page", "--batch", "book")
    dashboard.cli("add", "true", "--id", "print", "--after", "batch:book")
    browser.open(f"{dashboard.url}/jobs/print")
    browser.wait(f"{LABELS}.includes('batch:book, open')")
    dashboard.cli("cancel", "page")
    browser.wait(f"{LABELS}.includes('batch:book, failed') && {LABELS}.includes('print, blocked, stuck')")
    browser.js("document.querySelector('.graph').parentNode.querySelector('details').open = true")
    browser.wait("document.querySelector('.graph ~ * th a')?.textContent === 'batch:book'")
    browser.js(
        "document.querySelector('.graph a[aria-label^=batch]').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    browser.wait("document.querySelector('tr[data-key=page]')")
    assert not browser.js("return document.querySelector('tr[data-key=print]')")

    browser.open(f"{dashboard.url}/batches")
    browser.wait("document.querySelector('tr[data-key=book] a.hint')?.textContent === '1 job waits for it'")
    assert "\n1 job waits for it" in browser.text("tr[data-key=book]")
    browser.js("document.querySelector('tr[data-key=book] a.hint').click()")
    browser.wait("document.querySelector('tr[data-key=print]')")
    assert browser.complaints() == []


def test_the_same_stands_in_a_table_and_a_job_without_links_has_neither(dashboard: Dashboard, browser: Browser) -> None:
    add_site(dashboard)
    dashboard.cli("add", "true", "--id", "alone")
    browser.open(f"{dashboard.url}/jobs/upload")
    browser.wait("document.querySelector('.graph svg')")
    browser.js("document.querySelector('.graph').parentNode.querySelector('details').open = true")
    browser.wait("[...document.querySelectorAll('caption')].some((one) => one.textContent === 'Linked jobs')")
    rows = browser.js(
        "return [...document.querySelector('.graph').parentNode.querySelectorAll('tbody tr')]"
        ".map((row) => [...row.cells].map((cell) => cell.innerText).join('|'))"
    )
    assert "upload|blocked|pages must complete\nclean must complete" in rows
    assert "alarm|blocked|pages must fail" in rows and len(rows) == 5

    browser.open(f"{dashboard.url}/jobs/alone")
    browser.wait("document.querySelector('h1')?.textContent === 'alone'")
    assert browser.js("return document.querySelector('.graph')") is None


def test_a_large_graph_says_how_many_more_there_are(dashboard: Dashboard, browser: Browser) -> None:
    children = [{"id": f"j{number}", "command": "true", "after": "a"} for number in range(205)]
    dashboard.cli("enqueue", json.dumps([{"id": "a", "command": "true"}, *children]))
    browser.open(f"{dashboard.url}/jobs/a")
    browser.wait("document.querySelector('.graph + p')?.textContent.includes('6 more jobs')")
    assert browser.js("return document.querySelectorAll('.graph a').length") == 200
    assert browser.complaints() == []
