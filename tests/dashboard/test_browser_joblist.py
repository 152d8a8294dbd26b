"""The job list in a real browser, as each user arranges it: columns, saved views, the last output below a row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver

CONNECTED = "document.querySelector('#health').dataset.health === 'connected'"
TITLES = "[...document.querySelectorAll('main thead th')].map((one) => one.textContent)"
DEFAULT = [
    "Select, show output",
    "Job",
    "State",
    "Command",
    "Queue",
    "Priority",
    "Attempts",
    "Duration",
    "Exit",
    "When",
    "Actions",
]
LINKS = "[...document.querySelectorAll('.views a')].map((one) => one.textContent)"
SAID = "[...document.querySelectorAll('.tail .said')].map((one) => one.textContent)"
NOTE = "document.querySelector('.peek .hint span').textContent"
THROWING = (
    "Object.defineProperty(window, 'localStorage', {configurable: true,"
    " get() { throw new DOMException('denied', 'SecurityError'); }});"
)
MARKUP = "<script>window.owned = true</script><img src=x onerror=window.owned=true>"


def open_jobs(dashboard: Dashboard, browser: Browser, first: str, query: str = "") -> None:
    browser.open(f"{dashboard.url}/jobs{query}")
    browser.wait(f"{CONNECTED} && document.querySelector('tr[data-key={first}]')")


def press_button(browser: Browser, text: str) -> None:
    browser.js(
        "[...document.querySelectorAll('main button')].find((one) => one.textContent === arguments[0]).click()", text
    )


def keep(browser: Browser, name: str, text: str) -> None:
    browser.js("localStorage.setItem(arguments[0], arguments[1])", f"queuectl-{name}", text)


@pytest.fixture
def held(dashboard: Dashboard) -> Dashboard:
    """A dashboard with two held jobs."""
    dashboard.cli("add", "echo one", "--id", "one", "--hold", "--tag", "nightly")
    dashboard.cli("add", "echo two", "--id", "two", "--hold", "--queue", "mail")
    return dashboard


def test_columns_are_chosen_ordered_and_remembered(held: Dashboard, browser: Browser) -> None:
    open_jobs(held, browser, "one")
    assert browser.js(f"return {TITLES}") == DEFAULT
    press_button(browser, "Columns")
    browser.wait("document.querySelector('dialog[open]')")
    assert browser.js("return document.querySelector('[data-column=id] input').disabled")
    browser.click("[data-column=queue] input")
    browser.click("[data-column=tags] input")
    browser.click("[data-column=when] button[data-step='-1']")
    assert browser.js("return document.activeElement.getAttribute('aria-label')") == "Move When up"
    browser.press("Enter")  # The focus is still there.
    browser.js(
        "const one = document.querySelector('#density'); one.value = 'compact'; one.dispatchEvent(new Event('change'))"
    )
    wanted = [
        "Select, show output",
        "Job",
        "State",
        "Command",
        "Priority",
        "Attempts",
        "When",
        "Duration",
        "Exit",
        "Tags",
        "Actions",
    ]
    assert browser.js(f"return {TITLES}") == wanted  # At once, behind the dialog.
    assert [name for role, name in browser.controls() if not name] == []

    open_jobs(held, browser, "one")
    assert browser.js(f"return {TITLES}") == wanted
    assert browser.js("return document.querySelector('main table').dataset.density") == "compact"
    assert browser.text("tr[data-key=one] td[data-label=Tags]") == "nightly"

    press_button(browser, "Columns")
    browser.click("dialog .end button")
    assert browser.js(f"return {TITLES}") == DEFAULT
    browser.press("Escape")
    browser.wait("!document.querySelector('dialog')")
    open_jobs(held, browser, "one")
    assert browser.js(f"return {TITLES}") == DEFAULT
    assert browser.complaints() == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "7",
        '"text"',
        "[]",
        '{"shown": 3}',
        '{"shown": ["constructor"]}',
        '{"shown": [null, {}], "density": "constructor"}',
    ],
)
def test_damaged_memory_is_as_if_there_were_none(held: Dashboard, browser: Browser, text: str) -> None:
    open_jobs(held, browser, "one")
    keep(browser, "columns", text)
    keep(browser, "views", text)
    open_jobs(held, browser, "one")
    assert browser.js(f"return {TITLES}") == DEFAULT
    assert browser.js("return document.querySelector('main table').dataset.density") == "comfortable"
    assert browser.js(f"return {LINKS}") == []
    assert browser.complaints() == []


def test_foreign_memory_shows_no_less_than_the_id_and_leads_nowhere_else(held: Dashboard, browser: Browser) -> None:
    open_jobs(held, browser, "one")
    keep(browser, "columns", json.dumps({"shown": ["state", "state", "bogus"]}))
    keep(
        browser,
        "views",
        json.dumps(
            [
                {"name": "odd", "query": "javascript:alert(1)"},
                {"name": 3, "query": ""},
                None,
                {"name": MARKUP, "query": "?q=id:one&cursor=x&scan=all"},
            ]
        ),
    )
    open_jobs(held, browser, "one")
    assert browser.js(f"return {TITLES}") == ["Select, show output", "Job", "State", "Actions"]
    assert browser.js("return [...document.querySelectorAll('.views a')].map((one) => one.getAttribute('href'))") == [
        "/jobs",
        "/jobs?q=id%3Aone",
    ]
    assert browser.js(f"return {LINKS}")[1] == MARKUP[:60]
    assert browser.js("return window.owned") is None
    assert browser.complaints() == []


def test_page_works_where_the_browser_remembers_nothing(held: Dashboard, browser: Browser) -> None:
    browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=THROWING)
    open_jobs(held, browser, "one")
    assert browser.js("try { return localStorage.length; } catch (error) { return error.name; }") == "SecurityError"
    press_button(browser, "Columns")
    browser.click("[data-column=queue] input")
    assert "Queue" not in browser.js(f"return {TITLES}")
    browser.press("Escape")
    browser.wait("!document.querySelector('dialog')")
    browser.press("t", "p")  # Theme and pause are remembered too, elsewhere.
    browser.wait("document.querySelector('#health').dataset.health === 'paused'")
    browser.press("?")
    browser.wait("document.querySelector('dialog.help')")
    assert browser.complaints() == []


def name_view(browser: Browser, name: str) -> None:
    press_button(browser, "Name this view")
    browser.click("#field-name")
    browser.type(name)
    browser.press("Enter")


def test_saved_view_opens_the_same_list(held: Dashboard, browser: Browser) -> None:
    query = "?q=queue%3Amail&sort=oldest&limit=25"
    open_jobs(held, browser, "two", query)
    name_view(browser, "Mail")
    browser.wait(f"{LINKS}.join() === 'Mail'")
    assert browser.js("return document.querySelector('.views a').getAttribute('aria-current')") == "true"

    open_jobs(held, browser, "one")  # Another load of the page.
    assert browser.js("return document.querySelector('.views a').getAttribute('href')") == f"/jobs{query}"
    browser.click(".views a")
    browser.wait("document.querySelectorAll('tr[data-key]').length === 1 && document.querySelector('tr[data-key=two]')")
    assert browser.js("return location.search") == query
    chosen = browser.js("return [...document.querySelectorAll('main select')].map((one) => one.value)")
    assert chosen == ["oldest", "25"]

    browser.open(held.url)
    browser.press("k", hold="Control")
    browser.wait("document.querySelector('dialog[open] [role=option]')")
    browser.type("jobs: mail")
    browser.wait("document.querySelector('dialog [role=option]')?.textContent.startsWith('Jobs: Mail')")
    browser.press("Enter")
    browser.wait(f"location.search === '{query}'")
    assert browser.complaints() == []


def test_view_is_replaced_and_deleted_only_after_a_question(held: Dashboard, browser: Browser) -> None:
    open_jobs(held, browser, "two", "?q=queue:mail")
    name_view(browser, "Mine")
    browser.wait(f"{LINKS}.join() === 'Mine'")
    open_jobs(held, browser, "one", "?q=tag:nightly")
    name_view(browser, "Mine")
    browser.wait("document.querySelectorAll('dialog[open]').length === 2")
    browser.press("Escape")
    browser.wait(
        "document.querySelectorAll('dialog[open]').length === 1"
        " && document.querySelector('#field-name').getAttribute('aria-invalid') === 'true'"
    )
    assert browser.js("return document.querySelector('.views a').getAttribute('href')") == "/jobs?q=queue%3Amail"

    browser.press("Enter")
    browser.wait("document.querySelectorAll('dialog[open]').length === 2")
    browser.js("[...document.querySelectorAll('dialog button')].find((one) => one.textContent === 'Replace').click()")
    browser.wait("!document.querySelector('dialog')")
    browser.wait("document.querySelector('.views a').getAttribute('href') === '/jobs?q=tag%3Anightly'")

    browser.click(".views button")
    browser.wait("document.querySelector('dialog[open]')")
    browser.press("Escape")
    browser.wait("!document.querySelector('dialog')")
    assert browser.js(f"return {LINKS}") == ["Mine"]
    browser.click(".views button")
    browser.click("dialog button.danger")
    browser.wait(f"{LINKS}.length === 0")


def test_row_shows_its_last_output_by_button_and_by_key(dashboard: Dashboard, browser: Browser) -> None:
    colors = r"printf '\033[31mred\033[0m \033]0;title\007plain\n'"
    dashboard.cli(
        "add", f"seq 1 9; echo '{MARKUP}'; {colors}; echo oops >&2; exit 1", "--id", "prints", "--retries", "0"
    )
    dashboard.work()
    dashboard.cli("add", "true", "--id", "silent")
    dashboard.cli("wait", "silent")
    dashboard.cli("add", "echo", "--id", "waits", "--hold")
    open_jobs(dashboard, browser, "prints")

    button = "tr[data-key=prints] .expand"
    assert browser.js(f"return document.querySelector('{button}').getAttribute('aria-expanded')") == "false"
    browser.click(button)
    browser.wait(f"{SAID}.length === 5")
    said: Any = browser.js(f"return {SAID}")
    assert sorted(said) == sorted(["8", "9", MARKUP, "red plain", "oops"])
    assert browser.js(
        "return [...document.querySelectorAll('.tail .line')].filter((one) => "
        "one.querySelector('.stream').textContent === 'err').map((one) => "
        "one.querySelector('.said').textContent)"
    ) == ["oops"]
    assert browser.js("return document.querySelector('.tail .said [class], .tail .said span').style.color") == (
        "var(--ansi-1)"
    )
    assert browser.js("return window.owned") is None
    assert browser.js(
        "const one = document.activeElement; return [one.getAttribute('aria-label'),"
        " one.getAttribute('aria-expanded'), document.getElementById(one.getAttribute('aria-controls'))"
        ".className]"
    ) == ["Output of prints", "true", "peek-row"]
    browser.click(button)
    browser.wait("!document.querySelector('.peek')")

    browser.js("document.activeElement.blur()")
    browser.press("j", "e")  # The newest first: the one that waits.
    browser.wait(f"{NOTE}.startsWith('Still waiting')")
    assert browser.js("return document.activeElement.dataset.key") == "waits"
    browser.press("e")
    browser.wait("!document.querySelector('.peek')")
    browser.press("j", "e")
    browser.wait(f"{NOTE} === 'No output.'")
    browser.press("j")  # From the row, not into what is below it.
    assert browser.js("return document.activeElement.dataset.key") == "prints"
    browser.js("document.querySelector('.tail').focus()")
    browser.press("e")
    browser.wait("!document.querySelector('.peek')")
    assert browser.js("return document.activeElement.getAttribute('aria-label')") == "Output of silent"
    assert [name for role, name in browser.controls() if not name] == []
    browser.press("?")
    browser.wait("document.querySelector('dialog.help')")
    assert "Last output of the row" in browser.text("dialog")
    assert browser.complaints() == []


def test_open_row_follows_a_running_job_and_keeps_focus_and_place(
    dashboard: Dashboard, browser: Browser, tmp_path: Path
) -> None:
    steps = [tmp_path / name for name in ("first", "second", "end")]
    command = "; ".join(f"until [ -e {step} ]; do sleep 0.05; done; echo {step.name}" for step in steps)
    dashboard.cli("add", "echo", "--id", "above", "--hold")
    dashboard.cli("add", command, "--id", "runs")
    dashboard.cli("add", "echo", "--id", "below", "--hold")
    dashboard.work()
    dashboard.cli("list")
    browser.open(dashboard.url + "/jobs?sort=oldest")
    browser.wait(f"{CONNECTED} && document.querySelector('tr[data-key=runs] .badge')?.textContent === 'processing'")
    browser.click("tr[data-key=runs] .expand")
    browser.wait(f"{NOTE} === 'No output yet.'")
    top = "document.querySelector('tr[data-key=below]').getBoundingClientRect().top"
    before = browser.js(f"return {top}")

    for step in steps[:2]:
        step.touch()
        browser.wait(f"{SAID}.at(-1) === '{step.name}'")
    assert browser.js(f"return {top}") == before
    dashboard.cli("add", "echo", "--id", "late", "--hold")
    steps[2].touch()
    browser.wait("document.querySelector('tr[data-key=runs] .badge').textContent === 'completed'")
    browser.wait(f"{SAID}.join() === 'first,second,end'")
    assert browser.js("return document.activeElement.getAttribute('aria-label')") == "Output of runs"
    assert browser.js("return document.activeElement.getAttribute('aria-expanded')") == "true"
    assert browser.js(f"return {top}") == before
    assert browser.js(
        "return [...document.querySelectorAll('main tbody tr')].map((row) => row.dataset.key || row.id).slice(0, 4)"
    ) == ["above", "runs", "peek-runs", "below"]
    assert browser.complaints() == []


LATE_OVERVIEW = """
window.EventSource = class extends EventTarget { close() {} };
const fetchNow = window.fetch, released = new Promise((resolve) => { window.release = resolve; });
window.fetch = async (url, ...rest) => {
  if (String(url).includes('/overview')) await released;
  return fetchNow(url, ...rest);
};
"""


def test_rows_stay_where_they_are_when_the_first_overview_comes_late(held: Dashboard, browser: Browser) -> None:
    browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=LATE_OVERVIEW)
    browser.open(held.url + "/jobs")
    browser.wait("document.querySelector('.tabs a')?.textContent === 'all –' && document.querySelector('tr[data-key]')")
    top = "document.querySelector('tr[data-key]').getBoundingClientRect().top"
    before = browser.js(f"return {top}")
    browser.js("release()")
    browser.wait("document.querySelector('.tabs a').textContent === 'all 2'")
    assert browser.js(f"return {top}") == before
    assert browser.complaints() == []


def test_job_list_fits_320_pixels_with_all_that_can_be_opened(held: Dashboard, browser: Browser) -> None:
    held.cli("add", f"echo {'wide' * 100}", "--id", "wide")
    held.work()
    held.cli("wait", "wide")
    browser.size(320, 640)
    open_jobs(held, browser, "wide")
    browser.click("tr[data-key=wide] .expand")
    browser.wait(f"{SAID}.length === 1")
    name_view(browser, "a name that is rather long for such a narrow window, all in all")
    browser.wait(f"{LINKS}.length === 1")
    assert browser.js("return document.documentElement.scrollWidth") <= 320
    press_button(browser, "Columns")
    browser.click("[data-column=number] input")
    assert browser.js("const one = document.querySelector('dialog'); return one.scrollWidth <= one.clientWidth")
    browser.press("Escape")
    browser.wait("!document.querySelector('dialog')")
    assert browser.text("tr[data-key=wide] td[data-label=Number]") == "3"
    small = browser.js(
        "return [...document.querySelectorAll('main button, main select, main input, .views a')]"
        ".filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 24)"
        ".map((one) => one.textContent)"
    )
    assert small == []
    assert browser.complaints() == []
