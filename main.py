"""QueueCTL from a checkout: `python3 main.py ARGS` is the same as `queuectl ARGS`; without ARGS, the menu."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Find the package beside this file, also where Python does not look there by itself (-I)."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from queuectl.__main__ import run

    run(bare="menu")


if __name__ == "__main__":
    main()
