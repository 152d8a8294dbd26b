"""The command line within this process: as `run_cli`, without the start of an interpreter.

`call` goes through `main`, so that words, output, errors and exit codes are those of a user.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import Any, Iterator, NamedTuple

from queuectl.__main__ import main
from queuectl.engine.queue import Queue
from queuectl.store import Store
from queuectl.store.home import Home
from tests.store import building
from tests.support import FakeClock, wait_until


class Answer(NamedTuple):
    """What a command said."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return what was printed, read back."""
        return json.loads(self.out)

    def error(self) -> dict[str, Any]:
        """Return the error that was printed for programs."""
        found: dict[str, Any] = json.loads(self.err.splitlines()[-1])["error"]
        return found

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def problems(self) -> list[str]:
        """What was wrong, a line each, without the beginning that is the same for all."""
        start = "queuectl: error: "
        return [line[len(start) :] for line in self.err.splitlines() if line.startswith(start)]

    @property
    def hint(self) -> str:
        start = "  hint: "
        return "".join(line[len(start) :] for line in self.err.splitlines() if line.startswith(start))


def call(home: str, *words: str, input: bytes = b"") -> Answer:
    """Run one command on a home; return its answer."""
    out, err = _stream(), _stream()
    stdin = io.TextIOWrapper(io.BytesIO(input), encoding="utf-8")
    with _streams(stdin, out, err):
        code = main(["--home", home, *words])
    return Answer(code, _text(out), _text(err))


def done(home: str, *words: str, input: bytes = b"") -> Answer:
    """Run one command that must succeed."""
    answer = call(home, *words, input=input)
    assert answer.code == 0, answer
    return answer


def refused(home: str, code: int, *words: str, input: bytes = b"") -> Answer:
    """Run one command that must fail with this code, a message, and no data."""
    answer = call(home, *words, input=input)
    assert answer.code == code, answer
    assert answer.problems, answer
    assert answer.out == "", answer
    return answer


def jobs(home: str) -> list[dict[str, Any]]:
    """Return all jobs of a home by number, as programs get them."""
    found: list[dict[str, Any]] = done(home, "list", "--limit", "0", "--sort", "number", "--json").json()
    return found


def ids(home: str, *words: str) -> list[str]:
    """Return the ids that `list` finds with these options."""
    return done(home, "list", *words, "-o", "ids").lines


def states(home: str) -> dict[str, str]:
    return {job["id"]: job["state"] for job in jobs(home)}


@contextlib.contextmanager
def store(home: str) -> Iterator[Store]:
    """The store of a home, to bring jobs into states without running them; see `building`."""
    with Store(Home(home), durable=False, clock=FakeClock()) as opened:
        yield opened


def bring(home: str, *wanted: str) -> list[str]:
    """Add a job for each state, named after it, with a tag and a queue of the same name; return the ids."""
    with store(home) as opened:
        for state in wanted:
            building.bring_to(
                opened, state, id=f"{state}-1", tags=(state,), queue=f"q-{state}", command=f"echo {state}"
            )
    return [f"{state}-1" for state in wanted]


def state_of(home: str, reference: str) -> str:
    with Queue(home) as queue:
        return queue.get(reference).state


def await_state(home: str, reference: str, *wanted: str) -> None:
    """Wait until a job is in one of the states."""
    with Queue(home) as queue:
        wait_until(lambda: queue.get(reference).state in wanted, what=f"{reference} is {wanted}")


def await_output(home: str, reference: str, text: str) -> None:
    """Wait until a job has printed a text; a job can be `processing` before its shell has done a thing."""
    wait_until(lambda: call(home, "logs", reference).out == text, what=f"{reference} printed {text!r}")


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    data: bytes = stream.buffer.getvalue()  # type: ignore[attr-defined]
    return data.decode()


@contextlib.contextmanager
def _streams(stdin: Any, out: Any, err: Any) -> Iterator[None]:
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = stdin, out, err
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before
