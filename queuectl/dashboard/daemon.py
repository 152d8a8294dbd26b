"""The dashboard as a process: one per home, from taking the lock to releasing it.

The main thread waits for signals, another accepts connections, others serve them. They are daemon threads: an open
stream does not keep the process alive.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from functools import partial
from typing import Any, Callable, Iterator, Mapping

from ..model.clock import SYSTEM_CLOCK, Clock
from ..model.dashboard import DashboardOptions
from ..model.errors import DaemonUnavailable, StoreUnavailable
from .api.overview import overview
from .api.routes import handle
from .app import App
from .http.server import Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..engine.daemons.instance import Instance
    from ..engine.machine.log import Log
    from ..store import Home

LOOK_SECONDS = 1.0
ACCEPT_SECONDS = 0.25
NOTE_SECONDS = 0.5
SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")


def run_dashboard(
    home: Home, options: DashboardOptions, *, on_ready: Callable[[str], None], clock: Clock = SYSTEM_CLOCK
) -> None:
    """Serve a home's dashboard until a signal, a second one at once; `on_ready` gets its URL. Raises QueueCTLError."""
    before = {name: signal.getsignal(getattr(signal, name)) for name in SIGNALS}
    app = App(home.path, read_only=options.read_only, clock=clock)
    instance = app.queue.dashboard.take()
    try:
        # An unusable home is an error now, not on every page.
        app.queue.settings()
        server = Server(
            app.queue, options, log=instance.log, handle=partial(handle, app), overview=partial(overview, app)
        )
        try:
            _serve(app, server, instance, on_ready, before)
        finally:
            server.server_close()
    finally:
        app.queue.leave()  # The threads of connections may still work.
        instance.close()


def _serve(
    app: App, server: Server, instance: Instance, on_ready: Callable[[str], None], before: Mapping[str, Any]
) -> None:
    place, wakeup, log = app.queue.dashboard, instance.wakeup, instance.log
    with _noting_failure(log):
        instance.enter()
    acceptor = threading.Thread(target=server.serve_forever, args=(ACCEPT_SECONDS,), name="acceptor", daemon=True)
    acceptor.start()
    try:
        place.write_links(server.url, server.link)
        log.say(f"started at {server.place}{', read-only' if app.read_only else ''}")
        with _noting_failure(log):
            instance.note("dashboard started", server.place, NOTE_SECONDS)
        on_ready(server.url)
        add_up(app, log)
        remade = 0
        while not wakeup.stops and acceptor.is_alive():
            instance.step()
            if instance.presence.remade != remade:
                with _noting_failure(log):
                    place.write_links(server.url, server.link)
                    remade = instance.presence.remade
            wakeup.wait(0 if wakeup.stops else LOOK_SECONDS)
    finally:
        # From now on a signal does what it did before: Ctrl-C ends even this.
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
        server.hub.close()
        server.shutdown()
        instance.leave("dashboard stopped", server.place, NOTE_SECONDS)
        try:
            place.remove_links()
        except OSError as error:
            # This is harmless: the token of a dashboard that has ended opens nothing.
            log.complain(f"the link in {app.queue.home.run} stays: {error.strerror}")


@contextmanager
def _noting_failure(log: Log) -> Iterator[None]:
    """Log a failure and go on: a read-only store can still be shown."""
    try:
        yield
    except (StoreUnavailable, DaemonUnavailable) as error:
        log.complain(str(error))


def add_up(app: App, log: Log) -> None:
    """Add up the totals before Prometheus first asks: months of history take long."""
    with _noting_failure(log):
        app.totals.read()
