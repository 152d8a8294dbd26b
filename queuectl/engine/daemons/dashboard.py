"""The dashboard as seen from outside: what it listens on, how it is started, and where it is."""

from __future__ import annotations

import os
import re

from ...model.errors import DaemonUnavailable, InvalidInput
from ...model.record import Record
from .daemon import DASHBOARD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from ...store import Home

# Not an argument: those are shown to everybody by `ps`.
TOKEN_VARIABLE = "QUEUECTL_DASHBOARD_TOKEN"
TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,256}")
# A browser is given this page to open: its arguments are shown by `ps` too.
OPENING_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
    '<meta http-equiv="refresh" content="0; url={0}"><title>QueueCTL</title>'
    '<p><a href="{0}">Open the dashboard</a></p></html>\n'
)
MAKE_ONE = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe())'"


class DashboardOptions(Record):
    """What a dashboard listens on and whom it lets in. Raises InvalidInput for what is not safe."""

    host: str = "127.0.0.1"
    port: int = 0
    token: str | None = None
    allowed_hosts: Sequence[str] = ()
    read_only: bool = False

    def __post_init__(self) -> None:
        """Refuse what is not safe."""
        strangers = self._who_else_comes()
        if self.token is None and strangers:
            raise InvalidInput(
                f"{strangers}, and whoever can use the dashboard can run commands as you: it needs --token there",
                field="token",
                hint=MAKE_ONE,
            )
        if self.token is not None and not TOKEN.fullmatch(self.token):
            raise InvalidInput("a token has 16 to 256 of A-Z a-z 0-9 . _ ~ -", field="token", hint=MAKE_ONE)

    def _who_else_comes(self) -> str:
        """Return how others than the user reach it, an empty text if they do not."""
        if not self.is_local:
            return f"{self.host} can be reached from other machines"
        if self.allowed_hosts:
            return f"a proxy for {self.allowed_hosts[0]} passes on what others send"
        return ""

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
    if options.token is not None:
        os.environ[TOKEN_VARIABLE] = options.token
    try:
        DASHBOARD.start(home, options.arguments())
    finally:
        os.environ.pop(TOKEN_VARIABLE, None)
    return read_links(home)[0]


def dashboard_state(home: Home) -> dict[str, Any]:
    """Return whether a dashboard runs, its pid, its `url`, and the `link`, which has its token."""
    pid = DASHBOARD.pid(home)
    if pid is None:
        return {"running": False, "pid": None, "url": None, "link": None}
    url, link = read_links(home)
    return {"running": True, "pid": pid, "url": url, "link": link}


def write_links(home: Home, url: str, link: str) -> None:
    """In the dashboard: write down where it is and the link with its token, for its user's eyes only.

    Raises DaemonUnavailable.
    """
    import html

    try:
        remove_links(home)
        _write_privately(home.dashboard_url, f"{url}\n{link}\n")
        _write_privately(home.dashboard_page, OPENING_PAGE.format(html.escape(link)))
    except OSError as error:
        raise DaemonUnavailable(
            f"the dashboard cannot write down its link in {home.run}: {error.strerror}",
            hint="check the permissions and the free space of the home",
        ) from error


def remove_links(home: Home) -> None:
    """In the dashboard: remove what `write_links` wrote. Raises OSError."""
    for path in (home.dashboard_url, home.dashboard_page):
        try:
            os.unlink(path)
        except FileNotFoundError:
            continue


def _write_privately(path: str, text: str) -> None:
    """Make a file that only its owner can read, from its first instant. Raises OSError, also if it exists."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def read_links(home: Home) -> tuple[str, str]:
    """Return where the dashboard is and the link with its token, empty texts before it has said so."""
    try:
        with open(home.dashboard_url, encoding="utf-8") as file:
            url, _, link = file.read().partition("\n")
    except FileNotFoundError:
        return "", ""
    return url, link.strip()
