"""Rows as they leave the store: small objects with an attribute for each column."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .sqlite import Row


class Record:
    """A row. Each kind of row names its columns as annotations, and has `__slots__ = tuple(__annotations__)`."""

    __slots__ = ()  # type: tuple[str, ...]

    def __init__(self, row: Row) -> None:
        for name in self.__slots__:
            setattr(self, name, row[name])

    def as_dict(self) -> dict[str, Any]:
        """Return the values by column."""
        return {name: getattr(self, name) for name in self.__slots__}
