"""One check on one target: what `expect` states, and what an exception means."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
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
    """The check does not apply, by what the estate declares or by a fact that was read and is named.

    `not_agreed` is the key of the demand where it was agreed not to agree on it.
    """

    def __init__(self, reason: str, not_agreed: str | None = None) -> None:
        self.not_agreed = not_agreed
        super().__init__(reason)


def unknown(reason: str, *, blocked_by: str | Iterable[str] = ()) -> NoReturn:
    """End the check as UNKNOWN with a reason; `blocked_by` when it only follows from other pairs' outcomes."""
    raise Unjudged(reason, (blocked_by,) if isinstance(blocked_by, str) else tuple(blocked_by))


def not_applicable(reason: str) -> NoReturn:
    """End the check as NOT_APPLICABLE; the reason names the declaration or the fact it follows from."""
    raise NotApplicable(reason)


def not_agreed(reason: str, key: str) -> NoReturn:
    """End the check as NOT_APPLICABLE, since it was agreed not to agree on the demand of this key."""
    raise NotApplicable(reason, key)


def held_against(key: str) -> None:
    """Record that the target is held against what was agreed by this key."""
    with contextlib.suppress(LookupError):  # outside of checks nothing is judged
        current().agreed[key] = None


def expect_found(what: str, *, expected: str) -> None:
    """State what was found, where it only had to be there."""
    expect_that(bool(what), expected=expected, found=what)


def expect_each(findings: Iterable[tuple[bool, str]], *, expected: str, severity: str | None = None) -> None:
    """Expect each of several things, given as whether it is fine and what was found, and fail unless all are fine.

    Where something is wrong, only that is stated, each text once, and of many the first few. No finding at all is
    UNKNOWN: nobody looked at anything.
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
        _fail(ExpectationFailed(expected, found, Severity(severity) if severity else None))


def failed(*, expected: str, found: str) -> NoReturn:
    """State what was expected, and that something else was found."""
    _note(expected, found)
    _fail(ExpectationFailed(expected, found, None))


def _fail(failure: ExpectationFailed) -> NoReturn:
    basis = current()
    basis.failure = basis.failure or failure
    raise failure


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

    Values are shown by `str`, mappings and sequences item by item. Raises ExpectationFailed, an AssertionError.
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
    with contextlib.suppress(LookupError):  # pytest calls this for assertions outside of checks, too
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
    with noting(Basis(needs=frozenset(kind.name for kind in check.needs))) as basis:
        try:
            for fixture in fixtures:
                basis.include(fixture)
            function(**given)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a check raises is an outcome, never a crash of the run
            outcome = _from_exception(check, target, error, basis, blockers)
        else:
            outcome = _from_silence(check, target, basis)
    if basis.failure is not None:  # a check that goes on after it softens nothing
        outcome = _from_exception(check, target, basis.failure, basis, blockers)
    if basis.unnamed:
        names = ", ".join(basis.unnamed)
        outcome = _broken(check, target, f"it asks for {names}, which its needs do not name: add {names} to needs")
    reservation = _reservation(basis)
    return replace(
        outcome,
        message=outcome.message + reservation,
        expected=outcome.expected and outcome.expected + reservation,
        agreed=tuple(basis.agreed),
        evidence=tuple(basis.evidence),
    )


def _reservation(basis: Basis) -> str:
    """What is added to the message of an outcome that rests on values which nobody has verified."""
    sources = "; ".join(basis.unverified)
    return f" (rests on unverified values: {sources})" if sources else ""


def outcome_for(
    check: Check, target: Target, result: Result, message: str, severity: Severity | None = None, **fields: Any
) -> Outcome:
    """The outcome of one pair, at the check's own severity unless another is given; `fields` are more of its fields."""
    return Outcome(
        check=check.id,
        title=check.title,
        area=check.area,
        severity=severity or check.severity,
        target=target.id,
        host=target.host,
        detail=target.detail,
        outcome=result,
        message=message,
        owner=target.owner,
        **fields,
    )


def _from_silence(check: Check, target: Target, basis: Basis) -> Outcome:
    if not basis.found:
        return outcome_for(check, target, Result.UNKNOWN, "the check stated no expectation: nothing was examined")
    expected, found = ("; ".join(dict.fromkeys(texts)) for texts in (basis.expected, basis.found))
    return outcome_for(check, target, Result.PASS, f"found {found}", expected=expected, found=found)


def _from_exception(
    check: Check,
    target: Target,
    error: BaseException,
    basis: Basis,
    blockers: Callable[[str, Why], str | None],
) -> Outcome:
    make = partial(outcome_for, check, target)
    if isinstance(error, ExpectationFailed):
        severity = _lowered(check.severity, error.severity)
        stated = {"expected": error.expected, "found": error.found}
        return make(Result.FAIL, str(error), severity, remedy=check.remedy, **stated)
    if isinstance(error, AssertionError):
        expected = "; ".join(basis.expected)
        return make(Result.FAIL, str(error) or "assertion failed", remedy=check.remedy, expected=expected)
    if isinstance(error, NotApplicable):
        return make(Result.NOT_APPLICABLE, str(error), not_agreed=error.not_agreed)
    if isinstance(error, Unjudged):
        return make(Result.UNKNOWN, str(error), blocked_by=error.blocked_by)
    if isinstance(error, FactMissing):
        blocker = blockers(error.host, error.missing.why)
        remedy = error.missing.remedy
        return make(Result.UNKNOWN, str(error), remedy=remedy, blocked_by=(blocker,) if blocker else ())
    return _broken(check, target, f"{type(error).__name__}: {error}")


def _broken(check: Check, target: Target, reason: str) -> Outcome:
    return outcome_for(check, target, Result.UNKNOWN, f"the check itself broke: {reason}")


def _lowered(own: Severity, wanted: Severity | None) -> Severity:
    """The check's severity, or a lower one that a rule states; a rule never raises it."""
    order = list(Severity)
    return wanted if wanted is not None and order.index(wanted) > order.index(own) else own
