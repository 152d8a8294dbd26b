"""Steer the dashboard from outside: what it shall listen on, start it in the background, stop it, ask after it."""

from __future__ import annotations

import os
import re

from ..model.errors import InvalidInput
from .daemon import launch
from .instance import DASHBOARD, dashboard_pid
from .stopping import stop_daemon

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from ..store import Home
    from .queue import Queue

KILL_AFTER_MS = 10_000
# Not an argument: those are shown to everybody by `ps`.
TOKEN_VARIABLE = "QUEUECTL_DASHBOARD_TOKEN"
TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,256}")
MAKE_ONE = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe())'"


class DashboardOptions:
    """What a dashboard listens on and whom it lets in. Raises InvalidInput for what is not safe."""

    __slots__ = ("host", "port", "token", "allowed_hosts", "read_only")

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        allowed_hosts: Sequence[str] = (),
        read_only: bool = False,
    ) -> None:
        self.host = host
        self.port = port
        self.token = token
        self.allowed_hosts = tuple(allowed_hosts)
        self.read_only = read_only
        if token is None and not self.is_local:
            raise InvalidInput(
                f"{host} can be reached from other machines, and whoever can use the dashboard can run "
                "commands as you: it needs --token there",
                field="token",
                hint=MAKE_ONE,
            )
        if token is not None and not TOKEN.fullmatch(token):
            raise InvalidInput("a token has 16 to 256 of A-Z a-z 0-9 . _ ~ -", field="token", hint=MAKE_ONE)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it. Of a name other than localhost nobody can be sure."""
        import ipaddress

        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def arguments(self) -> list[str]:
        """Return them as the command takes them, without the token."""
        words = ["--host", self.host, "--port", str(self.port), *(["--read-only"] if self.read_only else [])]
        return words + [word for name in self.allowed_hosts for word in ("--allow-host", name)]


def start_dashboard(home: Home, options: DashboardOptions) -> str:
    """Start a dashboard in the background; return its URL once it answers. Raises Conflict, DaemonUnavailable."""
    home.prepare()
    if options.token is not None:
        os.environ[TOKEN_VARIABLE] = options.token
    try:
        launch(["--home", home.path, "dashboard", "start", *options.arguments()], home, home.dashboard_log)
    finally:
        os.environ.pop(TOKEN_VARIABLE, None)
    return read_url(home)


def stop_dashboard(queue: Queue) -> int | None:
    """Stop the dashboard and wait until it is gone; return its pid, None if there was none.

    Raises DaemonUnavailable if it runs where it cannot be stopped from here, or cannot be ended.
    """
    return stop_daemon(DASHBOARD, queue.home, queue.clock, KILL_AFTER_MS)


def dashboard_state(home: Home) -> dict[str, Any]:
    """Return whether a dashboard runs, its pid and where it is."""
    pid = dashboard_pid(home)
    return {"running": pid is not None, "pid": pid, "url": None if pid is None else read_url(home)}


def write_url(home: Home, url: str) -> None:
    """In the dashboard: write down where it is, with its token if it has a fixed one; for its user's eyes only."""
    with open(
        os.open(home.dashboard_url, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(url + "\n")


def read_url(home: Home) -> str:
    """Return where the dashboard is, an empty text before it has said so."""
    try:
        with open(home.dashboard_url, encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""
