"""What was agreed, as a check asks for it."""

from __future__ import annotations

from typing import Any, TypeVar

from readiness.core.evaluate import not_applicable, unknown
from readiness.core.facts import Facts
from readiness.core.outcomes import Target
from readiness.estate import Baseline, NotAgreed
from readiness.observing import in_words
from readiness.planning.inputs import Inputs

T = TypeVar("T")


def agreed(
    baseline: Baseline, key: str, target: Target, facts: Facts | None = None, inputs: Inputs | None = None
) -> Any:
    """The value in force for the target's host, for all where it has none: host before group before all.

    Never agreed is UNKNOWN, and says what the facts show, where the demand has an observer; some of those need the
    inputs, too. Agreed not to agree is NOT_APPLICABLE with that reason; a key that is no demand raises ValueError.
    """
    value = baseline.agreed_on(key, target.host)
    if isinstance(value, NotAgreed):
        not_applicable(f"not agreed: {value.reason}")
    if value is None:
        found = in_words(key, target, facts, inputs)
        exempt = f"not_agreed: {{{key}: {{reason: ..., by: ..., day: ...}}}}"
        unknown(f"never agreed{found}: baseline.yaml states neither {key} nor {exempt}")
    return value


def counterpart(baseline: Baseline, target: Target, product: str, role: str, others: T | None) -> T:
    """What the estate has of another role; one that it lacks is UNKNOWN, unless `not_agreed` gives the reason."""
    if others:
        return others
    key = f"hosts.{product}.{role}"
    if reason := baseline.reason_not_agreed(key, target.host):
        not_applicable(f"the estate has no {product} {role}: {reason}")
    return unknown(f"the estate has no {product} {role}, and baseline.yaml no not_agreed: {{{key}: reason}}")
