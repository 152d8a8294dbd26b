"""What attempts print: pieces at their place, with gaps where the middle was left out."""

from __future__ import annotations

import pytest

from queuectl.model.piece import STDERR, STDOUT, Piece
from queuectl.store import Store
from queuectl.store.output import LONGEST_PIECE
from tests.store.building import add, claim, write


@pytest.fixture
def attempt(store: Store) -> int:
    add(store)
    return claim(store).attempt_id


def append(store: Store, attempt: int, *pieces: tuple[int, int, bytes], head_end: int = 0, tail_start: int = 0) -> None:
    write(
        store,
        store.output.append,
        attempt,
        [Piece(*piece) for piece in pieces],
        head_end=head_end,
        tail_start=tail_start,
    )


def seen(pieces: list[Piece]) -> list[tuple[int, int, bytes]]:
    return [(piece.position, piece.stream, piece.data) for piece in pieces]


HELLO = [(0, STDOUT, b"hello "), (6, STDERR, b"\xff\0\x1b["), (10, STDOUT, b"world")]


def test_bytes_come_back_as_they_were_and_in_their_order(store: Store, attempt: int) -> None:
    append(store, attempt, *HELLO)
    assert seen(store.output.read(attempt)) == HELLO
    assert [piece.end for piece in store.output.read(attempt)] == [6, 10, 15]
    assert [type(piece.data) for piece in store.output.read(attempt)] == [bytes] * 3


def test_an_attempt_without_output_has_none(store: Store, attempt: int) -> None:
    append(store, attempt)
    assert store.output.read(attempt) == [] and store.output.read_back(attempt) == []


def test_output_of_attempts_is_kept_apart(store: Store, attempt: int) -> None:
    add(store)
    other = claim(store).attempt_id
    append(store, attempt, *HELLO)
    append(store, other, (0, STDERR, b"other"))
    assert seen(store.output.read(attempt)) == HELLO
    assert seen(store.output.read(other)) == [(0, STDERR, b"other")]


def test_reading_goes_on_from_the_end_of_the_last_piece(store: Store, attempt: int) -> None:
    pieces = [(position, STDOUT, b"ab") for position in range(0, 20, 2)]
    append(store, attempt, *pieces)
    found, position = [], 0
    while True:
        page = store.output.read(attempt, position, limit=3)
        if not page:
            break
        assert len(page) <= 3
        found += seen(page)
        position = page[-1].end
    assert found == pieces
    append(store, attempt, (20, STDERR, b"more"))
    assert seen(store.output.read(attempt, position)) == [(20, STDERR, b"more")]


def test_a_piece_that_reaches_beyond_the_position_is_read_whole(store: Store, attempt: int) -> None:
    append(store, attempt, *HELLO)
    assert seen(store.output.read(attempt, 5)) == HELLO
    assert seen(store.output.read(attempt, 6)) == HELLO[1:]
    assert seen(store.output.read(attempt, 14)) == HELLO[2:]
    assert store.output.read(attempt, 15) == []


def test_the_longest_piece_is_found_from_its_last_byte(store: Store, attempt: int) -> None:
    append(store, attempt, (0, STDOUT, b"x" * LONGEST_PIECE), (LONGEST_PIECE, STDOUT, b"y"))
    assert [piece.position for piece in store.output.read(attempt, LONGEST_PIECE - 1)] == [0, LONGEST_PIECE]


def test_reading_back_begins_with_the_newest(store: Store, attempt: int) -> None:
    append(store, attempt, *HELLO)
    assert seen(store.output.read_back(attempt, limit=2)) == HELLO[:0:-1]
    assert seen(store.output.read_back(attempt, 6, limit=2)) == HELLO[:1]
    assert store.output.read_back(attempt, 0) == []
    append(store, attempt, (15, STDOUT, b"more"))
    assert seen(store.output.read_back(attempt, 6, limit=2)) == HELLO[:1]


def test_what_is_between_head_and_tail_is_left_out_to_the_byte(store: Store, attempt: int) -> None:
    pieces = [(position, STDOUT, b"0123456789") for position in range(0, 60, 10)]
    append(store, attempt, *pieces, head_end=20, tail_start=45)
    assert [(piece.position, piece.end) for piece in store.output.read(attempt)] == [
        (0, 10),
        (10, 20),
        (45, 50),
        (50, 60),
    ]


def test_a_piece_that_ends_where_the_tail_begins_is_left_out_and_one_that_reaches_into_it_is_cut(
    store: Store, attempt: int
) -> None:
    append(store, attempt, (0, STDOUT, b"head"), (4, STDOUT, b"mid"), (7, STDERR, b"t\0il"), head_end=4, tail_start=7)
    assert seen(store.output.read(attempt)) == [(0, STDOUT, b"head"), (7, STDERR, b"t\0il")]
    append(store, attempt, head_end=4, tail_start=8)
    assert seen(store.output.read(attempt)) == [(0, STDOUT, b"head"), (8, STDERR, b"\0il")]
    append(store, attempt, (11, STDOUT, b"!"), head_end=4, tail_start=10)
    assert seen(store.output.read(attempt)) == [(0, STDOUT, b"head"), (10, STDERR, b"l"), (11, STDOUT, b"!")]


@pytest.mark.parametrize("tail_start", [0, 4])
def test_nothing_is_left_out_while_the_tail_touches_the_head(store: Store, attempt: int, tail_start: int) -> None:
    append(store, attempt, *HELLO, head_end=4, tail_start=tail_start)
    assert seen(store.output.read(attempt)) == HELLO


def test_the_gap_moves_on_with_the_tail(store: Store, attempt: int) -> None:
    for position in range(0, 100, 10):
        append(store, attempt, (position, STDOUT, b"x" * 10), head_end=20, tail_start=max(20, position - 10))
    kept = store.output.read(attempt)
    assert [piece.position for piece in kept] == [0, 10, 80, 90]
    gaps = [(before.end, after.position) for before, after in zip(kept, kept[1:]) if before.end != after.position]
    assert gaps == [(20, 80)]


def test_reading_from_inside_a_gap_begins_after_it(store: Store, attempt: int) -> None:
    append(store, attempt, (0, STDOUT, b"head"), (100, STDOUT, b"tail"))
    assert seen(store.output.read(attempt, 4)) == [(100, STDOUT, b"tail")]
    assert seen(store.output.read(attempt, 50)) == [(100, STDOUT, b"tail")]


def test_leaving_out_touches_one_attempt_only(store: Store, attempt: int) -> None:
    add(store)
    other = claim(store).attempt_id
    append(store, other, (5, STDOUT, b"x"))
    append(store, attempt, (5, STDOUT, b"x"), head_end=0, tail_start=100)
    assert store.output.read(attempt) == [] and len(store.output.read(other)) == 1
