"""Which outcome an UNKNOWN one follows from: `blocked_by` without the pairs that passed, and followed to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from readiness.core.outcomes import Disposition, Outcome, Result

ACCEPTED = frozenset({Disposition.WAIVED, Disposition.DEFERRED})
_OPEN = frozenset({Result.FAIL, Result.UNKNOWN})


def pair(outcome: Outcome) -> str:
    """`CHECK-ID target`, as it stands in `blocked_by`."""
    return f"{outcome.check} {outcome.target}"


def without_passed(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Remove from `blocked_by` every pair that passed, does not apply or is not there: it blocks nothing."""
    open_pairs = {pair(outcome) for outcome in outcomes if outcome.outcome in _OPEN}
    return tuple(
        outcome
        if open_pairs.issuperset(outcome.blocked_by)
        else replace(outcome, blocked_by=tuple(name for name in outcome.blocked_by if name in open_pairs))
        for outcome in outcomes
    )


def roots(outcomes: Sequence[Outcome]) -> Mapping[str, str]:
    """Map each pair that only follows from another one to its root, the pair that follows from none.

    An accepted outcome follows from no other, and one that gates never from one that does not gate.
    """
    by_pair = {pair(outcome): outcome for outcome in outcomes if outcome.outcome in _OPEN}
    follows: dict[str, str] = {}
    for name, outcome in by_pair.items():
        if not outcome.blocked_by or outcome.disposition in ACCEPTED:
            continue
        root = _root(outcome, by_pair)
        if root is not None and root.disposition in {outcome.disposition, Disposition.BLOCKING}:
            follows[name] = pair(root)
    return follows


def _root(outcome: Outcome, by_pair: Mapping[str, Outcome]) -> Outcome | None:
    seen = {pair(outcome)}
    current = outcome
    while current.outcome is Result.UNKNOWN:
        blocker = next((by_pair[name] for name in current.blocked_by if name in by_pair), None)
        if blocker is None:
            break
        if pair(blocker) in seen:  # in a circle nothing is the root
            return None
        seen.add(pair(blocker))
        current = blocker
    return None if current is outcome else current
