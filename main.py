"""QueueCTL from a checkout: `python3 main.py ARGS` is the same as `queuectl ARGS`; without ARGS, the menu.

This file has nothing that Python 2.7 cannot read, so that an old Python says what is wrong.
"""

import os
import sys

OLDEST = (3, 8)


def main():  # type: () -> None
    """Find the package beside this file, also where Python does not look there by itself (-I)."""
    if sys.version_info < OLDEST:
        sys.exit("QueueCTL needs Python 3.8 or later, this is {}.{}".format(*sys.version_info))
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from queuectl.__main__ import run

    run(bare="menu")


if __name__ == "__main__":
    main()
