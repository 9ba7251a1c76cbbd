"""One check on one target: what `expect` states, and what an exception means."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from readiness.core.basis import Basis, current, noting
from readiness.core.checks import Check
from readiness.core.facts import FactMissing, Facts, HostFacts, Why
from readiness.core.outcomes import Outcome, Result, Severity, Target
from readiness.core.text import first_few

MOST_SHOWN = 8
_UNSET = object()
_COMPARISONS: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (
    ("", operator.eq),
    ("at most ", operator.le),
    ("at least ", operator.ge),
    ("one of ", lambda value, demand: value in demand),
)


class ExpectationFailed(AssertionError):
    """What was found is not what was expected."""

    def __init__(self, expected: str, found: str, severity: Severity | None) -> None:
        self.expected, self.found, self.severity = expected, found, severity
        super().__init__(f"expected {expected}, found {found}")


class Unjudged(Exception):
    """The check cannot tell; `blocked_by` names the pairs (`CHECK-ID target`) whose outcome this follows from."""

    def __init__(self, reason: str, blocked_by: tuple[str, ...] = ()) -> None:
        self.blocked_by = blocked_by
        super().__init__(reason)


class NotApplicable(Exception):
    """The check does not apply, by what the estate declares or by a fact that was read and is named."""


def unknown(reason: str, *, blocked_by: str | Iterable[str] = ()) -> NoReturn:
    """End the check as UNKNOWN with a reason; `blocked_by` when it only follows from other pairs' outcomes."""
    raise Unjudged(reason, (blocked_by,) if isinstance(blocked_by, str) else tuple(blocked_by))


def not_applicable(reason: str) -> NoReturn:
    """End the check as NOT_APPLICABLE; the reason names the declaration or the fact it follows from."""
    raise NotApplicable(reason)


def expect_found(what: str, *, expected: str) -> None:
    """State what was found where its being there is all that was expected."""
    expect_that(bool(what), expected=expected, found=what)


def expect_each(findings: Iterable[tuple[bool, str]], *, expected: str, severity: str | None = None) -> None:
    """Expect each of several things, given as whether it is fine and what was found, and fail unless all are fine.

    What is wrong is all that is stated where something is, each text once; of many only the first few. Nothing at all
    is UNKNOWN: nobody looked at anything.
    """
    every = tuple(findings)
    if not every:
        unknown(f"nothing to look at, where this is expected: {expected}")
    wrong = [text for ok, text in every if not ok]
    texts = list(dict.fromkeys(wrong or [text for _, text in every]))
    shown = first_few(texts, MOST_SHOWN, separator="; ")
    expect_that(not wrong, expected=expected, found=shown, severity=severity)


def expect_that(ok: bool, *, expected: str, found: str, severity: str | None = None) -> None:
    """State what was expected and what was found, and fail unless `ok`; `severity` lowers the check's for this case."""
    _note(expected, found)
    if not ok:
        raise ExpectationFailed(expected, found, Severity(severity) if severity else None)


def failed(*, expected: str, found: str) -> NoReturn:
    """State what was expected, and that something else was found."""
    _note(expected, found)
    raise ExpectationFailed(expected, found, None)


def _note(expected: str, found: str) -> None:
    basis = current()
    basis.expected.append(expected)
    basis.found.append(found)


def expect(
    value: Any,
    *,
    equals: Any = _UNSET,
    at_most: Any = _UNSET,
    at_least: Any = _UNSET,
    one_of: Any = _UNSET,
    what: str = "",
    severity: str | None = None,
) -> None:
    """Compare what was found with exactly one demand; `what` names the thing in words.

    Values are told by `str`, mappings and sequences item by item. Raises ExpectationFailed, an AssertionError.
    """
    demands = zip((equals, at_most, at_least, one_of), _COMPARISONS, strict=True)
    asked = [(demand, comparison) for demand, comparison in demands if demand is not _UNSET]
    if len(asked) != 1:
        raise TypeError("expect() takes exactly one of equals, at_most, at_least, one_of")
    demand, (words, holds) = asked[0]
    label = f"{what} " if what else ""
    expect_that(
        bool(holds(value, demand)),
        expected=f"{label}{words}{_text(demand)}",
        found=f"{label}{_text(value)}",
        severity=severity,
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(entry)}" for key, entry in value.items()) or "none"
    if isinstance(value, list | tuple | set | frozenset):
        entries = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return ", ".join(_text(entry) for entry in entries) or "none"
    return str(value)


def note_assertion(explanation: str) -> None:
    """Record a plain `assert` that held, so that a check of plain assertions says what it found."""
    with contextlib.suppress(LookupError):  # pytest tells of those outside of checks, too
        current().found.append(explanation)


def evaluate(
    check: Check,
    function: Callable[..., None],
    target: Target,
    *,
    store: Mapping[str, HostFacts],
    arguments: Mapping[str, Any],
    blockers: Callable[[str, Why], str | None],
    fixtures: Sequence[Basis] = (),
) -> Outcome:
    """Run one check on one target and say what came of it; only KeyboardInterrupt comes through.

    `arguments` are fixtures by name; `target` and `facts` among them are replaced by this target's. `fixtures` is what
    they read when they were set up: it is evidence, too. `blockers(host, why)` names the pair that reports a missing
    fact's reason, or None.
    AssertionError is FAIL; any other exception, skip and xfail included, is UNKNOWN; no expectation at all, too.
    """
    given = {
        **arguments,
        **({"target": target} if "target" in arguments else {}),
        **({"facts": Facts(store, target.host)} if "facts" in arguments else {}),
    }
    raised: BaseException | None = None
    with noting(Basis(needs=frozenset(kind.name for kind in check.needs))) as basis:
        try:
            for fixture in fixtures:
                basis.include(fixture)
            function(**given)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a check raises is an outcome, never a crash of the run
            raised, conclusion = error, _from_exception(check, error, basis, blockers)
        else:
            conclusion = _from_silence(check, basis)
    if basis.unnamed:
        names = ", ".join(basis.unnamed)
        conclusion = _broken(check, f"it asks for {names}, which its needs do not name: add {names} to needs")
    reservation = _reservation(basis)
    return outcome_for(
        check,
        target,
        conclusion.result,
        conclusion.severity,
        message=conclusion.message + reservation,
        expected=conclusion.expected and conclusion.expected + reservation,
        found=conclusion.found,
        remedy=_remedy(check, conclusion.result, raised),
        blocked_by=conclusion.blocked_by,
        evidence=tuple(basis.evidence),
    )


def _reservation(basis: Basis) -> str:
    """What stands behind the message of an outcome that rests on values which nobody has verified."""
    sources = "; ".join(basis.unverified)
    return f" (rests on unverified values: {sources})" if sources else ""


def outcome_for(check: Check, target: Target, result: Result, severity: Severity, **told: Any) -> Outcome:
    """The outcome of one pair at a severity, with what else is `told` by the names of its fields."""
    return Outcome(
        check=check.id,
        title=check.title,
        area=check.area,
        severity=severity,
        target=target.id,
        host=target.host,
        detail=target.detail,
        outcome=result,
        owner=target.owner,
        **told,
    )


@dataclass(frozen=True, slots=True)
class _Conclusion:
    """What a check's end means."""

    result: Result
    severity: Severity
    message: str
    expected: str = ""
    found: str = ""
    blocked_by: tuple[str, ...] = ()


def _from_silence(check: Check, basis: Basis) -> _Conclusion:
    if not basis.found:
        reason = "the check stated no expectation: nothing was examined"
        return _Conclusion(Result.UNKNOWN, check.severity, reason)
    expected, found = ("; ".join(dict.fromkeys(texts)) for texts in (basis.expected, basis.found))
    return _Conclusion(Result.PASS, check.severity, f"found {found}", expected, found)


def _from_exception(
    check: Check,
    error: BaseException,
    basis: Basis,
    blockers: Callable[[str, Why], str | None],
) -> _Conclusion:
    if isinstance(error, ExpectationFailed):
        severity = _lowered(check.severity, error.severity)
        return _Conclusion(Result.FAIL, severity, str(error), error.expected, error.found)
    if isinstance(error, AssertionError):
        expected = "; ".join(basis.expected)
        return _Conclusion(Result.FAIL, check.severity, str(error) or "assertion failed", expected)
    if isinstance(error, NotApplicable):
        return _Conclusion(Result.NOT_APPLICABLE, check.severity, str(error))
    if isinstance(error, Unjudged):
        return _Conclusion(Result.UNKNOWN, check.severity, str(error), blocked_by=error.blocked_by)
    if isinstance(error, FactMissing):
        blocker = blockers(error.host, error.missing.why)
        return _Conclusion(Result.UNKNOWN, check.severity, str(error), blocked_by=(blocker,) if blocker else ())
    return _broken(check, f"{type(error).__name__}: {error}")


def _broken(check: Check, reason: str) -> _Conclusion:
    return _Conclusion(Result.UNKNOWN, check.severity, f"the check itself broke: {reason}")


def _lowered(own: Severity, wanted: Severity | None) -> Severity:
    """The check's severity, or a lower one that a rule states; a rule never raises it."""
    order = list(Severity)
    return wanted if wanted is not None and order.index(wanted) > order.index(own) else own


def _remedy(check: Check, result: Result, raised: BaseException | None) -> str:
    """How to mend a FAIL; of UNKNOWN, how to have the missing fact read, where that is known."""
    if result is Result.FAIL:
        return check.remedy
    return raised.missing.remedy if isinstance(raised, FactMissing) else ""
