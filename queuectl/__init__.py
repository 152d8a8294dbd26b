"""QueueCTL: background jobs for shell commands, on bare Python.

    from queuectl import Queue
    job = Queue().add("make test", timeout=600)

The names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = [
    "Conflict",
    "FilterError",
    "InvalidInput",
    "Job",
    "NotFound",
    "Queue",
    "QueueCTLError",
    "StoreUnavailable",
    "WaitTimeout",
    "__version__",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .engine.queue import Queue
    from .model.errors import (
        Conflict,
        FilterError,
        InvalidInput,
        NotFound,
        QueueCTLError,
        StoreUnavailable,
        WaitTimeout,
    )
    from .model.job import Job


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'queuectl' has no attribute {name!r}")
    from importlib import import_module

    home = {"Queue": "engine.queue", "Job": "model.job"}.get(name, "model.errors")
    return getattr(import_module(f"queuectl.{home}"), name)
