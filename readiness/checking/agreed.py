"""What was agreed, as a check asks for it."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

from readiness.core.evaluate import held_against, not_agreed, unknown
from readiness.core.facts import Facts
from readiness.core.outcomes import Target
from readiness.estate import Baseline, NotAgreed
from readiness.observing import in_words
from readiness.planning.inputs import Inputs

T = TypeVar("T")
_EXEMPTION = "{reason: ..., by: ..., day: ...}"


def agreed(
    baseline: Baseline, key: str, target: Target, facts: Facts | None = None, inputs: Inputs | None = None
) -> Any:
    """The value in force for the target's host, for all where it has none: host before group before all.

    Never agreed is UNKNOWN, and says what the facts show, where the demand has an observer; some of those need the
    inputs, too. Agreed not to agree is NOT_APPLICABLE with that reason while that is good; a key that is no demand
    raises ValueError.
    """
    value = agreed_if_stated(baseline, key, target)
    if value is None:
        found = in_words(key, target, facts, inputs)
        unknown(f"never agreed{found}: baseline.yaml states neither {key} nor not_agreed: {{{key}: {_EXEMPTION}}}")
    return value


def agreed_if_stated(baseline: Baseline, key: str, target: Target) -> Any:
    """The same where a check can do without: None where nothing was stated."""
    value = baseline.agreed_on(key, target.host)
    if isinstance(value, NotAgreed):
        _exempt(baseline, value, key)
    if value is not None:
        held_against(key)
    return value


def counterpart(baseline: Baseline, target: Target, product: str, role: str, others: T | None) -> T:
    """What the estate has of another role; one that it lacks is UNKNOWN, unless `not_agreed` gives the reason."""
    if others:
        return others
    key, lack = f"hosts.{product}.{role}", f"the estate has no {product} {role}"
    if exemption := baseline.not_agreed_on(key, target.host):
        _exempt(baseline, exemption, key, lack)
    return unknown(f"{lack}, and baseline.yaml no not_agreed: {{{key}: {_EXEMPTION}}}")


def exempt(baseline: Baseline, key: str, target: Target) -> None:
    """End the check where `not_agreed` has this key for the target's host; one that is over ends it as UNKNOWN."""
    if exemption := baseline.not_agreed_on(key, target.host):
        _exempt(baseline, exemption, key)


def excused(baseline: Baseline, key: str, target: Target) -> NotAgreed | None:
    """The exemption of a part of what a check looks at, such as one peer; None where none is good."""
    written = baseline.written_not_agreed(key, target.host)
    if written is None or baseline.is_over(written[1]):
        return None
    held_against(written[0])
    return written[1]


def _exempt(baseline: Baseline, exemption: NotAgreed, key: str, lack: str = "") -> NoReturn:
    """End the check by what was agreed not to agree on; past its last day it holds no longer."""
    begin = f"{lack}, not agreed" if lack else "not agreed"
    if baseline.is_over(exemption):
        unknown(
            f"{begin} until {exemption.until}, which is over: agree on {key}, or on a later day; it was: {exemption}"
        )
    not_agreed(f"{begin}: {exemption}", key)
