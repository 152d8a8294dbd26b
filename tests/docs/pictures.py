"""Make the pictures of the dashboard that the pages show: `python3 -m tests.docs.pictures`. Needs pytest and Chromium.

They show a real dashboard with real workers, in a home whose last hour is made up. Make them again when the look
has changed.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from queuectl import Queue
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.job import COMPLETED, DEAD, FAILED
from queuectl.store import Home, Store
from tests.dashboard.browser import Dashboard
from tests.dashboard.webdriver import Browser, Driver, chromedriver
from tests.support import ROOT, Processes, wait_until

MINUTE = 60_000
WORKERS = 4
RENDER = (
    "for i in $(seq 1 60); do printf '\\033[36m%s\\033[0m frame %d of 60\\n' \"$(date +%T)\" $i; "
    '[ $((i % 9)) = 0 ] && echo "dropped a frame" >&2; sleep 1; done'
)
# Path of the page, name of the picture, width, height, colors.
PICTURES = (
    ("/", "dashboard-overview.png", 1280, 900, "light"),
    ("/jobs/render", "dashboard-job.png", 1280, 960, "dark"),
)


def main() -> None:
    """Fill a home, let workers run, and take each picture."""
    path = chromedriver()
    if path is None:
        sys.exit("error: chromedriver is missing\nhint: apt-get install chromium chromium-driver")
    processes = Processes()
    driver = Driver(path)
    browser = Browser(driver)
    try:
        with tempfile.TemporaryDirectory() as directory:
            dashboard = Dashboard(f"{directory}/home", processes)
            add_jobs(dashboard.home)
            make_up_the_last_hour(dashboard.home)
            dashboard.start().work(WORKERS)
            take_pictures(dashboard, browser)
            processes.kill_all()
    finally:
        browser.close()
        driver.close()
        processes.kill_all()


def add_jobs(home: str) -> None:
    """Add jobs of several kinds: some end at once, some fail, some run for a while, some wait."""
    with Queue(home) as queue:
        queue.enqueue([{"command": f"echo mail {number}", "queue": "mail"} for number in range(40)])
        queue.enqueue([{"command": f"test -e invoice-{number}.pdf", "retries": 0} for number in range(6)])
        queue.add("kill -SEGV $$", queue="images", retries=0)
        queue.add(RENDER, id="render", queue="images", priority=-1, tags=["video"])
        queue.enqueue(
            [{"command": f"sleep 2; echo thumbnail {n}", "queue": "images", "priority": -2} for n in range(40)]
        )
        queue.add("./nightly-backup.sh", id="backup", run_at="tomorrow 02:00", timeout="2h")
        queue.add("./report.sh --weekly", id="report", run_at="+3h", tags=["weekly"])


def make_up_the_last_hour(home: str) -> None:
    """Write down what ended in each minute, and how much was pending: a quiet half hour, then a wave."""
    chance = random.Random(10)
    now = SYSTEM_CLOCK.wall()
    pending = 4
    with Store(Home(home)) as store, store.writing():
        for ago in range(60, 1, -1):
            then = now - ago * MINUTE
            ended = chance.randint(20, 34) if 20 < ago < 40 else chance.randint(5, 16)
            for _ in range(ended):
                state = chance.choices((COMPLETED, FAILED, DEAD), (90, 8, 2))[0]
                run_time = int(chance.lognormvariate(7, 1))
                store.stats.count_attempt("images", state, run_time=run_time, wait_time=run_time // 4, now=then)
            pending = max(2, pending + (chance.randint(2, 8) if 34 < ago < 46 else chance.randint(-4, 2)))
            store.backlog.add(pending=pending, processing=WORKERS, oldest_age=pending * 900, now=then)


def take_pictures(dashboard: Dashboard, browser: Browser) -> None:
    """Take the pictures while the workers are in the middle of it."""
    wait_until(lambda: dashboard.cli("logs", "render").count("frame") > 6, what="the rendering has begun")
    for page, name, width, height, colors in PICTURES:
        browser.size(width, height)
        browser.scheme(colors)
        browser.open(dashboard.url + page)
        browser.wait("document.querySelector('#main').innerText.includes('render')", what="the page is filled")
        browser.screenshot(Path(ROOT) / "docs" / name)
        print(f"docs/{name}")
    complaints = browser.complaints()
    assert complaints == [], complaints


if __name__ == "__main__":
    main()
