"""What jobs print: stored as it came, bounded, and told what is missing."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from queuectl.engine.machine import process
from queuectl.engine.queue import Queue
from queuectl.model.settings import find
from tests.engine.running import RunningPool, drain, peak_memory, run_one, start_worker, wait_for_file
from tests.support import Processes, cli_command, cli_environment, wait_until

pytestmark = pytest.mark.slow


MIB = 1 << 20
LEFT_OUT = re.compile(rb"\n\[\.\.\. (\d+) bytes left out \.\.\.\]\n")


def logs(home: str, *words: str) -> bytes:
    """Return what `logs` prints, byte by byte."""
    done = subprocess.run(cli_command(home, "logs", *words), env=cli_environment(home), capture_output=True, check=True)
    return done.stdout


def test_any_bytes_come_back_exactly(home: str, queue: Queue, tmp_path: Path) -> None:
    data = random.Random(1).getrandbits(8 * 300_000).to_bytes(300_000, "big") + bytes(range(256))
    (tmp_path / "data").write_bytes(data)
    job = run_one(queue, f"cat {tmp_path}/data")
    assert queue.output(job.id) == data
    assert logs(home, job.id) == data


def test_invalid_text_is_stored_as_it_is(home: str, queue: Queue) -> None:
    job = run_one(queue, r"printf '\377\376 \303\050 \355\240\200 \000 \033[31m \342\200\250\r\n'")
    assert logs(home, job.id) == b"\xff\xfe \xc3\x28 \xed\xa0\x80 \x00 \x1b[31m \xe2\x80\xa8\r\n"


def test_both_streams_are_kept_in_the_order_of_printing(home: str, queue: Queue) -> None:
    job = run_one(queue, "for i in 1 2 3; do echo out $i; sleep 0.2; echo err $i >&2; sleep 0.2; done")
    assert logs(home, job.id) == b"out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n"
    assert logs(home, job.id, "--stdout") == b"out 1\nout 2\nout 3\n"
    assert logs(home, job.id, "--stderr") == b"err 1\nerr 2\nerr 3\n"


def test_a_job_may_close_its_output_and_go_on(queue: Queue) -> None:
    job = run_one(queue, "echo before; exec >&- 2>&-; sleep 0.2; exit 4", retries=0)
    assert (job.exit_code, queue.output(job.id)) == (4, b"before\n")


# The second one prints for longer than a flush takes: what was stored is cut, too.
@pytest.mark.parametrize("limit", ["1KiB", "2KiB", "64KiB", "100001"])
@pytest.mark.parametrize("command", ["seq 200000", "seq 100000; sleep 2.2; seq 100001 199000; seq 199001 200000 >&2"])
def test_a_long_output_keeps_head_and_tail_and_says_how_much_is_missing(
    home: str, queue: Queue, limit: str, command: str
) -> None:
    queue.config.set("output_limit", limit)
    kept = int(find("output_limit").parse(limit) or 0)  # type: ignore[arg-type]
    job = run_one(queue, command)
    whole = "".join(f"{number}\n" for number in range(1, 200_001)).encode()
    shown = logs(home, job.id)
    (gap,) = LEFT_OUT.finditer(shown)
    head, tail = shown[: gap.start()], shown[gap.end() :]
    assert whole.startswith(head) and whole.endswith(tail)
    assert len(head) + int(gap[1]) + len(tail) == len(whole)
    assert len(head) == kept // 2 and len(tail) == kept - kept // 2
    assert queue.store.attempts.of_job(job.number)[0].output_size == len(whole)


def test_a_job_that_prints_much_leaves_the_worker_small(home: str, queue: Queue, pool: RunningPool) -> None:
    pool.start("--count", "1")
    (worker,) = pool.pids()
    size = 50 * MIB
    job = queue.add(f"head -c {size} /dev/zero | tr '\\0' 'x'; printf end")
    assert queue.wait(job.id, timeout=60)[0].state == "completed"
    assert peak_memory(worker) < 64 * MIB
    shown = logs(home, job.id)
    (gap,) = LEFT_OUT.finditer(shown)
    assert shown.endswith(b"xend")
    assert len(shown) - len(gap[0]) + int(gap[1]) == size + 3
    assert Path(home, "queue.db").stat().st_size < 16 * MIB


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has pipes of other sizes")
def test_the_pipe_of_a_job_that_prints_much_becomes_wide(queue: Queue) -> None:
    show_size = f"{sys.executable} -c 'import fcntl; print(fcntl.fcntl(1, 1032))'"
    sizes = [
        int(queue.output(run_one(queue, f"head -c {printed} /dev/zero; {show_size}").id).strip(b"\0"))
        for printed in (1000, 400_000)
    ]
    assert sizes == [65_536, process.WIDE_BYTES]


def test_a_pipe_that_cannot_become_wide_stays_as_it_is(tmp_path: Path) -> None:
    with open(tmp_path / "file", "wb") as no_pipe:
        process.widen(no_pipe.fileno())


def test_a_job_that_prints_without_end_is_ended_in_time(queue: Queue) -> None:
    job = run_one(queue, "yes", timeout=1, retries=0)
    assert job.error == "timed out after 1 s"
    assert queue.output(job.id).startswith(b"y\ny\n")


def test_the_output_of_a_running_job_can_be_read(home: str, queue: Queue, processes: Processes, tmp_path: Path) -> None:
    job = queue.add(f"echo early; echo >{tmp_path}/started; sleep 600")
    start_worker(processes, home, tmp_path / "log")
    wait_for_file(tmp_path / "started")
    wait_until(lambda: queue.store.attempts.of_job(job.number) and queue.output(job.id) == b"early\n")
    assert queue.get(job.id).state == "processing"


def test_each_attempt_keeps_its_own_output(queue: Queue) -> None:
    job = queue.add("echo try $QUEUECTL_ATTEMPT; exit 1", retries=2)
    drain(queue.home.path)
    assert [queue.output(job.id, attempt=number) for number in (1, 2, 3)] == [b"try 1\n", b"try 2\n", b"try 3\n"]


def test_output_of_an_attempt_whose_worker_was_killed_is_kept(queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    pool.start("--count", "1")
    job = queue.add(f"echo precious; echo >{tmp_path}/started; sleep 2.5; kill -9 $PPID; sleep 600", retries=0)
    assert queue.wait(job.id, timeout=60)[0].state == "dead"
    assert queue.output(job.id) == b"precious\n"
