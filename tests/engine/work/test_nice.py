"""Jobs with a niceness: that of the worker and their own, for all that they start."""

from __future__ import annotations

import os

import pytest

from queuectl.engine.machine import process
from queuectl.engine.queue import Queue
from tests.engine.running import drain, run_one

# The niceness of the shell, and of what it starts.
TELL = "nice; nice | cat; (nice)"


@pytest.mark.parametrize("nice", [0, 1, 19])
def test_the_command_and_what_it_starts_have_its_niceness(queue: Queue, nice: int) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    job = run_one(queue, TELL, nice=nice)
    assert queue.output(job.id).split() == [b"%d" % min(19, own + nice)] * 3
    assert job.exit_code == 0


def test_it_is_added_to_that_of_the_worker_which_keeps_its_own(queue: Queue) -> None:
    jobs = [queue.add("nice", nice=nice) for nice in (3, 0, 4)]
    own = os.getpriority(os.PRIO_PROCESS, 0)
    drain(queue.home.path)
    assert [int(queue.output(job.id)) - own for job in jobs] == [3, 0, 4]


def test_no_process_stands_between_the_worker_and_the_shell(queue: Queue) -> None:
    job = run_one(queue, "exec cat /proc/$$/stat", nice=5)
    found = queue.output(job.id).split()
    # Its pid is that of its group and session, which the worker has made for the shell.
    assert found[1] == b"(cat)" and found[0] == found[4] == found[5]


def test_signals_and_exit_codes_are_those_of_the_command(queue: Queue) -> None:
    assert run_one(queue, "exit 7", nice=5, retries=0).exit_code == 7
    assert run_one(queue, "kill -9 $$", nice=5, retries=0).signal == 9


def test_the_path_of_the_job_does_not_choose_the_program(queue: Queue, tmp_path: os.PathLike[str]) -> None:
    trap = os.path.join(tmp_path, "nice")
    with open(trap, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\necho trapped\n")
    os.chmod(trap, 0o755)
    job = run_one(queue, "echo ran", nice=5, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert queue.output(job.id) == b"ran\n"


def test_without_the_program_the_job_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "NICE", "no-such-program")
    with pytest.raises(FileNotFoundError, match="the program no-such-program, which --nice needs, is not installed"):
        process.spawn("true", environment={}, stdout=1, stderr=2, nice=1)


def test_the_niceness_of_a_waiting_job_is_edited(queue: Queue) -> None:
    job = queue.add("nice", nice=2)
    queue.edit(job.id, nice=9)
    assert queue.get(job.id).nice == 9


def test_a_recurring_job_has_it_too(queue: Queue) -> None:
    queue.schedules.add("nightly", "@daily", "true", nice=12)
    assert queue.get(queue.schedules.run("nightly").id).nice == 12
