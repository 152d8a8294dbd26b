"""Every page in a real browser: no complaint on the console, labels, keyboard, themes, narrow windows, weight."""

from __future__ import annotations

import json
from typing import Any

import pytest

from queuectl.dashboard.http.static import Navigation
from queuectl.model.quantity import size_text
from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard
from tests.support import Processes, wait_until

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver

PATHS = (*Navigation().pages, "/jobs/hello")
STATES = ("pending", "processing", "scheduled", "failed", "dead", "completed", "held", "cancelled")
CONTRAST = 4.5
WEIGHT = 100_000
WIDTHS = (320, 480, 761, 820, 900, 1024, 1100, 1440, 1920)
LONG_COMMAND = "/usr/bin/python3 /srv/app/manage.py export_reports --month 2026-11 --format csv --destination /srv/out"
# Once what hangs on the size of the window has been drawn.
FRAME = "await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# Cells whose text is broken into lines of a short word.
SQUEEZED = """
return [...document.querySelectorAll('main tbody :is(td, th)')].filter((cell) => cell.checkVisibility())
  .filter((cell) => cell.innerText.trim().length >= 8 && cell.clientWidth < 76 && cell.clientHeight > 40)
  .map((cell) => [cell.dataset.label, cell.innerText, cell.clientWidth]);
"""

# The contrast of an element's text with the background behind it, as WCAG defines it.
CONTRAST_SCRIPT = """
const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
const light = (text) => rgb(text).slice(0, 3).map((part) => part / 255)
  .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
  .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
return [...document.querySelectorAll('.badge')].filter((badge) => badge.checkVisibility()).map((badge) => {
  let behind = badge;
  while (behind && (rgb(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) behind = behind.parentElement;
  const [a, b] = [light(getComputedStyle(badge).color),
    light(behind ? getComputedStyle(behind).backgroundColor : 'rgb(255 255 255)')];
  return [badge.textContent, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
});
"""


@pytest.fixture
def busy(dashboard: Dashboard) -> Dashboard:
    """A dashboard with something on each page, and no workers any more."""
    dashboard.cli("add", "echo hello", "--id", "hello", "--tag", "greeting")
    dashboard.cli("add", "echo oops >&2; exit 3", "--id", "fails", "--retries", "0")
    dashboard.cli("add", "echo later", "--id", "later", "--in", "2h", "--batch", "book")
    dashboard.cli("add", "echo held", "--id", "held", "--hold")
    dashboard.cli("add", "echo cancelled", "--id", "dropped", "--hold")
    dashboard.cli("cancel", "dropped")
    dashboard.cli("cron", "add", "cleanup", "*/5 * * * *", "echo cleanup")
    dashboard.work()
    dashboard.cli("wait", "hello")
    dashboard.cli("add", "sleep 300", "--id", "long")
    return dashboard


def test_pages_have_no_complaints_and_label_their_controls(busy: Dashboard, browser: Browser) -> None:
    for path in PATHS:
        browser.open(busy.url + path)

        controls = browser.controls()
        assert len(controls) > 15, path
        assert [role for role, name in controls if not name] == [], path
        assert (
            browser.js(
                "return [...document.querySelectorAll('table')].filter((table) => !table.caption"
                " || table.querySelector('th:not([scope])')).length"
            )
            == 0
        ), path
        assert browser.js("return document.querySelectorAll('[aria-current=page]').length") == 1, path
        assert browser.complaints() == [], path


def test_pages_fit_every_window_and_leave_room_for_texts(busy: Dashboard, browser: Browser) -> None:
    busy.cli(
        "add", LONG_COMMAND, "--id", "monthly-export-of-all-customers-2026-11", "--queue", "reports-monthly", "--hold"
    )
    busy.cli("cron", "add", "nightly-export", "30 2 * * mon-fri", LONG_COMMAND)
    longest = "i" * 128
    busy.cli("add", "x" * 400, "--id", longest, "--queue", "q" * 64, "--tag", "t" * 64, "--batch", "b" * 64, "--hold")
    for path in (*PATHS, f"/jobs/{longest}"):
        for width in WIDTHS:
            browser.size(width, 700)
            if width == WIDTHS[0]:
                browser.open(busy.url + path)
            browser.js(FRAME)
            assert browser.js("return document.scrollingElement.scrollWidth") <= width, (path, width)
            assert browser.js(SQUEEZED) == [], (path, width)


def test_a_table_with_many_columns_shows_rows_as_cards_in_a_wide_window(busy: Dashboard, browser: Browser) -> None:
    browser.size(1440, 800)
    browser.open(busy.url + "/jobs")
    browser.wait("document.querySelector('tr[data-key=hello]')")
    assert not browser.js("return document.querySelector('table.stacked')")
    browser.js("[...document.querySelectorAll('main button')].find((one) => one.textContent === 'Columns').click()")
    browser.wait("document.querySelector('dialog[open]')")
    browser.js(
        "for (const box of document.querySelectorAll('dialog [data-column] input')) if (!box.checked) box.click()"
    )
    browser.wait("document.querySelector('table.stacked')")
    assert browser.js("return document.scrollingElement.scrollWidth") <= 1440

    browser.click("dialog .end button")  # The usual ones again.
    browser.wait("!document.querySelector('table.stacked')")


def test_controls_in_a_window_of_320_pixels_are_large_enough(busy: Dashboard, browser: Browser) -> None:
    browser.size(320, 640)
    for path in PATHS:
        browser.open(busy.url + path)
        small = browser.js(
            "return [...document.querySelectorAll('button, select, input, nav a, .tabs a')]"
            ".filter((one) => one.checkVisibility() && !one.closest('.sr'))"
            ".filter((one) => one.getBoundingClientRect().height < 24)"
            ".map((one) => one.outerHTML.slice(0, 80))"
        )
        assert small == [], path


def test_first_load_weighs_at_most_100_kilobytes(busy: Dashboard, browser: Browser) -> None:
    for path in ("/", "/jobs", "/jobs/hello"):
        browser.cdp("Network.clearBrowserCache")
        browser.open(busy.url + path)
        sizes: Any = browser.js(
            "return [...performance.getEntriesByType('navigation'),"
            " ...performance.getEntriesByType('resource').filter(({name}) => "
            "name.includes('/assets/'))].map(({decodedBodySize}) => decodedBodySize)"
        )
        print(f"{path}: {sum(sizes)} bytes in {len(sizes)} files")
        assert sum(sizes) <= WEIGHT


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_badges_of_all_states_stand_out(busy: Dashboard, browser: Browser, scheme: str) -> None:
    browser.scheme(scheme)
    browser.open(busy.url + "/jobs")
    browser.wait("document.querySelector('tr[data-key] .badge')")
    # Every state, also those that no job is in just now; measured at once, since news draw the row again.
    found: Any = browser.js(
        "const one = document.querySelector('tr[data-key] .badge'); for (const state of arguments[0]) {"
        " const badge = one.cloneNode(true); badge.dataset.state = badge.textContent = state;"
        " one.after(badge); }" + CONTRAST_SCRIPT,
        list(STATES),
    )
    print(scheme, min(found, key=lambda pair: pair[1]))
    assert len(found) >= len(STATES)
    assert [pair for pair in found if pair[1] < CONTRAST] == []


def test_theme_follows_the_system_until_it_is_chosen_and_is_remembered(busy: Dashboard, browser: Browser) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    browser.scheme("light")
    browser.open(busy.url + "/jobs")
    light = browser.screenshot()
    browser.scheme("dark")
    browser.wait(f"{paper} === 'rgb(13, 17, 23)'")
    assert browser.screenshot() != light

    browser.js(
        "const theme = document.querySelector('#theme'); theme.value = 'light';"
        " theme.dispatchEvent(new Event('change'))"
    )
    browser.wait(f"{paper} === 'rgb(255, 255, 255)'")
    browser.open(busy.url + "/jobs")
    assert browser.js(f"return {paper}") == "rgb(255, 255, 255)"


def test_everything_is_reached_by_keyboard(busy: Dashboard, browser: Browser) -> None:
    browser.open(busy.url)
    browser.press("Tab")
    assert browser.js("return document.activeElement.className") == "skip"
    browser.press("Enter")
    assert browser.js("return document.activeElement.id") == "main"

    browser.press("g", "j")
    browser.wait("document.querySelector('#main').dataset.ready === 'jobs'")
    browser.press("j", "j", "x")
    browser.wait("document.querySelector('.bulk:not([hidden])')")
    assert browser.js("return document.querySelectorAll('tr.selected').length") == 1
    second = browser.js("return document.querySelectorAll('tr[data-key]')[1].dataset.key")
    browser.press("Enter")
    browser.arrive(f"/jobs/{second}")

    browser.press("?")
    browser.wait("document.querySelector('dialog[open]')")
    browser.press("Escape")
    browser.wait("!document.querySelector('dialog')")
    browser.press("/")
    assert browser.js("return document.activeElement.type") == "search"
    browser.type("gj?")  # In a field, letters are letters.
    assert browser.js("return document.activeElement.value") == "gj?"
    assert browser.js("return document.querySelector('dialog') === null")


def test_palette_goes_to_pages_and_jobs(busy: Dashboard, browser: Browser) -> None:
    browser.open(busy.url)
    browser.press("k", hold="Control")
    browser.wait("document.querySelector('dialog[open] [role=option]')")
    browser.type("go to work")
    browser.wait("document.querySelectorAll('dialog [role=option]')[0]?.textContent.includes('Workers')")
    browser.press("Enter")
    browser.wait("!document.querySelector('dialog')")
    browser.arrive("/workers")

    browser.press("k", hold="Control")
    browser.wait("document.querySelector('dialog[open] [role=option]')")
    browser.type("hello")
    browser.wait("document.querySelectorAll('dialog [role=option]')[0]?.textContent.includes('hello')")
    browser.press("Enter")
    browser.arrive("/jobs/hello")


def test_empty_queue_says_how_to_begin_and_runs_a_sample_job(dashboard: Dashboard, browser: Browser) -> None:
    browser.open(dashboard.url)
    browser.wait("document.querySelector('.empty')")
    assert "queuectl add 'echo hello'" in browser.text(".empty")

    browser.click(".empty button.primary")
    browser.wait("document.querySelector('[data-tile=pending] strong')?.textContent === '1'")
    assert "job-1" in dashboard.cli("list")
    for path in Navigation().pages:
        browser.open(dashboard.url + path)
    assert browser.complaints() == []


def test_eight_tabs_load_and_each_shows_the_jobs(busy: Dashboard, browser: Browser) -> None:
    browser.open(busy.url + "/jobs")
    for _ in range(7):
        browser.new_tab()
        browser.open(busy.url + "/jobs")
        browser.wait("document.querySelector('tr[data-key=hello]')")
    assert len(browser.tabs()) == 8

    browser.tab(browser.tabs()[0])
    browser.wait("document.querySelector('#health').dataset.health === 'connected'")
    assert browser.complaints() == []


def test_read_only_dashboard_offers_no_actions(home: str, processes: Processes, browser: Browser) -> None:
    dashboard = Dashboard(home, processes)
    dashboard.cli("add", "echo held", "--id", "hello", "--hold")
    dashboard.cli("cron", "add", "cleanup", "*/5 * * * *", "echo cleanup")
    dashboard.start("--read-only")
    words = (
        "Retry",
        "Cancel",
        "Release",
        "Remove",
        "Add",
        "Start",
        "Stop",
        "Scale",
        "Run now",
        "Pause",
        "Save",
        "Reset",
    )
    for path in PATHS:
        browser.open(dashboard.url + path)
        buttons = browser.js(
            "return [...document.querySelectorAll('button')].filter((one) => one.checkVisibility())"
            ".map((one) => one.textContent)"
        )
        assert [text for text in buttons if text.startswith(words)] == []
    assert "read-only" in browser.text("header")
    assert browser.complaints() == []


def test_sizes_look_as_on_the_command_line(dashboard: Dashboard, browser: Browser) -> None:
    sizes = [0, 1, 1023, 1024, 1536, 12_900_000, 1024**2 - 1, 1024**3 - 1, 5 * 1024**3, 1024**4, 5_000 * 1024**4]
    browser.open(dashboard.url)
    browser.js(
        "const sizes = arguments[0];"
        "import('/assets/format.js').then(({ bytes }) => { window.sizes = sizes.map((size) => bytes(size)); });",
        sizes,
    )
    browser.wait("window.sizes")
    assert browser.js("return window.sizes") == [size_text(size) for size in sizes]


def test_the_overview_shows_the_alerts_of_status_with_a_button_for_each_command(
    dashboard: Dashboard, browser: Browser
) -> None:
    dashboard.cli("add", "true")
    browser.open(dashboard.url)
    browser.wait("document.querySelector('#alerts .alert[data-level=error]')")
    alert = browser.text("#alerts .alert")
    for part in ("1 job waits, but neither workers nor a scheduler are running", "queuectl worker start", "Copy"):
        assert part in alert
    assert browser.text("#alerts .alert span") in dashboard.cli("status")


def test_alerts_have_the_button_that_helps(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "exit 1", "--retries", "0", "--id", "bad")
    dashboard.cli("config", "set", "worker_count", "1")
    browser.open(dashboard.url)
    browser.wait("document.querySelector('#alerts .alert button')?.textContent === 'Start workers'")
    browser.click("#alerts .alert button")
    browser.wait("document.querySelector('[data-tile=dead] strong')?.textContent === '1'")
    browser.wait("document.querySelector('#alerts .alert a')?.textContent === 'Dead letter queue'")
    browser.click("#alerts .alert a")
    browser.arrive("/dlq")
    dashboard.cli("worker", "stop")


def test_recent_failures_name_each_job_once(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "exit 1", "--retries", "3", "--id", "again")
    dashboard.cli("add", "exit 1", "--retries", "0", "--id", "once")
    dashboard.cli("config", "set", "retry_delay", "0")
    dashboard.work()
    wait_until(lambda: len(dashboard.cli("list", "state:dead", "-o", "ids").split()) == 2, what="both are dead")
    browser.open(dashboard.url)
    browser.wait("document.querySelector(\"tr[data-key='again/4']\")")
    failed = "[...document.querySelectorAll('tr[data-key^=again], tr[data-key^=once]')].map((row) => row.dataset.key)"
    assert sorted(browser.js(f"return {failed}")) == ["again/4", "once/1"]


def test_a_schedule_has_a_link_that_opens_it(busy: Dashboard, browser: Browser) -> None:
    browser.open(busy.url + "/schedule?name=cleanup")
    browser.wait("document.querySelector('dialog[open] h1')?.textContent === 'cleanup'")
    browser.press("Escape")
    browser.wait("!document.querySelector('dialog') && location.search === ''")
    browser.click("tr[data-key=cleanup] a")
    browser.wait("document.querySelector('dialog[open] h1')?.textContent === 'cleanup'")
    assert browser.js("return location.search") == "?name=cleanup"


def test_what_is_not_there_is_said_in_a_sentence(dashboard: Dashboard, browser: Browser) -> None:
    browser.open(dashboard.url + "/jobs")
    browser.wait("document.querySelector('main [role=status]').textContent === 'No jobs yet.'")
    browser.open(dashboard.url + "/jobs?q=state:dead")
    browser.wait("document.querySelector('main [role=status]').textContent === 'No job matches.'")
    browser.open(dashboard.url + "/jobs/nope")
    assert browser.text("h1") == 'No job with id "nope"'


def test_groups_of_dead_jobs_and_events_lead_to_their_jobs(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("enqueue", json.dumps([{"command": f"exit {code}", "max_retries": 0} for code in (3, 4, 3)]))
    dashboard.cli("cron", "add", "cleanup", "*/5 * * * *", "echo cleanup")
    dashboard.work()
    wait_until(lambda: len(dashboard.cli("list", "state:dead", "-o", "ids").split()) == 3, what="all are dead")
    browser.open(dashboard.url + "/dlq")
    browser.click("td[data-label=Jobs] a")
    browser.wait("document.querySelectorAll('main tr[data-key]').length === 2")
    assert "exit:3" in browser.js("return document.querySelector('main [type=search]').value")

    browser.open(dashboard.url + "/events-log")
    links = "[...document.querySelectorAll('td[data-label=Detail] a')].map((one) => one.textContent).join()"
    browser.wait(f"{links} === 'job-1,job-3'")
    assert "3 jobs, job-1 to job-3" in browser.text("main table")


# What is read aloud must begin with what is seen, and landmarks of one kind need names.
NAMES_SCRIPT = """
const named = [...document.querySelectorAll('button[aria-label], a[aria-label]')]
  .filter((one) => one.checkVisibility() && /[a-z]/i.test(one.textContent))
  .filter((one) => !one.ariaLabel.toLowerCase().includes(one.textContent.trim().toLowerCase()));
const searches = [...document.querySelectorAll('[role=search]')].map((one) => one.ariaLabel);
return [...named.map((one) => one.outerHTML), ...(new Set(searches).size < searches.length ? searches : [])];
"""


def test_names_of_controls_hold_what_is_seen(busy: Dashboard, browser: Browser) -> None:
    for path in PATHS:
        browser.open(busy.url + path)
        assert browser.js(NAMES_SCRIPT) == [], path
