"""The job list in a real browser, as it is read: sorted, selected, scrolled, left and come back to."""

from __future__ import annotations

import json

from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard
from tests.dashboard.test_browser_joblist import held, open_jobs
from tests.support import wait_until

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver

__all__ = ["held"]


def test_heads_sort_by_the_orders_that_there_are(held: Dashboard, browser: Browser) -> None:
    first = "document.querySelector('tr[data-key]').dataset.key"
    order = "new URLSearchParams(location.search).get('sort')"
    heads = "[...document.querySelectorAll('th .sort')].map((one) => one.textContent).join()"
    open_jobs(held, browser, "one")
    browser.wait(f"{heads} === 'Job' && {first} === 'two'")
    assert browser.js("return document.querySelector('[aria-sort]').ariaSort") == "descending"
    browser.click("th .sort")
    browser.wait(f"{order} === 'oldest' && {first} === 'one'")
    assert browser.js("return document.querySelector('[aria-sort]').ariaSort") == "ascending"
    browser.click("th .sort")
    browser.wait(f"{order} === null && {first} === 'two'")

    browser.open(held.url + "/jobs?q=state:pending")
    browser.wait(f"{heads} === 'Job,Priority'")
    browser.open(held.url + "/jobs?q=state:dead")
    browser.wait(f"{heads} === 'Job,When'")


def test_a_head_that_was_pressed_keeps_the_focus(held: Dashboard, browser: Browser) -> None:
    first = "document.querySelector('tr[data-key]').dataset.key"
    open_jobs(held, browser, "one")
    browser.js("document.querySelector('th .sort').focus()")
    browser.press("Enter")
    browser.wait(f"{first} === 'one'")
    browser.press("Enter")
    browser.wait(f"{first} === 'two' && document.activeElement.matches('th .sort')")


def test_one_box_selects_all_jobs_of_the_page(held: Dashboard, browser: Browser) -> None:
    every = "document.querySelector('.every')"
    open_jobs(held, browser, "one")
    browser.click(".every")
    browser.wait("document.querySelector('.bulk strong')?.textContent === '2 selected'")
    browser.click("tr[data-key=one] input")
    assert browser.js(f"return [{every}.checked, {every}.indeterminate]") == [False, True]
    browser.click(".every")
    assert browser.js(f"return [{every}.checked, {every}.indeterminate]") == [True, False]
    browser.click(".every")
    browser.wait("document.querySelector('.bulk').hidden")


def test_rows_hold_still_while_the_page_is_scrolled_and_back_leads_to_the_same_place(
    dashboard: Dashboard, browser: Browser
) -> None:
    dashboard.cli("enqueue", json.dumps([{"command": "echo", "hold": True} for _ in range(50)]))
    browser.size(1280, 600)
    open_jobs(dashboard, browser, "job-50")
    place = "document.querySelector('tr[data-key=job-30]').getBoundingClientRect().top"
    browser.js("window.scrollTo(0, 700)")
    before = browser.js(f"return {place}")
    dashboard.cli("add", "echo", "--hold")
    browser.wait("document.querySelector('.new:not([hidden])')?.textContent === '1 new job: show'")
    shown = browser.js("return document.querySelector('.new').getBoundingClientRect().top")
    assert browser.js("return document.querySelectorAll('tr[data-key]')[0].dataset.key") == "job-50"
    assert 0 <= shown < 600  # The button is in sight.
    assert abs(browser.js(f"return {place}") - before) < 1

    top = browser.js("return window.scrollY")
    browser.js("document.querySelector('tr[data-key=job-30] a').click()")
    browser.arrive("/jobs/job-30")
    assert browser.js("return window.scrollY") == 0
    browser.js("history.back()")
    browser.arrive("/jobs")
    browser.wait(f"Math.abs(window.scrollY - {top}) < 50")


def test_escape_leaves_the_filter_with_its_text(held: Dashboard, browser: Browser) -> None:
    open_jobs(held, browser, "one")
    browser.press("/")
    browser.type("queue:mail")
    browser.press("Escape", "Escape")  # The suggestions, the field.
    assert browser.js("return document.querySelector('main [type=search]').value") == "queue:mail"
    browser.press("g", "d")
    browser.arrive("/dlq")


def test_the_page_before_is_found_also_after_a_visit_of_a_job(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("enqueue", json.dumps([{"command": "echo", "hold": True} for _ in range(75)]))
    browser.open(dashboard.url + "/jobs?limit=25")
    browser.wait("document.querySelector('tr[data-key=job-75]')")
    previous, following = (
        f"[...document.querySelectorAll('main button')].find((one) => one.textContent === '{label}')"
        for label in ("Previous", "Next")
    )
    for first in ("job-50", "job-25"):
        browser.js(f"{following}.click()")
        browser.wait(f"document.querySelector('tr[data-key={first}]')")
    browser.js("document.querySelector('tr[data-key=job-25] a').click()")
    browser.arrive("/jobs/job-25")
    browser.js("history.back()")
    browser.arrive("/jobs")
    browser.wait("document.querySelector('tr[data-key=job-25]')")
    browser.js("history.back()")
    browser.wait("document.querySelector('tr[data-key=job-50]')")
    browser.js(f"{following}.click()")
    for first in ("job-25", "job-50", "job-75"):
        browser.wait(f"document.querySelector('tr[data-key={first}]')")
        browser.js(f"{previous}.click()")


def test_another_page_of_jobs_begins_at_its_top_and_back_leads_to_where_one_was(
    dashboard: Dashboard, browser: Browser
) -> None:
    dashboard.cli("enqueue", json.dumps([{"command": "echo", "hold": True} for _ in range(50)]))
    browser.size(1280, 600)
    browser.open(dashboard.url + "/jobs?limit=25")
    browser.wait("document.querySelector('tr[data-key=job-26]')")
    browser.js("window.scrollTo(0, 400)")
    browser.wait("history.state?.top === 400")
    browser.press("]")
    browser.wait("document.querySelector('tr[data-key=job-25]') && window.scrollY === 0")
    browser.js("history.back()")
    browser.wait("document.querySelector('tr[data-key=job-26]') && window.scrollY === 400")


def test_dead_jobs_whose_commands_differ_in_numbers_are_listed_and_retried_together(
    dashboard: Dashboard, browser: Browser
) -> None:
    commands = ['false "a  b" 1', 'false "a  b" 22', 'false "a b" 3']
    dashboard.cli("enqueue", json.dumps([{"command": command, "max_retries": 0} for command in commands]))
    dashboard.work()
    wait_until(lambda: len(dashboard.cli("list", "state:dead", "-o", "ids").split()) == 3, what="all are dead")
    browser.open(dashboard.url + "/queues")
    browser.wait("document.querySelector('td[data-label=\"Last hour\"]')?.textContent === '3 ended, 3 failed'")
    browser.open(dashboard.url + "/dlq")
    row = "tr:has([title='false \"a  b\" N'])"
    browser.click(f"{row} td[data-label=Jobs] a")
    browser.arrive("/jobs")
    rows = "[...document.querySelectorAll('main tr[data-key]')].map((one) => one.dataset.key).join()"
    browser.wait(f"{rows} === 'job-2,job-1'")
    browser.js("history.back()")
    browser.click(f"{row} [data-command=remove]")
    browser.wait("document.querySelector('dialog h2')?.textContent === 'Remove 2 jobs?'")
    browser.click("dialog button.danger")
    browser.wait("!document.querySelector('dialog')")
    assert dashboard.cli("list", "-o", "ids").split() == ["job-3"]


def test_rows_of_every_table_stay_under_the_pointer_and_are_in_order_once_it_leaves(
    held: Dashboard, browser: Browser
) -> None:
    first = "document.querySelector('main tbody tr').dataset.key"
    place = "document.querySelector('main tbody tr').getBoundingClientRect().top"
    browser.open(held.url + "/events-log")
    browser.wait("document.querySelectorAll('main tbody tr').length > 1")
    newest, top = browser.js(f"return [{first}, {place}]")
    browser.hover("main tbody tr")
    held.cli("add", "echo", "--hold")
    rows = "[...document.querySelectorAll('main tbody tr')].map((one) => Number(one.dataset.key))"
    browser.wait(f"Math.max(...{rows}) > {newest}")
    assert browser.js(f"return [{first}, {place}]") == [newest, top]
    browser.hover("nav a")
    browser.wait(f"{first} > {newest}")
