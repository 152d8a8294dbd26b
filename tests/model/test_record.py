"""Records: classes that only have named parts."""

from __future__ import annotations

import pytest

from queuectl.engine.change import Change
from queuectl.model.record import Record


class Point(Record):
    """A record with a default."""

    x: int
    y: int = 7


class Span(Record):
    """A record that works out and checks a part."""

    low: int
    high: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError for a span that ends before it begins."""
        self.high = self.high or self.low + 1
        if self.high < self.low:
            raise ValueError("ends before it begins")


class Solid(Point):
    """A record of a record."""

    z: int = 9


def test_a_record_of_a_record_has_the_parts_of_both() -> None:
    assert Solid(1).parts_by_name() == {"x": 1, "y": 7, "z": 9}
    assert Solid.of({"x": 1, "y": 2, "z": 3}).parts_by_name() == {"x": 1, "y": 2, "z": 3}


def test_parts_are_given_by_place_or_by_name() -> None:
    assert Point(1, 2).parts_by_name() == Point(y=2, x=1).parts_by_name() == {"x": 1, "y": 2}


def test_no_record_but_change_has_a_method_for_json() -> None:
    classes = [Record]
    for kind in classes:
        classes += kind.__subclasses__()
    assert Change in classes
    assert [kind for kind in classes if hasattr(kind, "as_dict") and kind is not Change] == []


def test_a_record_has_no_other_attributes() -> None:
    with pytest.raises(AttributeError):
        Point(1).z = 3  # type: ignore[attr-defined]


@pytest.mark.parametrize(("values", "named"), [((), {}), ((1, 2, 3), {}), ((1,), {"z": 3})])
def test_a_missing_or_an_unknown_part_is_an_error(values: tuple[int, ...], named: dict[str, int]) -> None:
    with pytest.raises(TypeError, match="Point is made of x, y"):
        Point(*values, **named)


def test_a_record_may_compute_a_missing_part() -> None:
    assert [Span(1).high, Span(1, 5).high, Span.of({"low": 7, "high": 0}).high] == [2, 5, 8]


def test_a_record_may_refuse_its_values() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        Span(2, high=1)
    with pytest.raises(ValueError, match="ends before it begins"):
        Span.of({"low": 2, "high": 1})


def test_a_row_may_have_more_columns_than_the_record() -> None:
    assert Point.of({"z": 3, "y": 2, "x": 1}).parts_by_name() == {"x": 1, "y": 2}


class Secretive(Record):
    """A record with a name, a state and what nobody else is to see."""

    id: int
    secret: str
    name: str
    state: str


def test_a_repr_identifies_a_record_and_shows_nothing_else() -> None:
    assert repr(Secretive(1, "hush", "gpu", "taken")) == "<Secretive gpu taken>"
    assert repr(Point(1)) == "<Point>"
