"""Each question that is asked all the time finds its rows by an index, however many jobs there are."""

from __future__ import annotations

import pytest

from queuectl.model.filterparse import parse as filter_parse
from queuectl.model.sorts import ORDERS_OF_KEYS
from queuectl.store import (
    Store,
    attempts,
    backlog,
    batches,
    changes,
    contexts,
    counts,
    dead,
    enqueue,
    events,
    figures,
    hooks,
    jobs,
    lanes,
    links,
    locks,
    names,
    output,
    parking,
    ranges,
    relatives,
    schedules,
    search,
    stats,
    workers,
)
from queuectl.store.schema import CLAIMABLE, PARKED
from tests.store import building
from tests.store.building import NOW, spec, steps_taken, write

# What is asked, with which parameters, and the index of `jobs` (or of the table named) that must serve it.
HOT = {
    "the head of a queue": (jobs.HEAD_OF_QUEUE, ("q",), "jobs_claimable"),
    "jobs that wait in stopped batches": (changes.IN_STOPPED, (500,), "jobs_of_batch"),
    "stuck jobs of a batch": (relatives.STUCK_OF_BATCH, ("a",), "jobs_stuck_of_batch"),
    "a batch": (batches.OF_NAME, ("a",), "sqlite_autoindex_batches_1"),
    "batches by prefix": (batches.BY_PREFIX, ("a", "b", 9), "sqlite_autoindex_batches_1"),
    "the counts of a batch": (counts.OF_NAME["batch_counts"], ("a",), "PRIMARY KEY"),
    "jobs that are due": (jobs.DUE_JOBS, (NOW, 100), "jobs_due"),
    "the next due instant": (jobs.NEXT_DUE, (), "jobs_due"),
    "running attempts": (attempts.RUNNING, (), "jobs_processing"),
    "jobs that have expired": (changes.EXPIRED_JOBS, (NOW, 500), "jobs_expiring"),
    "when the next job expires": (changes.NEXT_EXPIRY, (), "jobs_expiring"),
    "the highest priority of what can be claimed": (search.HIGHEST[CLAIMABLE], ("q", 2), "jobs_claimable"),
    "the highest priority of what is parked": (search.HIGHEST[PARKED], ("q", 2), "jobs_parked"),
    "a queue with jobs that are parked in a lane": (parking.NEXT_QUEUE, ("lock:gpu", ""), "jobs_parked_in"),
    "the next job that is parked in a lane": (parking.WAKE, ("lock:gpu", "q"), "jobs_parked_in"),
    "how many jobs are parked for a lock": (lanes.COUNT_PARKED, ("lock", "lock", 10), "jobs_parked_in"),
    "who holds a lock": (locks.HOLDERS, (), "jobs_processing"),
    "finished jobs to prune": (jobs.OLD_FINISHED, ("completed", NOW, NOW, 100), "jobs_finished"),
    "dead jobs by error": (dead.DLQ_GROUPS, (10,), "jobs_finished"),
    "dead jobs by command": (dead.DLQ_COMMANDS, (), "jobs_finished"),
    "what dead jobs printed last": (dead.LAST_PIECES, (2, 10), "jobs_finished"),
    "the number of an id": (names.NUMBER_OF_ID, ("a",), "sqlite_autoindex_jobs_1"),
    "ids by prefix": (names.BY_PREFIX, ("a", "b", 9), "sqlite_autoindex_jobs_1"),
    "whether an id is taken": (enqueue.EXISTS, ("a",), "sqlite_autoindex_jobs_1"),
    "the place of a job": (changes.PLACE, (1,), "PRIMARY KEY"),
    "details of a job": (search.DETAILS, (1,), "PRIMARY KEY"),
    "a page of jobs": (search.BY_NUMBERS.format("?,?"), (1, 2), "PRIMARY KEY"),
    "a range of numbers": (names.IN_RANGE, (1, 9), "PRIMARY KEY"),
    "the last number": (names.LAST, (), ""),
    "claiming": (jobs.CLAIM, (1, 1, 1, 1, 1, 1), "PRIMARY KEY"),
    "renewing": (jobs.RENEW, (1, 1, 1), "PRIMARY KEY"),
    "finishing": (jobs.FINISH, ("dead",) + (1,) * 12, "PRIMARY KEY"),
    "what an attempt is asked for": (jobs.ASKED, (1, 1), "PRIMARY KEY"),
    "whether an attempt is suspended": (jobs.SUSPENDED_BY, (1, 1), "PRIMARY KEY"),
    "promoting": (jobs.PROMOTE, ("pending", 1, 1, "failed"), "PRIMARY KEY"),
    "since when work waits": (stats.NEXT_PRIORITY, ("default", 0), "jobs_claimable"),
    "attempts of a job": (attempts.OF_JOB, (1,), "sqlite_autoindex_attempts_1"),
    "the size of an output": (attempts.OUTPUT_SIZE, (1,), "sqlite_autoindex_output_1"),
    "events of a job": (events.OF_JOB, (1,), "events_of_job"),
    "the hook jobs of a job": (hooks.OF_JOB, (1, 20), "jobs_of_hook"),
    "hook jobs that are not over": (hooks.BUSY_HOOKS, (), "jobs_open_hooks"),
    "marking a hook job": (hooks.MARK, (1, "{}", 2), "PRIMARY KEY"),
    "links to tell": (links.OPEN_LINKS, (1, 0, 500), "links_open"),
    "links without hope": (links.HOPELESS_LINKS, (1, 0, 500), "links_hopeless"),
    "whether a job is waited for": (links.HAS_OPEN_LINKS, (1,), "links_open"),
    "the jobs that wait for a job": (relatives.WAITING_CHILDREN, (1, 9), "links_open"),
    "whether a batch is waited for": (relatives.AWAITED, ("a",), "links_open"),
    "how many jobs wait for a batch": (batches.COUNT_WAITING, (1,), "links_open"),
    "the jobs of a batch": (relatives.LINKED_MEMBERS, ("a",), "jobs_of_batch"),
    "the parents of a job": (relatives.PARENTS, (1, 500), "PRIMARY KEY"),
    "the children of a job": (relatives.CHILDREN, (1, 500), "links_of_parent"),
    "whether children have run": (relatives.HAVE_WAITED, ("a",), "links_of_parent"),
    "the links of a job": (relatives.EDGES, (1,), "PRIMARY KEY"),
    "the jobs next to a job": (relatives.NEIGHBORS, (1, 1, 9), "links_of_parent"),
    "output": (output.READ, (1, 0, 0, 9), "sqlite_autoindex_output_1"),
    "output from its end": (output.READ_BACK, (1, 9, 0), "sqlite_autoindex_output_1"),
    "trimming output": (output.TRIM, (1, 0, 9), "sqlite_autoindex_output_1"),
    "output of a finished job": (output.PIECES_OF_JOB, (1, 9), "sqlite_autoindex_output_1"),
    "the next finished jobs": (jobs.FINISHED_AFTER, (NOW, 1, 9), "jobs_finished"),
    "output of jobs to prune": (jobs.OLD_WITH_OUTPUT, ("completed", NOW, NOW, 9), "jobs_finished"),
    "adding output up": (output.ADD_UP, (1, 9), "PRIMARY KEY"),
    "cutting output": (output.CUT, (1, 0, 9), "sqlite_autoindex_output_1"),
    "what runs": (search.RUNNING, (5,), "jobs_processing"),
    "the workers and what they run": (workers.ALL, (), "jobs_processing"),
    "what ended since": (search.ENDED_SINCE, ("dead", 0, 5), "jobs_finished"),
    "what ended each minute": (stats.PER_MINUTE, (0,), "PRIMARY KEY"),
    "a context": (contexts.FIND, ("/", "", "", "", b"", 18, None), "sqlite_autoindex_contexts_1"),
    "the unfinished job with a key": (jobs.OPEN_HOLDER, ("a",), "jobs_key"),
    "the job that keeps a key": (jobs.KEPT_UNTIL, ("a", NOW), "jobs_kept_key"),
    "schedules that are due": (schedules.DUE, (NOW, 50), "schedules_due"),
    "when the next schedule is due": (schedules.NEXT_DUE, (NOW,), "schedules_due"),
    "moving a schedule on": (schedules.ADVANCE, (NOW, 1, NOW), "PRIMARY KEY"),
    "a schedule by name": (schedules.BY_NAME, ("a",), "sqlite_autoindex_schedules_1"),
    "whether a time has fired": (schedules.HAS_FIRED, (1, NOW), "PRIMARY KEY"),
    "the last time that fired": (schedules.LAST_FIRED, (1,), "PRIMARY KEY"),
    "the newest jobs of a schedule": (schedules.LAST_JOBS, ("a", 100), "jobs_of_schedule"),
    "a job of a schedule that has not ended": (schedules.UNFINISHED, ("a",), "jobs_unfinished_of_schedule"),
    "fires to forget": (schedules.PRUNE_FIRES, (1, NOW, 1, 1_000), "PRIMARY KEY"),
    "how many are before a job": (search.COUNT_BEFORE, ("q", 0, 0, NOW, NOW, 1, 100), "jobs_claimable"),
    "what ended before": (search.ENDED_BEFORE, ("completed", NOW), "jobs_finished"),
    "how much ended before": (search.COUNT_ENDED_BEFORE, ("completed", NOW), "jobs_finished"),
    "events since": (events.NEWEST, (7, 50), "PRIMARY KEY"),
    "the oldest minute": (figures.FIRST["rollups"], (), "PRIMARY KEY"),
    "minutes to forget": (figures.PRUNE["rollups"], (1, 1440), "PRIMARY KEY"),
    "the oldest slot": (figures.FIRST["timings"], (), "PRIMARY KEY"),
    "slots to forget": (figures.PRUNE["timings"], (1, 36), "PRIMARY KEY"),
    "the last sample of the backlog": (backlog.LAST, (1,), "PRIMARY KEY"),
    "samples of the backlog": (backlog.SINCE, (1,), "PRIMARY KEY"),
    "the oldest sample": (figures.FIRST["backlog"], (), ""),
    "samples to forget": (figures.PRUNE["backlog"], (1, 1440), "PRIMARY KEY"),
}
IN_ORDER = [
    "the head of a queue",
    "jobs that are due",
    "finished jobs to prune",
    "ids by prefix",
    "output",
    "output from its end",
    "events of a job",
    "attempts of a job",
    "schedules that are due",
    "the newest jobs of a schedule",
    "batches by prefix",
    "what ended before",
    "events since",
    "the last sample of the backlog",
    "samples of the backlog",
]


def plan(store: Store, name: str) -> list[str]:
    sql, parameters, _ = HOT[name]
    return [row["detail"] for row in store.database.rows("EXPLAIN QUERY PLAN " + sql, parameters)]


@pytest.mark.slow
@pytest.mark.parametrize("name", HOT)
def test_a_hot_question_uses_its_index_and_never_reads_a_whole_table(store: Store, name: str) -> None:
    steps = plan(store, name)
    index = HOT[name][2]
    assert any(index in step for step in steps), steps
    for step in steps:
        # What a subquery yields is limited already.
        assert (
            not step.startswith("SCAN")
            or "INDEX jobs_" in step
            # It has the stopped ones alone.
            or "INDEX batches_stopped" in step
            or "SUBQUERY" in step.upper()
            or step.endswith((" page", " workers", " groups"))
        ), steps


@pytest.mark.parametrize("name", IN_ORDER)
def test_rows_come_from_the_index_in_order_and_are_not_sorted(store: Store, name: str) -> None:
    assert not any("TEMP B-TREE" in step for step in plan(store, name))


def test_claiming_and_finishing_cost_the_same_with_thousands_of_jobs(store: Store) -> None:
    from tests.store.building import claim, finish

    def work() -> None:
        for _ in range(20):
            finish(store, claim(store))
        write(store, store.jobs.promote, NOW, 10)
        store.attempts.running(store.contexts)
        write(store, store.jobs.prune, "completed", NOW - 1, 10, now=NOW)

    def cost() -> int:
        return steps_taken(store, work)

    building.enqueue(store, *[spec() for _ in range(50)])
    few = cost()
    building.enqueue(store, *[spec(priority=number % 7, run_at=NOW + number % 3 - 1) for number in range(5_000)])
    assert few > 0 and cost() <= few * 1.5


def test_forgetting_old_events_costs_the_same_with_thousands_of_them(store: Store) -> None:
    def work() -> None:
        assert store.events.has_before(NOW)
        assert write(store, store.events.prune, NOW, 10) == 10
        store.events.since(0, 10)

    def note(count: int) -> None:
        with store.writing():
            for number in range(count):
                store.events.add("kind", actor="test", now=NOW - 1, job=number)

    note(50)
    few = steps_taken(store, work)
    note(5_000)
    assert 0 < steps_taken(store, work) <= few * 1.5


def test_firing_costs_the_same_with_thousands_of_jobs_and_fires(store: Store) -> None:
    write(
        store,
        store.schedules.add,
        "a",
        [spec()],
        expression="* * * * *",
        timezone="UTC",
        catch_up="last",
        overlap="skip",
        expires=None,
        next_at=NOW,
        origin=building.ORIGIN,
        actor="test",
        now=NOW,
    )

    def work() -> None:
        # One is too little to count.
        for _ in range(20):
            (found,) = store.schedules.due(NOW, 50)
            with store.writing():
                assert store.schedules.advance(found, NOW)
                assert store.schedules.unfinished("a") is not None
                assert not store.schedules.has_fired(found, NOW)
                store.schedules.prune_fires(found, 0)
            assert store.schedules.next_due() == NOW

    def grow(since: int, count: int) -> None:
        found = store.schedules.get("a")
        assert found is not None
        with store.writing():
            store.jobs.enqueue([spec()] * count, origins=building.ORIGINS, actor="test", now=NOW, schedule="a")
            for number in range(since, since + count):
                store.schedules.record_fire(found, NOW + 1 + number, number)

    grow(0, 1_500)
    few = steps_taken(store, work)
    grow(1_500, 5_000)
    assert 0 < steps_taken(store, work) <= few * 1.5


SEEN: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "newest": ("", "-number", ("PRIMARY KEY",)),
    "oldest": ("", "number", ("PRIMARY KEY",)),
    "of a state": ("state:pending", "-number", ("jobs_claimable", "jobs_parked")),
    "dead, latest first": ("state:dead", "-finished_at", ("jobs_finished",)),
    "due": ("state:scheduled,failed", "run_at", ("jobs_due",)),
    "of a schedule": ("schedule:nightly", "-number", ("jobs_of_schedule",)),
    "of a batch": ("batch:nightly state:dead", "-number", ("jobs_of_batch",)),
    "of an id": ("id:job-7 queue:default", "-number", ("sqlite_autoindex_jobs_1",)),
    "of the beginning of an id": ("id:job-7* state:pending queue:default", "-number", ("sqlite_autoindex_jobs_1",)),
    "of a text": ("echo queue:default", "-number", ("PRIMARY KEY",)),
}


@pytest.mark.parametrize("name", SEEN)
def test_a_filter_looks_at_the_fewest_rows_and_never_sorts_the_table(store: Store, name: str) -> None:
    text, sort, index = SEEN[name]
    wanted = filter_parse(text, NOW)
    building.bring_to(store, "dead")
    building.enqueue(store, *[spec("echo", queue="default") for _ in range(3)])
    for part in ranges.Ranges(store.database, store.counts, store.contexts).of(wanted, ORDERS_OF_KEYS[sort]):
        sql, parameters = part.matching("number")
        for question in (f"{sql} ORDER BY {part.order} LIMIT 50", f"{part.window('number')} LIMIT 50"):
            given = parameters if question.startswith(sql) else part.parameters
            steps = [row["detail"] for row in store.database.rows("EXPLAIN QUERY PLAN " + question, given)]
            assert any(one in step for step in steps for one in index), steps
            by_few = "jobs_claimable" in index or "autoindex" in index[0]
            assert by_few or not any("TEMP B-TREE" in step for step in steps), steps


def test_a_page_by_a_filter_costs_the_same_with_thousands_of_jobs(store: Store) -> None:
    texts = [
        "",
        "state:pending",
        "state:dead",
        "queue:other",
        "state:held",
        "id:job-1*",
        "schedule:none",
        "!state:dead",
    ]
    questions = [(filter_parse(text, NOW), sort) for text in texts for sort in ("-number", "number")]

    def work() -> None:
        for wanted, sort in questions:
            store.find.numbers(wanted, sort, 5)
            store.find.page(wanted, "newest", None, 5, 50)
            store.find.first(wanted, "newest", 5, 50)
            store.find.count(wanted)

    def cost() -> int:
        return steps_taken(store, work)

    building.bring_to(store, "dead")
    building.enqueue(store, *[spec(id=f"a{number}") for number in range(200)])
    few = cost()
    building.enqueue(store, *[spec(id=f"b{number}") for number in range(5_000)])
    assert few > 0 and cost() <= few * 1.5
