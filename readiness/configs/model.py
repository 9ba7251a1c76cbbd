"""What every format of configuration becomes: files of resources with their directives."""

from __future__ import annotations

import re
from dataclasses import dataclass

from readiness.core.text import canonical

_SWITCH = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}


@dataclass(frozen=True, slots=True)
class Directive:
    """`name` in lower case without spaces, after those of the blocks that it stands in: `include.options.signature`.

    It has no name where the catalogue knows none. `value` is None where it does not leave the host; then `digest`
    stands for a secret on which two ends must agree, or `hidden` says why there is none.
    """

    name: str
    value: str | None
    digest: str | None
    hidden: str
    location: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource such as `director` with its directives in order; `location` is `file:line`.

    It has no kind where the catalogue knows nothing of it.
    """

    kind: str
    location: str
    directives: tuple[Directive, ...]

    def is_kind(self, kind: str) -> bool:
        """Whether it is of this kind, in any spelling."""
        return self.kind == canonical(kind)

    def get(self, name: str) -> Directive | None:
        """The directive of this name in any spelling; the last one where it is stated twice, as Bacula takes it."""
        return next(reversed(self.every(name)), None)

    def every(self, name: str) -> tuple[Directive, ...]:
        """Each directive of this name in any spelling, in order."""
        wanted = canonical(name)
        return tuple(entry for entry in self.directives if entry.name == wanted)

    def value(self, name: str) -> str | None:
        """Its value; None where it is not stated or masked."""
        directive = self.get(name)
        return directive.value if directive else None


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """One file with all that it includes; `unread` says of each part that is not in it why.

    `is_absent`: there is no such file.
    """

    path: str
    resources: tuple[Resource, ...]
    unread: tuple[str, ...]
    is_absent: bool

    def of_kind(self, kind: str) -> tuple[Resource, ...]:
        """The resources of a kind in any spelling."""
        wanted = canonical(kind)
        return tuple(resource for resource in self.resources if resource.kind == wanted)


def same_value(value: str, wanted: str) -> bool:
    """Whether two values mean the same: yes and true do in any case, and so does a list whatever its spaces."""
    bare = (re.sub(r" *, *", ",", text) for text in (value, wanted))
    first, second = (_SWITCH.get(canonical(text), text) for text in bare)
    return first == second
