"""The environment that a command gets, as bytes: what the system call takes without another conversion.

It is the worker's own without the QUEUECTL_ variables and what was true of the shell that started it, what the job
inherits from its caller, the job's variables, what a hook learns, and what tells the command who it is. The marker
tells us whose a process is.

Among it is $QUEUECTL, the script `queuectl` in the home, which runs this program. Its path has blanks only if that of
the home has, so `$QUEUECTL add ...` works without quotes too. The names of the interpreter and the program may have
blanks, and they need not be on the job's search path.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from shlex import quote

from ...model.surroundings import OF_LOGIN
from ...store import Home
from ...store.claim import Claim
from ...store.contexts import Context, decode
from ..machine.process import MARKER

PREFIX = "QUEUECTL_"
# What was true of the shell that started us.
OF_STARTER = ("_", "OLDPWD", "PWD", "SHLVL")
PARENTS_BYTES = 4096
PACKAGE = __name__.partition(".")[0]


def marker(home_id: str, mark: str, claim: Claim) -> str:
    """Return the text that marks the processes of an attempt.

    `mark` is a random text from the worker's start: no other attempt has the same marker, not even one of a copied
    home. A worker of an older version has no such text.
    """
    worker = f"{home_id}-{mark}" if mark else home_id
    return f"{worker}-{claim.number}-{claim.attempt_id}"


class Environments:
    """The environments of a worker's attempts. The part that jobs in a row of the same context share is made once."""

    def __init__(self, home: Home) -> None:
        variables = {
            name: value for name, value in os.environ.items() if not name.startswith(PREFIX) and name not in OF_STARTER
        }
        self._base = _encoded({**variables, "QUEUECTL_HOME": home.path, "QUEUECTL": home.launcher})
        self._context: Context | None = None
        self._shared = self._base

    def of_attempt(self, claim: Claim, mark: str, parents: Sequence[str]) -> dict[bytes, bytes]:
        """Return the environment of one attempt of a job that waited for `parents`."""
        context = claim.context
        if context is not self._context:
            self._shared = {**self._base, **_encoded({**self._inherited(context), **context.env})}
            self._context = context
        own = {
            b"QUEUECTL_JOB_ID": claim.id.encode(),
            b"QUEUECTL_JOB_NUMBER": b"%d" % claim.number,
            b"QUEUECTL_ATTEMPT": b"%d" % claim.attempt,
            # The last attempt that is allowed; numbers go on counting when a user retries a job.
            b"QUEUECTL_MAX_ATTEMPTS": b"%d" % (claim.attempt + max(0, claim.max_retries + 1 - claim.attempts)),
            b"QUEUECTL_QUEUE": claim.queue.encode(),
        }
        if claim.item is not None:
            own[b"QUEUECTL_ITEM"] = claim.item.encode()
        if claim.item_index is not None:
            own[b"QUEUECTL_INDEX"] = b"%d" % claim.item_index
        if parents:
            # As many whole ids as there is room for.
            own[b"QUEUECTL_PARENTS"] = " ".join([*parents, ""])[:PARENTS_BYTES].rpartition(" ")[0].encode()
        facts = _encoded(decode(claim.hook_facts or ""))
        return {**self._shared, **own, MARKER.encode(): mark.encode(), **facts}

    def _inherited(self, context: Context) -> dict[str, str]:
        """Return what a job inherits from its caller: what belongs to a login only if we have none ourselves."""
        found = {
            name: value
            for name, value in context.inherited.items()
            if name not in OF_LOGIN or not self._base.get(name.encode())
        }
        return {**found, "PATH": context.path} if context.path else found


def _encoded(variables: dict[str, str]) -> dict[bytes, bytes]:
    return {os.fsencode(name): os.fsencode(value) for name, value in variables.items()}


def place_launcher(path: str) -> None:
    """Make the script at a path, or bring it up to date. Raises OSError."""
    text = f'#!/bin/sh\nexec {" ".join(map(quote, _program()))} "$@"\n'
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            if file.read() == text and os.access(path, os.X_OK):
                return
    except FileNotFoundError:
        pass  # It is the first worker of this home.
    draft = f"{path}-{os.getpid()}"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o700), "w", errors="surrogateescape") as file:
        file.write(text)
    os.replace(draft, path)


def _program() -> list[str]:
    """Return the words that run this program: a checkout's main.py, an archive of zipapp, or the installed package."""
    modules = os.path.abspath(__file__)
    for _ in __name__.split("."):
        modules = os.path.dirname(modules)
    if os.path.isfile(modules):
        return [sys.executable, modules]
    main = os.path.join(modules, "main.py")
    return [sys.executable, main] if os.path.isfile(main) else [sys.executable, "-m", PACKAGE]
