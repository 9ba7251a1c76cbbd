"""Which directives of a product's configuration leave a host, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from readiness.core.text import canonical
from readiness.yaml_text.sources import Sourced

# What a value must look like to leave its host, as `fits` in configuration.sh and `Fits-` in configuration.ps1 say.
Shape = Literal["address", "name", "number", "path", "schedule", "switch", "word"]

_WORDS = r"[A-Za-z][A-Za-z0-9 ]*"
Resources = Annotated[tuple[Annotated[str, Field(pattern=f"^{_WORDS}$")], ...], Field(min_length=1)]
# With the blocks that it stands in: Include.Options.Signature.
Name = Annotated[str, Field(pattern=rf"^{_WORDS}(\.{_WORDS})*$")]


class OfResources(Sourced):
    """Base of what is said of directives in resources of these kinds."""

    resources: Resources

    def keys_of(self, *directives: str) -> tuple[str, ...]:
        """`resource.directive` in one spelling, of each of these directives in each resource."""
        return tuple(canonical(f"{kind}.{name}") for kind in self.resources for name in directives)


class OpenDirectives(OfResources):
    """Directives whose values leave the host where they have this shape; of all others only that they are there.

    One that is stated again `adds_up` to a list, or the last one counts.
    """

    shape: Shape
    directives: tuple[Name, ...] = Field(min_length=1)
    adds_up: bool = False


class CertificateDirective(OfResources):
    """A directive that names a file with certificates or keys, for `tls` or to encrypt `data`: a path, which leaves."""

    directive: Name
    holds: Literal["certificate", "key", "key_and_certificate", "ca", "ca_directory", "parameters"]
    purpose: Literal["tls", "data"] = "tls"


class SecretDirective(OfResources):
    """A directive whose value is a secret: it is told to be there, and its digest only where two ends must agree."""

    directive: Name


class SafeDirective(OfResources):
    """A directive whose `safe` values alone may be proposed; `default` counts in a resource that does not state it."""

    directive: Name
    safe: Annotated[tuple[str, ...], Field(min_length=1)]
    default: str
    why: str = Field(min_length=1)


class ClusterDirective(OfResources):
    """A directive that says the same on every node of a cluster that holds the role."""

    role: str
    directive: Name


class Peer(OfResources):
    """How one role's configuration names hosts of another role, and how those name it back.

    `role` has one of `resources` for each host of the role `other`, with the directives `address` and `secret`. That
    host has a resource `answer` with the same secret, called as `role` calls itself in its own resource of that kind.
    A resource whose directive `switch` says no is used for no scheduled job; one whose directive `port` states another
    port than those of the role `other` is another daemon. `handed_on`: hosts besides the one that states it are told
    the address, so that a loopback one leads them to themselves.
    """

    role: str
    other: str
    answer: Annotated[str, Field(pattern=f"^{_WORDS}$")]
    address: Name
    secret: Name
    switch: Name | None = None
    port: Name | None = None
    handed_on: bool = False
