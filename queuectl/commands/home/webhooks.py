"""Commands about webhooks: addresses that get a message when jobs end."""

from __future__ import annotations

from ...model.nouns.webhooks import DELIVERY, WEBHOOK
from ...model.settings import EVENTS
from ...model.webhook import check_events
from ..context import Context, Result
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..grammar.shared import LIMIT, limit_of

NAME = Arg("name", metavar="NAME", parse=arguments.name, complete="webhook", help="the webhook's name")
COLUMNS = ("name", "state", "address", "events", "signed", "waiting", "failures", "retry_at")
MOST_SECRET_BYTES = 1024


@command(
    "webhook add",
    NAME,
    Arg("url", metavar="URL", help="an http or https URL"),
    Arg(
        "--events",
        parse=lambda text: [*check_events([word.strip() for word in text.split(",") if word.strip()])],
        many=True,
        metavar="EVENT",
        help=f"{', '.join(EVENTS)}, or all (default: dead)",
    ),
    Arg("--secret-file", metavar="FILE", complete="file", help="sign with the secret in this file; - for stdin"),
    Arg("--allow-private", flag=True, help="also if it is an address of this machine or of a private network"),
    examples=(
        "webhook add chat https://chat.example.com/hooks/1 --events dead,idle",
        "webhook add ci https://ci.example.com/ --secret-file secret.txt",
    ),
)
def webhook_add(
    context: Context, *, name: str, url: str, events: list[str], secret_file: str | None, allow_private: bool
) -> Result:
    """Send events to an address, from now on.

    Each event is a POST with JSON, in the form of Standard Webhooks. While workers or a scheduler run, events are sent
    in their order, and each at least once. What cannot be delivered is tried again for a day.
    """
    secret = None
    if secret_file is not None:
        secret = context.bytes_of(secret_file, MOST_SECRET_BYTES, field="secret_file").decode("ascii", "replace")
    found = context.queue.webhooks.add(name, url, events or ["dead"], secret=secret, allow_private=allow_private)
    context.front_end.hint(lambda: f"try it with: queuectl webhook test {name}")
    return Result(WEBHOOK, record=found, message=f"Webhook {name}: {', '.join(found.events)}", ids=[name])


@command("webhook list", watch=True, examples=("webhook list", "webhook list --json"))
def webhook_list(context: Context) -> Result:
    """Show the webhooks: the events of each, and how many wait for it."""
    rows = context.queue.webhooks.all()
    notes = [] if rows else ["there are no webhooks; add one with: queuectl webhook add NAME URL"]
    return Result(WEBHOOK, rows=rows, columns=COLUMNS, ids=[row.name for row in rows], notes=notes)


@command("webhook show", NAME, examples=("webhook show chat", "webhook show pager"))
def webhook_show(context: Context, *, name: str) -> Result:
    """Show one webhook. Its address is shown without what may be a secret in it."""
    return Result(WEBHOOK, record=context.queue.webhooks.get(name), ids=[name])


@command("webhook test", NAME, examples=("webhook test chat", "webhook test pager"))
def webhook_test(context: Context, *, name: str) -> Result:
    """Send a message to a webhook at once, and show how that ended; the exit code is 1 if it was not accepted."""
    delivery = context.queue.webhooks.test(name)
    message = f"Webhook {name}: " + (delivery.error or f"answered {delivery.status}")
    return Result(DELIVERY, record=delivery, message=message, ids=[name], code=int(delivery.error is not None))


@command("webhook pause", NAME, examples=("webhook pause chat", "webhook pause pager"))
def webhook_pause(context: Context, *, name: str) -> Result:
    """Send nothing to a webhook until it is resumed. Events wait for a day."""
    found = context.queue.webhooks.pause(name)
    return Result(WEBHOOK, record=found, message=f"Webhook {name} is paused", ids=[name])


@command("webhook resume", NAME, examples=("webhook resume chat", "webhook resume pager"))
def webhook_resume(context: Context, *, name: str) -> Result:
    """Send to a webhook again, also to one that answered 410."""
    found = context.queue.webhooks.resume(name)
    return Result(WEBHOOK, record=found, message=f"Webhook {name} gets events again", ids=[name])


@command("webhook remove", NAME, examples=("webhook remove chat", "webhook remove pager"))
def webhook_remove(context: Context, *, name: str) -> Result:
    """Remove a webhook; what waits for it is not sent."""
    found = context.queue.webhooks.get(name)
    context.queue.webhooks.remove(name)
    return Result(WEBHOOK, record=found, message=f"Webhook removed: {name}", ids=[name])


@command("webhook deliveries", NAME, LIMIT, examples=("webhook deliveries chat", "webhook deliveries chat --limit 5"))
def webhook_deliveries(context: Context, *, name: str, limit: int | None) -> Result:
    """Show the last deliveries to a webhook, up to 100, the newest first: each answer, or what went wrong."""
    rows = context.queue.webhooks.deliveries(name, limit_of(context, limit))
    return Result(DELIVERY, rows=rows, notes=[] if rows else [f"nothing was sent to {name} yet"])
