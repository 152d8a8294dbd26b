"""A job whose worker is gone or that is suspended, in a real browser: no page shows it as one that runs."""

from __future__ import annotations

from queuectl.model.job import GONE, PROCESSING
from queuectl.store import Home, Store
from queuectl.store.lockfile import LockFile
from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard
from tests.store.building import bring_to

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver


def test_no_page_shows_a_job_as_running_whose_worker_is_gone(dashboard: Dashboard, browser: Browser) -> None:
    with Store(Home(dashboard.home)) as store:
        bring_to(store, PROCESSING, id="cut")
    browser.open(dashboard.url)
    browser.wait("document.querySelector('#alerts').textContent.includes('its worker is gone')")
    running = "[...document.querySelectorAll('caption')].find((one) => one.textContent === 'Running now')"
    assert browser.js(f"return {running}.offsetParent === null")

    browser.open(dashboard.url + "/jobs")
    browser.wait("document.querySelector('tr[data-key=cut] .badge').textContent === 'gone'")
    assert browser.js("return document.querySelector('tr[data-key=cut] .badge').title") == GONE

    browser.open(dashboard.url + "/jobs/cut")
    browser.wait("document.querySelector('.head .badge').textContent === 'gone'")
    assert browser.text("tr[data-key='1'] .badge") == "gone"
    assert "running" not in browser.text("main")


def test_a_suspended_job_says_so_and_has_a_button_that_lets_it_go_on(dashboard: Dashboard, browser: Browser) -> None:
    lock = LockFile(Home(dashboard.home).worker_lock(1))
    assert lock.acquire()
    with Store(Home(dashboard.home)) as store:
        bring_to(store, PROCESSING, id="nap")
    browser.open(dashboard.url + "/jobs")
    browser.wait("document.querySelector('tr[data-key=nap] .badge').textContent === 'processing'")
    assert not browser.js("return document.querySelector('tr[data-key=nap] [data-verb=resume]')")
    browser.click("tr[data-key=nap] [data-verb=suspend]")
    browser.wait("document.querySelector('tr[data-key=nap] .badge').textContent === 'suspended'")
    browser.click("tr[data-key=nap] [data-verb=resume]")
    browser.wait("document.querySelector('tr[data-key=nap] .badge').textContent === 'processing'")

    browser.open(dashboard.url + "/jobs/nap")
    browser.press("z")
    browser.wait("document.querySelector('.head .badge').textContent === 'suspended'")
    assert browser.text("tr[data-key='1'] .badge") == "suspended"
    browser.open(dashboard.url)
    browser.wait("document.querySelector('tr[data-key=nap] .badge').textContent === 'suspended'")
    browser.open(dashboard.url + "/jobs/nap")
    browser.wait("document.querySelector('.head .badge').textContent === 'suspended'")
    browser.press("Z")
    browser.wait("document.querySelector('.head .badge').textContent === 'processing'")
    lock.close()


def test_the_button_of_a_job_that_runs_on_stays_the_same_while_the_list_is_drawn_again(
    dashboard: Dashboard, browser: Browser
) -> None:
    lock = LockFile(Home(dashboard.home).worker_lock(1))
    assert lock.acquire()
    with Store(Home(dashboard.home)) as store:
        bring_to(store, PROCESSING, id="long")
    browser.open(dashboard.url + "/jobs")
    browser.js("document.querySelector('tr[data-key=long] [data-verb=cancel]').pressed = true")
    dashboard.cli("add", "true", "--id", "next")
    browser.wait("document.querySelector('tr[data-key=next]')")
    assert browser.js("return document.querySelector('tr[data-key=long] [data-verb=cancel]').pressed")
    lock.close()
