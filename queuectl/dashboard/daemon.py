"""The dashboard as a process: one of a home, from the lock to the last good-bye.

The main thread waits for signals; a thread accepts connections, others serve them. They are daemon threads:
a stream that is open does not keep the process from ending.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from functools import partial

from ..engine.daemons.dashboard_control import remove_links, write_links
from ..engine.home.instance import DASHBOARD, enter, leave, lock_text, take_lock
from ..engine.home.presence import Presence
from ..engine.machine.doorbell import Doorbell
from ..engine.machine.reaper import Reaper
from ..engine.machine.wakeup import Wakeup
from ..model.clock import SYSTEM_CLOCK
from ..model.errors import DaemonUnavailable, StoreUnavailable
from .api.overview import overview
from .api.routes import handle
from .app import App
from .http.server import Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, Mapping

    from ..engine.daemons.dashboard_control import DashboardOptions
    from ..engine.machine.log import Log
    from ..model.clock import Clock
    from ..store import Home
    from ..store.lockfile import LockFile

BELL = "dashboard"
LOOK_SECONDS = 1.0
ACCEPT_SECONDS = 0.25
NOTE_SECONDS = 0.5
SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")


def run_dashboard(
    home: Home, options: DashboardOptions, *, on_ready: Callable[[str], None], clock: Clock = SYSTEM_CLOCK
) -> None:
    """Serve the dashboard of a home until told to stop; `on_ready` is given its URL. Raises QueueCTLError.

    A second signal to stop does not wait for anybody.
    """
    home.prepare()
    lock = take_lock(DASHBOARD, home, clock)
    app = App(home.path, read_only=options.read_only, clock=clock)
    before = {name: signal.getsignal(getattr(signal, name)) for name in SIGNALS}
    try:
        # A home that cannot be used is an error now, not on every page.
        app.queue.settings()
        server = Server(app.queue, options, handle=partial(handle, app), overview=partial(overview, app))
        try:
            _serve(home, app, server, lock, on_ready, before)
        finally:
            server.server_close()
    finally:
        app.queue.close()
        lock.close()


def _serve(
    home: Home,
    app: App,
    server: Server,
    lock: LockFile,
    on_ready: Callable[[str], None],
    before: Mapping[str, Any],
) -> None:
    store, clock, log = app.queue.store, app.clock, server.log
    record = ""
    with _noting_failure(log):
        record = enter(DASHBOARD, store, clock.wall())
    bell = Doorbell(home, BELL)
    presence = Presence(home, store.database, lock, bell, log=log, clock=clock, text=lock_text())
    reaper = Reaper(clock)
    wakeup = Wakeup(bell, interrupts=True)
    acceptor = threading.Thread(target=server.serve_forever, args=(ACCEPT_SECONDS,), name="acceptor", daemon=True)
    acceptor.start()
    try:
        write_links(home, server.url, server.link)
        log.say(f"started at {server.place}{', read-only' if app.read_only else ''}")
        _note(app, server, "dashboard started")
        on_ready(server.url)
        add_up(app, log)
        remade = 0
        while not wakeup.stops and acceptor.is_alive():
            reaper.step()
            wakeup.stop(presence.step())
            if presence.remade != remade:
                with _noting_failure(log):
                    write_links(home, server.url, server.link)
                    remade = presence.remade
            wakeup.wait(0 if wakeup.stops else LOOK_SECONDS)
    finally:
        # From now on a signal does what it did before us: Ctrl-C ends even this.
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
        wakeup.close()
        server.hub.close()
        server.shutdown()
        _note(app, server, "dashboard stopped")
        with _noting_failure(log):
            leave(DASHBOARD, store, record, NOTE_SECONDS)
        presence.close()
        _remove_links(home, log)
        log.say("stopped")


@contextmanager
def _noting_failure(log: Log) -> Iterator[None]:
    """Go on without what fails: a store that cannot be written to at the moment can still be looked at."""
    try:
        yield
    except (StoreUnavailable, DaemonUnavailable) as error:
        log.complain(str(error))


def add_up(app: App, log: Log) -> None:
    """Add up what is over before Prometheus first asks, which would then take long with months of it."""
    with _noting_failure(log):
        app.totals.read(app.queue.store, app.clock.wall())


def _remove_links(home: Home, log: Log) -> None:
    try:
        remove_links(home)
    except OSError as error:
        # Nobody is kept from anything: the token of a dashboard that has ended opens nothing.
        log.complain(f"the link in {home.run} stays: {error.strerror}")


def _note(app: App, server: Server, what: str) -> None:
    with _noting_failure(server.log), app.queue.store.writing(NOTE_SECONDS):
        app.queue.store.events.add(what, actor=app.queue.actor, now=app.clock.wall(), detail=server.place)
