"""What it was agreed not to agree on, with how many of a run's pairs that takes away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from readiness.core.outcomes import Exemption, Outcome, Severity
from readiness.estate import Baseline, NotAgreed


def exemptions_in_force(baseline: Baseline, outcomes: Sequence[Outcome]) -> tuple[Exemption, ...]:
    """Every exemption that is not over, in the order of baseline.yaml, those without effect, too.

    Raises LookupError for an outcome by an exemption that nobody wrote.
    """
    exempted = [outcome for outcome in outcomes if outcome.not_agreed is not None]
    places = [(_place(baseline, str(outcome.not_agreed), outcome.host), outcome.severity) for outcome in exempted]
    pairs = Counter(place for place, _ in places)
    blockers = Counter(place for place, severity in places if severity is Severity.BLOCKER)
    return tuple(
        _exemption(exemption, path, key, pairs[path, key], blockers[path, key])
        for path, section in baseline.sections()
        for key, exemption in section.not_agreed.items()
        if not baseline.is_over(exemption)
    )


def _place(baseline: Baseline, key: str, host: str | None) -> tuple[tuple[str, ...], str]:
    """The section whose exemption holds for a host."""
    for path, section in baseline.sections_for(host):
        if key in section.not_agreed:
            return path, key
    raise LookupError(f"baseline.yaml has no not_agreed: {key} for {host or 'all'}")


def _exemption(written: NotAgreed, path: tuple[str, ...], key: str, pairs: int, blockers: int) -> Exemption:
    return Exemption(
        key=key,
        scope=" ".join((path[0].removesuffix("s"), *path[1:])) if path else "all",
        reason=written.reason,
        by=written.by,
        day=written.day.isoformat(),
        until=written.until.isoformat() if written.until is not None else None,
        pairs=pairs,
        blockers=blockers,
    )
