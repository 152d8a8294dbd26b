"""Names of time zones.

`local` is this machine's zone and stands for None, as everywhere in `model/`; `UTC` is always
there; any other name is one of the IANA database, such as `Europe/London`, and needs Python 3.9
and the database on the machine. A name that is none is a ValueError whose message is a phrase
for the caller's own sentence.
"""

from __future__ import annotations

from .errors import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo

NO_SUCH_ZONE = "no such time zone"
TOO_OLD = "needs Python 3.9 or later for named zones; UTC and local work here"
NO_DATABASE = "this machine has no time zone database (install the tzdata package); UTC and local work here"

MAX_NAME = 64
# Kept beside the zones on many machines: one counts leap seconds, the other is a copy.
VARIANTS = ("right", "posix")


def zone(name: str) -> tzinfo | None:
    """Return the zone of this name, None for this machine's."""
    given = name.strip()
    if given.lower() == "local":
        return None
    if given.lower() == "utc":
        from datetime import timezone

        return timezone.utc
    if not _is_like_a_name(given):
        raise ValueError(f"{NO_SUCH_ZONE} (write UTC, local or such as Europe/London)")
    return _named(given)


def _is_like_a_name(given: str) -> bool:
    """Keep out what would be looked up outside the database, or is a file but no zone: `zone.tab`."""
    parts = given.split("/")
    return len(given) <= MAX_NAME and parts[0] not in VARIANTS and all(map(_is_part, parts))


def _is_part(part: str) -> bool:
    plain = part.replace("_", "a").replace("+", "a").replace("-", "a")
    return plain.isascii() and plain.isalnum()


def _named(given: str) -> tzinfo:
    try:
        import zoneinfo
    except ImportError:
        raise ValueError(TOO_OLD) from None
    try:
        return zoneinfo.ZoneInfo(given)
    except (KeyError, ValueError, OSError):
        # A folder such as America is an OSError, a file that holds no zone a ValueError.
        known = zoneinfo.available_timezones()
    if not known:
        raise ValueError(NO_DATABASE)
    raise ValueError(NO_SUCH_ZONE + did_you_mean(given, sorted(known)))
