"""Arguments that commands of more than one room take."""

from __future__ import annotations

from ...model.filter import with_quotes
from . import arguments
from .registry import Arg

ID = Arg("id", metavar="ID", help="the job's id, number, a unique prefix, or last", complete="job")
FILTER = Arg(
    "filter",
    many=True,
    parse=with_quotes,
    metavar="FILTER",
    complete="filter",
    help="only the jobs that this filter finds, such as 'state:dead exit:1 created:<2h !tag:nightly'",
)
DRY_RUN = Arg("--dry-run", "-n", flag=True, help="only say which jobs it would be")
YES = Arg("--yes", "-y", flag=True, help="do not ask for a confirmation")
# So that a script may give it to any verb.
YES_ANYWAY = Arg("--yes", "-y", flag=True, help="accepted by every verb; this one asks nothing")
SLOTS = Arg(
    "slots",
    metavar="N|none",
    parse=arguments.slots_or_none,
    help="how many of its jobs may run at a time; none: any number",
)
