"""One POST to a URL that a user gave: to an address that was checked, and for ten seconds in all.

A name is resolved once, and the addresses that were checked are connected to: they cannot change in between. Addresses
of this machine and of private networks are refused unless they are allowed. Certificates are checked, redirects are not
followed, and of the answer only the status counts.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from urllib.parse import SplitResult, urlsplit

from ...model.clock import SYSTEM_CLOCK
from ...model.record import Record

SECONDS = 10.0
MOST_READ = 65_536
LONGEST_LINE = 200
# These hold an IPv4 address: in the last four bytes, or right after the prefix of 6to4.
MAPPED = (ipaddress.ip_network("::ffff:0:0/96"), ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
# Some versions of Python take these for public.
NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "64:ff9b:1::/48", "fec0::/10", "2001::/32"),
    )
)


class Answer(Record):
    """How a POST ended: the status of the answer, or why there is none."""

    status: int | None
    error: str | None

    @property
    def succeeded(self) -> bool:
        """Whether the message was taken."""
        return self.status is not None and 200 <= self.status < 300


def post(url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool, limit: float = SECONDS) -> Answer:
    """Send a body; return how that ended. `limit` is in seconds, for everything."""
    parts, deadline = urlsplit(url), SYSTEM_CLOCK.monotonic() + round(limit * 1000)
    addresses, error = _resolved(parts, allow_private, limit)
    if not addresses:
        return Answer(None, error)
    is_late = threading.Event()
    try:
        plain = _connected(addresses, _port(parts), deadline)
        return _sent(parts, plain, body, headers, deadline, is_late)
    except (OSError, http.client.HTTPException, ValueError) as failure:
        return Answer(None, f"no answer within {limit:g} s" if is_late.is_set() else _reason(failure, limit))


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the internet: neither private nor of this machine, in any disguise."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if any(found in network for network in MAPPED):
            return is_public(str(ipaddress.IPv4Address(found.packed[12:])))
        if found in SIX_TO_FOUR:
            return is_public(str(ipaddress.IPv4Address(found.packed[2:6])))
    of_family = (network for network in NOT_PUBLIC if network.version == found.version)
    return found.is_global and not found.is_multicast and not any(found in network for network in of_family)


def _resolved(parts: SplitResult, allow_private: bool, limit: float) -> tuple[list[str], str]:
    """Return the addresses of a host, or none and why. A resolver that hangs is left behind."""
    host = parts.hostname or ""
    found: list[str] = []
    errors: list[str] = []

    def resolve() -> None:
        try:
            for *_, address in socket.getaddrinfo(host, _port(parts), type=socket.SOCK_STREAM):
                found.append(str(address[0]))
        except OSError as error:
            errors.append(error.strerror or str(error))
        except ValueError:
            errors.append("it is no name of a host")

    thread = threading.Thread(target=resolve, name="resolver", daemon=True)
    thread.start()
    thread.join(limit)
    if thread.is_alive():
        return [], f"no answer about the name {host} within {limit:g} s"
    if not found:
        return [], f"cannot resolve {host}: {errors[0] if errors else 'it has no address'}"
    allowed = [address for address in found if allow_private or is_public(address)]
    if not allowed:
        return [], f"{host} is a private address, {', '.join(found)}: allow it with --allow-private"
    return allowed, ""


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _connected(addresses: Sequence[str], port: int, deadline: int) -> socket.socket:
    """Return a connection to the first address that accepts one. Each gets a share of the time. Raises OSError."""
    for left in range(len(addresses), 1, -1):
        try:
            return socket.create_connection((addresses[-left], port), _left(deadline) / left)
        except OSError:
            pass  # Where a name has an IPv4 and an IPv6 address, a server may listen at only one of them.
    return socket.create_connection((addresses[-1], port), _left(deadline))


def _left(deadline: int) -> float:
    """Return how many seconds are left, never 0, which would mean not to wait at all."""
    return max(1, deadline - SYSTEM_CLOCK.monotonic()) / 1000


def _sent(
    parts: SplitResult,
    plain: socket.socket,
    body: bytes,
    headers: Mapping[str, str],
    deadline: int,
    is_late: threading.Event,
) -> Answer:
    host, is_secure = parts.hostname or "", parts.scheme == "https"
    plain.settimeout(_left(deadline))
    connection = http.client.HTTPConnection(host, _port(parts))
    connection.default_port = 443 if is_secure else 80
    # A server may send a byte now and then: each read is in time, but not all of them together. TLS takes the socket
    # over, so the watchdog cuts the connection off by a duplicate.
    spare = plain.dup()
    watchdog = threading.Timer(_left(deadline), _cut_off, (spare, is_late))
    watchdog.daemon = True
    watchdog.start()
    try:
        connection.sock = plain
        if is_secure:
            connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, {"User-Agent": "queuectl", "Connection": "close", **headers})
        answer = connection.getresponse()
        return Answer(answer.status, None if 200 <= answer.status < 300 else _told(answer))
    finally:
        watchdog.cancel()
        connection.close()
        plain.close()
        spare.close()


def _cut_off(connection: socket.socket, is_late: threading.Event) -> None:
    is_late.set()
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # It has ended by itself.


def _told(answer: http.client.HTTPResponse) -> str:
    """Return what an answer that is no success says, in a line."""
    if 300 <= answer.status < 400:
        return f"answered {answer.status}: redirects are not followed"
    try:
        text = answer.read(MOST_READ).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        text = ""  # The status says enough; what it lied about is its length.
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")[:LONGEST_LINE]
    return f"answered {answer.status}" + (f": {line}" if line else "")


def _reason(failure: Exception, limit: float) -> str:
    if isinstance(failure, socket.timeout) or (isinstance(failure, OSError) and "timed out" in str(failure)):
        return f"no answer within {limit:g} s"
    if isinstance(failure, ssl.SSLError):
        return f"no secure connection: {failure.reason or failure}"
    if isinstance(failure, OSError):
        return failure.strerror or str(failure) or "the connection was closed"
    return f"no proper answer: {failure or type(failure).__name__}"
