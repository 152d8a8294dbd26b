"""A job like another one: the fields to enqueue it with, and the command line that does the same.

It has all that the other job was given, except its id and key; times only if they are still to come, and links only
while the other waits for them. Values that are the default of every home are left out; those of settings are not, since
another home may have other settings.
"""

from __future__ import annotations

from .fields import BY_NAME, GIVEN, overridden
from .job import HELD, SCHEDULED, Job
from .kinds import MASK, is_secret
from .link import AWAITING_STATES, WHENS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

OWN = ("id", "key", "key_for", "run_at", "expires_at")
NOTHING: Mapping[str, object] = {}


def copy_of(job: Job, now: int, changes: Mapping[str, object] = NOTHING) -> dict[str, Any]:
    """Return the fields of a job like this one as JSON has them, secrets included; `changes` replace its own."""
    found = overridden({**shown_copy_of(job, now), "env": dict(job.env)}, changes)
    env = found["env"]
    if isinstance(env, dict):
        # A secret variable that is changed to `***`, as it is shown, keeps its value.
        kept = {name: job.env[name] for name in secrets_of(job) if env.get(name) == MASK}
        found["env"] = {**env, **kept}
    return found


def shown_copy_of(job: Job, now: int) -> dict[str, Any]:
    """Return the same without changes, with `***` for secrets."""
    return {name: BY_NAME[name].kind.json(value) for name, value in _given(job, now).items()}


def words_to_add(job: Job, now: int) -> list[str]:
    """Return the words of a command that adds a job like this one.

    The variables of `secrets_of` have no value there: `add` takes the caller's. The shell stands there unless every
    home has it at first. It does not include the command's standard input.
    """
    values = _given(job, now)
    if values["shell"] == BY_NAME["shell"].default:
        del values["shell"]
    command = str(values.pop("command"))
    words = ["queuectl", "add"]
    for name, value in values.items():
        words += _option(name, value)
    # Without the option it would be read as an option, stdin or JSON.
    needs_option = command.startswith("-") or command.lstrip().startswith("{")
    return [*words, f"--command={command}" if needs_option else command]


def secrets_of(job: Job) -> list[str]:
    """Return the names of its variables whose values `words_to_add` leaves out, since they are secret."""
    return [name for name in job.env if is_secret(name)]


def _given(job: Job, now: int) -> dict[str, Any]:
    """Return the fields of a copy, as they are kept, by name."""
    values = {field.name: getattr(job, field.name) for field in GIVEN if field.is_kept and field.name not in OWN}
    if job.state not in AWAITING_STATES:
        values = {name: value for name, value in values.items() if name not in WHENS.values()}
    values["hold"] = job.state == HELD
    if job.state in (SCHEDULED, HELD) and job.run_at > now:
        values["run_at"] = job.run_at
    if job.expires_at is not None and job.expires_at > now:
        values["expires_at"] = job.expires_at
    return {name: value for name, value in values.items() if BY_NAME[name].setting or value != BY_NAME[name].default}


def _option(name: str, value: Any) -> list[str]:
    field = BY_NAME[name]
    if field.kind.is_flag:
        return [field.option]
    texts = field.kind.texts(value) if field.kind.texts else [field.kind.text(value)]
    # After a blank, a dash would begin another option.
    pairs = ([f"{field.option}={text}"] if text.startswith("-") else [field.option, text] for text in texts)
    return [word for pair in pairs for word in pair]
