"""Webhooks as users see them: their events, and how deliveries ended."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from ..model.errors import Conflict, InvalidInput, NotFound, did_you_mean, quoted
from ..model.lane import checked_name
from ..model.setting import TEXTS
from ..model.settings import find
from ..model.webhook import (
    OF_SETTINGS,
    TEST,
    Delivery,
    Event,
    Webhook,
    body_of,
    check_events,
    check_secret,
    headers,
    message,
)
from ..store import Store
from .home.opened import Part, load_settings
from .machine.doorbell import SCHEDULERS, ring

PATIENCE_SECONDS = 5.0


class Webhooks(Part):
    """The webhooks of a home."""

    def all(self) -> list[Webhook]:
        """Return every webhook, by name."""
        return self._opened.store.webhooks.all()

    def get(self, name: str) -> Webhook:
        """Return a webhook. Raises NotFound."""
        found = self._opened.store.webhooks.get(name)
        if found is None:
            meant = did_you_mean(name, [webhook.name for webhook in self.all()])
            raise NotFound(f"there is no webhook {quoted(name)}{meant}", hint="see them with: queuectl webhook list")
        return found

    def add(
        self,
        name: str,
        url: str,
        events: Sequence[str] = ("dead",),
        *,
        secret: str | None = None,
        allow_private: bool = False,
    ) -> Webhook:
        """Add a webhook for events from now on; return it.

        `secret` signs its messages: `whsec_` and 24 to 64 bytes in base64. `allow_private` allows an address of this
        machine or of a private network. Raises InvalidInput, or Conflict if there is one of that name.
        """
        if checked_name("webhook", name) == OF_SETTINGS:
            raise InvalidInput(f"{OF_SETTINGS} is the webhook of the setting webhook_url", field="name")
        address = _url(url)
        try:
            wanted = check_events(events)
        except ValueError as error:
            raise InvalidInput(f"events {error}, got {quoted(','.join(map(str, events)))}", field="events") from None
        try:
            kept = None if secret is None else check_secret(secret)
        except ValueError as error:
            raise InvalidInput(f"the secret {error}", field="secret") from None
        if not allow_private:
            _demand_public(address)
        opened, now = self._opened, self._opened.clock.wall()
        with opened.store.writing():
            is_new = opened.store.webhooks.add(
                name, address, wanted, secret=kept, allow_private=allow_private, actor=opened.actor, now=now
            )
            if not is_new:
                hint = f"see it with: queuectl webhook show {name}"
                raise Conflict(f"there is a webhook {quoted(name)} already", hint=hint, field="name")
            opened.note("webhook added", f"{name}: {', '.join(wanted)}", now=now)
        return self.get(name)

    def remove(self, name: str) -> None:
        """Delete a webhook and its waiting messages. Raises NotFound, or Conflict for that of the settings."""
        self.get(name)
        if name == OF_SETTINGS:
            raise Conflict("it is the webhook of the setting webhook_url", hint="queuectl config reset webhook_url")
        with self._opened.store.writing():
            if self._opened.store.webhooks.remove(name):
                self._opened.note("webhook removed", name)

    def pause(self, name: str) -> Webhook:
        """Send nothing to a webhook until it is resumed; its events wait for a day. Raises NotFound, Conflict."""
        self.get(name)
        opened = self._opened
        with opened.store.writing():
            if not opened.store.webhooks.pause(name, f"by {opened.actor}", opened.clock.wall()):
                raise Conflict(f"webhook {name} is paused already", hint=f"queuectl webhook resume {name}")
            opened.note("webhook paused", name)
        return self.get(name)

    def resume(self, name: str) -> Webhook:
        """Send to a webhook again, at once. Raises NotFound, Conflict."""
        self.get(name)
        opened = self._opened
        with opened.store.writing():
            if not opened.store.webhooks.resume(name):
                raise Conflict(f"webhook {name} is not paused")
            opened.note("webhook resumed", name)
        ring(opened.home, SCHEDULERS)
        return self.get(name)

    def test(self, name: str) -> Delivery:
        """Send a message to a webhook at once, out of turn; return how that ended. Raises NotFound."""
        from .machine.post import post

        webhook, clock, store = self.get(name), self._opened.clock, self._opened.store
        # If the delivery cannot be noted, nothing is sent.
        store.rehearse(PATIENCE_SECONDS)
        at, began = clock.wall(), clock.monotonic()
        body = body_of(message(Event.of({**dict.fromkeys(Event.__annotations__), "id": 0, "event": TEST, "at": at})))
        id = f"msg_{store.meta.home_id()}_test-{at}"
        answer = post(webhook.url, body, headers(id, body, webhook.secret, at), allow_private=webhook.allow_private)
        delivery = Delivery(TEST, None, at, 1, answer.status, answer.error, clock.monotonic() - began)
        with store.writing():
            store.webhooks.note(webhook, delivery)
        return delivery

    def deliveries(self, name: str, limit: int = 20) -> list[Delivery]:
        """Return the last deliveries of a webhook, up to 100, the newest first. Raises NotFound."""
        return self._opened.store.webhooks.deliveries(self.get(name), limit)


def follow_settings(store: Store, *, actor: str) -> None:
    """Make, change or remove the webhook of the settings. In a transaction."""
    settings = load_settings(store)
    url, events = settings.webhook_url, check_events(settings.webhook_events)
    found = store.webhooks.get(OF_SETTINGS)
    if url is not None and (found is None or found.url != url):
        try:
            _demand_public(url)
        except InvalidInput as error:
            hint = "for such an address, use: queuectl webhook add NAME URL --allow-private"
            raise InvalidInput(error.message, hint=hint, field="webhook_url") from None
    if url is None:
        store.webhooks.remove(OF_SETTINGS)
    elif found is None:
        store.webhooks.add(OF_SETTINGS, url, events, actor=actor, now=store.clock.wall())
    elif (found.url, found.events) != (url, events):
        store.webhooks.change(OF_SETTINGS, url, events)


def _url(text: str) -> str:
    try:
        found = find("webhook_url").read(text)
    except ValueError:
        found = None
    if not isinstance(found, str):
        raise InvalidInput(f"url must be {TEXTS['url'][1]}, got {quoted(text)}", field="url")
    return found


def _demand_public(url: str) -> None:
    """Raise InvalidInput for a URL that names an address of this machine or of a private network."""
    from .machine.post import is_public

    host = urlsplit(url).hostname or ""
    is_address = ":" in host or host.replace(".", "").isdigit()
    try:
        is_private = host == "localhost" or (is_address and not is_public(host))
    except ValueError:
        is_private = False
    if is_private:
        raise InvalidInput(f"{host} is a private address", hint="allow it with --allow-private", field="url")
