"""The command that changes jobs while they wait."""

from __future__ import annotations

from ...model.errors import InvalidInput
from ...model.fields import EDITABLE
from ...model.verbs import VERBS
from ..context import Context, Result
from ..grammar.registry import command
from ..grammar.shared import DRY_RUN, YES_ANYWAY
from .adding import due_note
from .options import edit_options, job_fields, tell_of_line_end
from .selection import IDS, report, select, show_only


@command(
    "edit",
    IDS,
    *edit_options(EDITABLE),
    DRY_RUN,
    YES_ANYWAY,
    examples=("edit job-7 --priority 50", "edit 3-9 --at 'tomorrow 02:00' --timeout 2h"),
)
def edit(context: Context, *, ids: list[str], dry_run: bool, yes: bool, **given: object) -> Result:
    """Change jobs that wait.

    Only the given fields change. A job that runs or has ended cannot be edited. --tags replaces all tags.
    """
    if not ids:
        raise InvalidInput("no jobs given; give ids or a filter", hint="see them with: queuectl list --state pending")
    fields = job_fields(context, given)
    if not fields:
        raise InvalidInput("nothing to change", hint="what can be changed: queuectl edit --help")
    tell_of_line_end(context, fields.get("command"))
    meant = select(context, ids, means=VERBS["edit"].means)
    if dry_run:
        from ...engine.editing import read_changes

        read_changes(context.queue.read(meant.numbers), fields, context.clock.wall())
        return show_only(context, VERBS["edit"], meant)
    change = context.queue.edit(meant, **fields)
    if "run_at" in fields and change.done:
        context.front_end.note(due_note(context, change.done[0]))
    return report(change, VERBS["edit"].done, meant)
