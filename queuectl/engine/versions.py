"""Which versions of what run here."""

from __future__ import annotations

import sys

from .. import __version__
from ..store.sqlite import VERSION


def versions() -> str:
    """Return the versions of QueueCTL, Python and SQLite, in words."""
    return f"queuectl {__version__} (Python {sys.version.split()[0]}, SQLite {VERSION})"
