"""Webhooks, the events that wait for them in the outbox, and how deliveries ended.

A trigger writes the outbox, in the transaction of whatever has ended a job: a worker of an earlier version, too. It is
there while there are webhooks, since each change of a job pays for it. Each webhook reads the outbox in order and has a
position of its own; all methods that move it name the one that they have read.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..model.settings import EVENTS
from ..model.webhook import IS_GONE, MOST_WAITING, WAITS, Delivery, Event, Webhook
from .namelists import names_of, names_text
from .sqlite import Row, sqlite3
from .table import Table

EVENT = """id, event, at, job, number, command, queue, batch, tags, attempts, exit_code, signal, error, duration"""
# Where a webhook reads on: what it wants, after its position.
WANTED = "outbox.id > webhooks.position AND instr(webhooks.events, ',' || outbox.event || ',') > 0"
WAITING = f"SELECT count(*) FROM (SELECT 1 FROM outbox WHERE {WANTED} LIMIT {MOST_WAITING + 1})"
WEBHOOKS = f"SELECT *, ({WAITING}) AS waiting FROM webhooks"
ALL = f"{WEBHOOKS} ORDER BY name"
BY_NAME = f"{WEBHOOKS} WHERE name = ?"
DUE = f"""
SELECT id FROM webhooks WHERE paused_at IS NULL AND (next_at <= ? OR next_at > ?)
    AND EXISTS (SELECT 1 FROM outbox WHERE {WANTED})
ORDER BY next_at, id
"""
BY_ID = f"{WEBHOOKS} WHERE id = ?"
NEXT = f"""
SELECT {", ".join(f"outbox.{name.strip()}" for name in EVENT.split(","))} FROM webhooks JOIN outbox ON {WANTED}
WHERE webhooks.id = ? ORDER BY outbox.id LIMIT 1
"""
COUNTS = f"SELECT event, count(*) FROM webhooks JOIN outbox ON {WANTED} WHERE webhooks.id = ? GROUP BY event"
LAST = "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'"
# Webhooks whose position stays behind only because the events after it are not theirs.
PASSED_OVER = f"position < ({LAST}) AND NOT EXISTS (SELECT 1 FROM outbox WHERE {WANTED})"
HAS_PASSED_OVER = f"SELECT 1 FROM webhooks WHERE {PASSED_OVER} LIMIT 1"
PASS_OVER = f"UPDATE webhooks SET position = ({LAST}) WHERE {PASSED_OVER}"
ADD = """
INSERT INTO webhooks (name, url, events, secret, allow_private, position, created_at, created_by)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
CHANGE = "UPDATE webhooks SET url = ?, events = ?, failures = 0, failing_since = NULL, next_at = 0 WHERE name = ?"
# At another address nothing is known to be gone.
GO_ON = "UPDATE webhooks SET paused_at = NULL, pause_reason = NULL WHERE name = ? AND url <> ? AND pause_reason = ?"
PAUSE = "UPDATE webhooks SET paused_at = ?, pause_reason = ? WHERE name = ? AND paused_at IS NULL"
RESUME = """
UPDATE webhooks SET paused_at = NULL, pause_reason = NULL, failures = 0, failing_since = NULL, next_at = 0, dropped = 0
WHERE name = ? AND paused_at IS NOT NULL
"""
MOVE_ON = """
UPDATE webhooks SET position = ?, failures = 0, failing_since = NULL, next_at = 0, dropped = 0
WHERE id = ? AND position = ?
"""
DROP = "UPDATE webhooks SET position = ?, dropped = dropped + ? WHERE id = ? AND position = ?"
FAIL = """
UPDATE webhooks SET failures = failures + 1, failing_since = coalesce(failing_since, ?), next_at = ?
WHERE id = ? AND position = ? AND failures = ?
"""
EXPIRED = f"""
SELECT count(*), max(outbox.id) FROM webhooks JOIN outbox ON {WANTED} WHERE webhooks.id = ? AND outbox.at < ?
"""
DONE_WITH = "(at < ? OR id <= (SELECT min(position) FROM webhooks))"
HAS_OLD = f"SELECT 1 FROM outbox WHERE {DONE_WITH} LIMIT 1"
PRUNE = f"DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE {DONE_WITH} ORDER BY id LIMIT ?)"
NOTE = "INSERT INTO deliveries (webhook, event, job, at, try, status, error, took) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
FORGET = """
DELETE FROM deliveries WHERE webhook = ? AND id < (
    SELECT id FROM deliveries WHERE webhook = ? ORDER BY id DESC LIMIT 1 OFFSET ?)
"""
DELIVERIES = """
SELECT event, job, at, try AS attempt, status, error, took FROM deliveries WHERE webhook = ? ORDER BY id DESC LIMIT ?
"""
# The home is idle once the last job that is no hook has ended: no other one runs, was snoozed, or comes to run without
# waiting for a time or for a user. What waited for it is told only after that, in the same transaction: one that goes
# on takes the event back.
BEGIN_OUTBOX = """
CREATE TRIGGER IF NOT EXISTS outbox_of_jobs AFTER UPDATE OF state ON jobs
WHEN new.state <> old.state
BEGIN
    INSERT INTO outbox
        (event, at, job, number, command, queue, batch, tags, attempts, exit_code, signal, error, duration)
    SELECT state, updated_at, id, number, substr(command, 1, 1000), queue, batch, tags, attempts, exit_code, signal,
           substr(error, 1, 1000), duration
    FROM jobs
    WHERE number = new.number
        AND (state = 'completed' OR state = 'dead' OR state = 'failed' OR state = 'cancelled')
        AND EXISTS (SELECT 1 FROM webhooks WHERE instr(events, ',' || jobs.state || ',') > 0);
    DELETE FROM outbox
    WHERE old.state = 'blocked' AND new.state = 'pending' AND at = new.updated_at AND event = 'idle';
    INSERT INTO outbox (event, at)
    SELECT 'idle', updated_at FROM jobs
    WHERE number = new.number AND finished_at IS NOT NULL AND hook_of IS NULL
        AND EXISTS (SELECT 1 FROM webhooks WHERE instr(events, ',idle,') > 0)
        AND NOT EXISTS (
            SELECT 1 FROM jobs AS other INDEXED BY jobs_claimable
            WHERE state = 'pending' AND parked IS NULL AND hook_of IS NULL)
        AND NOT EXISTS (
            SELECT 1 FROM jobs AS other INDEXED BY jobs_parked WHERE parked IS NOT NULL AND hook_of IS NULL)
        AND NOT EXISTS (
            SELECT 1 FROM jobs AS other INDEXED BY jobs_processing WHERE state = 'processing' AND hook_of IS NULL)
        AND NOT EXISTS (
            SELECT 1 FROM jobs AS other INDEXED BY jobs_due
            WHERE (state = 'scheduled' OR state = 'failed') AND state = 'failed' AND hook_of IS NULL)
        AND NOT EXISTS (
            SELECT 1 FROM jobs AS other INDEXED BY jobs_snoozed
            WHERE state = 'scheduled' AND snoozes > 0 AND hook_of IS NULL);
END
"""
KEPT_DELIVERIES = 100
PRUNED_AT_ONCE = 1000


class Webhooks(Table):
    def all(self) -> list[Webhook]:
        """Return every webhook, by name."""
        return [_webhook(row) for row in self._database.rows(ALL)]

    def get(self, name: str | int) -> Webhook | None:
        """Return the webhook of this name, or of a number that `due` has named, None if there is none."""
        row = self._database.row(BY_NAME if isinstance(name, str) else BY_ID, (name,))
        return None if row is None else _webhook(row)

    def due(self, now: int) -> list[int]:
        """Return the webhooks with an event that is to be delivered by now, the one that waits longest first."""
        # One that would have to wait for longer than ever has met a clock that was set, and does not wait.
        return self._database.integers(DUE, (now, now + WAITS[-1]))

    def next(self, webhook: Webhook) -> Event | None:
        """Return the event that a webhook gets next, None if there is none."""
        row = self._database.row(NEXT, (webhook.id,))
        return None if row is None else Event.of(row)

    def counts(self, webhook: Webhook) -> dict[str, int]:
        """Return how many events of each name wait for a webhook."""
        found = {row[0]: row[1] for row in self._database.rows(COUNTS, (webhook.id,))}
        return {event: found[event] for event in EVENTS if event in found}

    def last(self) -> int:
        """Return the last event's number, 0 if there was none."""
        return int(self._database.value(LAST) or 0)

    def add(
        self,
        name: str,
        url: str,
        events: Sequence[str],
        *,
        secret: str | None = None,
        allow_private: bool = False,
        actor: str,
        now: int,
    ) -> bool:
        """Add a webhook for what happens from now on; return False if there is one of that name."""
        values = (name, url, names_text(events), secret, allow_private, self.last(), now, actor)
        try:
            self._database.insert(ADD, values)
        except sqlite3.IntegrityError:
            return False
        self._database.change(BEGIN_OUTBOX)
        return True

    def change(self, name: str, url: str, events: Sequence[str]) -> bool:
        """Give a webhook another address and other events, which is tried at once; return False if it is not there."""
        self._database.change(GO_ON, (name, url, IS_GONE))
        return self._database.change(CHANGE, (url, names_text(events), name)) == 1

    def remove(self, name: str) -> bool:
        """Delete a webhook; return False if it is not there."""
        is_removed = self._database.change("DELETE FROM webhooks WHERE name = ?", (name,)) == 1
        if self._database.value("SELECT 1 FROM webhooks LIMIT 1") is None:
            self._database.change("DROP TRIGGER IF EXISTS outbox_of_jobs")
        return is_removed

    def pause(self, name: str, reason: str, now: int) -> bool:
        """Deliver nothing more to a webhook, while events wait; return False if it is paused or not there."""
        return self._database.change(PAUSE, (now, reason, name)) == 1

    def resume(self, name: str) -> bool:
        """Deliver again, at once; return False if it is not paused or not there."""
        return self._database.change(RESUME, (name,)) == 1

    def move_on(self, webhook: Webhook, position: int) -> bool:
        """Note that a webhook has the events of the outbox up to a position; return False if somebody else moved it."""
        return self._database.change(MOVE_ON, (position, webhook.id, webhook.position)) == 1

    def has_passed_over(self) -> bool:
        """Return whether a webhook has no events left, but its position is before those of others."""
        return self._database.value(HAS_PASSED_OVER) is not None

    def pass_over(self) -> int:
        """Move these webhooks behind the events of others, so that these can be deleted; return how many there were."""
        return self._database.change(PASS_OVER)

    def drop(self, webhook: Webhook, position: int, events: int) -> bool:
        """Note how many events up to a position will not be delivered; return False if somebody else moved it."""
        return self._database.change(DROP, (position, events, webhook.id, webhook.position)) == 1

    def fail(self, webhook: Webhook, now: int, next_at: int) -> bool:
        """Note that the next event could not be delivered, and when to try again; return False if somebody else did."""
        values = (now, next_at, webhook.id, webhook.position, webhook.failures)
        return self._database.change(FAIL, values) == 1

    def expired(self, webhook: Webhook, before: int) -> tuple[int, int]:
        """Return how many events from before an instant wait for a webhook, and the last of them."""
        row = self._database.rows(EXPIRED, (webhook.id, before))[0]
        return int(row[0]), int(row[1] or 0)

    def has_old(self, before: int) -> bool:
        """Return whether the outbox has events from before an instant, or that every webhook is done with."""
        return self._database.value(HAS_OLD, (before,)) is not None

    def prune(self, before: int) -> int:
        """Delete up to a thousand of these events; return how many."""
        return self._database.change(PRUNE, (before, PRUNED_AT_ONCE))

    def note(self, webhook: Webhook, delivery: Delivery) -> None:
        """Keep how a delivery ended, and forget all but the last hundred."""
        values = (delivery.event, delivery.job, delivery.at, delivery.attempt, delivery.status, delivery.error)
        self._database.insert(NOTE, (webhook.id, *values, delivery.took))
        self._database.change(FORGET, (webhook.id, webhook.id, KEPT_DELIVERIES - 1))

    def deliveries(self, webhook: Webhook, limit: int) -> list[Delivery]:
        """Return the last deliveries of a webhook, the newest first."""
        return [Delivery.of(row) for row in self._database.rows(DELIVERIES, (webhook.id, limit))]


def _webhook(row: Row) -> Webhook:
    return Webhook.of({**dict(row), "events": names_of(row["events"]), "allow_private": bool(row["allow_private"])})
