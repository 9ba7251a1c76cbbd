"""What was agreed, as a check asks for it."""

from __future__ import annotations

from typing import Any, TypeVar

from readiness.core.evaluate import not_applicable, unknown
from readiness.estate import Baseline

T = TypeVar("T")


def agreed(baseline: Baseline, key: str, value: Any) -> Any:
    """The agreed value; never agreed is UNKNOWN, agreed not to agree is NOT_APPLICABLE with that reason."""
    if value is not None:
        return value
    if reason := baseline.not_agreed.get(key):
        not_applicable(f"not agreed: {reason}")
    return unknown(f"never agreed: baseline.yaml states neither {key} nor not_agreed: {{{key}: reason}}")


def counterpart(baseline: Baseline, product: str, role: str, found: T | None) -> T:
    """What the estate has of another role; one that it lacks is UNKNOWN, unless `not_agreed` gives the reason."""
    if found:
        return found
    key = f"hosts.{product}.{role}"
    if reason := baseline.not_agreed.get(key):
        not_applicable(f"the estate has no {product} {role}: {reason}")
    return unknown(f"the estate has no {product} {role}, and baseline.yaml no not_agreed: {{{key}: reason}}")
