"""A property that is computed once, when it is first used.

As that of `functools`, which takes each command too long to import. Threads that share an object may compute it twice.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from functools import cached_property
else:

    class cached_property:
        """As that of functools."""

        def __init__(self, make):
            self._make = make

        def __set_name__(self, owner, name):
            self._name = name

        def __get__(self, thing, owner=None):
            made = thing.__dict__[self._name] = self._make(thing)
            return made


__all__ = ["cached_property"]
