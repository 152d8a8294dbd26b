"""What becomes of real jobs by their policy for failures, and by what their commands ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from queuectl.engine.daemons.pool import is_empty
from queuectl.engine.home.opened import load_settings
from queuectl.engine.logs import Logs
from queuectl.engine.queue import Queue
from queuectl.engine.work.settle import settle
from queuectl.model.errors import InvalidInput
from queuectl.model.job import CANCELLED, COMPLETED, DEAD, FAILED, PENDING, SCHEDULED, Job
from queuectl.model.outcome import Outcome
from queuectl.model.when import MINUTE
from queuectl.model.worker import ALL
from queuectl.store.claim import Claim
from tests.engine.running import attempts, drain, run_one, start_worker, wait_for_file, wait_for_state
from tests.store.building import claim, write
from tests.support import Processes, run_cli

EX_TEMPFAIL = "exit 75"


def settled(queue: Queue, claimed: Claim, outcome: Outcome) -> str | None:
    """Settle an attempt; return the job's new state."""
    settings, now = load_settings(queue.store), queue.clock.wall()
    state: str | None = write(
        queue.store, settle, queue.store, claimed, outcome, settings=settings, random=lambda: 0.5, now=now
    )
    return state


def tried(queue: Queue, job: Job) -> list[tuple[object, object]]:
    """Return how each attempt ended, with its error."""
    return [(row["outcome"], row["error"]) for row in attempts(queue, job)]


def steps(queue: Queue, job: Job) -> list[tuple[str, str]]:
    """Return what happened to a job."""
    return [(step.what, step.detail) for step in queue.logs.history(job)]


# Exit codes


def test_a_code_that_is_a_success_completes_the_job_and_frees_those_that_wait_for_it(queue: Queue) -> None:
    job = queue.add("exit 24", ok_codes="0,20-30")
    child = queue.add("true", after=[job.id])
    drain(queue.home.path)
    job = queue.get(job.id)
    assert (job.state, job.exit_code, job.error) == (COMPLETED, 24, None)
    assert queue.get(child.id).state == COMPLETED
    assert tried(queue, job) == [("exited", None)]
    said = "exit code 24 counts as a success"
    assert said in [step.detail for step in queue.logs.history(job)]
    assert f"attempt 1:   exited: {said}" in run_cli(queue.home.path, "show", job.id).stdout


@pytest.mark.parametrize(
    ("command", "accepted", "said"),
    [
        ("sleep 60", {"ok_codes": "timeout", "timeout": 0.1}, "a timeout counts as a success"),
        ("kill -TERM $$", {"ok_codes": "TERM"}, "SIGTERM counts as a success"),
    ],
)
def test_an_end_that_counts_as_a_success_is_reported(
    queue: Queue, command: str, accepted: dict[str, object], said: str
) -> None:
    job = run_one(queue, command, **accepted)
    assert job.state == COMPLETED
    assert queue.reports.why(job).reason.endswith(f", as {said}")
    assert said in [step.detail for step in queue.logs.history(job)]


def test_a_code_that_is_not_worth_an_attempt_leaves_the_job_dead_at_once(queue: Queue) -> None:
    dead = run_one(queue, "exit 3", fail_on="3,127", retries=5)
    assert (dead.state, dead.attempts) == (DEAD, 1)
    assert "attempt 1 of 6 left it dead at once: exit code 3" in queue.reports.why(dead).reason


def test_only_codes_of_the_list_are_tried_again(queue: Queue) -> None:
    queue.config.set("retry_delay", "0")
    assert run_one(queue, "exit 2", retry_on="1,2", retries=2).attempts == 3
    assert run_one(queue, "exit 4", retry_on="1,2", retries=2).attempts == 1
    killed = run_one(queue, "kill -SEGV $$", retry_on="1,2", retries=2)
    assert (killed.state, killed.attempts) == (DEAD, 3)
    assert run_one(queue, "sleep 60", retry_on="1", timeout=0.1, retries=1).attempts == 2


@pytest.mark.parametrize("command", ["kill -SEGV $$", "sh -c 'kill -SEGV $$'; exit $?"])
def test_a_signal_is_known_by_its_name_however_it_is_reported(queue: Queue, command: str) -> None:
    assert run_one(queue, command, fail_on="SEGV").attempts == 1


def test_a_job_has_the_policy_of_the_settings_unless_it_has_its_own(queue: Queue) -> None:
    queue.config.set("fail_on", "3")
    assert run_one(queue, "exit 3").state == DEAD
    queue.config.set("retry_delay", "0")
    assert run_one(queue, "exit 3", fail_on="none", retries=1).attempts == 2


def test_a_queue_gives_its_jobs_a_policy_which_their_own_lists_go_before(queue: Queue) -> None:
    queue.queues.set("mail", "retry_on", "1,2")
    queue.queues.set("mail", "backoff", "fixed:0s")
    job = run_one(queue, "exit 2", queue="mail", fail_on="1", retries=1)
    assert (job.retry_on, job.fail_on, job.attempts) == ("2", "1", 2)
    assert run_one(queue, "exit 1", queue="mail", fail_on="1").attempts == 1


def test_an_end_in_two_lists_is_refused_wherever_it_is_given(queue: Queue) -> None:
    queue.add("true", fail_on="3")
    queue.queues.set("mail", "fail_on", 3)
    queue.config.set("fail_on", "3")
    queue.schedules.add("nightly", "@daily", "true", fail_on="3")
    message = "3 is in ok_codes and in fail_on"
    for refused in (
        lambda: queue.add("true", fail_on="3", ok_codes="1-4"),
        lambda: queue.edit(1, ok_codes=3),
        lambda: queue.queues.set("mail", "ok_codes", "3"),
        lambda: queue.config.set("ok_codes", "3"),
        lambda: queue.schedules.edit("nightly", ok_codes="3"),
        lambda: queue.schedules.add("weekly", "@weekly", "true", ok_codes="3", fail_on="3"),
    ):
        with pytest.raises(InvalidInput, match=message):
            refused()
    assert queue.get(1).ok_codes is None and queue.queues.get("mail").defaults == {"fail_on": "3"}
    assert queue.settings().ok_codes is None and queue.schedules.get("nightly").ok_codes is None


# Snoozes


def test_a_code_puts_its_job_off_at_no_cost(queue: Queue) -> None:
    job = run_one(queue, EX_TEMPFAIL, snooze_on="75", retries=0)
    assert (job.state, job.attempts, job.snoozes, job.exit_code) == (SCHEDULED, 0, 1, 75)
    assert abs(job.run_at - queue.clock.wall() - 5 * MINUTE) < MINUTE
    assert tried(queue, job) == [("snoozed", "exit code 75; again in 5m")]
    assert queue.store.recent.failures(10, 10) == [] == queue.store.recent.commands(10, 10)[1]
    assert "it was snoozed (exit code 75; again in 5m), and it is due at" in queue.reports.why(job).reason


def test_what_was_snoozed_or_taken_for_a_success_is_no_failure_in_any_report(queue: Queue) -> None:
    snoozed = run_one(queue, EX_TEMPFAIL, snooze_on="75")
    well = run_one(queue, "exit 24", ok_codes="24")
    assert queue.store.recent.failures(100, 10) == []
    assert [found.failed for found in queue.store.recent.commands(100, 10)[0]] == [0, 0]
    steps = [(step.what, step.detail) for job in (snoozed, well) for step in Logs(queue).history(job)]
    assert ("attempt 1 snoozed", "exit code 75; again in 5m") in steps
    assert ("attempt 1 exited", "exit code 24 counts as a success") in steps
    totals = queue.store.stats.totals(0)
    assert (totals.finished, totals.failed, totals.dead) == (1, 0, 0)


def test_the_history_has_what_a_command_has_asked_for(queue: Queue) -> None:
    job = run_one(queue, '"$QUEUECTL" snooze 1h; "$QUEUECTL" snooze 90s "no disk"; "$QUEUECTL" fail "no hope"')
    asked = [step.detail for step in Logs(queue).history(job) if step.what == "asked"]
    assert asked == ["to run again in 1h", "to run again in 1m 30s: no disk", "to be dead: no hope"]


def test_a_job_that_was_snoozed_runs_again_when_it_is_due(queue: Queue) -> None:
    job = run_one(queue, "echo >>ran; test $(wc -l <ran) = 3 || exit 75", snooze_on="75:1ms", cwd=queue.home.path)
    while job.state == SCHEDULED:
        drain(queue.home.path)
        job = queue.get(job.id)
    assert (job.state, job.attempts, job.snoozes) == (COMPLETED, 1, 2)
    assert [how for how, _ in tried(queue, job)] == ["snoozed", "snoozed", "exited"]


def test_a_job_that_is_snoozed_too_often_fails(queue: Queue) -> None:
    queue.config.set("max_snoozes", "0")
    job = run_one(queue, EX_TEMPFAIL, snooze_on="75", retries=0)
    assert (job.state, job.error) == (DEAD, "exit code 75; snoozed 0 times already")
    strict = run_one(queue, EX_TEMPFAIL, snooze_on="75", retry_on="1", retries=3)
    assert (strict.state, strict.attempts) == (DEAD, 1)
    asking = run_one(queue, '"$QUEUECTL" snooze 1s', retries=0)
    assert (asking.state, asking.error) == (DEAD, "snoozed 0 times already")


def test_a_home_in_which_a_job_was_snoozed_is_not_done(queue: Queue) -> None:
    queue.config.set("on_idle", "true")
    run_one(queue, EX_TEMPFAIL, snooze_on="75", queue="mail")
    now = queue.clock.wall()
    assert not is_empty(queue.store, [ALL], now) and not is_empty(queue.store, ["mail"], now)
    assert is_empty(queue.store, ["other"], now)
    assert [job.id for job in queue.list("tag:hook")] == []
    queue.cancel(1)
    assert is_empty(queue.store, [ALL], now) is False  # The hook job has yet to run.
    assert len(queue.list("tag:hook")) == 1


def test_a_wish_that_comes_too_often_is_judged_by_the_other_lists(queue: Queue) -> None:
    queue.config.set("max_snoozes", "0")
    again = '"$QUEUECTL" snooze 1s "no disk"; exit '
    assert run_one(queue, again + "5", retry_on="1", retries=3).attempts == 1
    assert run_one(queue, again + "1", retry_on="1", retries=1).attempts == 2
    assert run_one(queue, again + "0", retry_on="1", retries=1).error == "no disk; snoozed 0 times already"


def test_a_job_that_is_cancelled_is_not_snoozed(queue: Queue) -> None:
    job = queue.add(EX_TEMPFAIL, snooze_on="75")
    claimed = claim(queue.store, now=queue.clock.wall())
    write(queue.store, queue.store.jobs.cancel, claimed.number, queue.clock.wall())
    assert settled(queue, claimed, Outcome.exited(75)) == CANCELLED
    assert tried(queue, job)[0] == ("exited", "exit code 75")


def test_the_time_of_a_job_that_was_snoozed_moves_along_when_the_clock_is_set(queue: Queue) -> None:
    job = run_one(queue, EX_TEMPFAIL, snooze_on="75")
    assert queue.store.database.value("SELECT is_delay FROM jobs WHERE number = ?", (job.number,)) == 1


# Waits between attempts


def test_the_waits_between_attempts_are_those_of_the_job(queue: Queue) -> None:
    queue.config.set("retry_jitter", "0")
    job = queue.add("false", backoff="10s,1m")
    for wait in (10_000, 60_000):
        claimed = claim(queue.store, now=queue.clock.wall())
        assert settled(queue, claimed, Outcome.exited(1)) == FAILED
        failed = queue.get(job.id)
        assert failed.run_at - failed.updated_at == wait
        queue.retry(job.id, keep_attempts=True)


def test_its_command_is_asked_to_end_by_its_own_signal(queue: Queue, processes: Processes, tmp_path: Path) -> None:
    file = tmp_path / "said"
    job = queue.add(
        f"trap 'echo int >>{file}; exit 9' INT; trap 'echo term >>{file}' TERM; echo on >{file}; sleep 60 & wait",
        kill_signal="INT",
    )
    start_worker(processes, queue.home.path, tmp_path / "log")
    wait_for_file(file)
    queue.cancel(job.id)
    wait_for_state(queue, job, CANCELLED)
    assert file.read_text() == "on\nint\n"


# What a command asks for


def test_a_command_asks_to_be_snoozed(queue: Queue) -> None:
    job = run_one(queue, '"$QUEUECTL" snooze 10m "no  disk"; exit 3', retries=0)
    assert (job.state, job.attempts, job.snoozes) == (SCHEDULED, 0, 1)
    assert abs(job.run_at - queue.clock.wall() - 10 * MINUTE) < MINUTE
    assert tried(queue, job) == [("snoozed", "no disk; again in 10m")]
    assert ("asked", "to run again in 10m: no disk") in steps(queue, job)


def test_a_command_asks_to_be_dead(queue: Queue) -> None:
    job = run_one(queue, '"$QUEUECTL" fail "the input is broken"', retries=9)
    assert (job.state, job.attempts, job.exit_code, job.error) == (DEAD, 1, 0, "the input is broken")


def test_the_last_wish_counts(queue: Queue) -> None:
    assert run_one(queue, '"$QUEUECTL" fail no; "$QUEUECTL" snooze 1h').state == SCHEDULED


def test_a_wish_is_gone_with_its_attempt(queue: Queue) -> None:
    job = queue.add("true", retries=3)
    lost = claim(queue.store, now=queue.clock.wall())
    with queue.store.writing():
        assert queue.store.jobs.make_wish(lost.number, lost.attempt_id, "fail no")
    assert settled(queue, lost, Outcome.lost("its worker is gone")) == FAILED
    queue.retry(job.id)
    again = claim(queue.store, now=queue.clock.wall())
    assert settled(queue, again, Outcome.exited(0)) == COMPLETED


@pytest.mark.parametrize("wish", ["snooze 1000", "fail no"])
@pytest.mark.parametrize("code", [0, 1])
def test_a_cancellation_goes_before_a_wish(queue: Queue, wish: str, code: int) -> None:
    """Who asks for either has not succeeded: no job that waits for a success may run."""
    job = queue.add("true")
    claimed = claim(queue.store, now=queue.clock.wall())
    with queue.store.writing():
        assert queue.store.jobs.make_wish(claimed.number, claimed.attempt_id, wish)
    write(queue.store, queue.store.jobs.cancel, claimed.number, queue.clock.wall())
    assert settled(queue, claimed, Outcome.exited(code)) == CANCELLED
    assert tried(queue, job) == [("exited", "exit code 1" if code else "cancelled")]


def test_an_attempt_that_has_lost_its_job_can_ask_for_nothing(queue: Queue) -> None:
    queue.add("true", retries=3)
    old = claim(queue.store, now=queue.clock.wall())
    settled(queue, old, Outcome.lost("its worker is gone"))
    queue.retry(old.number)
    claim(queue.store, now=queue.clock.wall())
    marker = f"{queue.store.meta.home_id()}-0a-{old.number}-{old.attempt_id}"
    done = run_cli(queue.home.path, "snooze", "10m", env={"QUEUECTL_ATTEMPT_ID": marker})
    assert (done.returncode, done.stdout) == (4, "")
    assert "this attempt has ended, or lost its job" in done.stderr


@pytest.mark.parametrize("words", [["snooze", "10m"], ["fail", "no"]])
@pytest.mark.parametrize("marker", [None, "", "x", "0-0-1-1", "{home}", "{home}-0a-x-1"])
def test_only_a_job_can_ask(queue: Queue, words: list[str], marker: str | None) -> None:
    queue.add("true")
    found = None if marker is None else marker.format(home=queue.store.meta.home_id())
    done = run_cli(queue.home.path, *words, env={"QUEUECTL_ATTEMPT_ID": found})
    assert done.returncode == 2
    assert "this only works inside a job of this home" in done.stderr
    assert queue.get(1).state == PENDING


@pytest.mark.parametrize("words", [["snooze", "0"], ["snooze", "31d"], ["snooze", "soon"], ["fail", " "], ["fail"]])
def test_what_cannot_be_asked_for_is_refused(queue: Queue, words: list[str]) -> None:
    queue.add("true")
    claimed = claim(queue.store, now=queue.clock.wall())
    marker = f"{queue.store.meta.home_id()}-0a-{claimed.number}-{claimed.attempt_id}"
    assert run_cli(queue.home.path, *words, env={"QUEUECTL_ATTEMPT_ID": marker}).returncode == 2
    assert queue.store.jobs.asked(claimed.number, claimed.attempt_id) == (False, None)
