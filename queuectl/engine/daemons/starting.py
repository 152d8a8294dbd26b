"""Start workers by a process of its own: one that has threads must not fork."""

from __future__ import annotations

from ...model.errors import DaemonUnavailable
from .launch import error_class, own_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...store import Home

START_SECONDS = 90
HINT = "see queuectl worker logs"


def start_workers(home: Home, group: str, count: int | None) -> None:
    """Run `worker start` for a group and return once its workers are up. `count` None means `worker_count` of them.

    Raises the error that the command gave, DaemonUnavailable where it gave none.
    """
    import json
    import subprocess

    named = ["--queue", group] if group else []
    counted = [] if count is None else ["--count", str(count)]
    command = own_command(["--home", home.path, "--json", "worker", "start", *named, *counted])
    empty, pipe = subprocess.DEVNULL, subprocess.PIPE
    try:
        done = subprocess.run(command, stdin=empty, stdout=empty, stderr=pipe, timeout=START_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise DaemonUnavailable("the workers did not come up in time", hint=HINT) from None
    except OSError as error:
        raise DaemonUnavailable(f"the workers did not come up: {error.strerror or error}") from error
    if done.returncode == 0:
        return
    try:
        said = json.loads(done.stderr)["error"]
        raise error_class(said["code"])(said["message"], field=said["field"], hint=said["hint"])
    except (ValueError, KeyError, TypeError):
        raise DaemonUnavailable("the workers did not come up", hint=HINT) from None
