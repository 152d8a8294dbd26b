"""Names of time zones.

`local` is this machine's zone and stands for None, as everywhere in `model/`; `UTC` is always
there; any other name is one of the IANA database, such as `Europe/London`, and needs Python 3.9
and the database on the machine. Other names raise ValueError with a phrase for the caller's sentence.
"""

from __future__ import annotations

import time

from .errors import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo
    from typing import Callable

NO_SUCH_ZONE = "no such time zone"
TOO_OLD = "needs Python 3.9 or later for named zones; UTC and local work here"
NO_DATABASE = "this machine has no time zone database (install the tzdata package); UTC and local work here"

LOCAL, UTC = "local", "UTC"
# Every database has this one: if it cannot be found, there is no database.
SURE_TO_BE_THERE = "Europe/London"

MAX_NAME = 64
# Folders next to the zones on many machines: one counts leap seconds, the other is a copy.
VARIANTS = ("right", "posix")


def zone(name: str) -> tzinfo | None:
    """Return the zone of this name, None for this machine's. Raises ValueError, with the nearest known name."""
    try:
        return find(name)
    except ValueError as error:
        if str(error) != NO_SUCH_ZONE:
            raise
    import zoneinfo

    raise ValueError(NO_SUCH_ZONE + did_you_mean(name.strip(), sorted(zoneinfo.available_timezones())))


def find(name: str) -> tzinfo | None:
    """Return the zone of this name as `zone` does, but without looking for the nearest name, which takes long."""
    given = canonical(name)
    if given == LOCAL:
        return None
    if given == UTC:
        from datetime import timezone

        return timezone.utc
    return _named(given)


def canonical(name: str) -> str:
    """Return a name as it is stored. Raises ValueError unless it could be one, whatever the machine knows."""
    given = name.strip()
    for known in (LOCAL, UTC):
        if given.lower() == known.lower():
            return known
    # This keeps out what would be looked up outside the database, or is a file but no zone: `zone.tab`.
    parts = given.split("/")
    if len(given) > MAX_NAME or parts[0] in VARIANTS or not all(map(_is_part, parts)):
        raise ValueError(f"{NO_SUCH_ZONE} (write UTC, local or such as Europe/London)")
    return given


def _is_part(part: str) -> bool:
    plain = part.replace("_", "a").replace("+", "a").replace("-", "a")
    return plain.isascii() and plain.isalnum()


def _named(given: str) -> tzinfo:
    try:
        import zoneinfo
    except ImportError:
        raise ValueError(TOO_OLD) from None
    for name in (given, SURE_TO_BE_THERE):
        try:
            found = zoneinfo.ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            continue  # A folder such as America is an OSError, a file that holds no zone a ValueError.
        if name == given:
            return found
        raise ValueError(NO_SUCH_ZONE)
    raise ValueError(NO_DATABASE)


def offsets(place: tzinfo | None) -> Callable[[int], int]:
    """Return a function: by how many seconds a zone is ahead of UTC at a second since 1970."""
    # Never asked for a second before 1970: Windows has no local time there.
    if place is None:
        return lambda second: time.localtime(max(0, second)).tm_gmtoff
    from datetime import datetime, timedelta

    def ahead(second: int) -> int:
        local = datetime.fromtimestamp(max(0, second), place)
        return (local.utcoffset() or timedelta(0)) // timedelta(seconds=1)

    return ahead
