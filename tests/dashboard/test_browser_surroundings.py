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
    hints = browser.text("dialog[open]")
    assert "as standard input: the text itself" in hints and "default: only PATH" in hints
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


def test_an_end_that_counts_as_a_success_is_one_and_its_code_is_told(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "exit 24", "--id", "a", "--ok-codes", "24")
    dashboard.work()
    dashboard.cli("wait", "a")
    browser.open(dashboard.url + "/jobs/a")
    browser.wait("document.body.textContent.includes('succeeded, exit code 24')")
    steps = browser.js(
        "return [...document.querySelectorAll('[data-state]')].map((one) => `${one.dataset.state} ${one.textContent}`)"
    )
    assert any(step.startswith("completed") and "exit code 24 counts as a success" in step for step in steps), steps
    assert not any(step.startswith("failed") for step in steps), steps
    assert browser.complaints() == []
