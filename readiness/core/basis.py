"""What an outcome rests on: noted while its check looks at its target, never written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Basis:
    """What one check expected, found, read and relied on so far, of one target.

    `needs` are the names of the facts that may be asked for; None while a fixture is set up, whose check is not known
    yet. `agreed` are the keys of the demands that the target was held against. `evidence` are references to the
    transcript, `unverified` the sources of values that nobody has verified, and `unnamed` the types of facts that were
    asked for and that `needs` do not name, which makes the outcome UNKNOWN: a run of this check alone would not have
    read them. `failure` is the first expectation that did not hold, whoever caught it.
    """

    needs: frozenset[str] | None = None
    agreed: dict[str, None] = field(default_factory=dict)
    expected: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    evidence: dict[str, None] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    unverified: dict[str, None] = field(default_factory=dict)
    unnamed: dict[str, None] = field(default_factory=dict)
    failure: AssertionError | None = None

    def ask(self, fact: str, type_name: str) -> None:
        """Note that a fact is asked for."""
        self.asked[fact] = type_name
        if self.needs is not None and fact not in self.needs:
            self.unnamed[type_name] = None

    def include(self, fixture: Basis) -> None:
        """Take over what a fixture read before the check began."""
        self.agreed |= fixture.agreed
        self.evidence |= fixture.evidence
        self.unverified |= fixture.unverified
        for fact, type_name in fixture.asked.items():
            self.ask(fact, type_name)


_current: ContextVar[Basis] = ContextVar("basis")


@contextmanager
def noting(basis: Basis) -> Iterator[Basis]:
    """Note in this basis all that is read, stated and relied on inside the `with`."""
    token = _current.set(basis)
    try:
        yield basis
    finally:
        _current.reset(token)


def current() -> Basis:
    """The basis in use; LookupError where there is none, since whatever is read must be noted."""
    return _current.get()


def rest_on_unverified(source: str) -> None:
    """Note that an unverified value was used; planning has no basis, so what it uses is not noted."""
    if (basis := _current.get(None)) is not None:
        basis.unverified[source] = None
