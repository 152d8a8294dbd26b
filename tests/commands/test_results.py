"""`results`: what jobs have brought, in the order of their inputs."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
from pathlib import Path
from typing import Sequence

import pytest

from queuectl import Job, Queue
from queuectl.engine import finding
from queuectl.model.outcome import Outcome
from queuectl.model.piece import STDERR, STDOUT, Piece
from tests.commands.calling import call, done, refused, store
from tests.store.building import NOW, claim


def run_all(home: str, *texts: bytes, code: int = 0) -> None:
    """End the jobs that wait, the first ones first, each with an output and an error output."""
    with store(home) as opened:
        for text in texts:
            claimed = claim(opened)
            outcome = Outcome.exited(code)
            with opened.writing():
                pieces = [Piece(0, STDOUT, text), Piece(len(text), STDERR, b"oh\n")]
                opened.output.append(claimed.attempt_id, pieces, head_end=0, tail_start=0)
                opened.jobs.finish(claimed, outcome, state="completed", run_at=NOW, duration=5, now=NOW)
                opened.attempts.end(claimed.attempt_id, outcome, duration=5, output_size=None, now=NOW)


def test_results_come_in_the_order_of_the_inputs_with_a_key_for_each(home: str) -> None:
    done(home, "add", "echo", "--batch", "grid", ":::", "b", "a", ":::", "1", "2")
    run_all(home, b"x", b"y")
    answer = done(home, "results", "grid", "--json")
    rows = answer.json()
    assert [(row["item"], row["input_1"], row["input_2"], row["state"]) for row in rows] == [
        ("b 1", "b", "1", "completed"),
        ("b 2", "b", "2", "completed"),
        ("a 1", "a", "1", "pending"),
        ("a 2", "a", "2", "pending"),
    ]
    assert rows[0]["exit_code"] == 0 and rows[0]["duration"] == 0.005 and "stdout" not in rows[0]
    assert "2 jobs of 4 have not ended yet" in answer.err


def test_named_columns_are_keys(home: str) -> None:
    done(home, "add", "echo {size}", "--csv", "-", "--batch", "b", input=b"size,id\n3,x\n")
    assert done(home, "results", "b", "-o", "csv").lines[0].endswith('"input_size","input_id"')
    assert done(home, "results", "b", "-o", "jsonl").json()["input_id"] == "x"


def test_output_is_text_also_where_it_is_none(home: str) -> None:
    done(home, "add", "echo", "--batch", "b", ":::", "1", "2")
    run_all(home, b'a,"b"\nc\n', b"\xff\xc3\xa9")
    rows = [*csv.DictReader(io.StringIO(done(home, "results", "b", "-o", "csv", "--with-output").out, newline=""))]
    assert [row["stdout"] for row in rows] == ['a,"b"\nc\n', "\\xffé"] and rows[0]["stderr"] == "oh\n"
    assert [row["stdout"] for row in done(home, "results", "b", "--json", "--with-output").json()] == [
        'a,"b"\nc\n',
        "\\xffé",
    ]


def test_outputs_are_written_into_a_directory_of_their_own(home: str, tmp_path: Path) -> None:
    done(home, "add", "echo", "--batch", "b", ":::", "1", "2", "3")
    run_all(home, b"\xff\x00", b"two")
    directory = tmp_path / "new" / "out"
    rows = done(home, "results", "b", "--json", "--dir", str(directory)).json()
    assert rows[0]["stdout"] == str(directory / "1" / "stdout")
    found = {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    assert found == {
        **{"1/stdout": b"\xff\x00", "1/stderr": b"oh\n", "2/stdout": b"two", "2/stderr": b"oh\n"},
        **{"3/stdout": b"", "3/stderr": b""},
    }
    assert "is not empty" in refused(home, 4, "results", "b", "--dir", str(directory)).err


def test_a_directory_that_cannot_be_written_to_is_refused(home: str, tmp_path: Path) -> None:
    done(home, "add", "echo", "--batch", "b", ":::", "1")
    (tmp_path / "file").write_text("")
    assert "cannot write to" in refused(home, 2, "results", "b", "--dir", str(tmp_path / "file")).err
    refused(home, 2, "results", "b", "--dir", str(tmp_path / "x"), "--with-output")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_or_a_quota_that_is_full_is_no_invalid_input(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    done(home, "add", "echo", "--batch", "b", ":::", "1")

    def refuse(path: str, *more: object) -> None:
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(os, "mkdir", refuse)
    assert os.strerror(number) in refused(home, 5, "results", "b", "--dir", str(tmp_path / "out")).err


def test_a_batch_a_filter_or_a_job_may_be_meant(home: str) -> None:
    done(home, "add", "x", "--id", "a", "--tag", "t", "--batch", "b")
    done(home, "add", "y", "--id", "c", "--batch", "b")
    found = {text: done(home, "results", text, "-q").lines for text in ("b", "batch:b", "tag:t", "c", "2")}
    assert found == {"b": ["a", "c"], "batch:b": ["a", "c"], "tag:t": ["a"], "c": ["c"], "2": ["c"]}


@pytest.mark.parametrize("text, problem", [("nope", "no batch"), ("tag:nope", "no job matches"), ("9", "9")])
def test_an_empty_result_is_reported(home: str, text: str, problem: str) -> None:
    done(home, "add", "x", "--batch", "b")
    assert problem in refused(home, 3, "results", text).err
    assert call(home, "results", "state:no").code == 2


def test_of_many_jobs_only_some_are_held(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done(home, "add", "echo", "--batch", "b", "--array", "1-9")
    run_all(home, *[b"x" * 10 for _ in range(9)])
    monkeypatch.setattr(finding, "BATCH", 2)
    with Queue(home) as queue:
        sizes: list[int] = []
        read = queue.read

        def counted(numbers: Sequence[int]) -> list[Job]:
            sizes.append(len(numbers))
            return read(numbers)

        monkeypatch.setattr(queue, "read", counted)
        results = queue.results("b", with_output=True)
        sizes.clear()
        assert [row["index"] for row in results] == [*range(1, 10)] and len(results) == 9
        assert max(sizes) == 2 and len(sizes) == 5
    assert len(json.loads(done(home, "results", "b", "--json").out)) == 9
