"""What a check declares: what is not usable is refused where it stands, so that its file does not load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from readiness.core.checks import check, check_of
from readiness.core.facts import Login
from readiness.core.outcomes import Severity

USABLE: dict[str, Any] = {
    "severity": "major",
    "targets": lambda _: (),
    "needs": (Login,),
    "remedy": "Mend it.",
    "source": "this test",
}


def example() -> None:
    """The first line is the title.

    Why it exists.
    """


def test_a_check_is_what_it_declares() -> None:
    made = check_of(check("TST-001", **USABLE)(example), area="test", place="test_test.py:1")
    assert made is not None
    assert (made.id, made.severity, made.title) == ("TST-001", Severity.MAJOR, "The first line is the title")
    assert made.why == "The first line is the title.\n\nWhy it exists."


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"severity": "critical"}, "severity 'critical' is none of blocker, major, minor"),
        ({"targets": ["dir01"]}, "targets is no selector"),
        ({"needs": (Login)}, r"needs is no tuple of fact types, such as \(Clock,\)"),
        ({"needs": [Login]}, "needs is no tuple of fact types"),
        ({"needs": ("login",)}, "needs is no tuple of fact types"),
        ({"remedy": ""}, "remedy says nothing"),
        ({"source": " "}, "source says nothing"),
    ],
)
def test_what_is_not_usable_is_refused_with_the_check_s_id(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^TST-001: {message}"):
        check("TST-001", **{**USABLE, **changed})


@pytest.mark.parametrize(
    ("check_id", "function", "message"),
    [("tst1", example, "check id 'tst1' is not like VER-001"), ("TST-001", lambda: None, "TST-001 has no docstring")],
)
def test_an_id_and_a_title_are_demanded(check_id: str, function: Callable[..., None], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(check_id, **USABLE)(function)
