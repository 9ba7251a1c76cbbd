"""What a user's test is called, and the check that stands for it in the plan."""

from __future__ import annotations

from collections.abc import Iterable

from readiness.core.checks import Check
from readiness.core.outcomes import Severity, Target
from readiness.custom.phases import ESTATE
from readiness.planning.inputs import Inputs

AREA = "custom"


def live_check(name: str, *, title: str, location: str, targets: Iterable[str]) -> Check:
    """The check that stands for a test on hosts or on the estate; hosts that the estate lacks are left out.

    `location` is `file:line`.
    """
    names = tuple(targets)

    def select(inputs: Inputs) -> Iterable[Target]:
        for target in names:
            if (host := inputs.estate.hosts.get(target)) is not None:
                yield Target(target, target, owner=host.owner or "")
            elif target == ESTATE:
                yield Target(ESTATE)

    return Check(
        id=name,
        severity=Severity.MAJOR,
        targets=select,
        remedy=f"Mend what it found, or the test: {location}.",
        source=location,
        title=title,
        why=title,
        area=AREA,
        location=location,
        live=True,
    )
