"""The text for Prometheus: read by a strict parser, and by promtool where there is one."""
from __future__ import annotations

import re
import shutil
import subprocess
from typing import Dict, List, Tuple

import pytest

from queuectl.dashboard.prometheus import CONTENT_TYPE, escaped
from queuectl.model.job import COMPLETED, DEAD, FAILED
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import NOW, add, bring_to, write

api = asking.api
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
SAMPLE = re.compile(rf"({NAME})(?:{{(.*)}})? (-?[0-9.]+(?:e[-+]?[0-9]+)?)")
SUFFIXES = {"summary": ("_sum", "_count"), "counter": ("",), "gauge": ("",)}
Labels = Tuple[Tuple[str, str], ...]


def parse(text: str) -> Dict[Tuple[str, Labels], float]:
    """Return {(name, labels): value}. Each family is told about first, its samples stand together, none twice."""
    assert text.endswith("\n")
    found: Dict[Tuple[str, Labels], float] = {}
    families: List[str] = []
    kind = ""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            assert re.fullmatch(NAME, family) and family not in families
            families.append(family)
            told = re.fullmatch(rf"# TYPE {family} (counter|gauge|summary)", next(lines))
            assert told
            kind = told[1]
            assert (kind == "counter") == family.endswith("_total")
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        name, labels, value = match.groups()
        assert name in [families[-1] + suffix for suffix in SUFFIXES[kind]], line
        pairs = tuple(LABEL.findall(labels or ""))
        assert ",".join(f'{key}="{text}"' for key, text in pairs) == (labels or ""), line
        assert (name, pairs) not in found, line
        found[name, pairs] = float(value)
    return found


def scraped(api: Api) -> Dict[Tuple[str, Labels], float]:
    answer = api.ask("GET", "//metrics")
    assert answer.content_type == CONTENT_TYPE == "text/plain; version=0.0.4; charset=utf-8"
    return parse(answer.body.decode())


def test_an_empty_home_is_valid(api: Api) -> None:
    found = scraped(api)
    assert found["queuectl_oldest_pending_seconds", ()] == 0 and found["queuectl_scheduler_up", ()] == 0


def test_the_figures_are_those_of_the_home(api: Api) -> None:
    bring_to(api.store, COMPLETED, queue="mail")
    bring_to(api.store, DEAD, queue="mail", max_retries=0)
    add(api.store, queue="web")
    write(api.store, api.store.workers.add, pid=1, pid_start="", boot="", queues="", now=NOW)
    with api.store.writing():
        for state in (COMPLETED, COMPLETED, FAILED, DEAD):
            api.store.stats.count_attempt("mail", state, run_time=1500, wait_time=250, now=NOW)
    api.clock.advance(2500)
    found = scraped(api)
    assert found["queuectl_jobs", (("queue", "mail"), ("state", "dead"))] == 1
    assert found["queuectl_jobs", (("queue", "web"), ("state", "pending"))] == 1
    assert found["queuectl_jobs", (("queue", "web"), ("state", "dead"))] == 0
    assert found["queuectl_oldest_pending_seconds", ()] == 2.5
    assert found["queuectl_attempts_total", (("queue", "mail"), ("outcome", "completed"))] == 2
    assert found["queuectl_run_time_seconds_sum", (("queue", "mail"),)] == 6
    assert found["queuectl_run_time_seconds_count", (("queue", "mail"),)] == 4
    assert found["queuectl_wait_time_seconds_sum", (("queue", "mail"),)] == 1
    assert found["queuectl_recent_run_time_seconds", (("percentile", "95"),)] == 0.005
    assert found["queuectl_workers", (("state", "lost"),)] == 1
    assert found["queuectl_store_bytes", (("file", "database"),)] > 0
    assert sum(value for (name, _), value in found.items() if name == "queuectl_jobs") == 3


@pytest.mark.parametrize("value, written", [("a", "a"), ('a"b', 'a\\"b'), ("a\\b", "a\\\\b"), ("a\nb", "a\\nb")])
def test_labels_are_escaped(value: str, written: str) -> None:
    assert escaped(value) == written


@pytest.mark.parametrize("bad", ["x 1", "# HELP a b\n# TYPE a gauge\na{b=c} 1", "# HELP a b\n# TYPE a gauge\nb 1",
                                 "# HELP a b\n# TYPE a gauge\na 1\na 1", "# HELP a b\n# TYPE a counter\na 1"])
def test_the_parser_is_strict(bad: str) -> None:
    with pytest.raises((AssertionError, LookupError)):
        parse(bad + "\n")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_has_nothing_to_say(api: Api) -> None:
    bring_to(api.store, COMPLETED)
    text = api.ask("GET", "//metrics").body
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
