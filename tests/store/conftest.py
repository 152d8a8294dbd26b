"""Fixtures of the store's tests."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from queuectl.store import Store
from tests.store.building import Stores, open_store


@pytest.fixture
def stores(home: str) -> Iterator[Stores]:
    """Opens any number of stores on one home, and closes them."""
    opened: list[Store] = []

    def another(**options: Any) -> Store:
        opened.append(open_store(home, **options))
        return opened[-1]

    yield another
    for store in opened:
        store.close()


@pytest.fixture
def store(stores: Stores) -> Store:
    """An open store on a new home."""
    return stores()
