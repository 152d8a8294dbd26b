"""The dashboard as a process: one of a home, from the lock to the last good-bye.

The main thread waits for signals; a thread accepts connections, others serve them. They are daemon threads:
a stream that is open does not keep the process from ending.
"""

from __future__ import annotations

import signal
import threading
from functools import partial

from ..engine.daemons.dashboard_control import remove_links, write_links
from ..engine.home.instance import DASHBOARD, enter, leave, lock_text, take_lock
from ..engine.home.presence import Presence
from ..engine.machine.doorbell import Doorbell
from ..engine.machine.reaper import Reaper
from ..engine.machine.wakeup import Wakeup
from ..model.clock import SYSTEM_CLOCK
from ..model.errors import DaemonUnavailable, QueueCTLError, StoreUnavailable
from .api.overview import overview
from .api.routes import handle
from .app import App
from .http.server import Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping

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
    store, clock = app.queue.store, app.clock
    record = _enter(app, server)
    bell = Doorbell(home, BELL)
    presence = Presence(home, store.database, lock, bell, log=server.log, clock=clock, text=lock_text())
    reaper = Reaper(clock)
    wakeup = Wakeup(bell, interrupts=True)
    acceptor = threading.Thread(target=server.serve_forever, args=(ACCEPT_SECONDS,), name="acceptor", daemon=True)
    acceptor.start()
    try:
        write_links(home, server.url, server.link)
        server.log.say(f"started at {server.place}{', read-only' if app.read_only else ''}")
        _note(app, server, "dashboard started")
        on_ready(server.url)
        add_up(app, server.log)
        remade = 0
        while not wakeup.stops and acceptor.is_alive():
            reaper.step()
            wakeup.stop(presence.step())
            if presence.remade != remade and _write_links_again(home, server):
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
        _leave(app, server, record)
        presence.close()
        _remove_links(home, server.log)
        server.log.say("stopped")


def _enter(app: App, server: Server) -> str:
    """Write down that we run; return the record, an empty one of a store that can only be looked at."""
    try:
        return enter(DASHBOARD, app.queue.store, app.clock.wall())
    except StoreUnavailable as error:
        server.log.complain(str(error))
        return ""


def _leave(app: App, server: Server, record: str) -> None:
    """Take back that we run; a record that stays is one of a process that is gone."""
    try:
        leave(DASHBOARD, app.queue.store, record, NOTE_SECONDS)
    except QueueCTLError as error:
        server.log.complain(str(error))


def add_up(app: App, log: Log) -> None:
    """Add up what is over before Prometheus first asks, which would then take long with months of it."""
    try:
        app.totals.read(app.queue.store, app.clock.wall())
    except QueueCTLError as error:
        log.complain(str(error))


def _write_links_again(home: Home, server: Server) -> bool:
    """Write the links that somebody has removed; return whether that went well."""
    try:
        write_links(home, server.url, server.link)
    except DaemonUnavailable as error:
        server.log.complain(error.message)
        return False
    return True


def _remove_links(home: Home, log: Log) -> None:
    try:
        remove_links(home)
    except OSError as error:
        # Nobody is kept from anything: the token of a dashboard that has ended opens nothing.
        log.complain(f"the link in {home.run} stays: {error.strerror}")


def _note(app: App, server: Server, what: str) -> None:
    """Note an event; a store that cannot be written to at the moment can still be looked at."""
    try:
        with app.queue.store.writing(NOTE_SECONDS):
            app.queue.store.events.add(what, actor=app.queue.actor, now=app.clock.wall(), detail=server.place)
    except QueueCTLError as error:
        server.log.complain(str(error))
