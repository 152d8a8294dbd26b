"""Files without a name, for what a command reads."""

from __future__ import annotations

import os


def file_of(data: bytes) -> int:
    """Return a descriptor that data can be read from, at its beginning. Raises OSError where there is no room."""
    descriptor = _new()
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _new() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("stdin")
    import tempfile

    descriptor, path = tempfile.mkstemp(prefix="queuectl-")
    os.unlink(path)
    return descriptor
