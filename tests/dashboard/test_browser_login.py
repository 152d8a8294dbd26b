"""The link with the token in a real browser: its page may write, also after a reload and in another tab."""

from __future__ import annotations

import pytest

from queuectl.store.home import Home
from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard
from tests.support import Processes

browser, driver = fixtures.browser, fixtures.driver

TOKEN = "a-token-of-the-user-1"
OTHER = "another-token-of-the-user"
HEALTH = "document.querySelector('#health').dataset.health"


@pytest.fixture
def dashboard(home: str, processes: Processes) -> Dashboard:
    """A dashboard that demands a token, with three jobs that are held."""
    found = Dashboard(home, processes).start("--token", TOKEN)
    for number in range(3):
        found.cli("add", "true", "--id", f"held-{number}", "--hold")
    return found


def cancel(browser: Browser, job: str) -> None:
    """Cancel a job as its page lets one do it."""
    browser.wait(f"{HEALTH} === 'connected'", what="the stream is open")
    browser.click("[data-verb=cancel]")
    browser.click("dialog button.danger")
    browser.wait("document.querySelector('.badge[data-state=cancelled]')", what=f"{job} is cancelled")


def test_a_page_opened_with_the_link_writes_after_a_reload_and_in_another_tab(
    dashboard: Dashboard, browser: Browser
) -> None:
    browser.open(f"{dashboard.url}/jobs/held-0?token={TOKEN}")
    assert browser.js("return location.href") == f"{dashboard.url}/jobs/held-0"
    cancel(browser, "held-0")
    browser.open(f"{dashboard.url}/jobs/held-1")
    cancel(browser, "held-1")
    browser.new_tab()
    browser.open(f"{dashboard.url}/jobs/held-2")
    cancel(browser, "held-2")
    assert TOKEN not in browser.js("return document.cookie + document.documentElement.outerHTML")
    assert browser.complaints() == []


def test_the_file_that_a_browser_is_given_opens_the_dashboard(dashboard: Dashboard, browser: Browser) -> None:
    browser.open(f"file://{Home(dashboard.home).dashboard_page}")
    assert browser.js("return location.href") == f"{dashboard.url}/"
    browser.open(f"{dashboard.url}/jobs/held-0")
    cancel(browser, "held-0")


def test_a_page_says_when_it_needs_a_new_link_and_goes_on_once_that_was_opened(
    dashboard: Dashboard, browser: Browser
) -> None:
    browser.open(f"{dashboard.url}/jobs/held-0?token={TOKEN}")
    browser.wait(f"{HEALTH} === 'connected'")
    first = browser.tabs()[0]
    dashboard.stop()
    dashboard.start("--token", OTHER)
    browser.wait("document.querySelector('#health').textContent.startsWith('open the new link')")
    browser.new_tab()
    browser.open(f"{dashboard.url}/?token={OTHER}")
    browser.tab(first)
    cancel(browser, "held-0")


def test_a_page_without_the_token_shows_all_and_says_why_it_cannot_write(
    dashboard: Dashboard, browser: Browser
) -> None:
    browser.open(f"{dashboard.url}/jobs/held-0?token={TOKEN}")
    browser.js("localStorage.clear()")
    browser.open(f"{dashboard.url}/jobs/held-0")
    browser.wait(f"{HEALTH} === 'connected'")
    browser.click("[data-verb=cancel]")
    browser.click("dialog button.danger")
    browser.wait("document.body.textContent.includes('queuectl dashboard status')")
    assert '"held"' in dashboard.cli("show", "held-0", "--json")
