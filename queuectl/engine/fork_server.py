"""What the pool's fork server does besides forking workers; loaded by it alone.

It is the workers' parent. A killed worker's orphans must fall to it, or to the pool when it is gone too, and not to
PID 1, where nobody could tell them from strangers. It reaps them as it reaps workers, without a word about each.
"""

from __future__ import annotations

import warnings

from .process import become_subreaper

become_subreaper()
warnings.filterwarnings("ignore", message="forkserver: waitpid returned unexpected pid")
