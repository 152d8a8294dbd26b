"""Commands as the documentation of other queues has them: each line does here what is said of it there."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from queuectl.engine.queue import Queue
from tests.commands.calling import call
from tests.support import Processes, run_cli

FILES = {
    "job.json": b'{"id": "mine", "command": "echo hi", "priority": 5, "max_retries": 2, "timeout": 60}',
    "commented.json": b'{\n  // the name\n  "id": "mine", // any text\n  "command": "echo http://x"\n}\n',
    "powershell.json": '\ufeff{"id": "mine", "command": "echo hi"}\r\n'.encode("utf-16-le"),
    "model.json": b'{"id": "mine", "command": "echo hi", "state": "pending", "attempts": 0, "max_retries": 3,'
    b' "created_at": "2025-11-04T10:30:00Z", "updated_at": "2025-11-04T10:30:00Z"}',
    "many.json": b'[{"id": "mine", "command": "a"}, {"id": "other", "command": "b"}]',
}

# What is typed, all but the last only to prepare it, then the exit code and a text of the last answer.
LINES = [
    # Adding jobs
    ("""enqueue '{"id": "mine", "command": "echo Hello", "max_retries": 3}'""", 0, "Job added: mine"),
    (
        """enqueue '{"id": "mine", "command": "a", "timeout_sec": 5, "run_at": "2025-01-01T00:00:00Z"}'""",
        0,
        "mine",
    ),
    ("""enqueue '{"cmd": "echo Hello"}'""", 0, "Job added: job-1"),
    ("enqueue --file job.json", 0, "Job added: mine"),
    ("enqueue job.json", 0, "Job added: mine"),
    ("enqueue commented.json", 0, "Job added: mine"),
    ("enqueue powershell.json", 0, "Job added: mine"),
    ("enqueue model.json", 0, "left out, since QueueCTL computes it: state, attempts, created_at, updated_at"),
    ("enqueue many.json", 0, "mine"),
    ("enqueue job_template.json", 0, "Job added: job-1"),
    ("enqueue simple_job.json", 0, "Job added: job-1"),
    ("enqueue python_job.json", 0, "Job added: job-1"),
    ("enqueue test_job.json", 0, "Job added: job-1"),
    ("enqueue --template job_template", 0, "Job added: job-1"),
    (
        "enqueue --id mine --command 'echo C' --priority 2 --timeout 5 --max-retries 1 --run-at +1h",
        0,
        "Job added: mine",
    ),
    ("""enqueue '{"command": "echo"}' --priority 10""", 0, "Job added: job-1"),
    ("enqueue 'echo hi'", 2, "queuectl add 'echo hi'"),
    ("""add '{"command": "echo hi"}'""", 2, """queuectl enqueue '{"command": "echo hi"}'"""),
    ("add 'echo hi' --priority 5 --max-retries 2 --timeout 60", 0, "priority: 5"),
    ("run 'echo hi'", 0, "Job added: job-1"),
    ("template list", 0, "job_template"),
    # At a time
    ("schedule 'daily backup' '2025-11-10 02:00:00'", 0, "that has passed ("),
    ("schedule 'echo hi' +30m", 0, ", in 30m"),
    ("schedule 'echo hi' 'tomorrow 09:00'", 0, "runs at:"),
    ("schedule 'echo hi' '2:30pm'", 0, "runs at:"),
    ("schedule 'echo hi' 'in 5 minutes'", 0, ", in 5m"),
    ("schedule true +1h;scheduled", 0, "scheduled"),
    ("schedule true +1h;list --state scheduled -o ids", 0, "job-1"),
    ("cron add nightly '0 2 * * monday-friday' ./backup.sh", 0, "at 02:00 on weekdays"),
    ("cron add nightly '0 2 ? * *' ./backup.sh", 0, "at 02:00 every day"),
    ("cron add nightly '0 2 L * *' ./backup.sh", 2, "L (the last day), which is not supported"),
    # Looking
    ("list", 0, "no jobs"),
    ("add true;list --json", 0, '"id": "job-1"'),
    ("add true;list --state pending --limit 1", 0, "job-1"),
    ("add true;show job-1", 0, "pending"),
    ("add true;status", 0, "completed:         0"),
    ("metrics", 0, "queue depth:     0"),
    ("--version", 0, "queuectl "),
    # The dead letter queue
    ("dlq list", 0, "the dead letter queue is empty"),
    ("dlq retry", 0, "0 jobs queued again"),
    ("dlq retry nope", 3, 'no job with id "nope"'),
    # Settings
    ("config set max_retries 5;config get max_retries", 0, "5"),
    ("config set max-retries 5;config get max_retries", 0, "5"),
    ("config set max_retries=5;config get max_retries", 0, "5"),
    ("config set --max-retries 5;config get max_retries", 0, "5"),
    ("config max_retries 5;config max_retries", 0, "5"),
    ("config set base_backoff 3;config get backoff_base", 0, "3"),
    ("config set worker_timeout 9;config get timeout", 0, "9s"),
    ("config set job_lock_timeout 300;config get lease", 0, "300s"),
    ("config set cleanup_completed_after_hours 24;config get retain_completed_hours", 0, "24"),
    ("config set poll-interval 1", 2, "workers do not poll, they are woken at once"),
    ("config get", 0, "max_retries"),
    ("config list", 0, "max_retries"),
    ("config set max_retries 9;config reset max_retries;config get max_retries", 0, "3"),
    ("config set max_retries 9;config reset --yes;config get max_retries", 0, "3"),
    # What needs nothing here
    ("init-db", 0, "init-db is not needed"),
    ("list --db jobs.db", 2, "a home is a directory, not a file: --home DIR"),
    ("worker stop", 0, "no workers were running"),
    ("scheduler stop", 0, "no scheduler was running"),
    ("scheduler status", 6, "no scheduler is running"),
]


@pytest.mark.parametrize(("typed", "code", "text"), LINES)
def test_a_line_does_what_is_said_of_it(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, text: str
) -> None:
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    *before, last = (shlex.split(line) for line in typed.split(";"))
    for words in before:
        assert call(home, *words).code == 0
    answer = call(home, *last)
    assert (answer.code, text in answer.out + answer.err) == (code, True), answer


# One after the other in one home.
SESSION = [
    ("worker start --count 1", 0, "1 worker started"),
    ("worker start --count 2", 0, "Scaled from 1 to 2 workers"),
    ("worker start --count 2", 0, "2 workers are running already"),
    ("worker start --count 2 --detach", 0, "2 workers are running already"),
    ("worker status", 0, "idle"),
    ("add false --id bad --retries 0", 0, "Job added: bad"),
    ("wait bad", 1, "dead"),
    ("dlq list", 0, "bad"),
    ("dlq retry", 0, "Job queued again: bad"),
    ("wait bad", 1, "dead"),
    ("dlq retry bad --keep-attempts", 0, "Job queued again: bad"),
    ("wait bad", 1, "dead"),
    ("dlq remove bad", 0, "Job removed: bad"),
    ("enqueue --id good --command 'echo Hello World'", 0, "Job added: good"),
    ("wait good", 0, "completed"),
    ("logs good", 0, "Hello World"),
    ("status", 0, "average duration: "),
    ("worker stop --timeout 60", 0, "Workers stopped"),
    ("worker stop --force", 0, "no workers were running"),
    ("scheduler start --workers 2", 0, "the number is kept for scheduler start --auto"),
    ("scheduler status", 0, "mode:       manual"),
    ("scheduler logs", 0, "started, mode manual"),
    ("scheduler stop", 0, "Scheduler stopped"),
]


def test_a_session_does_what_is_said_of_it(home: str, processes: Processes) -> None:
    queue = Queue(home)
    for typed, code, text in SESSION:
        done = run_cli(home, *shlex.split(typed))
        for pid in (queue.workers.pid, queue.scheduler.pid):
            if pid is not None:
                processes.add(pid)
        assert (done.returncode, text in done.stdout + done.stderr) == (code, True), (typed, done)
