"""The environment that a command gets, as bytes: what the system call takes without another conversion.

It is the worker's own without the QUEUECTL_ variables, the search path of whoever enqueued the job,
the job's variables, and what tells the command who it is. The marker tells us whose a process is.
"""

from __future__ import annotations

import os

from .process import MARKER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..store import Home
    from ..store.claim import Claim

PREFIX = "QUEUECTL_"


def marker(home_id: str, mark: str, claim: Claim) -> str:
    """Return the text that marks the processes of an attempt.

    `mark` is a random text of the worker's start: no other attempt has the same, not even one of a copied home.
    A worker of an older version has none.
    """
    return "-".join(filter(None, (home_id, mark, str(claim.number), str(claim.attempt_id))))


def base_environment(home: Home) -> dict[bytes, bytes]:
    """Return what every job's environment starts with."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return _encoded({**variables, "QUEUECTL_HOME": home.path})


def attempt_environment(base: dict[bytes, bytes], claim: Claim, mark: str) -> dict[bytes, bytes]:
    """Return the environment of one attempt."""
    variables = {"PATH": claim.context.path} if claim.context.path else {}
    variables.update(claim.context.env)
    variables.update(
        {
            "QUEUECTL_JOB_ID": claim.id,
            "QUEUECTL_JOB_NUMBER": str(claim.number),
            "QUEUECTL_ATTEMPT": str(claim.attempt),
            "QUEUECTL_MAX_ATTEMPTS": str(_last_attempt(claim)),
            "QUEUECTL_QUEUE": claim.queue,
            MARKER: mark,
        }
    )
    return {**base, **_encoded(variables)}


def _last_attempt(claim: Claim) -> int:
    """Return the number of the last attempt that is allowed; numbers go on counting when a user retries a job."""
    return claim.attempt + max(0, claim.max_retries + 1 - claim.attempts)


def _encoded(variables: dict[str, str]) -> dict[bytes, bytes]:
    return {os.fsencode(name): os.fsencode(value) for name, value in variables.items()}
