"""python -m queuectl"""

from __future__ import annotations

from queuectl.frontends.cli import run

if __name__ == "__main__":
    run()
