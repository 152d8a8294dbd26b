"""A job that waits is edited and held in a real browser; one that was faster says so."""

from __future__ import annotations

import json
import shlex

from queuectl.model.checks import is_utf8
from queuectl.model.fields import GIVEN
from queuectl.model.shellwords import shell_word
from tests.dashboard import browser as fixtures
from tests.dashboard.browser import Browser, Dashboard
from tests.dashboard.test_browser_joblist import press_button
from tests.model.test_shellwords import WORDS
from tests.support import run_cli

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
    browser.click("dialog .end button:last-child")
    browser.wait("!document.querySelector('dialog')")
    assert "edit" not in dashboard.cli("history", "x")


def test_a_job_that_started_in_between_is_not_changed(dashboard: Dashboard, browser: Browser) -> None:
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


def test_a_form_asks_for_every_field_and_names_the_command_that_does_the_same(
    dashboard: Dashboard, browser: Browser
) -> None:
    browser.open(dashboard.url + "/jobs")
    browser.press("n")
    browser.wait("document.querySelector('dialog[open] #field-command')")
    asked = browser.js("return [...document.querySelectorAll('dialog [name]')].map((input) => input.name)")
    assert sorted(asked) == sorted(field.name for field in GIVEN)
    for name, typed in {
        "command": "echo 'a b'",
        "priority": "-5",
        "timeout": "none",
        "tags": "a, b",
        "cwd": "/",
    }.items():
        retype(browser, name, typed)
    browser.js("document.querySelector('#field-env').value = 'A=b=c\\nD= e'")
    browser.click("#field-hold")
    same = browser.text("dialog .equivalent code")
    browser.click("dialog .end button:last-child")
    browser.wait("document.querySelector('tr[data-key=job-1]')")
    dashboard.cli(*shlex.split(same)[1:])
    first, second = (json.loads(dashboard.cli("show", job, "--json")) for job in ("job-1", "job-2"))
    given = {field.name for field in GIVEN if field.is_kept} - {"id", "run_at"}
    assert {name: first[name] for name in given} == {name: second[name] for name in given}
    assert (first["state"], second["state"]) == ("held", "held")
    assert (first["env"], first["tags"], first["priority"]) == ({"A": "b=c", "D": " e"}, ["a", "b"], -5)
    assert browser.complaints() == []


def test_the_copied_command_adds_the_job_again_and_says_what_it_leaves_out(
    dashboard: Dashboard, browser: Browser
) -> None:
    dashboard.cli("add", "--timeout", "none", "--env", "API_TOKEN=abc", "--tag", "t", "--hold", "--id", "x", "echo hi")
    browser.open(dashboard.url + "/jobs/x")
    browser.wait("document.querySelector('.facts')?.textContent.includes('API_TOKEN=***')")
    browser.js("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    press_button(browser, "Copy as queuectl add")
    browser.wait("[...document.querySelectorAll('.toast')].some((one) => one.textContent.includes('API_TOKEN'))")
    done = run_cli(dashboard.home, *shlex.split(str(browser.js("return window.copied")))[1:], env={"API_TOKEN": "abc"})
    assert done.returncode == 0, done.stderr
    made = json.loads(dashboard.cli("show", "last", "--json"))
    assert (made["id"], made["state"], made["timeout"], made["tags"], made["env"]) == (
        *("job-2", "held", None, ["t"]),
        {"API_TOKEN": "***"},
    )
    assert browser.complaints() == []


def test_a_duplicate_begins_with_all_that_the_job_was_given(dashboard: Dashboard, browser: Browser) -> None:
    dashboard.cli("add", "--command=-x\t| y ", "--env", "API_TOKEN=abc", "--tag", "t", "--hold", "--timeout", "none")
    browser.open(dashboard.url + "/jobs/job-1")
    browser.click("[data-verb=duplicate]")
    browser.wait("document.querySelector('dialog[open] #field-command')")
    line = dashboard.cli("show", "job-1").partition("add again:   ")[2].rstrip("\n")
    assert browser.js("return document.querySelector('dialog .equivalent code').textContent") == line
    shown = {"timeout": "none", "hold": "yes", "tags": "t", "env": "API_TOKEN=***"}
    for name, value in shown.items():
        assert browser.js(f"return document.querySelector('#field-{name}').value") == value
    retype(browser, "priority", "7")
    changed = browser.js("return document.querySelector('dialog .equivalent code').textContent")
    assert "--priority 7" in changed and "--env API_TOKEN " in changed and "$(printf '\\055-command=-x" in changed
    browser.click("dialog .end button:last-child")
    browser.wait("[...document.querySelectorAll('.toast')].some((one) => one.textContent.includes('job-2'))")
    first, second = (json.loads(dashboard.cli("show", job, "--json")) for job in ("job-1", "job-2"))
    assert second["priority"] == 7 and second["env"] == {"API_TOKEN": "***"}
    same = ("command", "state", "tags", "timeout", "cwd", "max_retries")
    assert {name: first[name] for name in same} == {name: second[name] for name in same}
    assert browser.complaints() == []


def test_the_page_quotes_words_as_the_command_line_does(dashboard: Dashboard, browser: Browser) -> None:
    browser.open(dashboard.url + "/jobs")
    words = list(filter(is_utf8, WORDS))
    script = "const [words] = arguments; return import('/assets/format.js').then(({ quote }) => words.map(quote));"
    assert browser.js(script, words) == [shell_word(word) for word in words]
