"""The page of queues in a real browser."""

from __future__ import annotations

from queuectl.engine.queue import Queue
from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard
from tests.support import wait_until

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver


def test_waiting_jobs_of_a_queue_are_those_whose_time_has_come(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "true", "--in", "2h")
    dashboard.cli("add", "true", "--hold")
    browser.open(dashboard.url + "/queues")
    link = "document.querySelector('td[data-label=%s] a')"
    browser.wait(f"{link % 'Later'}?.textContent === '1'")
    assert browser.js(f"return {link % 'Waiting'}.textContent") == "0"
    browser.click("td[data-label=Later] a")
    browser.wait("document.querySelectorAll('main tr[data-key]').length === 1")


def test_a_queue_and_everything_are_paused_with_a_reason_and_resumed(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "true", "--queue", "mail", "--hold")
    dashboard.cli("queue", "limit", "mail", "2")
    dashboard.work()
    dashboard.cli("add", "sleep 600", "--id", "runs")
    wait_until(lambda: dashboard.cli("list", "state:processing", "-q") == "runs\n")
    browser.open(dashboard.url + "/queues")
    now = "document.querySelector('tr[data-key=mail] td[data-label=Now] .badge')?.textContent"
    browser.wait(f"{now} === 'open'")
    assert browser.text("tr[data-key=mail] td[data-label=Limits]") == "2 at a time"
    browser.click("[aria-label='Pause queue mail']")
    browser.click("[name=reason]")
    browser.type("game")
    browser.click("dialog button.primary")
    browser.wait(f"{now} === 'paused' && !document.querySelector('dialog')")
    assert "game" in browser.text("tr[data-key=mail] td[data-label=Now]")
    browser.click("[aria-label='Resume queue mail']")
    browser.wait(f"{now} === 'open'")
    browser.click("[aria-label='Pause everything']")
    browser.click("[name=reason]")
    browser.type("lunch")
    assert browser.text("dialog .equivalent code") == "queuectl pause --reason lunch"
    browser.click("[name=running]")
    browser.click("[name=schedules]")
    assert browser.text("dialog .equivalent code") == "queuectl pause --reason lunch --running --schedules"
    browser.click("dialog button.primary")
    browser.wait(f"{now} === 'paused' && !document.querySelector('dialog')")
    assert "with everything" in browser.text("tr[data-key=mail] td[data-label=Now]")
    assert browser.text("main .alert") == "Everything is paused: lunch"
    with Queue(dashboard.home) as queue:
        pause, job = queue.queues.pause_of_home(), queue.get("runs")
    assert pause is not None and pause.pauses_schedules
    assert job.suspended_by == "pause"
    dashboard.cli("queue", "drain", "mail")
    browser.wait("document.querySelector('tr[data-key=mail] td[data-label=Now]').innerText.includes('no new jobs')")
    browser.open(dashboard.url + "/")
    browser.wait("document.querySelector('#alerts')?.textContent.includes('everything is paused')")
    browser.open(dashboard.url + "/queues")
    browser.click("[aria-label='Resume everything']")
    browser.wait(f"{now} === 'draining' && !document.querySelector('main .alert:not([hidden])')")


def test_the_queues_are_a_table_where_a_screen_has_room_for_one(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "true", "--queue", "encode-films")
    dashboard.cli("queue", "limit", "encode-films", "2")
    dashboard.cli("pause", "encode-films", "--for", "1h", "--reason", "the encoder is being updated")
    browser.open(dashboard.url + "/queues")
    browser.wait("document.querySelector('tr[data-key=encode-films]')")
    browser.wait("!document.querySelector('table.stacked')")


def test_a_lock_is_shown_limited_and_leads_to_the_jobs_that_wait(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "sleep 60", "--id", "holder", "--lock", "gpu")
    dashboard.cli("add", "true", "--id", "waiter", "--lock", "gpu")
    dashboard.cli("add", "true", "--id", "other", "--hold")
    dashboard.work(2)
    row = "tr[data-key='lock:gpu']"
    browser.open(dashboard.url + "/jobs/waiter")
    browser.wait("document.querySelector('main .badge')?.textContent === 'parked'")
    browser.open(dashboard.url + "/queues")
    browser.wait(f"document.querySelector(\"{row} .badge\")?.textContent === 'taken'")
    browser.wait(f"document.querySelector(\"{row} td[data-label='Held by']\")?.textContent === 'holder'")
    browser.js("document.querySelector(\"[aria-label='Limit lock gpu']\").click()")
    browser.click("[name=slots]")
    browser.js("document.querySelector('[name=slots]').select()")
    browser.type("2")
    assert browser.text("dialog .equivalent code") == "queuectl lock limit gpu 2"
    browser.click("dialog button.primary")
    browser.wait(f"document.querySelector(\"{row} td[data-label=Limit]\")?.textContent === '2 at a time'")
    browser.wait(f"document.querySelector(\"{row} td[data-label=Waiting]\")?.textContent === '0'")
    browser.js(f'document.querySelector("{row} th a").click()')
    browser.wait("document.querySelectorAll('main tr[data-key]').length === 2")
    browser.open(dashboard.url + "/jobs/holder")
    browser.wait("[...document.querySelectorAll('dl.facts a')].some((link) => link.textContent === 'gpu')")
    dashboard.cli("cancel", "holder")
