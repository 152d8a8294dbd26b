"""Where and with what environment commands run: shared by jobs, pruned with the last of them."""

from __future__ import annotations

from typing import Mapping

import pytest

from queuectl.model.job import PENDING
from queuectl.model.surroundings import Origin
from queuectl.store import Store
from queuectl.store.contexts import decode, decode_environment, decode_options, encode, encode_environment
from tests.store.building import NOW, ORIGINS, Stores, add, assert_whole, claim, enqueue, finish, job, spec, write


def contexts(store: Store) -> int:
    return store.database.integer("SELECT count(*) FROM contexts") or 0


def test_jobs_of_one_place_share_a_context(store: Store) -> None:
    enqueue(store, *[spec(cwd="/a") for _ in range(5)])
    enqueue(store, spec(cwd="/a"))
    assert contexts(store) == 1


def test_variables_in_another_order_are_the_same_context(store: Store) -> None:
    enqueue(store, spec(env={"A": "1", "B": "2"}), spec(env={"B": "2", "A": "1"}))
    assert contexts(store) == 1


def test_another_directory_search_path_or_variable_is_another_context(store: Store) -> None:
    enqueue(store, spec(cwd="/a"), spec(cwd="/b"), spec(cwd="/a", env={"A": "1"}), spec(cwd="/a", env={"A": "2"}))
    enqueue(store, spec(cwd="/a"), path="/other/bin")
    assert contexts(store) == 5
    assert [(one.cwd, one.env) for one in store.search.jobs([1, 2, 3, 4, 5])] == [
        ("/a", {}),
        ("/b", {}),
        ("/a", {"A": "1"}),
        ("/a", {"A": "2"}),
        ("/a", {}),
    ]


def test_a_context_that_no_job_has_is_pruned(store: Store) -> None:
    first, _ = add(store, cwd="/a"), add(store, cwd="/b")
    assert write(store, store.contexts.prune) == 0
    write(store, store.jobs.remove, first)
    assert write(store, store.contexts.prune) == 1
    assert contexts(store) == 1
    assert claim(store).context.cwd == "/b"
    assert_whole(store)


def test_a_pruned_context_is_not_mistaken_for_a_later_one(store: Store, stores: Stores) -> None:
    other = stores()
    number = add(store, cwd="/a")
    assert finish(other, claim(other), PENDING)
    write(store, store.jobs.remove, number)
    write(store, store.contexts.prune)
    add(store, cwd="/b")
    assert claim(other).context.cwd == "/b"


def test_a_context_that_was_rolled_back_is_not_remembered(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.writing():
        store.jobs.enqueue([spec(cwd="/undone")], origins=ORIGINS, actor="test", now=0)
        store.jobs.claim(worker=1, now=0, lease_until=0)
        raise ZeroDivisionError
    number = add(store, cwd="/a")
    assert claim(store).context.cwd == "/a" == job(store, number).cwd


def test_more_contexts_than_are_remembered_are_still_right(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("queuectl.store.contexts.CACHED", 2)
    enqueue(store, *[spec(cwd=f"/{number}") for number in range(5)])
    assert [claim(store).context.cwd for _ in range(5)] == [f"/{number}" for number in range(5)]


@pytest.mark.parametrize("env", [{}, {"A": ""}, {"A": "é\n\"'\\", "_": "\U0001f600"}])
def test_variables_are_read_as_they_were_stored(env: dict[str, str]) -> None:
    assert decode(encode(env)) == env


def test_an_option_that_jobs_share_is_kept_in_their_context(store: Store) -> None:
    enqueue(store, spec(), spec(kill_grace=0), spec(kill_grace=0), spec(kill_grace=2_000))
    assert contexts(store) == 3
    assert [one.kill_grace for one in store.search.jobs([1, 2, 3, 4])] == [None, 0, 0, 2_000]
    assert [claim(store).context.options for _ in range(4)] == [
        {},
        {"kill_grace": 0},
        {"kill_grace": 0},
        {"kill_grace": 2_000},
    ]


def test_an_edit_changes_a_shared_option_of_one_job_only(store: Store) -> None:
    enqueue(store, spec(kill_grace=0, env={"A": "b"}), spec(kill_grace=0, env={"A": "b"}))
    write(store, store.jobs.edit, 1, {"kill_grace": 3_000}, NOW)
    write(store, store.jobs.edit, 2, {"kill_grace": None, "cwd": "/b"}, NOW)
    one, other = store.search.jobs([1, 2])
    assert (one.kill_grace, one.cwd, one.env) == (3_000, spec().cwd, {"A": "b"})
    assert (other.kill_grace, other.cwd, other.env) == (None, "/b", {"A": "b"})


@pytest.mark.parametrize("options", [{}, {"kill_grace": 0}, {"a": ("x", "y"), "b": "z"}])
def test_options_are_read_as_they_were_stored(options: dict[str, object]) -> None:
    assert decode_options(encode(options)) == options


# What the caller gives


def test_jobs_of_callers_that_give_the_same_share_a_context(store: Store) -> None:
    given = {"LANG": "C", "TZ": "UTC"}
    same = Origin("/bin", given, 0o22), Origin("/bin", {**dict(reversed(given.items()))}, 0o22)
    others = Origin("/bin", given, 0o77), Origin("/bin", given), Origin("/bin", {"LANG": "C"}, 0o22), Origin("/bin")
    for origin in (*same, *others):
        with store.writing():
            store.jobs.enqueue([spec()], origins={None: origin}, actor="test", now=NOW)
    assert contexts(store) == 1 + len(others)


def test_a_claim_has_what_its_caller_gave_by_what_it_was_to_inherit(store: Store) -> None:
    origins: Mapping[tuple[str, ...] | None, Origin] = {
        None: Origin("/bin"),
        ("all",): Origin("/all", {"A": "b=c\n", "BYTES": "\udcff"}, 0o77),
    }
    with store.writing():
        store.jobs.enqueue([spec(), spec(inherit_env=("all",))], origins=origins, actor="test", now=NOW)
    one, other = (claim(store).context.origin for _ in range(2))
    assert (one.path, dict(one.inherited), one.umask) == ("/bin", {}, None)
    assert (other.path, dict(other.inherited), other.umask) == ("/all", {"A": "b=c\n", "BYTES": "\udcff"}, 0o77)
    assert (job(store, 2).inherited, job(store, 2).umask) == (("A", "BYTES"), "0077")


def test_an_edit_keeps_what_the_caller_gave_and_what_is_read(store: Store) -> None:
    with store.writing():
        origins: Mapping[tuple[str, ...] | None, Origin] = {None: Origin("/p", {"A": "b"}, 0o77)}
        store.jobs.enqueue([spec(stdin=b"in")], origins=origins, actor="test", now=NOW)
    write(store, store.jobs.edit, 1, {"shell": "bash"}, NOW)
    found = claim(store).context
    assert (found.path, dict(found.inherited), found.umask) == ("/p", {"A": "b"}, 0o77)
    assert found.options == {"shell": "bash"} and store.contexts.stdin_of(1) == b"in"


@pytest.mark.parametrize("variables", [{}, {"A": ""}, {"A": "b=c", "B": "\n\udcff é"}])
def test_inherited_variables_are_read_as_they_were_stored(variables: dict[str, str]) -> None:
    assert decode_environment(encode_environment(variables)) == variables


# Standard input


def stdins(store: Store) -> int:
    return store.database.integer("SELECT count(*) FROM stdins") or 0


def test_jobs_that_are_added_together_share_their_standard_input(store: Store) -> None:
    enqueue(store, *[spec(stdin=b"same") for _ in range(3)], spec(stdin=b"other"), spec())
    assert (stdins(store), contexts(store)) == (2, 3)
    assert [store.contexts.stdin_of(number) for number in range(1, 6)] == [b"same"] * 3 + [b"other", None]
    assert [one.stdin_size for one in store.search.jobs(range(1, 6))] == [4, 4, 4, 5, None]


def test_a_job_whose_id_was_taken_does_not_leave_its_standard_input_twice(store: Store) -> None:
    enqueue(store, spec(id="job-2"))
    enqueue(store, spec(stdin=b"in"))
    assert stdins(store) == 1 and store.contexts.stdin_of(3) == b"in"


def test_standard_input_goes_with_the_last_job_that_reads_it(store: Store) -> None:
    enqueue(store, spec(stdin=b"in"), spec(stdin=b"in"))
    for left in (1, 0):
        write(store, store.jobs.cancel, 2 - left, NOW)
        write(store, store.jobs.remove, 2 - left)
        assert store.contexts.has_idle_stdin() == (not left)
        write(store, store.contexts.prune)
        assert stdins(store) == left and not store.contexts.has_idle_stdin()
    assert_whole(store)


def test_what_was_read_goes_in_small_transactions(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("queuectl.store.contexts.PRUNED_STDINS", 2)
    enqueue(store, *[spec(stdin=b"%d" % number) for number in range(3)])
    for number in range(1, 4):
        write(store, store.jobs.cancel, number, NOW)
        write(store, store.jobs.remove, number)
    assert [write(store, store.contexts.prune) for _ in range(3)] == [5, 1, 0]
    assert (stdins(store), contexts(store)) == (0, 0)
