"""A probe: what is sent to a host for one fact, and how the answer is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from readiness.core.facts import Fact, Missing
from readiness.core.scripts import Output, Shell
from readiness.probes.asking import Asking


def nothing(asking: Asking) -> tuple[str, ...]:  # noqa: ARG001 - the same for every host
    """No arguments, no texts."""
    return ()


@dataclass(frozen=True)
class Probe:
    """A short read-only script with a pure parser: `kind` is the fact it gives.

    `parse` gets an `Output` that ran to its end and returns the fact or `Missing`; ValueError means not understood.
    `needs_s` are seconds that it is given even where the limit for a probe is less. Some only root runs, `as_root`.

    What differs from host to host follows from `Asking` alone: the `arguments` of the script, and texts of other files
    that it is sent `after`.
    """

    kind: type[Fact]
    text: str
    parse: Callable[[Output], Fact | Missing]
    cost: int = 10
    shell: Shell = "posix"
    needs_s: float = 0.0
    arguments: Callable[[Asking], tuple[str, ...]] = nothing
    as_root: bool = False
    after: Callable[[Asking], tuple[str, ...]] = nothing

    @property
    def name(self) -> str:
        """The fact's name."""
        return self.kind.name

    def text_for(self, asking: Asking) -> str:
        """The text that this host is sent."""
        return "".join([*self.after(asking), self.text])
