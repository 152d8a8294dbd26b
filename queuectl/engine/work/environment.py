"""The environment that a command gets, as bytes: what the system call takes without another conversion.

It is the worker's own without the QUEUECTL_ variables and what was true of the shell that has started it, what the job
has of its caller, the job's variables, what a hook learns, and what tells the command who it is. The marker
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
# What was true of the shell that has started us.
OF_STARTER = ("_", "OLDPWD", "PWD", "SHLVL")
PARENTS_BYTES = 4096


def marker(home_id: str, mark: str, claim: Claim) -> str:
    """Return the text that marks the processes of an attempt.

    `mark` is a random text of the worker's start: no other attempt has the same, not even one of a copied home.
    A worker of an older version has none.
    """
    worker = f"{home_id}-{mark}" if mark else home_id
    return f"{worker}-{claim.number}-{claim.attempt_id}"


class Environments:
    """The environments of a worker's attempts. What jobs of the same context share is made once for all in a row."""

    def __init__(self, home: Home) -> None:
        variables = {
            name: value for name, value in os.environ.items() if not name.startswith(PREFIX) and name not in OF_STARTER
        }
        self._base = _encoded({**variables, "QUEUECTL_HOME": home.path, "QUEUECTL": home.launcher})
        self._context: Context | None = None
        self._shared = self._base

    def of_attempt(self, claim: Claim, mark: str, parents: Sequence[str]) -> dict[bytes, bytes]:
        """Return the environment of one attempt of a job that has waited for `parents`."""
        context = claim.context
        if context is not self._context:
            self._shared = {**self._base, **_encoded({**self._inherited(context), **context.env})}
            self._context = context
        return {
            **self._shared,
            b"QUEUECTL_JOB_ID": claim.id.encode(),
            b"QUEUECTL_JOB_NUMBER": b"%d" % claim.number,
            b"QUEUECTL_ATTEMPT": b"%d" % claim.attempt,
            b"QUEUECTL_MAX_ATTEMPTS": b"%d" % _last_attempt(claim),
            b"QUEUECTL_QUEUE": claim.queue.encode(),
            **_input(claim),
            **_parents(parents),
            MARKER.encode(): mark.encode(),
            **_encoded(decode(claim.hook_facts or "")),
        }

    def _inherited(self, context: Context) -> dict[str, str]:
        """Return what a job has of its caller: what belongs to a login only where we have none of our own."""
        found = {
            name: value
            for name, value in context.inherited.items()
            if name not in OF_LOGIN or not self._base.get(name.encode())
        }
        return {**found, "PATH": context.path} if context.path else found


def _parents(parents: Sequence[str]) -> dict[bytes, bytes]:
    """Return the variable that names the parents, as many as there is room for; none if there are no parents."""
    found, room = [], PARENTS_BYTES
    for parent in parents:
        room -= len(parent) + 1
        if room < 0:
            break
        found.append(parent)
    return {b"QUEUECTL_PARENTS": " ".join(found).encode()} if parents else {}


def _input(claim: Claim) -> dict[bytes, bytes]:
    """Return the variables that tell what was made from inputs which it is; none for another job."""
    if claim.item is None and claim.item_index is None:
        return {}
    item = {} if claim.item is None else {b"QUEUECTL_ITEM": claim.item.encode()}
    return item if claim.item_index is None else {**item, b"QUEUECTL_INDEX": b"%d" % claim.item_index}


def _last_attempt(claim: Claim) -> int:
    """Return the number of the last attempt that is allowed; numbers go on counting when a user retries a job."""
    return claim.attempt + max(0, claim.max_retries + 1 - claim.attempts)


def _encoded(variables: dict[str, str]) -> dict[bytes, bytes]:
    return {os.fsencode(name): os.fsencode(value) for name, value in variables.items()}
