"""Jobs from JSON text: one object, an array of objects, or one object a line.

Stricter than Python's reader, since a job that means something else than its author thought is worse than an error: no
duplicate keys, no NaN, no number that another program would round. Comments from // to the end of a line are skipped.
Files may be UTF-8 or UTF-16 with the marks that other programs write.
"""

from __future__ import annotations

import codecs
import json
import re

from ..model.errors import InvalidInput, quoted
from ..model.fields import BY_NAME
from ..model.kinds import MASK, is_secret
from ..model.nouns.jobs import JOB_DETAIL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_BYTES = 64 * 1024 * 1024
# One byte more shows that there is too much; so even /dev/zero has an end.
READ_BYTES = MAX_BYTES + 1
MAX_JOBS = 100_000
MAX_DIGITS = 16
MAX_PROBLEMS = 20
LINES = "commands, one on each line, are taken by: queuectl add -"
MARKS_OF_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# A text, which may have two slashes in it, or a comment.
TEXT_OR_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*')
COMPUTED = frozenset(name for name in JOB_DETAIL.keys if name not in BY_NAME or not BY_NAME[name].is_given)


class JobText:
    """The jobs of a text, and beside them the places they stand at."""

    __slots__ = ("jobs", "places")

    def __init__(self) -> None:
        self.jobs: list[dict[str, Any]] = []
        self.places: list[str] = []

    def append(self, job: object, place: str) -> None:
        """Add a value that should be a job. Raises InvalidInput."""
        if not isinstance(job, dict):
            raise InvalidInput(f"{place}: a job must be a JSON object, got {quoted(job)}")
        if len(self.jobs) == MAX_JOBS:
            raise InvalidInput(f"{place}: at most {MAX_JOBS} jobs can be enqueued at once")
        self.jobs.append(job)
        self.places.append(place)


def read_file(path: str, hint: str = "give JSON, a file that exists, or - for stdin") -> str:
    """Return a file's text. Raises InvalidInput, saying why it cannot be read."""
    try:
        with open(path, "rb") as file:
            return decode(file.read(READ_BYTES), path)
    except OSError as error:
        raise InvalidInput(f"cannot read {path}: {error.strerror}", hint=hint, field="file") from error


def decode(data: bytes, source: str) -> str:
    """Return bytes as text. Raises InvalidInput if they are too many or not Unicode."""
    if len(data) > MAX_BYTES:
        raise InvalidInput(f"{source} has more than {MAX_BYTES} bytes, the most that is allowed")
    encoding, name = ("utf-16", "UTF-16") if data.startswith(MARKS_OF_UTF_16) else ("utf-8-sig", "UTF-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{source} is not {name} (byte {error.start})") from error


def parse_jobs(text: str, source: str) -> JobText:
    """Return the jobs of a text; `source` names it in messages. Raises InvalidInput with every problem."""
    if "//" in text:
        # Blanks in place of comments: nothing else moves.
        text = TEXT_OR_COMMENT.sub(lambda found: found[0] if found[0][0] == '"' else " " * len(found[0]), text)
    stripped = text.strip()
    if not stripped:
        raise InvalidInput(f"{source} is empty, a JSON object, an array or JSON lines was expected")
    found = JobText()
    if stripped[0] == "[":
        for index, job in enumerate(_read(stripped, source), 1):
            found.append(job, f"{source}: job {index}")
    elif _is_lines(stripped):
        _read_lines(text, source, found)
    else:
        found.append(_read(stripped, source), source)
    if not found.jobs:
        raise InvalidInput(f"{source} has no jobs")
    return found


def leave_out(jobs: list[dict[str, Any]], *, but_secrets: bool = False) -> list[str]:
    """Remove computed fields and masked values (unless `but_secrets`) from jobs; return what to say about that."""
    computed = dict.fromkeys(key for job in jobs for key in job if key in COMPUTED)
    secrets = dict.fromkeys(name for job in jobs for name in _masked(job) if not but_secrets)
    for job in jobs if computed or secrets else ():
        for key in COMPUTED.intersection(job):
            del job[key]
        for name in _masked(job) if not but_secrets else ():
            del job["env"][name]
    notes = [f"left out, since QueueCTL computes it: {', '.join(computed)}"] if computed else []
    if secrets:
        notes.append(f"left out, since the value is not there: {', '.join(secrets)}; give it with --env NAME")
    return notes


def _masked(job: dict[str, Any]) -> list[str]:
    env = job.get("env")
    return [name for name, value in env.items() if value == MASK and is_secret(name)] if isinstance(env, dict) else []


def parse_value(text: str) -> Any:
    """Return the JSON value of a text, strictly. Raises InvalidInput."""
    return _read(text, "the value")


def _is_lines(text: str) -> bool:
    """Whether a text that does not begin an array is JSON lines: its first line is a whole value."""
    first, newline, _ = text.partition("\n")
    if not newline:
        return False
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return True


def _read_lines(text: str, source: str, found: JobText) -> None:
    problems: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line or line.isspace():
            continue
        try:
            found.append(_read(line, f"{source}:{number}", is_line=True), f"{source}:{number}")
        except InvalidInput as error:
            problems.append(error.message)
            if len(problems) == MAX_PROBLEMS:
                break
    if problems:
        raise InvalidInput.of(problems)


def _read(text: str, place: str, *, is_line: bool = False) -> Any:
    """Return the JSON value of a text; `place` names it, with its line if it is one. Raises InvalidInput."""
    try:
        return DECODER.decode(text)
    except RecursionError:
        raise InvalidInput(f"{place}: too deeply nested") from None
    except json.JSONDecodeError as error:
        where = f"column {error.colno}" if is_line else f"line {error.lineno} column {error.colno}"
        is_json = text.lstrip()[:1] in ("{", "[", '"')
        raise InvalidInput(f"{place}: not valid JSON: {error.msg}: {where}", hint=None if is_json else LINES) from None
    except ValueError as error:
        raise InvalidInput(f"{place}: not valid JSON: {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {quoted(twice)} appears twice in one object")
    return found


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"number {quoted(text)} has too many digits")
    return int(text)


def _constant(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_constant=_constant)
