"""The dashboard in a real browser: how soon a first load shows data, and how soon a change is on the screen.

A first load starts with an empty cache and ends when the pending tile has its count: the page's own script
notes the moment, on the page's own clock. A change is a job added by another process, at an uneven pace; it
ends with the first frame after its row stands in the list, by the wall clock that both processes read.
Needs chromium and chromedriver, as the tests do.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from typing import Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import support
from queuectl import Queue
from tests.dashboard.webdriver import Browser, Driver, chromedriver

JOBS = 1_000
SEED = 1
# Both are run before the page's own scripts, and note when what is waited for is drawn.
FIRST_DATA = """
new MutationObserver((_, observer) => {
  if (!document.querySelector('[data-tile=pending] strong')?.textContent) return;
  observer.disconnect();
  requestAnimationFrame(() => { window.firstData = performance.now(); });
}).observe(document, { subtree: true, childList: true, characterData: true });
"""
ROWS = """
window.drawn = {};
new MutationObserver((records) => {
  for (const { addedNodes } of records) for (const node of addedNodes) if (node.dataset?.key) {
    requestAnimationFrame(() => { window.drawn[node.dataset.key] = performance.timeOrigin + performance.now(); });
  }
}).observe(document, { subtree: true, childList: true });
"""


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Serve a home with some jobs, open it in a browser, look at the two times."""
    path = chromedriver()
    if path is None:
        support.say("skipped: needs chromedriver and chromium (apt-get install chromium chromium-driver)")
        yield support.Goal("no browser here, nothing was measured", 0)
        return
    with support.temporary_home() as home, Queue(home) as queue:
        queue.enqueue([{"command": "true", "hold": number % 2 == 0} for number in range(JOBS)])
        server = subprocess.Popen(
            [support.PYTHON, support.MAIN, "--home", home, "dashboard", "--port", "0", "-q"],
            stdout=subprocess.PIPE,
            text=True,
            env=support.environment(home),
        )
        driver = Driver(path)
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split()[-1].rstrip("/")
            yield first_load(driver, url, options.loads)
            yield live(driver, url, queue, options.changes)
        finally:
            driver.close()
            server.kill()
            server.wait()


def first_load(driver: Driver, url: str, loads: int) -> support.Goal:
    """Open the overview again and again, each time with nothing in the cache."""
    times = []
    browser = Browser(driver)
    browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=FIRST_DATA)
    for _ in range(loads):
        browser.cdp("Network.clearBrowserCache")
        browser.open(url + "/")
        times.append(float(browser.wait("window.firstData")))
    browser.close()
    return support.Goal(
        "a first load until data is shown, p95",
        support.percentile(times, 95),
        300,
        at_least=False,
        unit="ms",
        detail=f"{loads} loads, {support.spread(times, '.0f')}",
    )


def live(driver: Driver, url: str, queue: Queue, changes: int) -> support.Goal:
    """Add jobs while their list is open."""
    uneven = random.Random(SEED)
    times = []
    browser = Browser(driver)
    browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=ROWS)
    browser.open(url + "/jobs")
    browser.wait("document.querySelector('#health').dataset.health === 'connected'")
    for number in range(changes):
        time.sleep(uneven.uniform(0.05, 1.0))
        queue.add("true", id=f"change-{number}", hold=True)
        added = time.time() * 1000
        times.append(float(browser.wait(f"window.drawn['change-{number}']")) - added)
    browser.close()
    return support.Goal(
        "a change until it is on the screen, p95",
        support.percentile(times, 95),
        250,
        at_least=False,
        unit="ms",
        detail=f"{changes} changes, {support.spread(times, '.0f')}",
    )


if __name__ == "__main__":
    support.main(__doc__, measure, options=(("loads", 20, "how often to load"), ("changes", 100, "how many changes")))
