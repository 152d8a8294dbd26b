"""The time zone of this process, by name: what users mean by local time here.

QUEUECTL_TIMEZONE names it, or else TZ, or else the target of /etc/localtime. A zone that has no name, such as a rule in
TZ (`EST5EDT,M3.2.0,M11.1.0`), is `local`.
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
# Debian's file beside it, which is often forgotten when the other one is changed.
NAME_FILE = "/etc/timezone"
DATABASES = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo")
ALIASES_OF_UTC = ("utc", "uct", "zulu", "universal", "utc0", "utc-0", "utc+0", "gmt0", "gmt-0", "gmt+0")


def own_zone() -> str:
    """Return this process's zone by name, or `local`. The caller has to check what QUEUECTL_TIMEZONE gave."""
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
    # TZ names a zone, or the path of a zone's file, perhaps behind a colon.
    given = LOCALTIME if variable is None else variable[variable.startswith(":") :]
    name = _of_localtime() if given == LOCALTIME else _of_path(given) or given
    if name.split("/")[-1].lower() in ALIASES_OF_UTC:
        return zones.UTC
    return name if _is_known(name) else zones.LOCAL


def unknown_zone() -> str | None:
    """Return the value of TZ if the C library does not know that zone and goes by UTC, else None."""
    given = os.environ.get("TZ", "")
    name = given[given.startswith(":") :]
    # A rule of POSIX: `EST5EDT`, `<+03>-3`.
    is_rule = name.startswith("<") or name.lstrip(ASCII_LETTERS)[:1] in tuple("+-0123456789")
    if not name or name.lower() in (*ALIASES_OF_UTC, "gmt") or is_rule:
        return None
    roots = (os.environ.get("TZDIR", ""), *DATABASES)
    return None if any(os.path.isfile(os.path.join(root, name)) for root in roots if root) else given


def rules(name: str) -> tzinfo | None:
    """Return a zone's rules; None is local time, which may be our own zone. Raises ValueError, with the reason."""
    try:
        return zones.find(name)
    except ValueError:
        if name != machine_zone():
            raise
    return None


def _of_localtime() -> str:
    """Return the zone of /etc/localtime: that of the file it leads to, or that of a file with the same bytes."""
    if not os.path.exists(LOCALTIME):
        return zones.UTC  # What the C library does then.
    target = os.readlink(LOCALTIME) if os.path.islink(LOCALTIME) else ""
    return _of_path(target) or _of_path(os.path.realpath(LOCALTIME)) or _of_copy()


def _of_path(path: str) -> str:
    """Return `Europe/Berlin` for the path of that file in any database of zones, an empty text for other paths."""
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
    """Return whether the system or this Python has rules for a name: otherwise local time is not that zone's."""
    try:
        name = zones.canonical(name)
        if not any(os.path.isfile(os.path.join(root, name)) for root in DATABASES):
            zones.find(name)
    except ValueError:
        return False
    return True
