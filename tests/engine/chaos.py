"""Everything is killed at random while a queue works: workers, pools, fork servers, schedulers, clients.

Meanwhile what runs is suspended and resumed again and again.

    python3 -m tests.engine.chaos --seed 1 --seconds 20

Jobs are of these kinds, by turns; each holds a file lock as long as any process of it lives, so that an attempt which
starts beside the one before ends with OVERLAP:

    plain     the shell and a child
    hidden    drops its environment, leaves its session and its parent, keeps its pipes
    gap       drops its pipes as well: what it leaves is not found if worker, fork server and pool are lost at once

Nothing that was acknowledged may be lost, no attempt may start twice or beside another, each end adds one hook job, no
bystander may be signalled, and the counts of batches must be right. Overlaps of the gap are counted apart: what is left
there may be suspended, and then stands in the way of its job for good, which ends dead.

Then a graph of jobs that wait for others is worked off in the same way: see `graphs`.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from queuectl.engine.queue import Queue
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.errors import QueueCTLError
from tests.engine.graphs import GraphRun
from tests.engine.killing import Killing
from tests.engine.running import python
from tests.store.building import counted
from tests.support import Process, Processes, cli_environment, identify, is_alive, wait_until

CLIENTS = 2
CLIENT_WEIGHT = 10
BYSTANDERS = 4
BETWEEN_KILLS = 0.1
DRAIN_SECONDS = 120.0
OVERLAP = 99

BEGIN = (
    "exec 9>>{locks}/$QUEUECTL_JOB_NUMBER; flock -n 9 || exit {overlap}; "
    'printf "S %s %s\\n" $QUEUECTL_JOB_ID $QUEUECTL_ATTEMPT >>{ledger}; '
)
COMMANDS = {
    "plain": BEGIN + "sleep {seconds}",
    "hidden": BEGIN + "(env -i setsid sh -c 'sleep {seconds} & sleep {seconds}; exit' &); sleep {seconds}",
    "gap": BEGIN + "(env -i setsid sh -c 'sleep {seconds}; exit' >/dev/null 2>&1 &); sleep {seconds}",
}
# By turns: a third is hidden, one in twelve of the gap.
KINDS = ["plain", "hidden", "plain"] * 3 + ["plain", "hidden", "gap"]

# Each end adds a hook job, which is killed like all others.
SETTINGS = {"on_finish": "true", "max_retries": "100"}

# Adds jobs until it is killed; writes down each that was acknowledged, after that.
CLIENT = """
import json
from queuectl import Queue

queue = Queue(sys.argv[1])
commands = json.loads(sys.argv[3])
with open(sys.argv[2], "a") as acknowledged:
    for number in range(10**6):
        tag, batch = sys.argv[4 + number % len(commands)], f"batch-{number % 2}"
        job = queue.add(commands[number % len(commands)], retries=100, tags=[tag], batch=batch)
        acknowledged.write(job.id + "\\n")
        acknowledged.flush()
        queue.clock.pause(0.1)
"""
# A daemon as there are many: its parent is gone, and so is the leader of its session.
BYSTANDER = ["setsid", "sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"]


class Chaos:
    """One run in a directory of its own."""

    def __init__(self, directory: Path, seed: int, processes: Processes) -> None:
        self.home = str(directory / "home")
        self.chance = random.Random(seed)
        self.suspended = 0
        self._directory = directory
        self._processes = processes
        self.queue = Queue(self.home, actor="chaos")
        self._clients: list[subprocess.Popen[Any]] = []
        client = (CLIENT_WEIGHT, lambda: self.chance.choice(self._clients).pid)
        self.killing = Killing(self.queue, self.chance, {"client": client})
        self.pool, self.kills = self.killing.pool, self.killing.kills
        self._bystanders: list[Process] = []

    def run(self, seconds: float, kills: int = 0) -> None:
        """Add and kill for so long, and until so many were killed; then let it work until all is done."""
        self._prepare()
        until = SYSTEM_CLOCK.monotonic() + seconds * 1000
        while SYSTEM_CLOCK.monotonic() < until or sum(self.kills.values()) < kills:
            self._start_what_is_missing()
            self._suspend_or_resume()
            self.killing.kill_one()
            SYSTEM_CLOCK.pause(BETWEEN_KILLS)
        for client in self._clients:
            client.kill()
            client.wait()
        self._start_what_is_missing(clients=0)
        self.queue.resume("suspended:yes")
        wait_until(self._is_drained, DRAIN_SECONDS, "everything is done")

    def _prepare(self) -> None:
        for name, value in SETTINGS.items():
            self.queue.config.set(name, value)
        (self._directory / "locks").mkdir()
        (self._directory / "ledger").touch()
        (self._directory / "acknowledged").touch()
        for _ in range(BYSTANDERS):
            started = subprocess.run(
                BYSTANDER, stdout=subprocess.PIPE, check=True, env=cli_environment(self.home), cwd=self._directory
            )
            pid = self._processes.add(int(started.stdout))
            found = identify(pid)
            assert found is not None
            self._bystanders.append(found)

    def _start_what_is_missing(self, clients: int = CLIENTS) -> None:
        self._clients = [client for client in self._clients if client.poll() is None]
        while len(self._clients) < clients:
            self._clients.append(self._start_client())
        self.killing.start_what_is_missing()

    def _start_client(self) -> subprocess.Popen[Any]:
        kinds = [(kind, self._command(kind)) for kind in KINDS]
        commands = json.dumps([command for _, command in kinds])
        words = [self.home, str(self._directory / "acknowledged"), commands, *(kind for kind, _ in kinds)]
        return self._processes.start(python(CLIENT, *words), env=cli_environment(self.home), stderr=subprocess.DEVNULL)

    def _command(self, kind: str) -> str:
        return COMMANDS[kind].format(
            locks=self._directory / "locks",
            ledger=self._directory / "ledger",
            overlap=OVERLAP,
            seconds=round(self.chance.uniform(0.05, 0.3), 3),
        )

    def _suspend_or_resume(self) -> None:
        if self.chance.random() < 0.5:
            self.suspended += self.queue.suspend("state:processing").count
        else:
            self.queue.resume("suspended:yes")

    def _is_drained(self) -> bool:
        counts = self.queue.store.counts.by_state()
        return not any(counts.get(state) for state in ("pending", "processing", "failed"))

    def check(self) -> dict[str, int]:
        """Return how much went wrong, by what."""
        acknowledged = (self._directory / "acknowledged").read_text().split("\n")[:-1]
        found = self.queue.list()
        jobs = {job.id: job for job in found if job.hook_of is None}
        hooks = collections.Counter(job.hook_of for job in found if job.state == "completed")
        ledger = collections.Counter((self._directory / "ledger").read_text().splitlines())
        overlaps: dict[str, list[str]] = {"gap": [], "all others": []}
        for job in jobs.values():
            codes = [row.exit_code for row in self.queue.store.attempts.of_job(job.number)]
            if OVERLAP in codes:
                overlaps["gap" if "gap" in job.tags else "all others"].append(job.id)
        return {
            "jobs": len(jobs),
            "attempts": sum(ledger.values()),
            "lost": sum(
                job not in jobs or (jobs[job].state != "completed" and job not in overlaps["gap"])
                for job in acknowledged
            ),
            "miscounted": int(self.queue.store.counts.of_batches.all() != counted(self.queue.store, "batch")),
            "overlaps": len(overlaps["all others"]),
            "started twice": sum(count > 1 for count in ledger.values()),
            "hooks lost or doubled": sum(hooks[job.number] != 1 for job in jobs.values()),
            "strangers": sum(not is_alive(bystander) for bystander in self._bystanders),
            "overlaps of the gap": len(overlaps["gap"]),
        }

    def close(self) -> None:
        """End all that this run has started."""
        self.killing.close()
        self._processes.kill_all()
        self.queue.close()


FATAL = ("lost", "miscounted", "overlaps", "started twice", "hooks lost or doubled", "strangers")


def main() -> int:
    """Run it from the command line; return 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.engine.chaos", description="Kill everything at random.")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.seconds:g} s", flush=True)
    return max(_run_alone(options.seed, options.seconds), _run_graph(options.seed, options.seconds))


def _run_alone(seed: int, seconds: float) -> int:
    with tempfile.TemporaryDirectory() as directory:
        chaos = Chaos(Path(directory), seed, Processes())
        try:
            chaos.run(seconds)
            found = chaos.check()
        except (AssertionError, QueueCTLError):
            log = Path(chaos.pool.home.daemon_log("pool"))
            print(log.read_text()[-5_000:] if log.exists() else "no log", file=sys.stderr)
            raise
        finally:
            chaos.close()
    print(f"  suspended: {chaos.suspended}")
    _print_kills(chaos.killing)
    print("  " + ", ".join(f"{count} {what}" for what, count in found.items()))
    return int(any(found[what] for what in FATAL))


def _run_graph(seed: int, seconds: float) -> int:
    with tempfile.TemporaryDirectory() as directory, Queue(f"{directory}/home", actor="chaos") as queue:
        graph = GraphRun(queue, Path(directory), seed)
        try:
            graph.run(kills=int(seconds))
            found = graph.check()
        finally:
            graph.close()
    _print_kills(graph.killing)
    print(f"  a graph of {len(graph.graph)} jobs, " + ", ".join(f"{len(jobs)} {what}" for what, jobs in found.items()))
    return int(any(found.values()))


def _print_kills(killing: Killing) -> None:
    print("  killed: " + ", ".join(f"{count} {kind}" for kind, count in sorted(killing.kills.items())))
    missed = killing.never_killed()
    if missed:
        print(f"  never killed: {', '.join(missed)}")


if __name__ == "__main__":
    sys.exit(main())
