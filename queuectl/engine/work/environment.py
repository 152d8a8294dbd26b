"""The environment that a command gets, as bytes: what the system call takes without another conversion.

It is the worker's own without the QUEUECTL_ variables and what was true of the shell that started it, what the job
inherits from its caller, the job's variables, what a hook learns, and what tells the command who it is. The marker
tells us whose a process is.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ...model.surroundings import OF_LOGIN
from ...store import Home
from ...store.claim import Claim
from ...store.contexts import Context, decode
from ..machine.process import MARKER

PREFIX = "QUEUECTL_"
# What was true of the shell that started us.
OF_STARTER = ("_", "OLDPWD", "PWD", "SHLVL")
PARENTS_BYTES = 4096


def marker(home_id: str, mark: str, claim: Claim) -> str:
    """Return the text that marks the processes of an attempt.

    `mark` is a random text from the worker's start: no other attempt has the same marker, not even one of a copied
    home. A worker of an older version has no such text.
    """
    worker = f"{home_id}-{mark}" if mark else home_id
    return f"{worker}-{claim.number}-{claim.attempt_id}"


class Environments:
    """The environments of a worker's attempts. What jobs in a row of the same context share is made once."""

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
