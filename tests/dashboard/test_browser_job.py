"""The page of a job in a real browser: its shell, environment, input and item, its end, its hook jobs."""

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


def test_an_exit_code_that_counts_as_a_success_is_shown_as_one(dashboard: Dashboard, browser: Browser) -> None:
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


def test_the_page_of_a_job_shows_what_it_was_made_from(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "echo {1} {2}", ":::", "<b>a</b>", ":::", "x", "y")
    browser.open(dashboard.url + "/jobs/job-2")
    browser.wait("document.querySelector('.facts')?.textContent.includes('Item<b>a</b> y')")
    shown = browser.js("return document.querySelector('.facts').textContent")
    assert "Index2" in shown and "Inputs1=<b>a</b>2=y" in shown and "Batchbatch-1" in shown
    dashboard.cli("add", "true", "--id", "plain")
    browser.open(dashboard.url + "/jobs/plain")
    browser.wait("document.querySelector('.facts')?.textContent.includes('Queue')")
    assert "Item" not in browser.js("return document.querySelector('.facts').textContent")


def test_a_job_and_its_hook_job_lead_to_each_other(dashboard: Dashboard, browser: Browser) -> None:
    def follow(job: str, shows: str) -> None:
        browser.js(f"document.querySelector('.facts a[href=\"/jobs/{job}\"]').click()")
        browser.wait(f"document.querySelector('.facts')?.textContent.includes('{shows}')")

    hook = "echo '<b>failed</b>'"
    dashboard.cli("add", "exit 3", "--id", "sync", "--retries", "0", "--on-failure", hook)
    dashboard.work()
    browser.open(dashboard.url + "/jobs/sync")
    browser.wait("document.querySelector('.facts')?.textContent.includes('Hook jobsjob-2 failure, completed')")
    assert hook in browser.js("return document.querySelector('.facts').textContent")
    follow("job-2", "Added byhook of sync (failure)")
    follow("1", "Hook jobsjob-2")
