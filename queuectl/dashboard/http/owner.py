"""The owner of a connection, where the system knows it: on Linux, if both ends are on this machine.

Linux lists every TCP socket with the user who made it, IPv4 and IPv6 in two tables. A client may reach an IPv4
address through an IPv6 socket (`::ffff:127.0.0.1`), and the server sees no difference. So both tables are searched for
its row. A connection without a row has no known owner.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
from typing import Any, Iterator

TABLES = ((socket.AF_INET, "/proc/net/tcp"), (socket.AF_INET6, "/proc/net/tcp6"))
MAPPED = bytes(10) + b"\xff\xff"
# The kernel shows it for every user that this user namespace does not know.
UNKNOWN_USER = 65_534
LOCAL, REMOTE, USER, INODE = 1, 2, 7, 9
# The kernel hands out a table in pieces: a row can slip through while others come and go.
TRIES = 3


def owner(connected: socket.socket) -> int | None:
    """Return the uid of the user at the other end of a connection, None if it is not known."""
    try:
        there, here = connected.getpeername(), connected.getsockname()
    except OSError:
        return None
    for _ in range(TRIES):
        users = {
            user for family, path in TABLES for user in _users(path, _in_table(there, family), _in_table(here, family))
        }
        if users:
            return users.pop() if len(users) == 1 and UNKNOWN_USER not in users else None
    return None


def tells_owners(host: str, family: socket.AddressFamily) -> bool:
    """Return whether the system knows the owner of a connection to this address; a connection of ours shows it."""
    try:
        with socket.socket(family) as listener:
            listener.bind((host, 0))
            listener.listen(1)
            with socket.create_connection(listener.getsockname()[:2], timeout=1):
                accepted, _ = listener.accept()
                with accepted:
                    found = owner(accepted)
                    return found is not None and found == os.geteuid()
    except OSError:
        return False


def _users(path: str, local: str | None, remote: str | None) -> Iterator[int]:
    """Yield the user of each socket between two addresses in a table. A closed one has no inode and no user."""
    if local is None or remote is None:
        return
    try:
        with open(path, encoding="ascii") as lines:
            next(lines, None)
            rows = [line.split() for line in lines]
    except OSError:
        return
    for row in rows:
        if row[LOCAL] == local and row[REMOTE] == remote and row[INODE] != "0":
            yield int(row[USER])


def _in_table(address: Any, family: socket.AddressFamily) -> str | None:
    """Return an address as a table shows it, words of 32 bits in the machine's byte order; None if it cannot."""
    host = ipaddress.ip_address(address[0].partition("%")[0])
    host = getattr(host, "ipv4_mapped", None) or host
    if family == socket.AF_INET and host.version == 6:
        return None
    is_mapped = family == socket.AF_INET6 and host.version == 4
    packed = MAPPED + host.packed if is_mapped else host.packed
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{address[1]:04X}"
