"""What tests replace for a while, in one way. Apart from `support`, which the benchmarks use without pytest."""

from __future__ import annotations

from typing import Any, Callable

import pytest


def before_each_call(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, do: Callable[[], object]) -> None:
    """Do something before each call of this method or function, until the end of the test."""
    method = getattr(owner, name)

    def call(*arguments: Any, **options: Any) -> Any:
        do()
        return method(*arguments, **options)

    monkeypatch.setattr(owner, name, call)
