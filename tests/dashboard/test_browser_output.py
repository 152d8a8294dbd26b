"""The output on the page of a job in a real browser: it follows, it is text, it can be searched and read whole."""

from __future__ import annotations

import json

from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver

# Generous: on a busy machine every task takes longer. One DOM node a line would take minutes.
LONGEST_TASK = 3000
AT_END = "({scrollTop, scrollHeight, clientHeight}) => scrollTop + clientHeight >= scrollHeight - 40"
FOLLOWS = f"({AT_END})(document.querySelector('.output'))"
MARKUP = "<script>window.owned = true</script><img src=x onerror=window.owned=true>"


def test_output_of_100000_lines_stays_responsive(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("config", "set", "output_limit", "4MiB")
    dashboard.cli("add", "sleep 1; seq 100000; sleep 1; echo end", "--id", "long")
    browser.open(dashboard.url + "/jobs/long")
    browser.js(
        "window.tasks = [0]; new PerformanceObserver((list) => list.getEntries().forEach(({duration}) => "
        "window.tasks.push(duration))).observe({type: 'longtask'})"
    )
    dashboard.work()
    browser.wait("document.querySelector('.output')?.textContent.endsWith('end')", 60)

    longest = browser.js("return Math.max(...window.tasks)")
    nodes = browser.js("return document.getElementsByTagName('*').length")
    lines = browser.js("return document.querySelectorAll('.output .line').length")
    print(f"longest task {longest} ms, {nodes} elements, {lines} lines")
    assert longest < LONGEST_TASK
    assert lines <= 5000
    browser.wait(FOLLOWS)


def test_a_pane_that_follows_stays_at_the_end_when_lines_above_turn_out_higher(
    dashboard: Dashboard, browser: Browser
) -> None:
    dashboard.cli("add", "seq 1200", "--id", "high")
    dashboard.work()
    browser.open(dashboard.url + "/jobs/high")
    browser.wait(FOLLOWS + " && document.querySelectorAll('.output .chunk').length === 3")
    browser.js("document.querySelector('.output .chunk').style.minHeight = '20000px'")
    browser.wait("document.querySelector('.output').scrollHeight > 20000 && " + FOLLOWS)


def test_markup_and_escapes_are_shown_as_text(dashboard: Dashboard, browser: Browser) -> None:
    colors = r"printf '\033[31mred\033[0m \033]0;title\007\033[2Jplain \033[38;2;1;2;3mrgb\033[0m\n\033]no end\n'"
    command = f"echo '{MARKUP}'; {colors}; exit 1"
    dashboard.cli("enqueue", json.dumps({"command": command, "id": "markup", "max_retries": 0}))
    dashboard.work()
    dashboard.cli("list")
    browser.open(dashboard.url + "/jobs/markup")
    browser.wait("document.querySelector('.output')?.textContent.includes('no end')")

    assert browser.js("return document.querySelectorAll('.output .line')[0].textContent") == MARKUP
    assert browser.js("return document.querySelectorAll('.output .line')[1].textContent") == "red plain rgb"
    assert browser.js("return document.querySelectorAll('.output .line')[2].textContent") == "no end"
    assert browser.js(
        "return [...document.querySelectorAll('.output .line:nth-child(2) span')].map((one) => one.style.color)"
    ) == ["var(--ansi-1)", "rgb(1, 2, 3)"]
    for path in ("/", "/jobs", "/dlq", "/metrics-ui", "/jobs/markup"):
        browser.open(dashboard.url + path)
        browser.wait("document.body.innerText.includes('onerror')", what=f"the command on {path}")
    assert browser.js("return window.owned") is None
    assert browser.complaints() == []


def test_find_marks_what_the_output_holds(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "seq 1 200", "--id", "numbers")
    dashboard.work()
    browser.open(dashboard.url + "/jobs/numbers")
    browser.wait("document.querySelector('.output')?.textContent.endsWith('200')")
    hits = "document.querySelector('[aria-label=\"Find in the output\"] + [role=status]').textContent"
    browser.click("[aria-label='Find in the output']")
    browser.type("19")
    browser.wait(f"{hits} === '12 of 12'")
    browser.press("Enter")
    browser.wait(f"{hits} === '1 of 12'")


def test_all_that_is_kept_of_an_output_can_be_read_searched_and_linked(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("config", "set", "output_limit", "256KiB")
    dashboard.cli("add", "seq 1 60000", "--id", "long")
    dashboard.work()
    count = "document.querySelectorAll('.output .line').length"
    note = "document.querySelector('.output').previousElementSibling.textContent"
    hits = "document.querySelector('[aria-label=\"Find in the output\"] + [role=status]').textContent"
    browser.open(dashboard.url + "/jobs/long")
    browser.wait("document.querySelector('.output')?.textContent.endsWith('60000')")
    browser.wait(f"{note}.includes('before this are not shown')")
    browser.click("[aria-label='Find in the output']")
    browser.type("no such line")
    browser.wait(f"{hits} === '0 of 0 here, Enter searches all'")
    browser.press("Enter")
    browser.wait(f"{note}.includes('in the middle were not kept')")
    browser.wait(f"{hits} === '0 of 0' && document.querySelector('.output .line').textContent === '1'")
    assert browser.js(f"return {count}") > 20_000
    assert browser.js("return document.querySelector('.output').textContent.includes('bytes left out ...]')")
    browser.open(dashboard.url + "/jobs/long#L120")
    target = "document.querySelector('.output .line.target')?.textContent"
    browser.wait(f"{target} === '120'")
    browser.press("#")
    browser.type("300")
    browser.press("Enter")
    browser.wait(f"{target} === '300' && location.hash === '#L300'")
    browser.type("0000000")
    browser.press("Enter")
    browser.wait(f"{hits}.startsWith('There are ')")
    assert browser.js("return location.hash") == "#L300"
    assert browser.complaints() == []
