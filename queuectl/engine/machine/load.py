"""How busy the machine is: its load average, and the memory that is available."""

from __future__ import annotations

import os

from ...model.errors import InvalidInput

MEMORY_FILE = "/proc/meminfo"


def load_average() -> float:
    """Return how many processes ran or wanted to run on average during the last minute. Raises OSError."""
    return os.getloadavg()[0]


def available_memory() -> int | None:
    """Return the bytes that new processes can take without swapping, None where the system does not say."""
    try:
        with open(MEMORY_FILE, encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) << 10
    except OSError:
        pass  # A system without /proc, or one that we may not read.
    return None


def demand_known_memory() -> None:
    """Raise InvalidInput where the system does not say how much memory is available."""
    if available_memory() is None:
        problem = f"min_memory cannot be kept here: {MEMORY_FILE} does not say how much memory is available"
        hint = "start them without it: queuectl worker start --min-memory none"
        raise InvalidInput(problem, field="min_memory", hint=hint)
