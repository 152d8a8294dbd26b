"""What the benchmarks share: goals and how they are printed, homes, pools, children, figures from /proc.

Each program yields goals from `measure(options)` and hands that function to `main`. What it says on the
way goes to stderr; stdout has the goals, as a table or with `--json` one object a line. The exit code is
1 if a goal was missed.

To be fair, and to mean something on a noisy machine:

- the baseline and the queue take turns within each round, a ratio is made inside the round, and the
  median of the rounds counts;
- children run `sys.executable`, never the `python3` of PATH, which may be a slow shell shim;
- PYTHONDONTWRITEBYTECODE is removed and all .pyc are written first: a user pays for them once.

The programs read /proc and therefore need Linux.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Callable, Iterable, Iterator, NamedTuple, Sequence

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MAIN = os.path.join(ROOT, "main.py")
PYTHON = sys.executable
LIMIT_SECONDS = 600
STOP_SECONDS = 20.0
LOOK_SECONDS = 0.02


class Goal(NamedTuple):
    """One figure and what it must be; `must` None marks a figure that is only shown."""

    name: str
    value: float
    must: float | None = None
    at_least: bool = True
    unit: str = ""
    detail: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the figure is as it must be."""
        if self.must is None:
            return True
        return self.value >= self.must if self.at_least else self.value <= self.must


def main(
    description: str | None,
    measure: Callable[[argparse.Namespace], Iterable[Goal]],
    *,
    rounds: int = 5,
    options: Sequence[tuple[str, int, str]] = (),
) -> None:
    """Run one benchmark as a program. `options` are further whole numbers: (name, default, help)."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object for each goal")
    for name, default, explanation in (("rounds", rounds, "how often to measure"), *options):
        parser.add_argument(
            f"--{name}", type=int, default=default, metavar="N", help=f"{explanation} (default: {default})"
        )
    chosen = parser.parse_args()
    prepare()
    goals = []
    for goal in measure(chosen):
        goals.append(goal)
        if chosen.json:
            print(json.dumps(goal._asdict()), flush=True)
    if not chosen.json:
        print_table(goals)
    sys.exit(0 if all(goal.is_met for goal in goals) else 1)


def prepare() -> None:
    """Refuse a system without /proc, and have every .pyc written."""
    if not os.path.exists("/proc/self/smaps_rollup"):
        sys.exit("error: the benchmarks read /proc and need Linux")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    subprocess.run(
        [PYTHON, "-m", "compileall", "-q", os.path.join(ROOT, "queuectl")],
        check=True,
        env=environment(),
        timeout=LIMIT_SECONDS,
    )


def print_table(goals: Sequence[Goal]) -> None:
    """Print goals as a table: what, measured, must, ok, and how it came about."""
    rows = [("goal", "measured", "must", "ok", "")] + [
        (goal.name, _figure(goal.value, goal.unit), _must(goal), _verdict(goal), goal.detail) for goal in goals
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for name, measured, must, verdict, detail in rows:
        line = f"{name:<{widths[0]}}  {measured:>{widths[1]}}  {must:>{widths[2]}}  {verdict:<{widths[3]}}  {detail}"
        print(line.rstrip())


def _figure(value: float, unit: str) -> str:
    text = f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value < 0.1 else f"{value:.2f}"
    return f"{text} {unit}".rstrip()


def _must(goal: Goal) -> str:
    if goal.must is None:
        return "-"
    return f"{'>=' if goal.at_least else '<='} {goal.must:g} {goal.unit}".rstrip()


def _verdict(goal: Goal) -> str:
    if goal.must is None:
        return "-"
    return "yes" if goal.is_met else "NO"


def say(text: str) -> None:
    """Tell how it goes, beside the data."""
    print(text, file=sys.stderr, flush=True)


def environment(home: str | None = None) -> dict[str, str]:
    """Return the environment of children: ours without what would falsify a figure."""
    found = {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONDONTWRITEBYTECODE" and not name.startswith("QUEUECTL_")
    }
    if home is not None:
        found["QUEUECTL_HOME"] = home
    return found


def cli(home: str, *words: str) -> str:
    """Run one command of ours; return what it printed. Raises CalledProcessError."""
    done = subprocess.run(
        [PYTHON, MAIN, *words],
        env=environment(home),
        check=True,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        timeout=LIMIT_SECONDS,
        encoding="utf-8",
    )
    return done.stdout


def seconds_of(command: list[str], *, home: str | None = None, stdin: str = os.devnull) -> float:
    """Run a command to its end, its output thrown away; return how long it took. It must succeed."""
    variables = environment(home)
    with tempfile.TemporaryFile() as said:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_DUP2, said.fileno(), 2),
        ]
        began = time.perf_counter()
        pid = os.posix_spawnp(command[0], command, variables, file_actions=actions)
        _, status = os.waitpid(pid, 0)
        took = time.perf_counter() - began
        if status != 0:
            said.seek(0)
            raise RuntimeError(f"{' '.join(command)} ended with wait status {status}: {said.read()!r}")
    return took


@contextlib.contextmanager
def temporary_home() -> Iterator[str]:
    """Give a home of its own to a measurement."""
    with tempfile.TemporaryDirectory(prefix="queuectl-bench-") as directory:
        yield os.path.join(directory, "home")


class Pool:
    """A pool of workers on a home, up and idle within the `with`."""

    def __init__(self, home: str, workers: int) -> None:
        self.home = home
        self._workers = workers
        self.pid = 0

    def __enter__(self) -> Pool:
        cli(self.home, "worker", "start", "--count", str(self._workers))
        with open(os.path.join(self.home, "run", "pool.lock"), encoding="ascii") as file:
            self.pid = int(file.read().split()[0])
        return self

    def __exit__(self, *error: object) -> None:
        """Stop it; kill by pid what does not follow in time."""
        doomed = self.processes()
        os.kill(self.pid, signal.SIGTERM)
        if not _all_gone(doomed, STOP_SECONDS):
            for pid in doomed:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            raise RuntimeError("the pool did not stop in time and was killed")

    def processes(self) -> list[int]:
        """Return the pids of the pool and of everything that descends from it."""
        children: dict[int, list[int]] = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError):
                    children.setdefault(_parent(int(name)), []).append(int(name))
        found = [self.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    def workers(self) -> list[int]:
        """Return the pids of the workers alone."""
        rows = json.loads(cli(self.home, "worker", "status", "--json"))
        return [int(row["pid"]) for row in rows]


def _parent(pid: int) -> int:
    with open(f"/proc/{pid}/stat", "rb") as file:
        text = file.read()
    return int(text[text.rindex(b")") + 2 :].split()[1])


def _all_gone(pids: Sequence[int], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(os.path.exists(f"/proc/{pid}") for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def kilobytes(pid: int, file: str, *fields: str) -> int:
    """Return the sum of some lines of /proc/PID/FILE that are in kB, such as Pss or VmHWM."""
    with open(f"/proc/{pid}/{file}", encoding="ascii") as lines:
        found = dict(line.split(":", 1) for line in lines if ":" in line)
    return sum(int(found[field].split()[0]) for field in fields)


def middle(values: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def percentile(values: Iterable[float], percent: int) -> float:
    """Return a percentile by nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """Return least and greatest, to show how noisy it was."""
    return f"[{min(values):{form}}..{max(values):{form}}] in {len(values)} rounds"
