"""Commands for the web dashboard. What it looks like is the dashboard's business."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ...model.dashboard import TOKEN_VARIABLE, DashboardOptions
from ...model.errors import DaemonUnavailable
from ...model.nouns import daemons as nouns
from ...model.settings import find
from ..context import Context, Result
from ..grammar import arguments
from ..grammar.registry import Arg, command
from .workers import DETACH, READY_FD, stopped

HOST = find("dashboard_host")


@command(
    "dashboard start",
    Arg("--host", parse=HOST.read, setting="dashboard_host", help="the address to listen on (default: dashboard_host)"),
    Arg(
        "--port",
        "-p",
        parse=arguments.integer(0, 65_535),
        setting="dashboard_port",
        help="the port to listen on, 0 for any free one (default: dashboard_port)",
    ),
    Arg("--token", metavar="TOKEN", help="the token that opens it; $QUEUECTL_DASHBOARD_TOKEN is not shown by ps"),
    Arg(
        "--allow-host",
        many=True,
        parse=HOST.read,
        metavar="NAME",
        help="another host name that it is reached by, such as a proxy's; needs --token; repeatable",
    ),
    Arg("--read-only", flag=True, help="show everything, change nothing"),
    Arg("--detach", "-d", also=DETACH.also, flag=True, help="run in the background; returns when it is up"),
    Arg("--open", flag=True, help="open it in the browser"),
    READY_FD,
    aliases=("dashboard",),
    examples=("dashboard", "dashboard --port 8080 --open"),
)
def dashboard_start(
    context: Context,
    *,
    host: str | None,
    port: int | None,
    token: str | None,
    allow_host: Sequence[str],
    read_only: bool,
    detach: bool,
    open: bool,
    ready_fd: int | None,
) -> Result:
    """Serve the web dashboard until Ctrl-C.

    It adds and runs commands as you, so it listens on this machine only and lets only you in. Where the system does not
    know the owner of a browser, as on macOS, the link has a token. On any other address, and under a further name, it
    needs a token of yours; the connection is not encrypted, so put a proxy that encrypts in front of it outside of a
    trusted network.
    """
    settings = context.queue.settings()
    # Jobs and workers that are started from here are not to see it.
    from_environment = os.environ.pop(TOKEN_VARIABLE, None)
    options = DashboardOptions(
        host=settings.dashboard_host if host is None else host,
        port=settings.dashboard_port if port is None else port,
        token=(from_environment or None) if token is None else token,
        allowed_hosts=allow_host,
        read_only=read_only,
    )
    if detach:
        return _ready(context, options, context.queue.dashboard.start(options), opens=open)
    context.close()
    return _run_here(context, options, ready_fd, opens=open)


def _run_here(context: Context, options: DashboardOptions, ready_fd: int | None, *, opens: bool) -> Result:
    def ready(url: str) -> Result | None:
        start.succeed()
        if ready_fd is not None:
            return None
        found = _ready(context, options, url, opens=opens)
        found.notes = [*found.notes, "Ctrl-C ends it"]
        return found

    with context.queue.dashboard.reporting(ready_fd) as start:
        context.front_end.dashboard(context, options, ready)
    return Result()


def _ready(context: Context, options: DashboardOptions, url: str, *, opens: bool) -> Result:
    needs_token = "?token=" in url
    notes = []
    if not options.is_local:
        notes.append("anyone who has this link can run commands as you; it is not encrypted on its way")
    elif needs_token and options.token is None:
        notes.append("this system does not tell whose a browser is: the link has the token, keep it to yourself")
    if opens:
        import webbrowser
        from pathlib import Path

        if not webbrowser.open(Path(context.queue.home.dashboard_page).as_uri() if needs_token else url):
            notes.append("no browser was found to open it in")
    record = {"url": url, "pid": context.queue.dashboard.pid}
    return Result(nouns.DASHBOARD_LINK, record=record, message=f"Dashboard: {url}", ids=[url], notes=notes)


@command("dashboard status", examples=("dashboard status", "dashboard status --json"))
def dashboard_status(context: Context) -> Result:
    """Show whether the dashboard runs, where, and the link with its token."""
    found = context.queue.dashboard.state
    if not found.running:
        notes, code = ["start it with: queuectl dashboard"], DaemonUnavailable.exit_code
        return Result(nouns.DASHBOARD, record=found, message="Dashboard: not running", notes=notes, code=code)
    notes = [] if found.link == found.url else [f"where a page asks for a token, open {found.link}"]
    return Result(nouns.DASHBOARD, record=found, message=f"Dashboard: {found.url}", ids=[str(found.url)], notes=notes)


@command("dashboard stop", examples=("dashboard stop", "dashboard stop --json"))
def dashboard_stop(context: Context) -> Result:
    """Stop the dashboard; returns when it is gone."""
    return stopped(context.queue.dashboard.stop(), "Dashboard stopped", "no dashboard was running")
