"""A job that waits is edited and held in a real browser; one that was faster says so."""

from __future__ import annotations

import json

from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver

REFUSED = "document.querySelector('dialog [role=alert]:not([hidden])')?.textContent"


def retype(browser: Browser, field: str, text: str) -> None:
    browser.click(f"#field-{field}")
    browser.press("a", hold="Control")
    browser.type(text)


def test_job_is_edited_and_a_refusal_is_shown_at_its_field(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "echo <b>old</b>", "--id", "x", "--tag", "t")
    browser.open(dashboard.url + "/jobs/x")
    browser.press("e")
    browser.wait("document.querySelector('dialog[open] #field-command')?.value === 'echo <b>old</b>'")
    assert "queuectl edit x …" in browser.text("dialog .equivalent")
    retype(browser, "priority", "5000")
    retype(browser, "run_at", "+1h")
    retype(browser, "tags", "a, b")
    assert "queuectl edit x --priority 5000 --at +1h --tags a,b" in browser.text("dialog .equivalent")
    browser.press("Enter")
    browser.wait("document.querySelector('#field-priority').getAttribute('aria-invalid') === 'true'")
    assert '"priority": 0' in dashboard.cli("show", "x", "--json")
    retype(browser, "priority", "50")
    browser.press("Enter")
    browser.wait("!document.querySelector('dialog')")
    browser.wait("document.querySelector('.toast')?.textContent === 'x changed, it is scheduled'")
    browser.wait("document.querySelector('.facts').textContent.includes('Priority50')")
    assert json.loads(dashboard.cli("show", "x", "--json"))["tags"] == ["a", "b"]
    assert all("422" in complaint for complaint in browser.complaints())


def test_a_form_that_changes_nothing_is_closed_and_asks_for_nothing(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "printf 'a\nb'  ", "--id", "x")
    browser.open(dashboard.url + "/jobs/x")
    browser.click("[data-verb=edit]")
    browser.wait("document.querySelector('dialog[open]')")
    browser.click("dialog .end button:last-child")
    browser.wait("!document.querySelector('dialog')")
    assert "edit" not in dashboard.cli("history", "x")


def test_a_job_that_began_meanwhile_is_not_changed(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "echo x", "--id", "x")
    browser.open(dashboard.url + "/jobs/x")
    browser.click("[data-verb=edit]")
    browser.wait("document.querySelector('dialog[open]')")
    dashboard.work()
    dashboard.cli("wait", "x")
    retype(browser, "queue", "other")
    browser.press("Enter")
    assert browser.wait(REFUSED).startswith('cannot edit job "x": it is completed')
    assert "default" in dashboard.cli("show", "x")


def test_a_job_is_held_and_released(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "echo x", "--id", "x")
    browser.open(dashboard.url + "/jobs/x")
    browser.click("[data-verb=hold]")
    browser.click("[data-verb=release]")
    browser.wait("document.querySelector('[data-verb=hold]')")
    assert "hold" in dashboard.cli("history", "x")
