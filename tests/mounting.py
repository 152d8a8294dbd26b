"""File systems of a test's own, where root may mount: small ones, and directories that cannot be written to."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Iterator

import pytest


def mounted(directory: Path, options: str) -> None:
    """Make a directory a tmpfs with options; skip the test where that cannot be."""
    directory.mkdir(mode=0o700)
    _mount("-t", "tmpfs", "-o", options, "tmpfs", str(directory))


@contextlib.contextmanager
def write_protected(directory: Path) -> Iterator[None]:
    """Have a directory mounted read-only; what is open in it stays writable, and so it is elsewhere.

    Files that are open for writing keep a whole file system from it; a bind mount of it does not mind.
    """
    _mount("--bind", str(directory), str(directory))
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(directory)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def _mount(*words: str) -> None:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting needs root")
    done = subprocess.run(["mount", *words], check=False, stderr=subprocess.PIPE, encoding="utf-8")
    if done.returncode != 0:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")
