"""Records: classes that only have named parts.

A part is an annotation, perhaps with a default. Values come by place or by name. To import `dataclasses` takes 6 ms.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar, dataclass_transform

    Self = TypeVar("Self", bound="Record")
else:

    def dataclass_transform(**_):
        """Do nothing: only type checkers need it."""
        return lambda kind: kind


# The parts that a repr shows; others may hold secrets.
SHOWN = ("id", "name", "queue", "state")


class Parts(type):
    """Makes the annotations of a class its slots. A slot cannot have a default: `_defaults` has them."""

    _names: dict[str, None]
    _defaults: dict[str, Any]

    def __new__(cls, name: str, bases: tuple[type, ...], space: dict[str, Any]) -> Parts:
        names = dict.fromkeys(space.get("__annotations__", ()))
        defaults = {part: space.pop(part) for part in names if part in space}
        inherited = {"_names": {}, "_defaults": {}} if not bases else vars(bases[0])
        space.update(_names={**inherited["_names"], **names}, _defaults={**inherited["_defaults"], **defaults})
        return super().__new__(cls, name, bases, {**space, "__slots__": [*names]})


@dataclass_transform(eq_default=False)
class Record(metaclass=Parts):
    """The base of all records. A subclass of a record has the parts of both.

    As with dataclasses, `__post_init__` may check the values or compute missing ones.
    """

    def __init__(self, *values: Any, **named: Any) -> None:
        kind = type(self)
        names = kind._names
        if named or len(values) != len(names):
            given = {**kind._defaults, **dict(zip(names, values)), **named}
            if len(values) > len(names) or given.keys() != names.keys():
                raise TypeError(f"{kind.__name__} is made of {', '.join(names)}, got {values} and {named}")
            values = tuple(map(given.__getitem__, names))
        for name, value in zip(names, values):
            setattr(self, name, value)
        self.__post_init__()

    def __repr__(self) -> str:
        shown = [getattr(self, part) for part in SHOWN if part in type(self)._names]
        return f"<{' '.join([type(self).__name__, *(text for text in shown if isinstance(text, str))])}>"

    def __post_init__(self) -> None:
        """Take the values as they are."""

    @classmethod
    def of(cls: type[Self], row: Any) -> Self:
        """Return the record with the values of a row, by name; the row may have others too."""
        found = cls.__new__(cls)
        for name in cls._names:
            setattr(found, name, row[name])
        found.__post_init__()
        return found

    def parts_by_name(self) -> dict[str, Any]:
        """Return the values as they are, by name; its noun makes JSON of them."""
        return {name: getattr(self, name) for name in type(self)._names}
