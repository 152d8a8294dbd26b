"""The time zone of this process, by name: what users mean by local time here.

QUEUECTL_TIMEZONE names it, else TZ, else where /etc/localtime leads to. A zone that cannot be
named, such as a rule in TZ (`EST5EDT,M3.2.0,M11.1.0`), is `local`.
"""

from __future__ import annotations

import os

from ...model import zones
from ...model.checks import ASCII_LETTERS
from ...model.settings import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo

LOCALTIME = "/etc/localtime"
# What Debian writes down beside it. It is often forgotten when the other is changed.
NAME_FILE = "/etc/timezone"
DATABASES = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo")
ALIASES_OF_UTC = ("utc", "uct", "zulu", "universal", "utc0", "utc-0", "utc+0", "gmt0", "gmt-0", "gmt+0")


def own_zone() -> str:
    """Return the name of the zone that this process goes by; `local` if it has none that can be named.

    What QUEUECTL_TIMEZONE says is returned as it is: its user has to check that it is a zone.
    """
    given = os.environ.get(find("timezone").environment, "").strip()
    if given.lower() in ("", "none"):
        return machine_zone()
    try:
        return zones.canonical(given)
    except ValueError:
        return given


def machine_zone() -> str:
    """Return the name of the zone of this process's local time, `local` if it cannot be found."""
    variable = os.environ.get("TZ")
    if variable == "":
        return zones.UTC
    name = _of_localtime() if variable is None else _of_variable(variable)
    if name.split("/")[-1].lower() in ALIASES_OF_UTC:
        return zones.UTC
    return name if _is_known(name) else zones.LOCAL


def unknown_zone() -> str | None:
    """Return what TZ holds if the C library does not know that zone and goes by UTC, else None."""
    given = os.environ.get("TZ", "")
    name = given[1:] if given.startswith(":") else given
    if not name or name.lower() in (*ALIASES_OF_UTC, "gmt") or _is_rule(name):
        return None
    roots = (os.environ.get("TZDIR", ""), *DATABASES)
    return None if any(os.path.isfile(os.path.join(root, name)) for root in roots if root) else given


def _is_rule(text: str) -> bool:
    """Return whether a text begins as a rule of POSIX does: `EST5EDT`, `<+03>-3`."""
    return text.startswith("<") or text.lstrip(ASCII_LETTERS)[:1] in tuple("+-0123456789")


def rules(name: str) -> tzinfo | None:
    """Return the rules of a zone, None for this process's local time.

    Raises ValueError, with the reason, if this process does not know the zone. Local time does for
    the zone that it is in, whatever this Python knows.
    """
    try:
        return zones.find(name)
    except ValueError:
        if name != machine_zone():
            raise
    return None


def _of_variable(text: str) -> str:
    """Return what TZ names: `Europe/Berlin`, `:Europe/Berlin` or the path of a zone's file."""
    name = text[1:] if text.startswith(":") else text
    if name == LOCALTIME:
        return _of_localtime()
    return _of_path(name) or name


def _of_localtime() -> str:
    """Return the zone of /etc/localtime: of the file it leads to, or of one that is the same."""
    if not os.path.exists(LOCALTIME):
        return zones.UTC  # What the C library does then.
    target = os.readlink(LOCALTIME) if os.path.islink(LOCALTIME) else ""
    return _of_path(target) or _of_path(os.path.realpath(LOCALTIME)) or _of_copy()


def _of_path(path: str) -> str:
    """Return `Europe/Berlin` for the path of that file in any database of zones, an empty text for others."""
    _, found, name = path.partition("/zoneinfo/")
    for variant in zones.VARIANTS:
        if name.startswith(variant + "/"):
            return name[len(variant) + 1 :]
    return name if found else ""


def _of_copy() -> str:
    """Return the zone that NAME_FILE names, if LOCALTIME is a copy of that zone's file, as in containers."""
    name = _read(NAME_FILE).decode("ascii", "replace").strip()
    if not name:
        return ""
    local = _read(LOCALTIME)
    return name if any(local == _read(os.path.join(root, name)) for root in DATABASES) else ""


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""  # Missing on most systems; then it tells nothing.


def _is_known(name: str) -> bool:
    """Return whether the system or this Python has rules for a name: otherwise local time is not that of the name."""
    try:
        name = zones.canonical(name)
        if not any(os.path.isfile(os.path.join(root, name)) for root in DATABASES):
            zones.find(name)
    except ValueError:
        return False
    return True
