"""Comparing versions of packages: numeric parts, distribution revisions, and the rules that products state.

Whole versions are ordered as their package manager orders them. Rules look at the upstream version only, since a
director on Debian and a client on Red Hat share nothing else: `1:9.6.7-7` and `9.6.7-2.el9` are both 9.6.7.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from readiness.products import VersionRule

_LONGEST = 256
# Epoch, upstream version, revision: Debian policy 5.6.12, and rpm-version(7). No colon but the epoch's in either.
_SYNTAX = {
    "debian": re.compile(r"(?:([0-9]{1,9}):)?([0-9][A-Za-z0-9.+~-]*(?=-)|[0-9][A-Za-z0-9.+~]*)(?:-([A-Za-z0-9.+~]+))?"),
    "redhat": re.compile(r"(?:([0-9]{1,9}):)?([A-Za-z0-9._+~^]+)(?:-([A-Za-z0-9._+~^]+))?"),
    # An uninstall entry of Windows has neither epoch nor revision; an agreed version may have one, and is another then.
    "windows": re.compile(r"()([0-9][A-Za-z0-9.+~]*)(?:-([A-Za-z0-9.+~]+))?"),
}
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)*")
# What was built before the version it names; `8.9p1`, `1.0.2a` and a repack (`~dfsg`) were not.
_BEFORE = re.compile(r"~(?!dfsg|ds[0-9])|[-._]?(?:alpha|beta|rc|pre|dev)(?![a-z])", re.IGNORECASE)
# Debian's way to take a release back: 9.6.7+really9.4.0 is 9.4.0.
_REALLY = "+really"


@functools.total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A package's version: `text` as the package manager tells it, `parts` the numbers of the upstream version.

    `before` is the mark of a build before that version (`~rc1`), empty for a release. Versions of two families cannot
    be ordered; `==` is the package manager's, to which 1.0 and 1.00 are one version, so versions have no hash.
    """

    text: str
    family: str
    epoch: int
    upstream: str
    revision: str
    parts: tuple[int, ...]
    before: str

    @classmethod
    def parse(cls, text: str, family: str) -> Version:
        """A version of a package of a family (`debian`, `redhat`, `windows`); ValueError for what is none."""
        if family not in _SYNTAX:
            raise ValueError(f"packages of the {family} family cannot be compared")
        match = _SYNTAX[family].fullmatch(text) if len(text) <= _LONGEST else None
        if match is None:
            raise ValueError(f"not a version of a {family} package: {text[:_LONGEST]!r}")
        epoch, upstream, revision = match.groups()
        real = upstream.rpartition(_REALLY)[2]
        numbers = _NUMBERS.match(real)
        rest = real[numbers.end() :] if numbers else ""
        parts = tuple(map(int, numbers[0].split("."))) if numbers else ()
        return cls(text, family, int(epoch or 0), upstream, revision or "", parts, rest if _BEFORE.match(rest) else "")

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Version) or other.family != self.family:
            return NotImplemented
        left, right = _ordered(self.text, self.family), _ordered(other.text, self.family)
        return not (left < right or right < left)  # univers' own equality of Debian versions is that of their texts

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Version) or other.family != self.family:
            return NotImplemented
        return bool(_ordered(self.text, self.family) < _ordered(other.text, self.family))

    __hash__ = None  # type: ignore[assignment]

    def cut(self, count: int | None = None) -> Version:
        """The first `count` parts of the upstream version, or all; the common ground of two families.

        Parts that are not there count as 0. The mark of a build before the version stays unless its part is cut off:
        9.6.7~rc1 is of 9.6, and is not yet 9.6.7.
        """
        if not self.parts:
            raise ValueError(f"a version without numbers: {self.text!r}")
        kept = self.parts if count is None else (*self.parts, *[0] * count)[:count]
        before = f"~{self.before.lstrip('~-._')}" if self.before and len(kept) >= len(self.parts) else ""
        # Some marks hold what Debian's syntax does not know.
        return Version.parse(".".join(map(str, kept)) + re.sub(r"[^A-Za-z0-9.~]", ".", before), "debian")


@functools.lru_cache(maxsize=4096)
def _ordered(text: str, family: str) -> Any:
    # Imported here: it costs a tenth of a second, and most commands compare nothing.
    from univers.debian import Version as DebianVersion  # noqa: PLC0415
    from univers.rpm import RpmVersion  # noqa: PLC0415

    kind: Any = RpmVersion if family == "redhat" else DebianVersion
    return kind.from_string(text)


def matches_agreed(installed: Version, agreed: str) -> bool:
    """Whether a version is the agreed one, held against as much as was agreed.

    `9.6.7-7`, with a distribution's revision, is compared whole, and the epoch only when it was agreed, since
    `rpm -q` does not show it. `9.6` and `9.6.7` are compared by their parts: 9.6.7-7 is both, 9.6.7~rc1 is not 9.6.7.
    What has more than numbers (`8.9p1`) is compared with the whole upstream version. ValueError for no version.
    """
    wanted = Version.parse(agreed, installed.family)
    if ":" in agreed and wanted.epoch != installed.epoch:
        return False
    if "-" in agreed:
        return (wanted.upstream, wanted.revision) == (installed.upstream, installed.revision)
    if not _NUMBERS.fullmatch(wanted.upstream):
        return wanted.upstream == installed.upstream
    return installed.cut(len(wanted.parts)) == wanted.cut()


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a rule, with what it expected and what was found, in words."""

    ok: bool
    expected: str
    found: str


def evaluate_rule(rule: VersionRule, own: Version, other: Version | None = None) -> Judged:
    """Hold the version of the rule's role against the rule; ValueError when that cannot be judged."""
    installed = f"{rule.role} {own}"
    if rule.rule == "min":
        least = Version.parse(rule.version or "", own.family)
        return Judged(own.cut(len(least.parts)) >= least.cut(), f"{rule.role} {rule.version} or newer", installed)
    if other is None:
        raise ValueError(f"nothing to hold the {rule.role}'s version against")
    if rule.rule == "max_lag":
        return _lag(rule, own, other)
    count = rule.parts or max(len(own.parts), len(other.parts))
    ours, its = own.cut(count), other.cut(count)
    ok, words = {
        "eq": (ours == its, f"{rule.role} {its}, as its"),
        "same_series": (ours == its, f"{rule.role} of the series {its}, as its"),
        "ge": (its >= ours, f"{rule.role} {its} or older, not newer than its"),
    }[rule.rule]
    return Judged(ok, f"{words} {rule.other} {other}", installed)


def _lag(rule: VersionRule, own: Version, other: Version) -> Judged:
    """How far the role is behind: in major versions, or in minor ones of the same major version."""
    if rule.n is None or rule.unit not in {"major", "minor"}:
        raise ValueError("the rule does not say how far behind is allowed")
    expected = f"{rule.role} at most {_versions(rule.n, rule.unit)} behind its {rule.other} {other}"
    (major, minor), (its_major, its_minor) = ((*version.cut(2).parts,) for version in (own, other))
    if rule.unit == "minor" and major != its_major:
        # Nobody knows how many minor versions the older series had.
        return Judged(major > its_major, expected, f"{rule.role} {own}, of another major version")
    behind = its_major - major if rule.unit == "major" else its_minor - minor
    lag = f"{_versions(behind, rule.unit)} behind" if behind > 0 else "not behind"
    return Judged(behind <= rule.n, expected, f"{rule.role} {own}, {lag}")


def _versions(count: int, unit: str) -> str:
    return f"{count} {unit} version" + ("" if count == 1 else "s")
