"""What tests of a job's fields share: reading one, and what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.model.errors import InvalidInput
from queuectl.model.spec import JobSpec

NOW = 1_794_276_000_123  # 2026-11-10T02:00:00.123Z
SURROGATE = "\udc80"


def parse(**data: Any) -> JobSpec:
    return JobSpec.parse({"command": "true", **data}, max_retries=3, timeout=300_000, cwd="/work", now=NOW)


def problems(**data: Any) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        parse(**data)
    return caught.value.problems


def refused(field: str, value: object) -> str:
    """Whether exactly this field is refused, for one reason."""
    found = problems(**{field: value})
    assert len(found) == 1 and found[0].startswith(field), found
    return found[0]
