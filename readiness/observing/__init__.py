"""What hosts show of each demand of baseline.yaml, in the form in which it would be written there.

`OBSERVERS` has an entry for each demand, by its key without product and role. An observer is a pure function of what
was read; where something was not read it raises `FactMissing` or `Unjudged`, and what is made of them is a `Missing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, TypeVar

from readiness.core.basis import current
from readiness.core.evaluate import NotApplicable, Unjudged
from readiness.core.facts import FactMissing, Facts, Missing, Why
from readiness.core.outcomes import Target
from readiness.core.text import one_line
from readiness.estate import Host
from readiness.observing import hosts, roles, windows
from readiness.observing.observer import Asked, Nothing, Observer
from readiness.planning.inputs import Inputs, RoleOnHost
from readiness.yaml_text.writing import flow

T = TypeVar("T")
_MOST_SHOWN = 8
_LONGEST = 1000
OBSERVERS: Mapping[str, Observer] = {**hosts.OBSERVERS, **roles.OBSERVERS, **windows.OBSERVERS}
NOT_OBSERVED: Mapping[str, str] = {
    "space": "only the filesystems of paths that it names are read, and how much must be left there is no fact",
}


def observer_of(key: str) -> Observer | None:
    """The observer of a demand by its key, `versions.bacula.client` included; None where there is none."""
    return OBSERVERS.get(key) or OBSERVERS.get(key.partition(".")[0])


def asked_of(target: Target, facts: Facts, inputs: Inputs | None) -> Asked:
    """What an observer is asked about a check's target."""
    subject = getattr(target, "subject", None)
    own = subject if isinstance(subject, RoleOnHost) else None
    host = own.host if own else subject if isinstance(subject, Host) else None
    return Asked(facts, host, own, inputs)


def observed(observer: Observer, asked: Asked) -> Any:
    """What was found; `Nothing` where there is nothing to state, `Missing` where it was not read."""
    return _looked(lambda: observer.see(asked))


def flaws_of(observer: Observer, asked: Asked) -> tuple[str, ...] | Missing:
    """Why nobody should agree on what was found, where the value itself does not tell; Missing where nobody can say."""
    found = _looked(lambda: tuple(observer.flaws(asked)) if observer.flaws else ())
    return () if isinstance(found, Nothing) else found


def _looked(look: Callable[[], T]) -> T | Missing | Nothing:
    try:
        return look()
    except FactMissing as error:
        return error.missing
    except (Unjudged, ValueError) as error:  # ValueError: what no parser should have let through
        return Missing(Why.UNREADABLE, str(error))
    except NotApplicable as error:
        return Nothing(str(error))


def in_words(key: str, target: Target, facts: Facts | None, inputs: Inputs | None = None) -> str:
    """`, found 4096`, for a demand that was never agreed; or that it was not read, and why."""
    observer = observer_of(key)
    if observer is None or facts is None:
        return f", and {reason}" if (reason := NOT_OBSERVED.get(key.partition(".")[0])) else ""
    needs = current().needs
    if needs is not None and not {kind.name for kind in observer.needs} <= needs:
        return ""  # another check than ours, which reads other facts
    found = observed(observer, asked_of(target, facts, inputs))
    if isinstance(found, Missing):
        return f", not read: {one_line(str(found), _LONGEST)}"
    return f", found nothing to state: {found.reason}" if isinstance(found, Nothing) else f", found {shown(found)}"


def shown(value: Any) -> str:
    """A value as it would be written, of many entries the first few."""
    if not isinstance(value, dict | list) or len(value) <= _MOST_SHOWN:
        return one_line(flow(value), _LONGEST)
    first = dict(islice(value.items(), _MOST_SHOWN)) if isinstance(value, dict) else value[:_MOST_SHOWN]
    return f"{one_line(flow(first), _LONGEST)} and {len(value) - _MOST_SHOWN} more"
