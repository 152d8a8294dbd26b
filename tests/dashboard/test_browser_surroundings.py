"""In a real browser: the shell of a job, what it inherits, and what it reads."""

from __future__ import annotations

from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard

browser, dashboard, driver = fixtures.browser, fixtures.dashboard, fixtures.driver


def test_a_job_is_added_with_a_shell_and_something_to_read_and_its_page_tells_of_both(
    dashboard: Dashboard, browser: Browser
) -> None:
    browser.open(dashboard.url + "/jobs")
    browser.press("n")
    browser.wait("document.querySelector('dialog[open]')")
    browser.type("cat")
    for name, text in (("shell", "bash"), ("inherit_env", "none,PATH,LANG"), ("stdin", "it's text")):
        browser.js(f"document.querySelector('#field-{name}').focus()")
        browser.type(text)
    shown = browser.text("dialog .equivalent")
    assert "printf %s 'it'\\''s text' | queuectl add" in shown
    assert "--shell bash --inherit-env=none,PATH,LANG" in shown.replace("'none,PATH,LANG'", "none,PATH,LANG")
    assert "--stdin - cat" in shown
    browser.click("#field-shell")
    browser.press("Enter")
    browser.wait("document.querySelector('tr[data-key=job-1]')")
    dashboard.work()
    browser.open(dashboard.url + "/jobs/job-1")
    browser.wait("document.querySelector('.output')?.textContent.includes(\"it's text\")")
    facts = browser.js("return document.querySelector('.facts').textContent")
    assert "Shellbash" in facts and "Standard input9 B" in facts
    assert browser.complaints() == []
