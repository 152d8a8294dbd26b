"""The address and names of this machine, for a dashboard that listens on all addresses."""

from __future__ import annotations

import socket

WILDCARDS = ("0.0.0.0", "::")
# Addresses for documentation: nothing is sent there, but the system says which of our addresses it would use.
ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
ANY_PORT = 9


def reachable(host: str) -> str:
    """Return the host for a link: instead of a wildcard the address that others use, or that of loopback."""
    if host not in WILDCARDS:
        return host
    # `::` takes IPv4 too, which more networks have.
    families = (socket.AF_INET,) if host == "0.0.0.0" else (socket.AF_INET, socket.AF_INET6)
    found = (_outward(family) for family in families)
    return next(filter(None, found), LOOPBACK[families[-1]])


def own_names() -> set[str]:
    """Return the names of this machine, also on a local network, in lower case."""
    name = socket.gethostname().lower()
    return {name, f"{name.partition('.')[0]}.local"}


def _outward(family: socket.AddressFamily) -> str:
    """Return the source address of outgoing packets, an empty text without a network."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((ELSEWHERE[family], ANY_PORT))
            return str(probe.getsockname()[0])
    except OSError:
        return ""
