"""The one place that says what hosts show of each demand."""

from __future__ import annotations

import pytest

from readiness.estate.baseline import demands
from readiness.observing import NOT_OBSERVED, OBSERVERS, shown


def test_every_demand_has_an_observer_or_says_why_not() -> None:
    assert {*demands()} == {*OBSERVERS, *NOT_OBSERVED}
    assert not OBSERVERS.keys() & NOT_OBSERVED.keys()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4096, "4096"),
        ("yes", '"yes"'),
        ([], "[]"),
        ("a\nb: c", '"a\\nb: c"'),
        ([*range(11)], "[0, 1, 2, 3, 4, 5, 6, 7] and 3 more"),
        ({str(number): "x" for number in range(9)}, None),
    ],
)
def test_a_value_is_shown_as_it_would_be_written_on_one_line(value: object, text: str | None) -> None:
    assert "\n" not in shown(value)
    assert text in {shown(value), None}
    assert text or shown(value).endswith(" and 1 more")
