"""Jobs in a real browser: what is done to them, forms that say what is wrong."""

from __future__ import annotations

import json
from typing import Callable

from queuectl.model.fields import FILTERS
from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard
from tests.support import wait_until

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver

CLOSE = "dialog .end button:first-child"
# Whether the browser asks before the page is left.
UNLOAD = "const it = new Event('beforeunload', { cancelable: true }); return !window.dispatchEvent(it)"


def test_many_jobs_are_retried_after_a_look_at_which(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli(
        "enqueue", json.dumps([{"command": "exit 3", "id": f"bad-{number}", "max_retries": 0} for number in range(12)])
    )
    dashboard.cli("add", "echo fine", "--id", "fine", "--hold")
    dashboard.work()
    browser.open(dashboard.url + "/jobs?q=state:dead")
    browser.wait("document.querySelectorAll('tr[data-key]').length === 12")
    browser.press("j", "a")
    browser.wait("document.querySelector('.bulk strong')?.textContent === '12 selected'")

    browser.click("[data-bulk=retry]")
    browser.wait("document.querySelector('dialog[open]')")
    assert "Retry 12 jobs?" in browser.text("dialog")
    assert "bad-11 " in browser.text("dialog .sample") and "and 2 more" in browser.text("dialog .sample")
    browser.click("dialog input[name=keep_attempts]")
    assert browser.text("dialog .equivalent code").endswith(" --keep-attempts")
    browser.click("dialog .end button:last-child")
    browser.wait("!document.querySelector('dialog')")
    browser.wait("document.querySelector('.toast')?.textContent.includes('12 jobs queued again')")
    again = "state:dead tries:2"  # They had one attempt more, after the one that they keep.
    wait_until(lambda: len(dashboard.cli("list", again, "-o", "ids").split()) == 12, what="all ran once more")


def test_one_job_is_retried_with_a_single_attempt_more(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "exit 3", "--id", "bad", "--retries", "0")
    dashboard.work()
    wait_until(lambda: dashboard.cli("list", "state:dead", "-o", "ids").split() == ["bad"], what="it is dead")
    browser.open(dashboard.url + "/jobs/bad")
    browser.click("[data-verb=retry]")
    browser.wait("document.querySelector('dialog[open]')")
    assert browser.text("dialog .equivalent code") == "queuectl retry bad"
    browser.click("dialog input[name=keep_attempts]")
    assert browser.text("dialog .equivalent code") == "queuectl retry bad --keep-attempts"
    browser.click("dialog .end button:last-child")
    wait_until(lambda: "bad" in dashboard.cli("list", "state:dead tries:2", "-o", "ids"), what="it ran once more")


def test_more_than_a_thousand_jobs_need_a_typed_confirmation(dashboard: Dashboard, browser: Browser) -> None:
    jobs = "\n".join(json.dumps({"command": "echo", "hold": True, "queue": "bulk"}) for _ in range(1100))
    dashboard.cli("enqueue", "-", input=jobs)
    dashboard.cli("add", "echo other", "--id", "other", "--hold")
    browser.open(dashboard.url + "/jobs?q=queue:bulk")
    browser.wait("document.querySelectorAll('tr[data-key]').length === 50")
    browser.press("j", "x")
    browser.js(
        "const all = document.querySelector('[data-bulk=all]'); all.value = 'cancel';"
        " all.dispatchEvent(new Event('change'))"
    )
    browser.wait("document.querySelector('dialog button.danger')?.disabled")
    assert "Cancel 1,100 jobs?" in browser.text("dialog")
    browser.click("dialog label:not(.check) input")
    browser.type("1100")
    browser.click("dialog button.danger")
    browser.wait("document.querySelector('.toast')?.textContent === '1,100 jobs cancelled'")
    assert "held" in dashboard.cli("list", "--state", "held")


def test_range_is_selected_by_position(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("enqueue", json.dumps([{"command": "echo", "hold": True} for _ in range(12)]))
    browser.open(dashboard.url + "/jobs")
    browser.wait("document.querySelectorAll('tr[data-key]').length === 12")
    browser.js(
        "const boxes = document.querySelectorAll('tr[data-key] input'); boxes[1].click();"
        " boxes[10].dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true, shiftKey: true}))"
    )
    browser.wait("document.querySelector('.bulk strong')?.textContent === '10 selected'")


def test_filter_that_is_wrong_says_so_and_suggestions_help(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "echo mail", "--queue", "mail", "--hold")
    browser.open(dashboard.url + "/jobs?q=stat:dead")
    browser.wait("!document.querySelector('#filter-problem').hidden")
    assert "state" in browser.text("#filter-problem")

    browser.open(dashboard.url + "/jobs")
    browser.press("/")
    browser.type("queue:m")
    browser.wait("document.querySelector('.filter [role=option]')?.textContent.includes('mail')")
    browser.press("ArrowDown", "Enter", "Enter")
    browser.wait("new URLSearchParams(location.search).get('q') === 'queue:mail'")
    browser.wait("document.querySelectorAll('tr[data-key]').length === 1")

    browser.open(dashboard.url + "/jobs")
    browser.press("/")
    browser.type("!queue:m")
    browser.wait("document.querySelector('.filter [role=option]')?.textContent.includes('mail')")
    browser.press("ArrowDown", "Enter", "Enter")
    browser.wait("new URLSearchParams(location.search).get('q') === '!queue:mail'")
    browser.wait("document.querySelectorAll('tr[data-key]').length === 0")


def test_tabs_and_orders_go_by_what_the_server_read(dashboard: Dashboard, browser: Browser) -> None:
    tab = "[...document.querySelectorAll('.tabs a')].find((one) => one.textContent.startsWith(%r))"
    query = f"new URL({tab}.href).searchParams.get('q')"
    orders = "[...document.querySelectorAll('[aria-label=Order] option')].map(({ value }) => value).join(' ')"
    current = "document.querySelector('.tabs [aria-current=true]')?.textContent"
    dashboard.cli("add", "echo mail", "--queue", "mail", "--hold")

    browser.open(dashboard.url + "/jobs?q=state:open+queue:mail")
    browser.wait(f"{orders} === 'newest oldest' && {tab % 'dead'}")
    assert browser.js(f"return {query % 'dead'}") == "state:dead queue:mail"
    assert browser.js(f"return {current}") is None

    browser.js(f"{tab % 'held'}.click()")
    browser.wait(f"{current}?.startsWith('held')")
    assert browser.js(f"return {query % 'all'}") == "queue:mail"

    browser.open(dashboard.url + "/jobs?q=!state:held+!state:open+state:dead&sort=finished")
    browser.wait(f"{orders} === 'newest oldest finished'")
    assert browser.js("return document.querySelector('[aria-label=Order]').value") == "finished"

    browser.open(dashboard.url + "/jobs?q=stat:dead")
    browser.wait(f"{current}?.startsWith('all')")
    assert browser.js(f"return {query % 'dead'}") == "state:dead"


def test_filter_without_states_leaves_jobs_that_wait_and_says_so(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "echo", "--id", "gone", "--hold")
    dashboard.cli("cancel", "gone")
    dashboard.cli("enqueue", json.dumps([{"command": "echo", "hold": True} for _ in range(60)]))
    browser.open(dashboard.url + "/jobs?q=queue:default")
    browser.wait("document.querySelectorAll('tr[data-key]').length === 50")
    browser.click("tr[data-key] input")
    browser.js(
        "const all = document.querySelector('[data-bulk=all]'); all.value = 'remove';"
        " all.dispatchEvent(new Event('change'))"
    )
    browser.wait("document.querySelector('dialog button.danger')")
    assert "Remove 1 job?" in browser.text("dialog") and "gone" in browser.text("dialog .sample")
    assert "Left as they are: 60 held; to take them, filter by state:held." in browser.text("dialog")
    browser.click("dialog button.danger")
    browser.wait("document.querySelector('.toast')?.textContent === '1 job removed'")
    assert len(dashboard.cli("list", "--limit", "0", "-o", "ids").splitlines()) == 60


def test_help_names_the_docs_and_the_keys_of_filters(dashboard: Dashboard, browser: Browser) -> None:
    browser.open(dashboard.url + "/queues")
    browser.press("?")
    browser.wait("document.querySelector('dialog[open]')?.textContent.includes('signal:SEGV')")
    assert browser.text("dialog p code") == "docs/queues.md"
    assert all(f"{key}:" in browser.text("dialog[open]") for key in FILTERS)


def test_job_is_added_and_a_refusal_is_shown_at_its_field(dashboard: Dashboard, browser: Browser) -> None:
    browser.open(dashboard.url + "/jobs")
    browser.press("n")
    browser.wait("document.querySelector('dialog[open]')")
    browser.type("echo from the form")
    browser.click("#field-priority")
    browser.type("5000")
    assert "queuectl add --priority 5000 'echo from the form'" in browser.text("dialog .equivalent")
    browser.press("Enter")
    browser.wait("document.querySelector('#field-priority').getAttribute('aria-invalid') === 'true'")
    browser.press("a", hold="Control")
    browser.type("50")
    browser.press("Enter")
    browser.wait("document.querySelector('tr[data-key=job-1]')")
    assert "echo from the form" in dashboard.cli("show", "job-1")


def test_a_form_that_was_filled_in_is_left_only_after_a_question(dashboard: Dashboard, browser: Browser) -> None:
    command, dialogs = "document.querySelector('#field-command').value", "document.querySelectorAll('dialog').length"
    browser.open(dashboard.url + "/jobs")
    browser.press("n")
    browser.wait("document.querySelector('dialog[open]')")
    browser.type("echo precious")
    # To select a text by dragging may end beside the dialog.
    browser.drag("#field-command", (5, 5))
    assert browser.js(f"return [{dialogs}, {command}]") == [1, "echo precious"]

    leaves: list[Callable[[], None]] = [
        lambda: browser.press("Escape"),
        lambda: browser.drag("", (5, 5)),
        lambda: browser.click(CLOSE),
    ]
    for leave in leaves:
        leave()
        browser.wait("document.querySelector('dialog:last-of-type h2')?.textContent === 'Discard what you typed?'")
        browser.click("dialog:last-of-type .end button:first-child")  # Keep editing.
        browser.wait(f"{dialogs} === 1")
        assert browser.js(f"return {command}") == "echo precious"
    for count in (2, 1, 2, 1, 2):  # However often it is pressed, Esc asks and goes back.
        browser.press("Escape")
        browser.wait(f"{dialogs} === {count}")
    assert browser.js(f"return {command}") == "echo precious"
    assert browser.js(UNLOAD)
    browser.click("dialog:last-of-type button.danger")
    browser.wait(f"{dialogs} === 0")

    browser.press("n")
    browser.wait("document.querySelector('dialog[open]')")
    assert not browser.js(UNLOAD)
    browser.press("Escape")
    browser.wait(f"{dialogs} === 0")


def test_setting_is_changed_and_a_bad_one_is_refused_beside_it(dashboard: Dashboard, browser: Browser) -> None:
    browser.open(dashboard.url + "/config")
    browser.click("#setting-max_retries")
    browser.press("a", hold="Control")
    browser.type("many")
    browser.press("Enter")
    browser.wait("!document.querySelector('#setting-max_retries-problem').hidden")
    browser.press("a", hold="Control")
    browser.type("7")
    browser.press("Enter")
    browser.wait("document.querySelector('.toast')?.textContent.includes('max_retries = 7')")
    assert dashboard.cli("config", "get", "max_retries").strip() == "7"


def test_schedule_is_previewed_in_words_while_it_is_typed(dashboard: Dashboard, browser: Browser) -> None:
    browser.open(dashboard.url + "/schedule")
    browser.click("main .head button.primary")
    browser.wait("document.querySelector('#schedule-preview')?.textContent.startsWith('every 5 minutes')")
    browser.click("#field-expression")
    browser.press("a", hold="Control")
    browser.type("30 8 * * mon-fri")
    browser.wait("document.querySelector('#schedule-preview').textContent.startsWith('at 08:30 on weekdays')")
    browser.click("#field-name")
    browser.type("report")
    browser.click("#field-command")
    browser.type("echo report")
    browser.click("dialog .end button:last-child")
    browser.wait("document.querySelector('tr[data-key=report]')")
    assert "report" in dashboard.cli("cron", "list")


def test_group_of_dead_jobs_is_retried(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("enqueue", json.dumps([{"command": f"exit {code}", "max_retries": 0} for code in (3, 4)]))
    dashboard.work()
    browser.open(dashboard.url + "/dlq")
    browser.wait("document.querySelectorAll('tr[data-key] [data-group=remove]').length === 2")
    browser.click("[data-group=remove]")
    browser.click("dialog button.danger")
    browser.wait("document.querySelectorAll('tr[data-key] [data-group=remove]').length === 1")


def test_large_group_of_dead_jobs_shows_the_command_for_exactly_these(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli(
        "enqueue", json.dumps([{"command": f"exit {code}", "max_retries": 0} for code in (3, 3, 3, 4, 3, 3, 3, 3)])
    )
    dashboard.work()
    browser.open(dashboard.url + "/dlq")
    group = "tr[data-key='3/null/exit code 3']"
    browser.wait(
        f"document.querySelector(\"{group} td[data-label=Jobs]\")?.textContent === '7'"
        " && document.querySelectorAll('[data-group=retry]').length === 2"
    )
    browser.click(f"{group} [data-group=remove]")
    browser.wait("document.querySelector('dialog[open]')")
    assert browser.text("dialog .end button:first-child") == "Cancel"
    assert "Remove 7 jobs?" in browser.text("dialog") and "failed with: exit code 3." in browser.text("dialog")
    command = browser.text("dialog .equivalent code")
    assert command == "queuectl dlq remove 1-3 5-8"

    dashboard.cli(*command.split()[1:], "--yes")  # It does what it says.
    assert dashboard.cli("list", "--state", "dead", "-o", "ids").split() == ["job-4"]
    browser.click("dialog button.danger")
    browser.wait("document.querySelector('.toast')?.textContent === '0 jobs removed, 7 had started or ended by then'")


def test_workers_are_started_and_stopped(dashboard: Dashboard, browser: Browser) -> None:
    browser.open(dashboard.url + "/workers")
    browser.click("main .head button.primary")
    browser.click("dialog .end button:last-child")
    browser.wait("document.querySelectorAll('tr[data-key]').length === 2")
    browser.wait("[...document.querySelectorAll('main .head button')].some((one) => one.textContent === 'Stop now')")
    browser.click("main .head button:last-child")
    browser.click("dialog button.danger")
    browser.wait("document.querySelector('.empty:not([hidden])')")


def test_groups_of_workers_have_their_own_buttons(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("worker", "start", "-n", "1", "-Q", "encode")
    dashboard.cli("worker", "start", "-n", "2", "-Q", "scrape")
    browser.open(dashboard.url + "/workers")
    browser.wait("document.querySelectorAll('tr[data-key]').length === 3")
    browser.wait("document.querySelectorAll('main p.row').length === 2")
    assert "encode: 1 worker" in browser.text("main p.row")
    browser.click("main p.row button:nth-of-type(2)")
    browser.wait("document.querySelector('dialog')?.textContent.includes('queuectl worker stop --queue encode')")
    browser.click("dialog .end button:last-child")
    browser.wait("document.querySelectorAll('tr[data-key]').length === 2")
    dashboard.cli("worker", "stop")
    browser.wait("document.querySelector('.empty:not([hidden])')")
