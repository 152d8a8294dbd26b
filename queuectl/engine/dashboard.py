"""The dashboard of a home: how it is started and where it is. The pages that it serves are above the engine."""

from __future__ import annotations

import os
from typing import ContextManager

from ..model.dashboard import TOKEN_VARIABLE, DashboardOptions, DashboardState
from ..model.errors import DaemonUnavailable
from .daemons.daemon import DASHBOARD, Place
from .daemons.instance import Instance
from .daemons.launch import DIRECTORY, Start, directory, reporting

# A browser opens this page: `ps` would show a link with the token among its arguments.
OPENING_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
    '<meta http-equiv="refresh" content="0; url={0}"><title>QueueCTL</title>'
    '<p><a href="{0}">Open the dashboard</a></p></html>\n'
)


class Dashboard(Place):
    """The dashboard of an open home."""

    daemon = DASHBOARD

    @property
    def state(self) -> DashboardState:
        """Whether it runs, and where it is. Raises StoreUnavailable."""
        pid = self.pid
        return DashboardState() if pid is None else DashboardState(True, pid, *self.links())

    def start(self, options: DashboardOptions) -> str:
        """Start one in the background; return its URL once it answers. Raises Conflict, DaemonUnavailable."""
        if options.token is not None:
            os.environ[TOKEN_VARIABLE] = options.token
        try:
            DASHBOARD.start(self._opened, options.arguments())
        finally:
            os.environ.pop(TOKEN_VARIABLE, None)
        return self.links()[0]

    def take(self) -> Instance:
        """Make this process the dashboard of the home. Raises Conflict if it has one, StoreUnavailable."""
        return Instance(DASHBOARD, self._opened, keeps_directory=True)

    def reporting(self, ready_fd: int | None) -> ContextManager[Start]:
        """Return the context in which one starts: whatever waits at the descriptor learns why it did not start."""
        return reporting(ready_fd, DASHBOARD.name)

    def links(self) -> tuple[str, str]:
        """Return its URL and the link with its token, empty texts before they are written."""
        try:
            with open(self._opened.home.dashboard_url, encoding="utf-8") as file:
                url, _, link = file.read().partition("\n")
        except FileNotFoundError:
            return "", ""
        return url, link.strip()

    def write_links(self, url: str, link: str) -> None:
        """In the dashboard: write its URL and the link with its token, for its user only. Raises DaemonUnavailable."""
        import html

        home = self._opened.home
        try:
            self.remove_links()
            _write_privately(home.dashboard_url, f"{url}\n{link}\n")
            _write_privately(home.dashboard_page, OPENING_PAGE.format(html.escape(link)))
        except OSError as error:
            message = f"the dashboard cannot write down its link in {home.run}: {error.strerror}"
            raise DaemonUnavailable(message, hint="check the permissions and the free space of the home") from error

    def remove_links(self) -> None:
        """In the dashboard: remove what `write_links` wrote. Raises OSError."""
        for path in (self._opened.home.dashboard_url, self._opened.home.dashboard_page):
            try:
                os.unlink(path)
            except FileNotFoundError:
                continue


def started_in() -> str:
    """In the dashboard: return the directory that it was started in."""
    return os.environ.get(DIRECTORY) or directory()


def _write_privately(path: str, text: str) -> None:
    """Make a file that only its owner can ever read. Raises OSError, also if it exists."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
