"""Of two entries with one name neither silently takes the other's place."""

from __future__ import annotations

import pytest

from readiness.core.registry import by_name


def test_entries_by_their_names_in_order() -> None:
    assert list(by_name(["b", "a"], str.upper).items()) == [("B", "b"), ("A", "a")]


def test_a_name_that_two_have_is_refused() -> None:
    with pytest.raises(ValueError, match="two are called A"):
        by_name(["a", "b", "A"], str.upper)
