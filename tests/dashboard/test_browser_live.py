"""The dashboard while things change: new jobs appear, rows stay where they are, the connection comes back."""

from __future__ import annotations

from queuectl.model.clock import SYSTEM_CLOCK
from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver

TRIES = 20
# A page that hears nothing for longer looks by itself.
SLOWEST = 20_000
HEALTH = "document.querySelector('#health').dataset.health"


def test_job_added_on_the_command_line_appears(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "echo first", "--id", "first", "--hold")
    browser.open(dashboard.url + "/jobs")
    browser.wait(f"{HEALTH} === 'connected' && document.querySelector('tr[data-key=first]')")
    times = []
    for number in range(TRIES):
        dashboard.cli("add", "echo live", "--id", f"live-{number}", "--hold")
        added = SYSTEM_CLOCK.monotonic()
        browser.wait(f"document.querySelector('tr[data-key=live-{number}]')")
        times.append(SYSTEM_CLOCK.monotonic() - added)
    times.sort()
    print(f"from the command's end to the row, in ms: p50 {times[TRIES // 2]}, p95 {times[TRIES * 95 // 100 - 1]}")
    assert times[-1] < SLOWEST


def test_rows_keep_their_nodes_while_they_change(dashboard: Dashboard, browser: Browser) -> None:
    for number in range(5):
        dashboard.cli("add", "echo kept", "--id", f"kept-{number}", "--hold")
    browser.open(dashboard.url + "/jobs")
    browser.wait(f"{HEALTH} === 'connected' && document.querySelectorAll('tr[data-key]').length === 5")
    browser.js(
        "window.kept = Object.fromEntries([...document.querySelectorAll('tr[data-key]')]"
        ".map((row) => [row.dataset.key, row])); window.kept['kept-2'].tabIndex = -1;"
        " window.kept['kept-2'].focus()"
    )

    dashboard.cli("cancel", "kept-2")
    browser.wait("document.querySelector('tr[data-key=kept-2] .badge').textContent === 'cancelled'")
    assert browser.js(
        "return [...document.querySelectorAll('tr[data-key]')].every((row) => window.kept[row.dataset.key] === row)"
    )
    assert browser.js("return document.activeElement.dataset.key") == "kept-2"


def test_new_jobs_wait_behind_a_button_while_the_pointer_is_on_the_rows(dashboard: Dashboard, browser: Browser) -> None:
    for number in range(3):
        dashboard.cli("add", "echo old", "--id", f"old-{number}", "--hold")
    browser.open(dashboard.url + "/jobs")
    browser.wait(f"{HEALTH} === 'connected' && document.querySelectorAll('tr[data-key]').length === 3")
    browser.hover("tr[data-key=old-1] td[data-label=Command]")
    before = browser.js("return [...document.querySelectorAll('tr[data-key]')].map((row) => row.dataset.key)")

    dashboard.cli("add", "echo new", "--id", "new-1", "--hold")
    dashboard.cli("add", "echo new", "--id", "new-2", "--hold")
    browser.wait("document.querySelector('.new:not([hidden])')?.textContent.startsWith('2 new jobs')")
    assert browser.js("return [...document.querySelectorAll('tr[data-key]')].map((row) => row.dataset.key)") == before

    browser.click(".new")
    browser.wait("document.querySelector('tr[data-key=new-2]') && document.querySelector('.new').hidden")


def test_counts_and_title_follow_the_queue(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "exit 3", "--id", "doomed", "--retries", "0")
    browser.open(dashboard.url)
    browser.wait("document.querySelector('[data-tile=pending] strong')?.textContent === '1'")
    dashboard.work()
    browser.wait("document.querySelector('[data-tile=dead] strong')?.textContent === '1'")
    assert browser.js("return document.title") == "(1 dead) QueueCTL"
    assert browser.text("[data-badge=dead]") == "1"


def test_page_reconnects_after_the_server_was_started_again(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "echo before", "--id", "before", "--hold")
    browser.open(dashboard.url + "/jobs")
    browser.wait(f"{HEALTH} === 'connected' && document.querySelector('tr[data-key=before]')")
    dashboard.stop()
    browser.wait(f"['reconnecting', 'stopped'].includes({HEALTH})")
    dashboard.cli("add", "echo meanwhile", "--id", "meanwhile", "--hold")

    dashboard.start()  # With another token, which the page has to get.
    browser.wait(f"{HEALTH} === 'connected' && document.querySelector('tr[data-key=meanwhile]')")
    browser.press("j", "x")
    browser.click("[data-bulk=cancel]")
    browser.wait("document.querySelector('dialog[open]')")
    assert browser.text("dialog .end button:first-child") == "Keep 1 job"
    browser.click("dialog button.danger")
    browser.wait("document.querySelector('.badge[data-state=cancelled]')")


def test_a_page_that_was_opened_while_the_server_was_away_is_shown_once_it_is_back(
    dashboard: Dashboard, browser: Browser
) -> None:
    dashboard.cli("add", "echo", "--id", "one", "--hold")
    browser.open(dashboard.url + "/jobs")
    browser.wait(f"{HEALTH} === 'connected' && document.querySelector('tr[data-key=one] a')")
    dashboard.stop()
    browser.wait(f"['reconnecting', 'stopped'].includes({HEALTH})")
    browser.click("tr[data-key=one] a")
    browser.wait("document.querySelector('main h1').textContent === 'The server does not answer'")
    assert browser.js("return location.pathname") == "/jobs/one"
    browser.click("nav [href='/queues']")
    browser.wait("document.querySelector('main h1').textContent === 'The server does not answer'")

    dashboard.start()
    browser.wait("document.querySelector('main h1').textContent === 'Queues'")
    browser.wait("document.querySelector('main tbody tr')")
    browser.complaints()  # That nothing could be loaded meanwhile.


def test_pages_and_dialogs_are_loaded_while_the_server_is_there(dashboard: Dashboard, browser: Browser) -> None:
    browser.open(dashboard.url)
    names = "performance.getEntriesByType('resource').map(({ name }) => name)"
    browser.wait(f"['/views/metrics.js', '/palette.js'].every((end) => {names}.some((name) => name.endsWith(end)))")
    browser.wait(f"{HEALTH} === 'connected'")
    dashboard.stop()
    assert browser.js("return typeof (await import('/assets/views/events.js')).mount") == "function"
    browser.press("?")
    browser.wait("document.querySelector('dialog[open]')")


def test_paused_page_stays_as_it_is_until_it_is_resumed(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "echo first", "--id", "first", "--hold")
    browser.open(dashboard.url + "/jobs")
    browser.wait(f"{HEALTH} === 'connected' && document.querySelector('tr[data-key=first]')")
    browser.press("p")
    browser.wait(f"{HEALTH} === 'paused'")
    dashboard.cli("add", "echo second", "--id", "second", "--hold")
    assert browser.js("return document.querySelector('tr[data-key=second]') === null")
    browser.press("p")
    browser.wait("document.querySelector('tr[data-key=second]')")
