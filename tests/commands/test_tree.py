"""`show --tree`: the jobs around a job, as text and for programs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from queuectl.engine.queue import Queue
from queuectl.engine.reports.graph import COUNTED, MAX_NODES
from tests.commands.calling import bring, call, done, refused, store
from tests.store import building
from tests.support import run_cli


def add_graph(home: str, *jobs: str) -> None:
    """Add jobs, each written as its id and what it waits for: `c a,b`."""
    named = [job.split() for job in jobs]
    graph = [{"id": id, "command": "true", "after": after[0].split(",") if after else []} for id, *after in named]
    done(home, "enqueue", json.dumps(graph))


def tree(home: str, job: str) -> list[str]:
    return done(home, "show", job, "--tree").lines


@pytest.mark.parametrize(
    ("jobs", "shown", "expected"),
    [
        (["a"], "a", ["○ a (pending)  ← this job  true"]),
        (
            ["a", "b a", "c b"],
            "b",
            ["○ a (pending)  true", "└─ ◇ b (blocked)  ← this job  true", "   └─ ◇ c (blocked)  true"],
        ),
        (
            ["a", "b a", "c a", "d b,c"],
            "a",
            [
                "○ a (pending)  ← this job  true",
                "├─ ◇ b (blocked)  true",
                "│  └─ ◇ d (blocked)  true",
                "└─ ◇ c (blocked)  true",
                "   └─ d (above)",
            ],
        ),
        (
            ["a", "b", "c a,b"],
            "c",
            [
                "○ a (pending)  true",
                "└─ ◇ c (blocked)  ← this job  true",
                "○ b (pending)  true",
                "└─ c (above)",
            ],
        ),
        (["a", "b a", "x", "y x"], "y", ["○ x (pending)  true", "└─ ◇ y (blocked)  ← this job  true"]),
    ],
)
def test_what_waits_for_a_job_stands_below_it(home: str, jobs: list[str], shown: str, expected: list[str]) -> None:
    add_graph(home, *jobs)
    assert tree(home, shown) == expected


def test_a_link_says_for_which_end_it_waits_and_a_stuck_job_that_it_is(home: str) -> None:
    bring(home, "dead")
    for option in ("--after", "--after-any", "--after-failed"):
        done(home, "add", "true", "--id", option[2:], option, "dead-1")
    assert tree(home, "dead-1") == [
        "✗ dead-1 (dead)  ← this job  echo dead",
        "├─ ◇ after (blocked, stuck)  true",
        "├─ at any end: ○ after-any (pending)  true",
        "└─ if it fails: ○ after-failed (pending)  true",
    ]


def test_a_suspended_job_looks_different_from_a_running_one(home: str) -> None:
    bring(home, "processing")
    done(home, "add", "true", "--id", "next", "--after", "processing-1")
    done(home, "suspend", "processing-1")
    assert tree(home, "next")[0] == "▶ processing-1 (processing, suspended)  echo processing"


def test_a_parent_that_was_removed_is_gone(home: str) -> None:
    bring(home, "completed")
    done(home, "add", "true", "--id", "b", "--after", "completed-1")
    done(home, "remove", "completed-1")
    assert tree(home, "b") == ["job-1 (gone)", "└─ ○ b (pending)  ← this job  true"]


def test_a_command_of_several_lines_takes_one(home: str) -> None:
    done(home, "add", "echo a\necho \x1b[31m" + "y" * 100, "--id", "a")
    (line,) = tree(home, "a")
    assert line.startswith(r"○ a (pending)  ← this job  echo a\necho \x1b[31myyy")
    assert line.count("y") == 63


def test_without_unicode_the_tree_is_ascii(home: str) -> None:
    add_graph(home, "a", "b a", "c a", "d b,c")
    shown = run_cli(home, "show", "a", "--tree", env={"PYTHONIOENCODING": "ascii"})
    assert shown.stdout.splitlines() == [
        "a (pending)  <- this job  true",
        "|- b (blocked)  true",
        "|  `- d (blocked)  true",
        "`- c (blocked)  true",
        "   `- d (above)",
    ]


def test_programs_get_nodes_and_edges(home: str) -> None:
    add_graph(home, "d b,c", "a", "b a", "c b")
    graph: dict[str, Any] = done(home, "show", "d", "--tree", "--json").json()
    assert [(node["id"], node["layer"]) for node in graph["nodes"]] == [("a", 0), ("b", 1), ("c", 2), ("d", 3)]
    assert [(edge["parent"], edge["child"], edge["when"]) for edge in graph["edges"]] == [
        (3, 1, "completed"),
        (4, 1, "completed"),
        (2, 3, "completed"),
        (3, 4, "completed"),
    ]
    assert (graph["job"], graph["left"], graph["complete"]) == (1, 0, True)
    assert done(home, "show", "d", "--tree", "-o", "ids").lines == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("children", "last"),
    [
        (MAX_NODES - 1, f"└─ ◇ j{MAX_NODES - 1} (blocked)  true"),
        (MAX_NODES, "and 1 job more"),
        (COUNTED + 1, f"and at least {COUNTED + 1 - MAX_NODES} jobs more"),
    ],
)
def test_a_large_graph_is_cut_and_the_rest_is_counted(home: str, children: int, last: str) -> None:
    add_graph(home, "a", *(f"j{number} a" for number in range(1, children + 1)))
    lines = tree(home, "a")
    assert (len(lines), lines[-1]) == (MAX_NODES + (children >= MAX_NODES), last)


def test_a_long_chain_is_drawn_around_the_job(home: str) -> None:
    with store(home) as opened:
        building.enqueue(opened, *[building.spec(id=f"j{number}") for number in range(1000)])
        with opened.writing():
            rows = [(number + 1, number, "completed") for number in range(1, 1000)]
            opened.database.change_many("INSERT INTO links (child, parent, kind) VALUES (?, ?, ?)", rows)
    with Queue(home) as queue:
        graph = queue.reports.graph(queue.get("j500"))
    assert [node.layer for node in graph.nodes] == list(range(MAX_NODES))
    assert (graph.nodes[100].id, graph.left, graph.complete) == ("j500", 1000 - MAX_NODES, True)


def test_a_job_that_is_not_there_has_no_tree(home: str) -> None:
    refused(home, 3, "show", "nobody", "--tree")
    assert call(home, "show", "nobody", "--tree", "--json").error()["code"] == "not_found"
