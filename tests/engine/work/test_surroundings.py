"""What a real command finds: its shell, its standard input, what it has of its caller, and its umask."""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from queuectl.engine.home.opened import own_umask
from queuectl.engine.machine import process
from queuectl.engine.queue import Queue
from queuectl.model.errors import InvalidInput
from queuectl.model.job import Job
from queuectl.model.surroundings import MAX_STDIN_BYTES
from tests.engine.running import attempts, drain, run_one
from tests.engine.work.test_execution import environment_of

PRINTS_WORDS = "import sys; print(sys.argv[1:])"
SUMS = "import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())"
WORDS = ["two words", "", "line\nend\n", "*", "$HOME", "`id`", "'\"\\", "é", "#"]


def output(queue: Queue, job: Job) -> str:
    return queue.output(job.id).decode()


# Shells


def test_another_shell_reads_the_command(queue: Queue) -> None:
    job = run_one(queue, "shopt -q login_shell; echo $0 {1..3}", shell="bash")
    assert output(queue, job) == "bash 1 2 3\n"


def test_a_shell_is_looked_up_in_the_path_of_the_job(queue: Queue, tmp_path: Path) -> None:
    shell = tmp_path / "myshell"
    shell.write_text('#!/bin/sh\necho "mine: $1 $2"\n')
    shell.chmod(0o755)
    jobs = [
        queue.add("a b", shell="myshell", env={"PATH": f"{tmp_path}:/bin"}),
        queue.add("a b", shell=str(shell), nice=3),
    ]
    drain(queue.home.path)
    assert [output(queue, job) for job in jobs] == ["mine: -c a b\n"] * 2


def test_a_shell_that_is_not_there_when_the_job_starts_is_named(queue: Queue, tmp_path: Path) -> None:
    shell = tmp_path / "shell"
    shell.symlink_to("/bin/sh")
    jobs = [
        queue.add("true", shell="no-such-shell", env={"PATH": "/bin"}, retries=0),
        queue.add("true", shell=str(shell), retries=0),
        queue.add("./no-such-program", shell="none", retries=0, cwd="/"),
        queue.add("no-such-program", shell="none", retries=0, env={"PATH": "/bin"}),
        queue.add("/etc", shell="none", retries=0),
    ]
    shell.unlink()
    drain(queue.home.path)
    assert [queue.get(job.id).error for job in jobs] == [
        "cannot start: shell no-such-shell is not in the PATH of the job: /bin",
        f"cannot start: shell {shell}: No such file or directory",
        "cannot start: program ./no-such-program: No such file or directory",
        "cannot start: program no-such-program is not in the PATH of the job: /bin",
        "cannot start: program /etc: Permission denied",
    ]
    assert {row["outcome"] for job in jobs for row in attempts(queue, job)} == {"not_started"}


def test_a_program_that_the_system_does_not_know_how_to_run_is_named(queue: Queue, tmp_path: Path) -> None:
    program = tmp_path / "text"
    program.write_text("echo no first line\n")
    program.chmod(0o755)
    job = run_one(queue, str(program), shell="none", retries=0)
    assert job.error == f"cannot start: {program}: Exec format error"


@pytest.mark.parametrize("nice", [0, 3])
def test_without_a_shell_exactly_the_words_run(queue: Queue, nice: int) -> None:
    command = " ".join(map(shlex.quote, [sys.executable, "-c", PRINTS_WORDS, *WORDS]))
    job = run_one(queue, command, shell="none", nice=nice)
    assert output(queue, job) == f"{WORDS}\n"


def test_exit_codes_and_signals_are_reported_of_any_shell(queue: Queue) -> None:
    commands = {
        "exit 7": "exit code 7",
        "no-such-command-at-all": "exit code 127",
        "kill -SEGV $$": "killed by SIGSEGV",
    }
    jobs = {command: queue.add(command, shell="bash", retries=0) for command in commands}
    drain(queue.home.path)
    assert {command: queue.get(job.id).error for command, job in jobs.items()} == commands


def test_the_setting_holds_for_jobs_that_are_added_while_it_does(queue: Queue) -> None:
    queue.config.set("shell", "none")
    job, other = queue.add("echo a | wc"), queue.add("echo a | wc -c", shell="/bin/sh")
    with pytest.raises(InvalidInput, match="must be words"):
        queue.add("echo 'a")
    queue.config.set("shell", "/bin/sh")
    drain(queue.home.path)
    assert (output(queue, job), output(queue, other)) == ("a | wc\n", "2\n")


def test_a_path_that_leads_to_no_program_is_refused_and_a_name_is_noted(queue: Queue) -> None:
    for path in ("/no/such/shell", "/etc"):
        with pytest.raises(InvalidInput, match="shell must be a program that can be run"):
            queue.add("true", shell=path)
    job = queue.add("true", shell="no-such-shell")
    with pytest.raises(InvalidInput, match="shell must be a program that can be run"):
        queue.edit(job.id, shell="/no/such/shell")
    assert queue.notices == ["there is no shell no-such-shell in PATH now; without one the job cannot start"]
    assert queue.counts() == {"pending": 1}


def test_an_edit_that_leaves_no_words_for_a_job_without_a_shell_is_refused(queue: Queue) -> None:
    job, other = queue.add("echo 'a"), queue.add("echo a", shell="none")
    for reference, changes in ((job, {"shell": "none"}), (other, {"command": "echo 'a"})):
        with pytest.raises(InvalidInput, match=f'command of job "{reference.id}" must be words'):
            queue.edit(reference.id, **changes)
    queue.edit(other.id, command="echo 'a", shell="bash")
    assert [(one.shell, one.command) for one in queue.read([1, 2])] == [("/bin/sh", "echo 'a"), ("bash", "echo 'a")]


# What the caller gives


def test_a_job_has_what_its_caller_gives_it(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("DEBUG", "mine\udcff")
    monkeypatch.setenv("API_TOKEN", "hush")
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/mine")
    jobs = [queue.add("env -0", inherit_env=words) for words in (None, "DEBUG", "all", "none", "API_TOKEN")]
    jobs.append(queue.add("env -0", env={"TZ": "UTC"}, inherit_env="DEBUG"))
    monkeypatch.undo()
    worker = {"TZ": "Europe/Rome", "DEBUG": "worker", "DISPLAY": ":0", "SSH_AUTH_SOCK": None, "API_TOKEN": None}
    drain(queue.home.path, env=worker)
    names = ("TZ", "DEBUG", "DISPLAY", "SSH_AUTH_SOCK", "API_TOKEN")
    found = [[environment_of(queue, job).get(name) for name in names] for job in jobs]
    assert found == [
        ["Asia/Tokyo", "worker", ":0", "/mine", None],
        ["Asia/Tokyo", "mine\udcff", ":0", "/mine", None],
        ["Asia/Tokyo", "mine\udcff", ":0", "/mine", None],
        ["Europe/Rome", "worker", ":0", None, None],
        ["Asia/Tokyo", "worker", ":0", "/mine", "hush"],
        ["UTC", "mine\udcff", ":0", "/mine", None],
    ]


def test_a_job_has_nothing_of_the_shell_that_has_started_the_workers(queue: Queue, tmp_path: Path) -> None:
    job = queue.add(f"{sys.executable} -c 'import os; print(sorted(os.environ))'", shell="none", cwd=str(tmp_path))
    drain(queue.home.path, env={"OLDPWD": "/old", "SHLVL": "7", "PWD": "/there", "_": "/usr/bin/env"})
    assert {"OLDPWD", "SHLVL", "PWD", "_"} & set(
        shlex.split(output(queue, job).strip("[]\n").replace(",", " "))
    ) == set()


def test_times_of_ours_are_not_those_of_a_jobs_zone(queue: Queue) -> None:
    job = run_one(queue, "date +%z; test $QUEUECTL_ATTEMPT = 2", env={"TZ": "Asia/Tokyo"}, retries=1)
    assert output(queue, job) == "+0900\n"
    first, second = attempts(queue, job)
    assert job.created_at <= first["started_at"] < second["started_at"] < job.created_at + 60_000


def test_a_hook_job_has_what_the_job_had_that_has_ended(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "mine")
    before = os.umask(0o077)
    try:
        job = queue.add("true", on_success="echo $DEBUG; umask", inherit_env="DEBUG", stdin="in")
    finally:
        os.umask(before)
    monkeypatch.undo()
    drain(queue.home.path)
    (hook,) = queue.logs.detail(job).hook_jobs
    assert queue.output(hook.id) == b"mine\n0077\n"
    assert queue.get(hook.id).stdin_size is None


def test_a_schedule_takes_what_is_named_when_it_is_added(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.config.set("inherit_env", "OTHER")
    for name in ("DEBUG", "OTHER", "TZ"):
        monkeypatch.setenv(name, "UTC")
    before = os.umask(0o027)
    try:
        queue.schedules.add("one", "@yearly", "umask", inherit_env="DEBUG")
        queue.schedules.add("two", "@yearly", "umask")
        queue.schedules.add("many", "@yearly", jobs=[{"command": "umask"}], inherit_env=["DEBUG", "TZ"])
    finally:
        os.umask(before)
    queue.schedules.edit("one", command="umask; echo $DEBUG")
    monkeypatch.undo()
    jobs = [queue.schedules.run(name) for name in ("one", "two", "many")]
    assert [job.inherited for job in jobs] == [("DEBUG",), (), ("DEBUG", "TZ")]
    drain(queue.home.path)
    assert [output(queue, job) for job in jobs] == ["0027\nUTC\n", "0027\n", "0027\n"]


@pytest.mark.parametrize("field", ["inherit_env", "stdin"])
def test_what_only_a_caller_gives_is_refused_for_one_of_several_jobs_of_a_schedule(queue: Queue, field: str) -> None:
    with pytest.raises(InvalidInput, match=f"a job of a schedule has no {field}: "):
        queue.schedules.add("many", "@yearly", jobs=[{"command": "true", field: "A"}])
    with pytest.raises(InvalidInput, match="inherit_env .* must be all"):
        queue.schedules.add("one", "@yearly", "true", inherit_env="A B")
    with pytest.raises(InvalidInput, match="has no stdin"):
        queue.schedules.add("one", "@yearly", "true", stdin="A")
    assert queue.schedules.all() == []


def test_who_is_no_caller_gives_its_path_and_what_is_named(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.config.set("inherit_env", "all")
    monkeypatch.setenv("DEBUG", "mine")
    queue.is_caller = False
    jobs = [queue.add("true"), queue.add("true", inherit_env="DEBUG")]
    assert [(job.inherited, job.umask) for job in jobs] == [((), None), (("DEBUG",), None)]
    claimed = queue.store.hooks.origin_of(1)
    assert claimed.path == os.environ["PATH"]


# The umask


def test_a_job_makes_files_by_the_umask_of_its_caller_and_we_make_ours_private(queue: Queue, tmp_path: Path) -> None:
    jobs = {}
    for umask in (0, 0o077, 0o027):
        before = os.umask(umask)
        try:
            jobs[umask] = queue.add(f"touch {tmp_path}/{umask}; head -c 3000000 /dev/zero; test $QUEUECTL_ATTEMPT = 2")
        finally:
            os.umask(before)
    before = os.umask(0)
    try:
        drain(queue.home.path)
    finally:
        os.umask(before)
    for umask in jobs:
        assert stat.S_IMODE((tmp_path / str(umask)).stat().st_mode) == 0o666 & ~umask
    found = [Path(directory, name) for directory, _, names in os.walk(queue.home.path) for name in names]
    assert {path.name for path in found} > {"queue.db"}
    assert [path for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_the_umask_of_the_worker_is_its_own_again_after_each_start(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **options: Any) -> int:
        raise OSError(7, "too long")

    before = own_umask()
    monkeypatch.setattr(os, "posix_spawn", fail)
    with pytest.raises(OSError, match="too long"):
        process.spawn("true", environment={}, stdout=1, stderr=2, umask=0o123)
    assert own_umask() == before != 0o123


def test_the_umask_is_read_without_another_being_set(monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.umask(0o031)
    try:
        assert own_umask() == 0o031
        monkeypatch.setattr("queuectl.engine.home.opened.STATUS", "/no/such/file")
        assert own_umask() == 0o031
        # Another thread might make a file meanwhile.
        monkeypatch.setattr("queuectl.engine.home.opened._count", lambda: 1)
        assert own_umask() is None
    finally:
        assert os.umask(before) == 0o031


# Standard input


def test_a_command_reads_all_bytes_again_in_each_attempt(queue: Queue) -> None:
    data = os.urandom(MAX_STDIN_BYTES)
    job = run_one(queue, f'{sys.executable} -c "{SUMS}"; test $QUEUECTL_ATTEMPT = 2', stdin=data, retries=1)
    sums = [queue.output(job.id, attempt=number).decode().strip() for number in (1, 2)]
    assert sums == [hashlib.sha256(data).hexdigest()] * 2
    assert job.stdin_size == MAX_STDIN_BYTES


def test_a_file_without_a_name_holds_all_and_is_read_from_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(300_000)
    for name in ("memfd_create", "no_such_function"):
        descriptor = process.file_of(data)
        with open(descriptor, "rb") as file:
            assert file.read() == data
            assert os.fstat(file.fileno()).st_nlink == 0
        monkeypatch.delattr(os, name, raising=False)


@pytest.mark.parametrize("command", ["true", "head -c 5", "exec <&-; echo closed"])
def test_a_command_that_does_not_read_all_of_it_ends(queue: Queue, command: str) -> None:
    job = run_one(queue, command, stdin=b"x" * MAX_STDIN_BYTES)
    assert job.state == "completed"


def test_a_command_without_a_shell_reads_it_too(queue: Queue) -> None:
    assert output(queue, run_one(queue, "cat", shell="none", nice=2, stdin="a\nb")) == "a\nb"


def test_what_a_command_does_to_its_standard_input_is_not_kept(queue: Queue) -> None:
    job = run_one(queue, "cat; echo more >&0; test $QUEUECTL_ATTEMPT = 2", stdin="in\n", retries=1)
    assert queue.output(job.id, attempt=2) == b"in\n"
    assert queue.stdin(job.id) == b"in\n"


def test_no_descriptor_of_it_is_left_in_the_worker(queue: Queue) -> None:
    for _ in range(3):
        queue.add("true", stdin="in")
    last = queue.add("ls -l /proc/$PPID/fd", stdin="in", inherit_env="none")
    drain(queue.home.path)
    assert output(queue, last).count("memfd:stdin") <= 1
