"""The same work with other queues, and the page about it: `python3 -m benchmarks peers` writes docs/performance.md.

The work is to add some hundred jobs `sh -c true` and to run them two at a time. The time goes from the first job that
is added to the last one that has ended; daemons and workers are up before. All take turns within each round, and a
ratio is made inside the round.

The others come from PyPI and Debian into a directory that is removed at the end; it needs pip, apt-get and dpkg.
Nothing is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import glob
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from typing import Callable, Iterator, NamedTuple

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import support
from benchmarks.drain import by_xargs
from queuectl import Queue, __version__

PAGE = os.path.join(support.ROOT, "docs", "performance.md")
FROM_PYPI = ("huey", "rq", "celery", "redis", "litequeue", "packaging")
FROM_DEBIAN = (
    "task-spooler",
    "nq",
    "parallel",
    "redis-server",
    "redis-tools",
    "libjemalloc2",
    "liblua5.1-0",
    "liblzf1",
)
SHOWN = ("celery", "huey", "litequeue", "nq", "parallel", "redis-server", "rq", "task-spooler")
PROCESSES = 2
WARM_UP = 20
LIMIT_SECONDS = 120
# The jobs as the libraries run them: what the command prints is read and kept.
RUN = """
import subprocess, sys, time
def run():
    return subprocess.run(["sh", "-c", "true"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT).returncode
"""
PROGRAMS = {
    "plain.py": RUN,
    "with_huey.py": RUN
    + """
from huey import SqliteHuey
huey = SqliteHuey(filename="huey.db")
@huey.task()
def job():
    return run()
def drive(jobs):
    before = huey.result_count()
    for _ in range(jobs):
        job()
    while huey.result_count() < before + jobs:
        time.sleep(0.005)
""",
    "with_litequeue.py": RUN
    + """
import os
from litequeue import LiteQueue
def work():
    queue = LiteQueue("litequeue.db")
    while True:
        message = queue.pop()
        if message is None:
            os._exit(0)
        run()
        queue.done(message.message_id)
def drive(jobs):
    queue = LiteQueue("litequeue.db")
    for _ in range(jobs):
        queue.put("true")
    queue.close()
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            work()
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
""",
    "with_rq.py": RUN
    + """
import redis, rq, plain
def drive(jobs):
    queue = rq.Queue(connection=redis.Redis(unix_socket_path="redis.sock"))
    before = queue.finished_job_registry.count
    queue.enqueue_many([rq.Queue.prepare_data(plain.run) for _ in range(jobs)])
    while queue.finished_job_registry.count < before + jobs:
        time.sleep(0.005)
""",
    "with_celery.py": RUN
    + """
import os
from celery import Celery, group
address = "redis+socket://" + os.path.abspath("redis.sock")
app = Celery("with_celery", broker=address, backend=address)
@app.task
def job():
    return run()
def drive(jobs):
    for result in [job.delay() for _ in range(jobs)]:
        result.get()
""",
}
HEAD = """# Performance

What a queue costs beside the commands themselves, and what others cost. `python3 -m benchmarks peers` has written this
page: {jobs} jobs `sh -c true`, two at a time, from the first one added to the last one that has ended. Daemons and
workers were up before. Each figure is the median of {rounds} rounds in which all took turns; the ratio was made within
each round.

Measured on {processors} processors ({processor}), {system}, Python {python}: QueueCTL {version},
{versions}.
Another machine has other figures. The ratios say more than the rates, and a job that takes a second hides all of them.

What is compared differs. xargs and GNU parallel get all jobs as lines of a file and keep none of them. task-spooler and
nq are called once for each job, as their users do, so their rate is mostly that of their start. nq runs one job at a
time. QueueCTL and the libraries add the jobs from a program that runs already: `queuectl add` is a program that starts,
which takes several times as long as a call of `tsp`. QueueCTL waits for the disk when jobs are added, and so does huey;
Redis as it was set up here never does, and loses all jobs with its process. Only QueueCTL stores what each job printed,
how each attempt ended, and figures by the minute; it alone ends what a command leaves running.

| queue | jobs a second | range | of xargs | what outlives a crash |
| --- | ---: | ---: | ---: | --- |"""
DRIVE = "import sys, time, {0}; began = time.monotonic(); {0}.drive(int(sys.argv[1])); print(time.monotonic() - began)"


class Peer(NamedTuple):
    """One way to run the jobs; `keeps` says what of them outlives a crash, `daemons` are up while it is measured."""

    name: str
    keeps: str
    run: Callable[[Place, int], float]
    daemons: tuple[str, ...] = ()


class Place:
    """The directory with the other queues, and their versions."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.root = os.path.join(path, "root")
        self.bin = os.path.join(path, "venv", "bin")
        self.python = os.path.join(self.bin, "python")
        self.versions: dict[str, str] = {}
        self.environment = {
            **support.environment(),
            "PATH": os.pathsep.join([self.bin, os.path.join(self.root, "usr", "bin"), os.environ["PATH"]]),
            "LD_LIBRARY_PATH": ":".join(glob.glob(os.path.join(self.root, "usr", "lib", "*-linux-gnu"))),
            "TS_SOCKET": os.path.join(path, "tsp.sock"),
            "TMPDIR": path,
        }

    def ask(self, *words: str) -> str:
        """Run a program to its end; return what it printed. Raises CalledProcessError."""
        done = subprocess.run(
            words,
            cwd=self.path,
            env=self.environment,
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT_SECONDS,
            encoding="utf-8",
        )
        return done.stdout

    def drive(self, module: str, jobs: int) -> float:
        """Return the seconds that a library took for so many jobs."""
        return float(self.ask(self.python, "-c", DRIVE.format(module), str(jobs)))


@contextlib.contextmanager
def place() -> Iterator[Place]:
    """Fetch the other queues into a directory of their own."""
    with tempfile.TemporaryDirectory(prefix="queuectl-peers-") as path:
        support.say("fetching the others from PyPI and Debian")
        subprocess.run([support.PYTHON, "-m", "venv", os.path.join(path, "venv")], check=True)
        pip = [os.path.join(path, "venv", "bin", "pip"), "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", *FROM_PYPI], check=True)
        subprocess.run(["apt-get", "download", "-qq", *FROM_DEBIAN], check=True, cwd=path, stderr=subprocess.DEVNULL)
        for package in glob.glob(os.path.join(path, "*.deb")):
            subprocess.run(["dpkg", "-x", package, os.path.join(path, "root")], check=True)
        found = Place(path)
        for name, program in PROGRAMS.items():
            with open(os.path.join(path, name), "w", encoding="utf-8") as file:
                file.write(program)
        installed = dict(re.findall(r"^(\S+)==(\S+)$", found.ask(*pip, "freeze"), re.MULTILINE))
        found.versions = {name: installed[name] for name in FROM_PYPI}
        for package in glob.glob(os.path.join(path, "*.deb")):
            name, version, _ = os.path.basename(package).split("_")
            found.versions.setdefault(name, version.partition("%3a")[2] or version)
        yield found


@contextlib.contextmanager
def up(found: Place, *words: str) -> Iterator[None]:
    """Run a daemon meanwhile. Raises RuntimeError if it has ended by itself."""
    log = os.path.join(found.path, "daemon.log")
    with open(log, "ab") as said:
        daemon = subprocess.Popen(
            words,
            cwd=found.path,
            env=found.environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        while words[0] == "redis-server" and not os.path.exists(os.path.join(found.path, "redis.sock")):
            _demand_running(daemon, log)
            time.sleep(support.LOOK_SECONDS)
        yield
    except subprocess.TimeoutExpired:
        # Its daemon may have ended: then that is the reason.
        _demand_running(daemon, log)
        raise
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(daemon.pid, signal.SIGTERM)
        try:
            daemon.wait(support.STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()


def _demand_running(daemon: subprocess.Popen[bytes], log: str) -> None:
    if daemon.poll() is not None:
        with open(log, encoding="utf-8", errors="replace") as said:
            raise RuntimeError(f"{daemon.args!r} has ended:\n{said.read()[-2000:]}")


def by_queuectl(found: Place, jobs: int) -> float:
    """Add the jobs in one call, as a program would."""
    with support.temporary_home() as home, Queue(home) as queue, support.Pool(home, PROCESSES):
        began = queue.clock.wall()
        queue.enqueue([{"command": "true"}] * jobs)
        done = queue.wait(*range(1, jobs + 1), timeout=LIMIT_SECONDS)
    if any(job.state != "completed" for job in done):
        raise RuntimeError("a job failed")
    return (max(job.finished_at or 0 for job in done) - began) / 1000


def by_parallel(found: Place, jobs: int) -> float:
    """Read a line for each job from a file."""
    lines = os.path.join(found.path, "lines")
    with open(lines, "w", encoding="ascii") as file:
        file.writelines("sh -c true\n" for _ in range(jobs))
    began = time.perf_counter()
    found.ask("parallel", f"-j{PROCESSES}", "--will-cite", "--joblog", os.path.join(found.path, "joblog"), "-a", lines)
    return time.perf_counter() - began


def by_task_spooler(found: Place, jobs: int) -> float:
    """Call `tsp` once for each job, as its users do."""
    found.ask("tsp", "-S", str(PROCESSES))
    began = time.perf_counter()
    found.ask("sh", "-c", f"for n in $(seq {jobs}); do tsp -n sh -c true >/dev/null; done; tsp -w")
    took = time.perf_counter() - began
    found.ask("tsp", "-K")
    return took


def by_nq(found: Place, jobs: int) -> float:
    """Call `nq` once for each job, in a directory of its own: it looks at all earlier ones. One runs at a time."""
    began = time.perf_counter()
    found.ask(
        "sh", "-c", f"export NQDIR=$(mktemp -d); for n in $(seq {jobs}); do nq -q sh -c true 2>/dev/null; done; nq -w"
    )
    return time.perf_counter() - began


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Measure, write the page, and show the ratios; there is no goal but that of the drain."""
    with place() as found:
        rates: dict[str, list[float]] = {peer.name: [] for peer in PEERS}
        with contextlib.ExitStack() as daemons:
            for peer in PEERS:
                for words in peer.daemons:
                    daemons.enter_context(up(found, *words.format(path=found.path).split()))
            for peer in PEERS:
                peer.run(found, WARM_UP)
            for number in range(options.rounds):
                turn = number % len(PEERS)
                for peer in (*PEERS[turn:], *PEERS[:turn]):
                    rates[peer.name].append(options.jobs / peer.run(found, options.jobs))
                    support.say(f"  {peer.name}: {rates[peer.name][-1]:.0f}/s")
        lines = list(page(found, options, rates))
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    for peer in PEERS:
        ratios = [ours / theirs for ours, theirs in zip(rates[PEERS[0].name], rates[peer.name])]
        if peer is not PEERS[0]:
            yield support.Goal(
                f"QueueCTL against {peer.name}", support.middle(ratios), unit="x", detail=support.spread(ratios)
            )


def page(found: Place, options: argparse.Namespace, rates: dict[str, list[float]]) -> Iterator[str]:
    """Yield the lines of the page."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        processor = next((line.partition(": ")[2].strip() for line in file if line.startswith("model name")), "unknown")
    versions = ", ".join(f"{name} {version}" for name, version in sorted(found.versions.items()) if name in SHOWN)
    yield from HEAD.format(
        jobs=options.jobs,
        rounds=options.rounds,
        processors=os.cpu_count(),
        processor=processor,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        version=__version__,
        versions=versions,
    ).split("\n")
    base = rates["xargs -P2"]
    for peer in PEERS:
        own = rates[peer.name]
        ratio = support.middle(one / other for one, other in zip(own, base))
        rate = f"{support.middle(own):,.0f} | {min(own):,.0f} to {max(own):,.0f}"
        yield f"| {peer.name} | {rate} | {ratio:.2f} | {peer.keeps} |"


PEERS = (
    Peer("QueueCTL", "jobs, each attempt, output, figures; a job added survives a power cut", by_queuectl),
    Peer("xargs -P2", "nothing", lambda found, jobs: by_xargs(jobs)),
    Peer("GNU parallel -j2", "a log of what has ended", by_parallel),
    Peer("task-spooler, 2 slots", "nothing: jobs are processes that wait", by_task_spooler),
    Peer("nq, one at a time", "a file for each job", by_nq),
    Peer(
        "huey, SQLite, 2 processes",
        "jobs and results, in SQLite",
        lambda found, jobs: found.drive("with_huey", jobs),
        ("python -m huey.bin.huey_consumer with_huey.huey -w 2 -k process -d 0.01 -m 0.01 -q",),
    ),
    Peer(
        "litequeue, 2 processes",
        "jobs, in SQLite; no results, retries or output",
        lambda found, jobs: found.drive("with_litequeue", jobs),
    ),
    Peer(
        "rq, Redis, 2 workers",
        "jobs and results, in the memory of Redis",
        lambda found, jobs: found.drive("with_rq", jobs),
        (
            "redis-server --port 0 --unixsocket redis.sock --save  --appendonly no",
            "rq worker --url unix://{path}/redis.sock --quiet",
            "rq worker --url unix://{path}/redis.sock --quiet",
        ),
    ),
    Peer(
        "celery, Redis, 2 processes",
        "jobs and results, in the memory of Redis",
        lambda found, jobs: found.drive("with_celery", jobs),
        ("celery -A with_celery worker --concurrency 2 --loglevel ERROR",),
    ),
)


if __name__ == "__main__":
    support.main(__doc__, measure, rounds=5, options=[("jobs", 300, "how many jobs each of them runs in a round")])
