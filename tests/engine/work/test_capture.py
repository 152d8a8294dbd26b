"""What is kept of an output: all of a short one; of a long one the head and the tail, in constant memory."""

from __future__ import annotations

import random

import pytest

from queuectl.engine.work.capture import Capture
from queuectl.engine.work.execution import READ_BYTES
from queuectl.model.piece import Piece
from queuectl.store.output import LONGEST_PIECE


def pieces_of(capture: Capture) -> list[tuple[int, int, bytes]]:
    return [(piece.position, piece.stream, piece.data) for piece in capture.pending()]


def held_bytes(capture: Capture) -> int:
    return sum(len(piece.data) for piece in capture.pending())


def test_nothing_comes_from_nothing() -> None:
    capture = Capture(100)
    assert pieces_of(capture) == [] and capture.total == 0


def test_a_short_output_is_kept_whole_and_joined() -> None:
    capture = Capture(100)
    for part in (b"one ", b"two ", b"three"):
        capture.feed(1, part)
    assert pieces_of(capture) == [(0, 1, b"one two three")]


def test_the_streams_are_kept_apart_in_the_order_they_came() -> None:
    capture = Capture(100)
    for stream, part in ((1, b"out"), (2, b"err"), (2, b"or"), (1, b"end")):
        capture.feed(stream, part)
    assert pieces_of(capture) == [(0, 1, b"out"), (3, 2, b"error"), (8, 1, b"end")]


def test_of_a_long_output_head_and_tail_are_kept() -> None:
    capture = Capture(10)
    for digit in b"0123456789abcdefghij":
        capture.feed(digit % 2 + 1, bytes([digit]))
    kept = pieces_of(capture)
    assert held_bytes(capture) == 10
    assert b"".join(data for position, _, data in kept if position < 5) == b"01234"
    assert b"".join(data for position, _, data in kept if position >= 5) == b"fghij"
    assert (capture.total, capture.head_end, capture.tail_start) == (20, 5, 15)


@pytest.mark.parametrize("limit", [2, 1_023, 1_024, 65_536, 1 << 20])
def test_one_long_piece_is_cut_on_both_sides(limit: int) -> None:
    whole = bytes(number % 251 for number in range(3 * limit))
    capture = Capture(limit)
    for start in range(0, len(whole), READ_BYTES):
        capture.feed(1, whole[start : start + READ_BYTES])
    kept = pieces_of(capture)
    assert held_bytes(capture) == limit
    assert all(whole[position : position + len(data)] == data for position, _, data in kept)
    assert kept[0][0] == 0 and kept[-1][0] + len(kept[-1][2]) == len(whole)


def test_an_output_of_exactly_the_limit_is_kept_whole() -> None:
    capture = Capture(10)
    capture.feed(1, b"0123456789")
    assert b"".join(data for _, _, data in pieces_of(capture)) == b"0123456789"
    assert capture.tail_start == capture.head_end


def test_pieces_stay_pending_until_they_are_forgotten() -> None:
    capture = Capture(100)
    capture.feed(1, b"first")
    assert pieces_of(capture) == pieces_of(capture) == [(0, 1, b"first")]
    capture.forget()
    assert pieces_of(capture) == []
    capture.feed(1, b"second")
    assert pieces_of(capture) == [(5, 1, b"second")]


def test_no_piece_is_longer_than_the_store_expects() -> None:
    capture = Capture(1 << 20)
    for _ in range(100):
        capture.feed(1, b"x" * 1_000)
        capture.feed(1, b"y" * READ_BYTES)
    assert max(len(piece.data) for piece in capture.pending()) <= LONGEST_PIECE


@pytest.mark.parametrize("size, times", [(1, 200_000), (100, 20_000), (READ_BYTES, 500)])
def test_memory_stays_bounded_however_much_comes(size: int, times: int) -> None:
    limit = 128 * 1024
    capture = Capture(limit)
    most = 0
    for number in range(times):
        capture.feed(1, b"x" * size)
        if number % 100 == 0:
            most = max(most, held_bytes(capture))
    assert capture.total > limit
    assert most <= limit + LONGEST_PIECE


class Naive:
    """Remembers everything; what is stored is a dict from position to piece, trimmed as the store does."""

    def __init__(self, limit: int) -> None:
        self.data = bytearray()
        self.streams = bytearray()
        self.stored: dict[int, Piece] = {}
        self.capture = Capture(limit)

    def feed(self, stream: int, data: bytes) -> None:
        self.data += data
        self.streams += bytes([stream]) * len(data)
        self.capture.feed(stream, data)

    def store(self, *, succeeds: bool) -> None:
        pieces = self.capture.pending()
        if not succeeds:
            return
        for piece in pieces:
            assert piece.position not in self.stored
            self.stored[piece.position] = Piece(piece.position, piece.stream, piece.data)
        self.capture.forget()
        head_end, tail_start = self.capture.head_end, self.capture.tail_start
        kept = [piece for piece in self.stored.values() if piece.position < head_end or piece.end > tail_start]
        cut = [piece.after(tail_start) if head_end <= piece.position < tail_start else piece for piece in kept]
        self.stored = {piece.position: piece for piece in cut}

    def check(self, limit: int) -> None:
        total = len(self.data)
        assert self.capture.total == total
        kept = bytearray(total)
        for position, piece in self.stored.items():
            assert piece.data == self.data[position : piece.end]
            assert set(self.streams[position : piece.end]) == {piece.stream}
            assert not any(kept[position : piece.end]), "pieces overlap"
            kept[position : piece.end] = b"\1" * len(piece.data)
        assert all(kept[: limit // 2]), "the head has a gap"
        assert all(kept[max(0, total - (limit - limit // 2)) :]), "the tail has a gap"
        assert sum(kept) == min(total, limit)


@pytest.mark.parametrize("seed", range(40))
def test_any_feed_is_kept_as_the_naive_model_says(seed: int) -> None:
    chance = random.Random(seed)
    limit = chance.choice([2, 17, 100, 1_000, 50_000, 200_000])
    longest = min(chance.choice([1, 5, 50, 3 * limit]), READ_BYTES)
    naive = Naive(limit)
    for _ in range(chance.randrange(1, 200)):
        naive.feed(
            chance.choice([1, 2]),
            chance.getrandbits(8 * longest).to_bytes(longest, "big")[: chance.randrange(1, longest + 1)],
        )
        if chance.random() < 0.3:
            naive.store(succeeds=chance.random() < 0.7)
    naive.store(succeeds=True)
    naive.check(limit)
