"""The commands that `add -` reads from stdin, one on each line."""

from __future__ import annotations

from ...model.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..context import Context


def jobs_of_stdin(context: Context, fields: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a job with these fields for each line of stdin, and where each stands.

    Blank lines and those that begin with # are none. Raises InvalidInput, also where there is no other line.
    """
    from ...engine.intake import MAX_JOBS, READ_BYTES, decode

    if "id" in fields:
        raise InvalidInput("an id is for one job, not for those of stdin", field="id")
    lines = decode(context.front_end.read_stdin(READ_BYTES), "stdin").split("\n")
    found = {number: line.strip() for number, line in enumerate(lines, 1)}
    commands = {number: text for number, text in found.items() if text and not text.startswith("#")}
    if not commands:
        raise InvalidInput("stdin holds no command; one on each line was expected", field="command")
    if len(commands) > MAX_JOBS:
        raise InvalidInput(f"stdin: at most {MAX_JOBS} jobs can be added at once", field="command")
    for text in commands.values():
        demand_no_json(text, "-")
    places = [f"stdin:{number}" for number in commands]
    return [{**fields, "command": text} for text in commands.values()], places


def demand_no_json(command: str, word: str) -> None:
    """Raise InvalidInput for a job in JSON, which `enqueue` takes as `word`: as a command it would only fail later."""
    if not command.lstrip().startswith("{"):
        return
    import json

    try:
        found = json.loads(command)
    except (ValueError, RecursionError):
        return
    if isinstance(found, dict):
        raise InvalidInput("this is a job in JSON, not a command", field="command", hint=f"queuectl enqueue {word}")
