"""What it was agreed not to agree on, with how many of a run's pairs that takes away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from readiness.core.outcomes import PEERS, Exemption, Outcome, Severity
from readiness.estate import Baseline, NotAgreed


def exemptions_in_force(baseline: Baseline, outcomes: Sequence[Outcome]) -> tuple[Exemption, ...]:
    """Every exemption that is not over, in the order of baseline.yaml, those without effect, too.

    Raises LookupError for an outcome by an exemption that nobody wrote.
    """
    places = [(_place(baseline, key, outcome.host), outcome.severity) for outcome in outcomes for key in _keys(outcome)]
    pairs = Counter(place for place, _ in places)
    blockers = Counter(place for place, severity in places if severity is Severity.BLOCKER)
    return tuple(
        _exemption(exemption, path, key, pairs[path, key], blockers[path, key])
        for path, section in baseline.sections()
        for key, exemption in section.not_agreed.items()
        if not baseline.is_over(exemption)
    )


def _keys(outcome: Outcome) -> list[str]:
    """Those by which it is not applicable, or by which a peer is left out of what it looked at."""
    peers = [key for key in outcome.agreed if key.startswith(PEERS)]
    return [*peers, outcome.not_agreed] if outcome.not_agreed is not None else peers


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
