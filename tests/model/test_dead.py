"""Groups of texts that differ in numbers only."""

from __future__ import annotations

import pytest

from queuectl.model.dead import largest_groups


@pytest.mark.parametrize(
    ("texts", "groups"),
    [
        (["./job.sh 1", "./job.sh 20"], [("./job.sh N", 2)]),
        (["make", "make"], [("make", 2)]),
        (["job.sh 1", "job.sh x"], [("job.sh x", 1), ("job.sh 1", 1)]),
        (["a 1 >&2; exit 3", "a 7 >&2; exit 3"], [("a N >&2; exit 3", 2)]),
        (["v1.2", "v1.3", "v2.3"], [("vN.N", 3)]),
        (["", ""], [("", 2)]),
    ],
)
def test_texts_that_differ_in_numbers_only_are_one_group(texts: list[str], groups: list[tuple[str, int]]) -> None:
    found = largest_groups([(text, 1, place, place, [place]) for place, text in enumerate(texts)], 9)
    assert [(group.value, group.count) for group in found] == groups


def test_the_largest_groups_come_first_with_their_times() -> None:
    texts = [("abc"[place], size, place, place + 10, [place]) for place, size in enumerate((1, 3, 2))]
    first, second = largest_groups(texts, 2)
    assert (first.value, first.first_at, first.last_at, first.last) == ("b", 1, 11, 1)
    assert second.value == "c"
