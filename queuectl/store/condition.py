"""A filter's terms as SQL: fixed fragments only, values are parameters.

States are written out, since SQLite uses a partial index only where the condition of the index stands in the question.
"""

from __future__ import annotations

from ..model.fields import FILTERS
from ..model.job import STATES
from .schema import IS_STUCK, PARKED, one_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Sequence

    from ..model.choices import Choice
    from ..model.filter import Term

# Keys whose values are in the row of the last attempt only, or are kept in another form than they are asked for.
ELSEWHERE = {
    "worker": "(SELECT worker FROM attempts WHERE attempts.id = attempt_id)",
    "suspended": "(suspended_at IS NOT NULL)",
    "stuck": f"({IS_STUCK})",
    "parked": f"({PARKED})",
    "after": "number",
}
# The columns that these ask for.
BEHIND = ("attempt_id", "suspended_at", "hopeless", "parked")
COLUMNS = {key: ELSEWHERE.get(key, field.name) for key, field in FILTERS.items()}
OPERATORS = {
    "<": "{} < ?",
    "<=": "{} <= ?",
    ">": "{} > ?",
    ">=": "{} >= ?",
    "..": "{} BETWEEN ? AND ?",
    "prefix": "({0} >= ? AND {0} < ?)",
    "has": "instr({}, ?) > 0",
    "child": "{} IN (SELECT child FROM links WHERE parent = (SELECT number FROM jobs AS other WHERE other.id = ?))",
    "child of batch": """{} IN (SELECT child FROM links WHERE parent IN (
        SELECT number FROM jobs AS other WHERE other.id = ? UNION ALL SELECT -id FROM batches WHERE name = ?))""",
    "contains": "{} LIKE ? ESCAPE '\\'",
}
CONTAINS_TEXT = "(command LIKE ? ESCAPE '\\' OR id LIKE ? ESCAPE '\\')"


def condition(states: Sequence[str], terms: Iterable[Term]) -> tuple[str, list[object]]:
    """Return the condition for jobs in one of these states for which all terms hold; it is empty for all jobs."""
    found = [] if len(states) == len(STATES) else [one_of("state", states) if states else "0"]
    parameters: list[object] = []
    for term in terms:
        sql, values = _term(term)
        found.append(sql)
        parameters += values
    return " AND ".join(found), parameters


def _term(term: Term) -> tuple[str, list[object]]:
    equal = [value for operator, values in term.choices if operator == "=" for value in values]
    choices = [_choice(term.key, choice) for choice in term.choices if choice[0] != "="]
    if equal:
        which = "= ?" if len(equal) == 1 else f"IN ({', '.join('?' * len(equal))})"
        choices.append((f"{COLUMNS[term.key]} {which}", equal))
    found = _any([sql for sql, _ in choices])
    parameters = [value for _, values in choices for value in values]
    # NOT of an unknown value is unknown, but what has no exit code has no exit code 0 either.
    return f"NOT coalesce({found}, 0)" if term.is_negated else f"({found})", parameters


def _any(found: Sequence[str]) -> str:
    """Return what holds if one of some does, as a tree: SQLite refuses a chain of a thousand."""
    middle = len(found) // 2
    return found[0] if not middle else f"({_any(found[:middle])} OR {_any(found[middle:])})"


def _choice(key: str, choice: Choice) -> tuple[str, Sequence[object]]:
    operator, values = choice
    if key == "text":
        return CONTAINS_TEXT, [like(str(values[0]))] * 2
    sql = OPERATORS[operator].format(COLUMNS[key])
    if operator == "contains":
        return sql, [like(str(values[0]))]
    if operator == "has":
        return sql, [f",{values[0]},"]
    if operator == "prefix":
        return sql, prefix_range(str(values[0]))
    return sql, values


def prefix_range(prefix: str) -> tuple[str, str]:
    """Return a prefix, and the first text after all those that begin with it."""
    return prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)


def like(text: str) -> str:
    """Return a LIKE pattern that finds `text` anywhere, taken literally."""
    for special in "\\%_":
        text = text.replace(special, "\\" + special)
    return f"%{text}%"
