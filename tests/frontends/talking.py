"""A talk with the menu: answers in, text and the commands that do the same out."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.support import ROOT, cli_environment

LIMIT = 60


class Talk:
    """A run of the menu: the answers it was given and what it printed."""

    def __init__(self, home: str, *answers: str, **environment: str) -> None:
        done = subprocess.run(
            [sys.executable, str(ROOT / "main.py"), "--home", home],
            input="".join(f"{answer}\n" for answer in answers),
            env=cli_environment(home, environment),
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=LIMIT,
        )
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def commands(self) -> list[str]:
        """The one-shot commands that it said were the same."""
        return re.findall(r"^same as: (.+)$", self.out, re.MULTILINE)
