"""Exports over the API: jobs, and what they have brought."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from queuectl.model.job import COMPLETED, DEAD, PENDING
from queuectl.model.piece import STDOUT, Piece
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import bring_to, claim, finish

api = asking.api


def test_an_export_has_all_jobs_of_a_filter(api: Api) -> None:
    api.app.queue.enqueue([{"command": f"echo {number}", "queue": "a" if number % 3 else "b"} for number in range(90)])
    answer = api.ask("GET", "/export.jsonl", q="queue:a", sort="oldest")
    jobs: list[dict[str, Any]] = [json.loads(line) for line in answer.body.splitlines()]
    assert len(jobs) == 60 and jobs[0]["command"] == "echo 1" and jobs[0]["timeout"] == 300.0
    assert answer.headers["Content-Disposition"] == 'attachment; filename="jobs.jsonl"'
    assert api.refused("GET", "/export.jsonl", q="queu:a") == (422, "bad_filter")


def test_results_of_a_batch_have_inputs_ends_and_output(api: Api) -> None:
    api.app.queue.add_each("echo {}", ["b c", "a"], batch="book")
    claimed = claim(api.store)
    with api.store.writing():
        api.store.output.append(claimed.attempt_id, [Piece(0, STDOUT, b"b c\n")], head_end=9, tail_start=9)
    finish(api.store, claimed, COMPLETED)
    lines = api.ask("GET", "/results.jsonl", of="book", with_output="true").body.splitlines()
    first, second = map(json.loads, lines)
    assert (first["item"], first["state"], first["stdout"], first["stderr"]) == ("b c", COMPLETED, "b c\n", "")
    assert (second["item"], second["state"], second["stdout"]) == ("a", PENDING, "")
    answer = api.ask("GET", "/results.csv", of="batch:book state:completed")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="results.csv"'
    header, row = csv.reader(io.StringIO(answer.body.decode(), newline=""))
    assert dict(zip(header, row))["item"] == "b c" and "stdout" not in header


@pytest.mark.parametrize("path", ["/results.csv", "/results.jsonl"])
def test_results_of_nothing_are_refused(api: Api, path: str) -> None:
    assert api.refused("GET", path, of="nightly") == (404, "not_found")
    assert api.refused("GET", path, of="tag:none") == (404, "not_found")
    assert api.refused("GET", path, of="state:none") == (422, "bad_filter")
    assert api.refused("GET", path) == (400, "bad_parameter")


def test_a_csv_cell_is_no_formula(api: Api) -> None:
    bring_to(api.store, DEAD, command='=cmd|"/C calc"!A0, \n"x"', max_retries=0, priority=-5)
    answer = api.ask("GET", "/export.csv")
    header, row = csv.reader(io.StringIO(answer.body.decode(), newline=""))
    job = dict(zip(header, row))
    assert job["command"] == '\'=cmd|"/C calc"!A0, \n"x"' and job["priority"] == "-5" and job["worker"] == "1"
    assert job["allow_background"] == "false" and job["env"] == "{}"
