"""Add 100,000 jobs with `add ... --each-line`, against `enqueue` of the same jobs as JSON lines.

Both are whole processes into fresh homes, which take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from typing import Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import support


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Take turns: lines, JSON lines."""
    jobs: int = options.jobs
    lines, documents = [], []
    with tempfile.TemporaryDirectory(prefix="queuectl-bench-") as directory:
        items, jsonl = os.path.join(directory, "items"), os.path.join(directory, "jobs.jsonl")
        with open(items, "w", encoding="utf-8") as file:
            file.writelines(f"{item(number)}\n" for number in range(jobs))
        with open(jsonl, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(job(number)) + "\n" for number in range(jobs))
        for _ in range(options.rounds):
            lines.append(seconds("add", "echo {}", "--each-line", items))
            documents.append(seconds("enqueue", jsonl))
            support.say(f"  lines {lines[-1]:.2f} s, JSON lines {documents[-1]:.2f} s")
    ratios = [each / document for each, document in zip(lines, documents)]
    yield support.Goal(
        f"`queuectl add --each-line` of {jobs} against enqueue of JSON lines",
        support.middle(ratios),
        1.0,
        unit="x",
        at_least=False,
        detail=f"{support.spread(ratios)}, {jobs / support.middle(lines):.0f}/s",
    )


def item(number: int) -> str:
    """Return an input that needs quotes."""
    return f"file {number}.txt"


def job(number: int) -> dict[str, object]:
    """Return the job that is made of an input."""
    text = item(number)
    return {"command": f"echo '{text}'", "item": text, "index": number + 1, "batch": "batch-1"}


def seconds(*words: str) -> float:
    """Return the seconds of one command into a fresh home."""
    with support.temporary_home() as home:
        return support.seconds_of([support.PYTHON, support.MAIN, *words], home=home)


if __name__ == "__main__":
    support.main(__doc__, measure, rounds=5, options=[("jobs", 100_000, "how many jobs, at most 100000")])
