"""The dashboard: its address, whom it lets in, and whether it runs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .errors import InvalidInput
from .record import Record

# Not an argument: `ps` shows those to everybody.
TOKEN_VARIABLE = "QUEUECTL_DASHBOARD_TOKEN"
TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,256}")
MAKE_ONE = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe())'"


class DashboardOptions(Record):
    """The address of a dashboard, and whom it lets in. Raises InvalidInput if that is not safe."""

    host: str = "127.0.0.1"
    port: int = 0
    token: str | None = None
    allowed_hosts: Sequence[str] = ()
    read_only: bool = False

    def __post_init__(self) -> None:
        strangers = ""
        if not self.is_local:
            strangers = f"{self.host} can be reached from other machines"
        elif self.allowed_hosts:
            strangers = f"a proxy for {self.allowed_hosts[0]} passes on what others send"
        if self.token is None and strangers:
            danger = "and anyone who can use the dashboard can run commands as you: it needs --token there"
            raise InvalidInput(f"{strangers}, {danger}", field="token", hint=MAKE_ONE)
        if self.token is not None and not TOKEN.fullmatch(self.token):
            raise InvalidInput("a token has 16 to 256 of A-Z a-z 0-9 . _ ~ -", field="token", hint=MAKE_ONE)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it. A name other than localhost may mean any address."""
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


class DashboardState(Record):
    """Whether a dashboard runs, its pid, its URL, and the link that has its token."""

    running: bool = False
    pid: int | None = None
    url: str | None = None
    link: str | None = None
