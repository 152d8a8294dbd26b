"""The strip of the next hours on the schedule page, in a real browser."""

from __future__ import annotations

import json

import pytest

from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver

NAMES = "[...document.querySelectorAll('.lanes > .mono')].map((one) => one.textContent)"


@pytest.fixture
def planned(dashboard: Dashboard) -> Dashboard:
    """A dashboard with recurring and scheduled jobs."""
    dashboard.cli("cron", "add", "often", "* * * * *", "echo often")
    dashboard.cli("cron", "add", "hourly", "@hourly", "echo hourly")
    dashboard.cli("add", "echo later", "--id", "later", "--in", "2h")
    return dashboard


def test_strip_shows_when_jobs_are_due_also_as_a_table(planned: Dashboard, browser: Browser) -> None:
    browser.open(planned.url + "/schedule")
    browser.wait(f"{NAMES}.length === 3")
    assert sorted(browser.js(f"return {NAMES}")) == ["Jobs", "hourly", "often"]
    marks = browser.js(
        "return Object.fromEntries([...document.querySelectorAll('.lanes svg')].map((one) => "
        "[one.getAttribute('aria-label').split(',')[0],"
        " (one.querySelector('.tick').getAttribute('d').match(/M/g) || []).length]))"
    )
    assert marks == {"often": 300, "hourly": 24, "Jobs": 1}
    said = browser.js("return document.querySelector('.lanes svg[aria-label^=\"often,\"]').ariaLabel")
    assert said.startswith("often, every minute: first 300 times, up to ")
    assert "local time" in browser.text(".strip .hint") and "often: first 300 times" in browser.text(".strip .hint")
    # A label stands where its hour begins on the clock that the browser shows.
    hours = browser.js("return [...document.querySelectorAll('.hours span')].map((one) => one.textContent)")
    assert len(hours) >= 7 and all(int(text[:2]) % 3 == 0 and text.endswith(":00") for text in hours)

    assert browser.js("return document.querySelector('.strip table') === null")
    browser.click(".strip summary")
    browser.wait("document.querySelectorAll('.strip tbody tr').length === 3")
    assert "more than 300" in browser.text(".strip tbody")
    assert browser.js("return document.querySelector('.strip tbody a').getAttribute('href')") == "/jobs/later"
    assert [name for role, name in browser.controls() if not name] == []
    assert browser.complaints() == []


def test_strip_follows_the_schedules_and_is_asked_for_only_then(planned: Dashboard, browser: Browser) -> None:
    browser.open(planned.url + "/schedule")
    browser.wait(f"{NAMES}.length === 3 && document.querySelector('#health').dataset.health === 'connected'")
    planned.cli("cron", "pause", "often")
    browser.wait(f"{NAMES}.join() === 'hourly,Jobs'")
    asked = "performance.getEntriesByType('resource').filter(({name}) => name.includes('/scheduled/times')).length"
    # What is a minute old is asked for anyway: the page's clock stands still.
    browser.js("const now = Date.now(); Date.now = () => now")
    before = browser.js(f"return {asked}")
    for number in range(3):
        planned.cli("add", "echo", "--id", f"other-{number}", "--hold")
        browser.wait(f"document.querySelector('[data-badge=jobs]').textContent === '{number + 2}'")
    assert browser.js(f"return {asked}") == before
    planned.cli("cron", "remove", "hourly", "--yes")
    planned.cli("cron", "remove", "often", "--yes")
    planned.cli("cancel", "later")
    browser.wait("document.querySelector('.strip').hidden")


def test_strip_fits_320_pixels(planned: Dashboard, browser: Browser) -> None:
    planned.cli("cron", "add", "a-rather-long-name-for-a-schedule-in-such-a-narrow-window", "@hourly", "echo")
    browser.size(320, 640)
    browser.open(planned.url + "/schedule")
    browser.wait(f"{NAMES}.length === 4")
    browser.click(".strip summary")
    browser.wait("document.querySelectorAll('.strip tbody tr').length === 4")
    assert browser.js("return document.documentElement.scrollWidth") <= 320


def test_a_schedule_is_added_with_the_choices_of_the_server(dashboard: Dashboard, browser: Browser) -> None:
    browser.open(dashboard.url + "/schedule")
    browser.click("main button.primary")
    browser.wait("document.querySelector('dialog[open] #field-overlap')")
    for name, chosen, options in (("catch_up", "last", "none,last,all"), ("overlap", "skip", "skip,queue")):
        select = f"document.querySelector('#field-{name}')"
        assert browser.js(f"return [...{select}.options].map(({{value}}) => value).join()") == options
        assert browser.js(f"return {select}.value") == chosen
    browser.click("#field-name")
    browser.type("often")
    browser.click("#field-command")
    browser.type("echo often")
    browser.js("const it = document.querySelector('#field-overlap'); it.value = 'queue'")
    browser.click("dialog .end button:last-child")
    browser.wait("!document.querySelector('dialog')")
    (added,) = json.loads(dashboard.cli("cron", "list", "--json"))
    assert (added["name"], added["catch_up"], added["overlap"]) == ("often", "last", "queue")


def test_a_schedule_is_edited_in_a_form_that_names_the_command(dashboard: Dashboard, browser: Browser) -> None:
    options = ("--timezone", "UTC", "--retries", "1", "--expires", "90m")
    dashboard.cli("cron", "add", "often", "*/5 * * * *", "echo often", *options)
    browser.open(dashboard.url + "/schedule")
    browser.click("[aria-label='Edit often']")
    browser.wait("document.querySelector('dialog[open] #field-expression')?.value === '*/5 * * * *'")
    shown = "[...document.querySelectorAll('dialog :is(input, select, textarea)')].map((one) => one.value)"
    assert browser.js(f"return {shown}")[:10] == [
        *("*/5 * * * *", "UTC", "last", "skip", "5400s"),
        *("echo often", "default", "0", "1", "300"),
    ]
    browser.js("const it = document.querySelector('#field-overlap'); it.value = 'queue'")
    browser.click("#field-expression")
    browser.press("a", hold="Control")
    browser.type("0 9 * * *")
    browser.wait("document.querySelector('#schedule-preview strong')?.textContent === 'at 09:00 every day'")
    command = browser.text("dialog .equivalent code")
    assert command == "queuectl cron edit often --expression '0 9 * * *' --overlap queue"
    browser.press("Escape")  # It would lose what was typed.
    browser.wait("document.querySelectorAll('dialog').length === 2")
    browser.click("dialog:last-of-type .end button")
    browser.wait("document.querySelectorAll('dialog').length === 1")
    browser.click("dialog .end button:last-child")
    browser.wait("!document.querySelector('dialog')")
    (found,) = json.loads(dashboard.cli("cron", "list", "--json"))
    assert (found["expression"], found["overlap"], found["expires"]) == ("0 9 * * *", "queue", 5400)
    assert found["max_retries"] == 1
    browser.wait("document.querySelector('tr[data-key=often] .words').innerText.startsWith('at 09:00 every day')")


def enter(browser: Browser, name: str, value: str) -> None:
    """Put a value into a field of the dialog."""
    browser.js(
        "const field = document.querySelector(`dialog [name=${arguments[0]}]`);"
        " field.value = arguments[1]; field.dispatchEvent(new Event('input', { bubbles: true }))",
        name,
        value,
    )


def test_several_jobs_are_added_shown_run_and_changed(dashboard: Dashboard, browser: Browser) -> None:
    graph = [{"id": "pack", "command": "echo pack", "after": ["build"]}, {"id": "build", "command": "echo build"}]
    in_table = "document.querySelector('main tbody').textContent.includes"
    browser.open(dashboard.url + "/schedule")
    browser.click("main button.primary")
    browser.wait("document.querySelector('dialog [name=jobs]')")
    enter(browser, "name", "site")
    enter(browser, "jobs", '[{"id": "pack",')
    assert "queuectl cron add --file jobs.json site" in browser.text("dialog")
    browser.click("dialog button.primary")
    browser.wait("document.querySelector('dialog .error[role=alert]').textContent.startsWith('jobs must be JSON')")
    assert browser.js("return document.querySelector('dialog [name=jobs]').getAttribute('aria-invalid')") == "true"
    enter(browser, "jobs", json.dumps(graph))
    browser.click("dialog button.primary")
    browser.wait("!document.querySelector('dialog')")
    browser.wait(f"{in_table}('2 jobs: pack, build')")
    browser.click("button[aria-label='Run now site']")
    browser.wait("document.querySelector('main tbody a[href*=\"batch%3Asite-\"]')")
    browser.click("main tbody th a")
    browser.wait("document.querySelector('dialog[aria-label=site]')")
    assert "pack echo pack after build" in browser.text("dialog")
    browser.click("dialog .head button")
    browser.click("button[aria-label='Edit site']")
    browser.wait("document.querySelector('dialog [name=jobs]')")
    typed = json.loads(browser.js("return document.querySelector('dialog [name=jobs]').value"))
    assert [(job["id"], job.get("after")) for job in typed] == [("pack", ["build"]), ("build", None)]
    assert browser.js("return document.querySelector('dialog [name=queue]')") is None
    enter(browser, "jobs", json.dumps(typed[1:]))
    assert "queuectl cron edit site --file jobs.json" in browser.text("dialog")
    browser.click("dialog button.primary")
    browser.wait(f"{in_table}('1 job: build')")
    assert browser.complaints() == []
