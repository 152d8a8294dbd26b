"""The output of a job: in chunks for a page that follows it, or as a text to keep.

Offsets are bytes of both streams together, in the order they came. Text is decoded one chunk at a time: a character
that a chunk cuts goes to the next chunk, and bytes that are not UTF-8 are shown as `\\xff`.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import Any

from ...engine.logs import Logs
from ...model.attempt import Attempt
from ...model.kinds import FLAG, integer, one_of
from ...model.piece import STDERR, STDOUT, Piece
from ...model.record import Record
from ..app import App
from ..http.message import HttpError, Response
from .answers import OUTPUT
from .route import Parameter, route

LIMIT = 65_536
PLAIN = "text/plain; charset=utf-8"
LARGEST = 262_144
FARTHEST = 10**18 - 1
STREAMS = {"both": None, "stdout": STDOUT, "stderr": STDERR}
NAMES = {STDOUT: "stdout", STDERR: "stderr"}


@route(
    "GET",
    "/jobs/{id}/output",
    "What an attempt of a job printed",
    query=(
        Parameter("attempt", integer(1, 1 << 31), "which attempt (default: the last)"),
        Parameter("stream", one_of(*STREAMS), "which stream", default="both"),
        Parameter("offset", integer(0, FARTHEST), "from which byte on", default=0),
        Parameter("limit", integer(1, LARGEST), "how many bytes to read, at most", default=LIMIT),
        Parameter("tail", integer(1, LARGEST), "only the last bytes, instead of offset and limit"),
        Parameter("format", one_of("json", "text"), "chunks, or the plain text", default="json"),
        Parameter("download", FLAG, "all of it as a text file", default=False),
    ),
    answer=OUTPUT,
    also=PLAIN,
    errors=(416, 422),
)
def job_output(
    app: App,
    *,
    id: str,
    attempt: int | None,
    stream: str,
    offset: int,
    limit: int,
    tail: int | None,
    format: str,
    download: bool,
) -> dict[str, Any] | Response:
    logs, job = app.queue.logs, app.queue.get(id)
    found = logs.attempt(job, attempt) if attempt is not None or logs.attempts(job) else None
    if download:
        name = f"{job.id.replace(':', '_')}-{0 if found is None else found.attempt}.log"
        pieces = None if found is None else logs.printed(found, stream=STREAMS[stream])
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(200, content_type=PLAIN, headers=disposition, pieces=pieces)
    if found is None:
        reading = Reading([], [], 0, 0, 0, job.is_final)
    else:
        reading = _read(logs, found, offset, limit, tail)
    runs = [run for run in reading.runs if STREAMS[stream] in (None, run.stream)]
    if format == "text":
        return Response(200, b"".join(run.data for run in runs), content_type=PLAIN)
    return {
        "id": job.id,
        "attempt": None if found is None else found.attempt,
        "state": job.state,
        "start": reading.start,
        "end": reading.end,
        "size": reading.size,
        "eof": reading.is_complete,
        "missing": [{"start": first, "end": last} for first, last in reading.missing],
        "chunks": [
            {"stream": NAMES[run.stream], "offset": run.position, "text": run.data.decode("utf-8", "backslashreplace")}
            for run in runs
        ],
    }


class Reading(Record):
    """Some of an output of `size` bytes: runs of one stream each, and the gaps; `is_complete`: nothing follows."""

    runs: list[Piece]
    missing: list[tuple[int, int]]
    start: int
    end: int
    size: int
    is_complete: bool


def _read(logs: Logs, attempt: Attempt, offset: int, limit: int, tail: int | None) -> Reading:
    """Return what is kept of an output between two places; a gap there is passed over as a whole. Raises HttpError."""
    size, is_ended = logs.size(attempt), attempt.finished_at is not None
    if is_ended and offset > size:
        raise HttpError(416, "beyond_end", f"the output has {size} bytes, {offset} is beyond its end", field="offset")
    start, limit = (offset, limit) if tail is None else (max(0, size - tail), tail)
    runs: list[Piece] = []
    missing: list[tuple[int, int]] = []
    end, until = start, start + limit
    for piece in logs.read(attempt, start):
        if piece.position > end:
            missing.append((end, piece.position))
            end = piece.position
        if piece.position >= until:
            break
        low = max(0, start - piece.position)
        part = Piece(piece.position + low, piece.stream, piece.data[low : until - piece.position])
        if runs and runs[-1].stream == part.stream and runs[-1].end == part.position:
            runs[-1].data += part.data
        else:
            runs.append(part)
        end = part.end
        if piece.end > until:
            break
    else:
        if is_ended and end < size:
            missing.append((end, size))
            end = size
    # A character that only begins at the end is left to the next reading. Before a gap nothing completes it.
    if runs and runs[-1].end == end and not (is_ended and end >= size):
        kept = whole_characters(runs[-1].data)
        if kept:
            runs[-1].data = runs[-1].data[:kept]
            end = runs[-1].end
    return Reading(runs, missing, start, end, size, is_ended and end >= size)


def whole_characters(data: bytes) -> int:
    """Return how many bytes there are without a character of UTF-8 that only begins at the end."""
    decoder = getincrementaldecoder("utf-8")("replace")
    decoder.decode(data[-4:])
    return len(data) - len(decoder.getstate()[0])
