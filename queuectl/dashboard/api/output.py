"""What a job printed: in chunks for a page that follows it, or as a text to keep.

Offsets are bytes of both streams together, in the order they came. Text is decoded a chunk at a time:
a character that a chunk ends within goes to the next chunk, and what is no UTF-8 is shown as `\\xff`.
"""

from __future__ import annotations

from ...engine.reports.reading import attempt_of, marked, read_output
from ...model.kinds import FLAG, integer
from ...model.noun import one_of
from ...store.output import STDERR, STDOUT, Piece
from ..http.message import HttpError, Response, json_response
from .answers import OUTPUT
from .route import Parameter, route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...model.job import Job
    from ...store import Store
    from ...store.attempts import Attempt
    from ..app import App

LIMIT = 65_536
PLAIN = "text/plain; charset=utf-8"
LARGEST = 262_144
FARTHEST = 1 << 60
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
        Parameter("limit", integer(1, LARGEST), "how many bytes to look at, at most", default=LIMIT),
        Parameter("tail", integer(1, LARGEST), "only the last bytes, instead of offset and limit"),
        Parameter("format", one_of("json", "text"), "chunks, or the plain text", default="json"),
        Parameter("download", FLAG, "all of it as a text file", default=False),
    ),
    answer=OUTPUT,
    also=PLAIN,
    errors=(400, 404, 416),
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
) -> Response:
    store, job = app.queue.store, app.queue.get(id)
    if attempt is None and not store.attempts.of_job(job.number):
        return _text(b"", job, None, download) if format == "text" or download else json_response(_not_yet(job))
    found = attempt_of(store, job, attempt)
    if download:
        return Response(
            200,
            content_type=PLAIN,
            headers=_as_file(job, found),
            pieces=marked(read_output(store, found), 0, STREAMS[stream]),
        )
    size = _size(store, found)
    if offset > size and found.finished_at is not None:
        raise HttpError(416, "beyond_end", f"the output has {size} bytes, {offset} is beyond its end", field="offset")
    start = offset if tail is None else max(0, size - tail)
    reading = _read(store, found, start, limit if tail is None else tail, size)
    runs = [run for run in reading.runs if STREAMS[stream] in (None, run.stream)]
    if format == "text":
        return _text(b"".join(run.data for run in runs), job, found, False)
    is_ended = found.finished_at is not None
    return json_response(
        OUTPUT.json(
            {
                "id": job.id,
                "attempt": found.attempt,
                "state": job.state,
                "start": start,
                "end": reading.end,
                "size": size,
                "eof": is_ended and reading.end >= size,
                "missing": [{"start": first, "end": last} for first, last in reading.missing],
                "chunks": [
                    {
                        "stream": NAMES[run.stream],
                        "offset": run.position,
                        "text": run.data.decode("utf-8", "backslashreplace"),
                    }
                    for run in runs
                ],
            }
        )
    )


def _not_yet(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "attempt": None,
        "state": job.state,
        "chunks": [],
        "start": 0,
        "end": 0,
        "size": 0,
        "eof": job.is_final,
        "missing": [],
    }


def _as_file(job: Job, attempt: Attempt | None) -> dict[str, str]:
    name = f"{job.id.replace(':', '_')}-{attempt.attempt if attempt is not None else 0}.log"
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _text(data: bytes, job: Job, attempt: Attempt | None, download: bool) -> Response:
    return Response(200, data, content_type=PLAIN, headers=_as_file(job, attempt) if download else {})


def _size(store: Store, attempt: Attempt) -> int:
    """Return how much an attempt has printed so far, with what is left out."""
    last = store.output.read_back(attempt.id, 0, 1)
    return max(attempt.output_size or 0, last[0].end if last else 0)


class Reading:
    """Some of an output: runs of bytes of one stream, what is missing between them, and where to go on."""

    __slots__ = ("runs", "missing", "end")

    def __init__(self, start: int) -> None:
        self.runs: list[Piece] = []
        self.missing: list[tuple[int, int]] = []
        self.end = start

    def add(self, piece: Piece) -> None:
        """Append a piece that begins at `end`; to the run before it, if that is of the same stream."""
        last = self.runs[-1] if self.runs else None
        if last is not None and last.stream == piece.stream and last.end == piece.position:
            last.data += piece.data
        else:
            self.runs.append(Piece(piece.position, piece.stream, piece.data))
        self.end = piece.end

    def skip(self, position: int) -> None:
        """Note that everything up to a place is missing."""
        self.missing.append((self.end, position))
        self.end = position

    def give_back_half_character(self) -> None:
        """Leave a character that only begins at the end to the next reading."""
        last = self.runs[-1] if self.runs else None
        # Before a gap nothing completes it.
        kept = whole_characters(last.data) if last is not None and last.end == self.end else 0
        if last is not None and kept:
            last.data = last.data[:kept]
            self.end = last.end


def _read(store: Store, attempt: Attempt, start: int, limit: int, size: int) -> Reading:
    """Return what is kept of an output between two places; a gap there is passed over as a whole."""
    found, until = Reading(start), start + limit
    is_ended = attempt.finished_at is not None
    for piece in read_output(store, attempt, start):
        if piece.position > found.end:
            found.skip(piece.position)
        if piece.position >= until:
            break
        low = max(0, start - piece.position)
        found.add(Piece(piece.position + low, piece.stream, piece.data[low : until - piece.position]))
        if piece.end > until:
            break
    else:
        if is_ended and found.end < size:
            found.skip(size)
    # Nothing follows what an ended attempt printed last.
    if not (is_ended and found.end >= size):
        found.give_back_half_character()
    return found


def whole_characters(data: bytes) -> int:
    """Return how many bytes there are without a character of UTF-8 that only begins at the end."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 1 if byte >= 0xF8 else 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return len(data) - back if length > back else len(data)
    return len(data)
