"""Sizes for people."""

from __future__ import annotations

import pytest

from queuectl.model.quantity import size_text


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (12_900_000, "12.3 MiB"),
        (1024**2 - 1, "1.0 MiB"),
        (5 * 1024**3, "5.0 GiB"),
        (1024**4, "1.0 TiB"),
        (5_000 * 1024**4, "5000.0 TiB"),
    ],
)
def test_a_size_is_shown_in_the_largest_unit(count: int, shown: str) -> None:
    assert size_text(count) == shown
