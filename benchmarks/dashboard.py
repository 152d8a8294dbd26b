"""The dashboard's server: what open pages cost it, how soon they are told, what a first load weighs, how it stops.

Streams are plain sockets that read what comes, as 50 open tabs would. A change is a commit of this process;
the time ends when the last stream has heard of it. A first load fetches the page and every script and style
that it asks for, by following imports as a browser does; what a browser does with them is not in it.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from typing import Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import support
from benchmarks.idle import cpu_seconds
from queuectl import Queue

STREAMS = 50
SETTLE_SECONDS = 2.0
IMPORT = re.compile(r"""(?:src|href|from|import)[ =(]*["'](/?[\w./-]+\.(?:js|css|svg))["']""")


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Serve a home, look at the server from outside, stop it."""
    with support.temporary_home() as home, Queue(home) as queue:
        queue.add("true")
        server = subprocess.Popen(
            [support.PYTHON, support.MAIN, "--home", home, "dashboard", "--port", "0", "-q"],
            stdout=subprocess.PIPE,
            text=True,
            env=support.environment(home),
        )
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline().rsplit(":", 1)[1].strip().strip("/"))
            yield from first_load(port)
            yield from streams(server, port, queue, options)
        finally:
            server.kill()
            server.wait()


def first_load(port: int) -> Iterator[support.Goal]:
    """Fetch a page and what it needs, one after the other."""
    began = time.perf_counter()
    weight, wanted, seen = 0, ["/"], {"/"}
    while wanted:
        path = wanted.pop()
        body = fetch(port, path)
        weight += len(body)
        if path == "/" or path.endswith(".js"):
            for name in IMPORT.findall(body.decode()):
                found = os.path.normpath(os.path.join(os.path.dirname(path), name))
                if found not in seen:
                    seen.add(found)
                    wanted.append(found)
    took = (time.perf_counter() - began) * 1000
    yield support.Goal(
        "a first load, all scripts and styles, unpacked",
        weight / 1024,
        120,
        at_least=False,
        unit="KB",
        detail=f"{len(seen)} files in {took:.0f} ms, one after the other",
    )
    packed = sum(len(fetch(port, path, gzip=True)) for path in seen) / 1024
    yield support.Goal("the same as it is sent, packed", packed, 120, at_least=False, unit="KB")


def fetch(port: int, path: str, *, gzip: bool = False) -> bytes:
    """Return what is served under a path."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=support.STOP_SECONDS)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"} if gzip else {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    return body


def streams(
    server: subprocess.Popen[str], port: int, queue: Queue, options: argparse.Namespace
) -> Iterator[support.Goal]:
    """Open many streams; look at memory and CPU, then at how soon they hear of a change, then stop."""
    cookie = cookie_of(port)
    before = support.kilobytes(server.pid, "smaps_rollup", "Pss")
    opened = [open_stream(port, cookie) for _ in range(STREAMS)]
    drain(opened, SETTLE_SECONDS)
    more = (support.kilobytes(server.pid, "smaps_rollup", "Pss") - before) / 1024
    yield support.Goal(f"memory of {STREAMS} open streams", more, 10, at_least=False, unit="MB PSS")
    cpu, began = cpu_seconds(server.pid), time.monotonic()
    drain(opened, options.seconds)
    share = (cpu_seconds(server.pid) - cpu) / (time.monotonic() - began) * 100
    yield support.Goal(
        f"CPU with {STREAMS} idle streams", share, 1, at_least=False, unit="%", detail=f"{options.seconds} s"
    )
    delays = [change(opened, queue) for _ in range(options.changes)]
    yield support.Goal(
        "a change until the last stream has heard of it, p95",
        support.percentile(delays, 95),
        250,
        at_least=False,
        unit="ms",
        detail=f"{len(delays)} changes, {support.spread(delays, '.0f')}",
    )
    began = time.monotonic()
    server.send_signal(signal.SIGINT)
    server.wait(support.STOP_SECONDS)
    yield support.Goal("Ctrl-C with streams open until the end", time.monotonic() - began, 1, at_least=False, unit="s")
    for stream in opened:
        stream.close()


def cookie_of(port: int) -> str:
    """Return the cookie that a page sets."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=support.STOP_SECONDS)
    connection.request("GET", "/")
    cookie = connection.getresponse().headers["Set-Cookie"].split(";")[0]
    connection.close()
    return cookie


def open_stream(port: int, cookie: str) -> socket.socket:
    """Return a connection that the stream of events comes through."""
    stream = socket.create_connection(("127.0.0.1", port), timeout=support.STOP_SECONDS)
    stream.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
    if not stream.recv(4096).startswith(b"HTTP/1.1 200"):
        raise RuntimeError("the stream was refused")
    return stream


def drain(opened: list[socket.socket], seconds: float) -> None:
    """Read what comes for so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for stream in select.select(opened, [], [], max(0, until - time.monotonic()))[0]:
            stream.recv(65536)


def change(opened: list[socket.socket], queue: Queue) -> float:
    """Add a job; return the milliseconds until every stream has heard of it."""
    drain(opened, 0.5)
    queue.add("true", hold=True)
    began, waiting = time.perf_counter(), dict.fromkeys(opened, b"")
    while waiting:
        ready = select.select(list(waiting), [], [], support.STOP_SECONDS)[0]
        if not ready:
            raise RuntimeError("a stream heard nothing")
        for stream in ready:
            waiting[stream] += stream.recv(65536)
            if b"event: changed" in waiting[stream]:
                del waiting[stream]
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    support.main(
        __doc__,
        measure,
        rounds=1,
        options=[("seconds", 10, "how long to look at idle streams"), ("changes", 20, "how many changes to time")],
    )
