"""A webhook: an address that gets a message for each event, and the form of the message.

The form of a message is that of Standard Webhooks (https://www.standardwebhooks.com): `webhook-id` is the same for each
try, `webhook-signature` is an HMAC with SHA-256 over the id, the time and the body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .kinds import seconds
from .quantity import counted
from .record import Record
from .settings import EVENTS
from .when import DAY, HOUR, MINUTE, SECOND, iso

TEST, DIGEST = "test", "digest"
# The name of the webhook that the settings define.
OF_SETTINGS = "settings"
SECRET_PREFIX = "whsec_"
SECRET_BYTES = (24, 64)
# How long to wait after each failure; the last value repeats.
WAITS = (SECOND, 5 * SECOND, 30 * SECOND, 5 * MINUTE, 30 * MINUTE, HOUR)
# An event that could not be delivered in this time is dropped.
KEPT_MS = DAY
# More events than this become one.
MOST_WAITING = 10_000
GONE = 410
IS_GONE = "it answered 410: it is gone"
ACTIVE, PAUSED, FAILING = STATES = ("active", "paused", "failing")


class Event(Record):
    """A row of the outbox; without a job for an event of the home. Times are milliseconds."""

    id: int
    event: str
    at: int
    job: str | None
    number: int | None
    command: str | None
    queue: str | None
    batch: str | None
    tags: str | None
    attempts: int | None
    exit_code: int | None
    signal: int | None
    error: str | None
    duration: int | None


class Webhook(Record):
    """A webhook as it stood when it was read. `waiting` is how many events wait for it."""

    id: int
    name: str
    url: str
    events: tuple[str, ...]
    secret: str | None
    allow_private: bool
    position: int
    failures: int
    failing_since: int | None
    next_at: int
    dropped: int
    paused_at: int | None
    pause_reason: str | None
    created_at: int
    created_by: str
    waiting: int

    @property
    def state(self) -> str:
        """Its state, a word of STATES."""
        if self.paused_at is not None:
            return PAUSED
        return FAILING if self.failures else ACTIVE

    @property
    def address(self) -> str:
        """Its URL without the path, which is often a secret."""
        return masked(self.url)

    @property
    def retry_at(self) -> int | None:
        """When the next event is tried again, None if it was not tried yet."""
        return self.next_at if self.failures else None

    @property
    def signed(self) -> bool:
        """Whether its messages are signed."""
        return self.secret is not None


class Delivery(Record):
    """One try to deliver an event: the `status` of the answer, or what went wrong. `took` is in milliseconds."""

    event: str
    job: str | None
    at: int
    attempt: int
    status: int | None
    error: str | None
    took: int


def masked(url: str) -> str:
    """Return a URL without its path and query."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    host = host.partition("?")[0]
    return f"{scheme}://{host}/***" if path or "?" in rest else f"{scheme}://{host}{slash}"


def wait_after(failures: int) -> int:
    """Return how many milliseconds to wait after a number of failures in a row."""
    return WAITS[min(failures, len(WAITS)) - 1]


def message(event: Event) -> dict[str, object]:
    """Return the message about an event, as JSON has it; `text` says it in words, which chat services show."""
    if event.job is None:
        is_test = event.event == TEST
        text = "a test of this webhook" if is_test else "no job runs or is about to run any more"
        return _message(event.event, event.at, text, {})
    data = {
        "id": event.job,
        "number": event.number,
        "state": event.event,
        "command": event.command,
        "queue": event.queue,
        "batch": event.batch,
        "tags": [tag for tag in (event.tags or "").split(",") if tag],
        "attempts": event.attempts,
        "exit_code": event.exit_code,
        "signal": event.signal,
        "error": event.error,
        "duration": seconds(event.duration),
    }
    error = f": {event.error}" if event.error else ""
    return _message(f"job.{event.event}", event.at, f"{event.job} is {event.event}{error} ({event.command})", data)


def digest(counts: Mapping[str, int], at: int) -> dict[str, object]:
    """Return the one message for many events: how many there were of each."""
    each = ", ".join(f"{count} {event}" for event, count in counts.items())
    text = f"{counted(sum(counts.values()), 'event')} waited for too long to be sent one by one: {each}"
    return _message(DIGEST, at, text, {"events": dict(counts)})


def _message(type: str, at: int, text: str, data: Mapping[str, object]) -> dict[str, object]:
    return {"type": type, "timestamp": iso(at), "text": text, "data": data}


def body_of(message: Mapping[str, object]) -> bytes:
    """Return a message as it is sent."""
    import json

    return json.dumps(message).encode()


def headers(id: str, body: bytes, secret: str | None, now: int) -> dict[str, str]:
    """Return the headers of a message; `now` is in milliseconds."""
    found = {"Content-Type": "application/json", "webhook-id": id, "webhook-timestamp": str(now // 1000)}
    if secret is not None:
        found["webhook-signature"] = signature(id, now // 1000, body, secret)
    return found


def signature(id: str, timestamp: int, body: bytes, secret: str) -> str:
    """Return the signature of a message; `timestamp` is in seconds."""
    import base64
    import hmac

    signed = b".".join((id.encode(), b"%d" % timestamp, body))
    return "v1," + base64.b64encode(hmac.new(_key(secret), signed, "sha256").digest()).decode()


def check_secret(text: str) -> str:
    """Return a secret: `whsec_` and 24 to 64 bytes in base64. Raises ValueError with the rule, without the secret."""
    found = text.strip()
    try:
        length = len(_key(found)) if found.startswith(SECRET_PREFIX) else 0
    except ValueError:
        length = 0
    low, high = SECRET_BYTES
    if not low <= length <= high:
        raise ValueError(f"must be {SECRET_PREFIX} and {low} to {high} bytes in base64")
    return found


def _key(secret: str) -> bytes:
    import base64

    return base64.b64decode(secret[len(SECRET_PREFIX) :], validate=True)


def check_events(events: Sequence[str]) -> tuple[str, ...]:
    """Return the names of events, each once and in the order of EVENTS. Raises ValueError with the rule."""
    if not events or not set(events) <= {*EVENTS, "all"}:
        raise ValueError(f"must be one or more of {', '.join(EVENTS)}, or all")
    return EVENTS if "all" in events else tuple(event for event in EVENTS if event in events)
