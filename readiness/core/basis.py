"""What an outcome rests on: noted while its check looks at its target, never written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


class NotInNeeds(LookupError):
    """A check asked for a fact that its `needs` do not name, so no run of this check alone would have read it."""


@dataclass
class Basis:
    """What one check expected, found, read and relied on so far, of one target.

    `needs` are the names of the facts that may be asked for; None while a fixture is set up, whose check is not known
    yet. `evidence` are references to the transcript, `unverified` the sources of values that nobody has verified, and
    `refused` the facts that `needs` do not name: the outcome is UNKNOWN even where the check swallowed the error.
    """

    needs: frozenset[str] | None = None
    expected: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    evidence: dict[str, None] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    unverified: dict[str, None] = field(default_factory=dict)
    refused: dict[str, None] = field(default_factory=dict)

    def ask(self, fact: str, type_name: str) -> None:
        """Note that a fact is asked for; raises NotInNeeds for one that is not named."""
        self.asked[fact] = type_name
        if self.needs is not None and fact not in self.needs:
            self.refused[type_name] = None
            raise NotInNeeds(not_in_needs([type_name]))

    def include(self, fixture: Basis) -> None:
        """Take over what a fixture read before the check began; raises NotInNeeds as `ask` does."""
        self.evidence |= fixture.evidence
        self.unverified |= fixture.unverified
        for fact, type_name in fixture.asked.items():
            self.ask(fact, type_name)


def not_in_needs(type_names: Iterable[str]) -> str:
    """What to do about facts that are asked for and not named."""
    names = ", ".join(type_names)
    return f"it asks for {names}, which its needs do not name: add {names} to needs"


_current: ContextVar[Basis] = ContextVar("basis")


@contextmanager
def noting(basis: Basis) -> Iterator[Basis]:
    """Everything that is read, stated and relied on until the end belongs to this basis."""
    token = _current.set(basis)
    try:
        yield basis
    finally:
        _current.reset(token)


def current() -> Basis:
    """The basis that is noted now; LookupError where there is none, since nothing may be read unnoted."""
    return _current.get()


def rest_on_unverified(source: str) -> None:
    """Note that a value which nobody has verified was used; what planning uses is the basis of no outcome."""
    if (basis := _current.get(None)) is not None:
        basis.unverified[source] = None
