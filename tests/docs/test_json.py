"""docs/json.md says what every noun of JSON holds, and command, API and Python write the same noun alike."""

from __future__ import annotations

import json
import re
from typing import Any, Callable

import pytest

from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.job import COMPLETED, DEAD, FAILED, HELD, PROCESSING, SCHEDULED
from tests.commands.calling import call, done, store
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.docs.nouns import nouns, value_text
from tests.docs.pages import PAGES
from tests.store.building import bring_to

api = asking.api
PAGE = PAGES["docs/json.md"]
SECTION = re.compile(r"^### ([^\n]+)\n\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
LIKE = re.compile(r"^Like \[(.+?)\]\(#.+?\)(?:, without ([`\w, ]+?))?(?:, and:|\.)", re.MULTILINE)
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+) \|$", re.MULTILINE)
SECTIONS = dict(SECTION.findall(PAGE))
NOUNS = nouns()


def documented(title: str) -> dict[str, str]:
    """Return what each key of a noun holds, as the page says it."""
    found: dict[str, str] = {}
    for other, without in LIKE.findall(SECTIONS[title]):
        found.update(documented(other))
        for name in re.findall(r"`(\w+)`", without):
            del found[name]
    found.update((key, value) for key, value, meaning in ROW.findall(SECTIONS[title]) if meaning.strip())
    return found


def test_every_noun_has_a_section_and_every_section_a_noun() -> None:
    assert set(SECTIONS) == set(NOUNS)


@pytest.mark.parametrize("title", NOUNS)
def test_every_key_is_described_with_what_it_holds(title: str) -> None:
    found, expected = documented(title), {name: value_text(kind) for name, kind in NOUNS[title].keys.items()}
    rows = [f"| `{name}` | {value} | what it is |" for name, value in expected.items() if found.get(name) != value]
    assert found == expected, "\n".join([f"put this into docs/json.md, under {title} or what it is like:", *rows])


@pytest.fixture
def lively(home: str, api: Api) -> str:
    """A home with something of everything that a command and the API both tell of."""
    with store(home) as opened:
        for state in (DEAD, COMPLETED, FAILED, HELD, SCHEDULED, PROCESSING):
            bring_to(opened, state, id=state, command="make", max_retries=int(state == FAILED), tags=("t",))
    done(home, "cron", "add", "nightly", "@daily", "make", "--timezone", "UTC", "--env", "API_KEY=x")
    done(home, "cron", "run", "nightly")
    done(home, "config", "set", "max_retries", "5")
    return home


def said(home: str, *words: str) -> Any:
    """Return what a command tells programs, whatever its exit code."""
    return json.loads(call(home, *words, "--json").out)


def by_id(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["id"]: item for item in items}


# What changes from one look to the next, with the clock of the reader.
MOVING = ("uptime", "elapsed", "oldest_pending_age", "busy", "in", "memory")


def still(value: Any) -> Any:
    """Return a value without what changes from one look to the next."""
    if isinstance(value, list):
        return list(map(still, value))
    if isinstance(value, dict):
        return {name: still(item) for name, item in value.items() if name not in MOVING}
    return value


SAME: dict[str, tuple[list[str], Callable[[Api], Any]]] = {
    "job": (["show", "dead"], lambda api: api.get("/jobs/dead")["job"]),
    "history": (["history", "dead"], lambda api: api.get("/jobs/dead")["history"]),
    "reason": (["why", "dead"], lambda api: api.get("/jobs/dead")["why"]),
    "schedule": (["cron", "list"], lambda api: api.get("/schedules")["items"]),
    "schedule in detail": (["cron", "show", "nightly"], lambda api: api.get("/schedules/nightly")),
    "coming jobs": (["scheduled"], lambda api: api.get("/scheduled")["items"]),
    "workers": (["worker", "status"], lambda api: api.get("/workers")["items"]),
    "settings": (["config", "show"], lambda api: api.get("/config")["items"]),
    "events": (["events"], lambda api: api.get("/events")["items"][::-1]),
    "metrics": (["metrics"], lambda api: api.get("/metrics/summary")),
    "scheduler": (["scheduler", "status"], lambda api: api.get("/overview")["scheduler"]),
    "dead groups": (["dlq", "stats"], lambda api: groups(api.get("/dlq/groups"))),
}


def groups(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [*answer["by_error"], *answer["by_stderr"], *answer["by_command"]]


@pytest.mark.parametrize("noun", SAME)
def test_a_command_and_the_api_write_a_noun_alike(lively: str, noun: str) -> None:
    words, ask = SAME[noun]
    real = Api(lively)
    try:
        assert still(said(lively, *words)) == still(ask(real))
    finally:
        real.close()


def test_the_status_is_part_of_the_overview(lively: str) -> None:
    # By one clock: some alerts depend on the time.
    api = Api(lively, clock=SYSTEM_CLOCK)
    status, overview = said(lively, "status"), api.get("/overview")
    api.app.queue.close()
    assert status["alerts"]
    assert still(status) == still({name: overview[name] for name in status})


def test_a_job_is_the_same_in_a_list_an_export_python_and_the_api(lively: str, api: Api) -> None:
    listed = by_id(said(lively, "list"))
    exported = by_id(list(map(json.loads, api.ask("GET", "/export.jsonl").body.splitlines())))
    python = {job.id: job.as_dict() for job in api.app.queue.list()}
    assert listed == exported == json.loads(json.dumps(python))
    short = by_id(api.get("/jobs")["items"])
    assert all(listed[name][key] == job[key] for name, job in short.items() for key in job if key in listed[name])
    assert (
        call(lively, "list", "-o", "csv", "--columns", ",".join(listed["dead"])).out
        == api.ask("GET", "/export.csv").body.decode()
    )


def test_an_error_is_the_same_in_command_and_api(lively: str, api: Api) -> None:
    said_first = call(lively, "retry", "nobody", "--json").err
    answer = api.ask("POST", "/jobs/nobody/retry")
    assert answer.status == 404 and json.loads(said_first) == answer.json


def test_what_a_verb_did_is_the_same_in_a_command_python_and_the_api(home: str, api: Api) -> None:
    for name in ("d", "e"):
        bring_to(api.store, DEAD, id=name, max_retries=0)
    change = api.app.queue.cancel("d").as_dict()
    assert set(change) == set(documented("change"))
    assert set(change["refused"][0]) == set(documented("refused job"))
    shown = api.post("/jobs/actions/preview", {"action": "retry", "ids": ["d"]})
    answer = api.post("/jobs/actions/commit", {"selection": shown["selection"], "confirm_count": 1})
    assert (
        {**answer, "done": ["e"]} == said(home, "retry", "e") == {"count": 1, "done": ["e"], "refused": [], "notes": []}
    )


def test_arrays_stay_flat_and_old_names_stay(lively: str) -> None:
    kept = {"id", "number", "command", "state", "queue", "attempts", "started_at", "finished_at", "exit_code"}
    assert all(kept <= set(job) for job in said(lively, "list"))
    assert said(lively, "worker", "status") == []
    assert said(lively, "status")["jobs"]["dead"] == 1


def test_a_refusal_of_the_dashboard_has_the_keys_of_an_error(api: Api) -> None:
    assert set(api.ask("GET", "/jobs", limit=0).error) == set(documented("error in detail"))
