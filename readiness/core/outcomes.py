"""Targets, outcomes and the judgement: the words of a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S")


class Severity(StrEnum):
    """How much an outcome weighs; blocker and major gate, minor is advice."""

    BLOCKER = "blocker"
    MAJOR = "major"
    MINOR = "minor"

    @property
    def gates(self) -> bool:
        """Whether FAIL and UNKNOWN of this severity block GO."""
        return self is not Severity.MINOR


class Result(StrEnum):
    """What came of one pair."""

    PASS = "PASS"  # noqa: S105 - a result, no password
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class Disposition(StrEnum):
    """What an outcome means for the verdict."""

    OK = "ok"
    BLOCKING = "blocking"
    WAIVED = "waived"
    DEFERRED = "deferred"
    ADVISORY = "advisory"


class Verdict(StrEnum):
    """The verdict of a run; `verdict.json` says RUNNING, ERROR or NOTHING_TO_CHECK when there is no other."""

    GO = "GO"
    GO_WITH_CONDITIONS = "GO_WITH_CONDITIONS"
    NO_GO = "NO_GO"
    INCOMPLETE = "INCOMPLETE"
    NOTHING_TO_CHECK = "NOTHING_TO_CHECK"
    ERROR = "ERROR"
    RUNNING = "RUNNING"


EXIT_CODES: Mapping[Verdict, int] = {
    Verdict.GO: 0,
    Verdict.GO_WITH_CONDITIONS: 0,
    Verdict.NO_GO: 1,
    Verdict.INCOMPLETE: 2,
    Verdict.NOTHING_TO_CHECK: 5,
}
LIVE = "live: "  # how messages of users' own tests begin, which cannot be judged again from saved facts
EXIT_FAULT = 3
EXIT_INPUT = 4

PEERS = "peers."  # how the keys of exemptions begin that take a part of a pair away


@dataclass(frozen=True, slots=True)
class Target:
    """What one check looks at.

    `id` is unique among a check's targets (a host's name, `host/product.role`, a group's name, `estate`);
    `host` is the host it belongs to, None for targets without one; `peers` are other hosts whose facts it needs;
    `detail` says which part of the host it is, empty for the host itself. `owner` may be empty.
    """

    id: str
    host: str | None = None
    detail: str = ""
    peers: tuple[str, ...] = ()
    owner: str = ""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host whose facts this target needs."""
        own = (self.host,) if self.host else ()
        return tuple(dict.fromkeys((*own, *self.peers)))


@dataclass(frozen=True, slots=True)
class TargetOf(Target, Generic[S]):
    """A target with its `subject`, what its selector found, such as a role or a rule; comparing targets ignores it."""

    subject: S = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of `results.jsonl`; every text may hold what a host said, so renderers clean it.

    The judge sets `disposition`; until then an outcome blocks GO. `agreed` are the keys of baseline.yaml that it was
    held against, demands and exemptions of single peers; `not_agreed` is that of the exemption by which it is
    NOT_APPLICABLE.
    """

    check: str
    title: str
    area: str
    severity: Severity
    target: str
    host: str | None
    detail: str
    outcome: Result
    message: str
    disposition: Disposition = Disposition.BLOCKING
    expected: str = ""
    found: str = ""
    remedy: str = ""
    owner: str = ""
    waiver: str | None = None
    agreed: tuple[str, ...] = ()
    not_agreed: str | None = None
    blocked_by: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pairs were expected and what came of them.

    `blocked` are UNKNOWN ones that only follow from another; `not_agreed` those of the not applicable ones that an
    exemption takes away.
    """

    expected: int
    passed: int
    failed: int
    unknown: int
    not_applicable: int
    waived: int
    deferred: int
    blocked: int
    not_agreed: int


@dataclass(frozen=True, slots=True)
class Exemption:
    """What it was agreed not to agree on, by whom and until when, and how many of the run's pairs it takes away.

    `scope` is `all`, `group NAME` or `host NAME`; days are as written.
    """

    key: str
    scope: str
    reason: str
    by: str
    day: str
    until: str | None
    pairs: int
    blockers: int

    @property
    def is_of_peers(self) -> bool:
        """Whether it takes no pair away, but peers out of what pairs look at."""
        return self.key.startswith(PEERS)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the verdict rests on besides the outcomes; `partial` says what a narrowed run left out, None for a whole.

    `inputs` are sha256 digests by file; `valid_until` is a time in UTC; `exemptions` are those in force. `no_cutover`
    says why there is none that a GO could be for; None where there is one.
    """

    estate: str
    change: str
    valid_until: str
    inputs: Mapping[str, str]
    partial: Mapping[str, object] | None = None
    report_only: bool = False
    exemptions: tuple[Exemption, ...] = ()
    no_cutover: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement(Circumstances):
    """The verdict with all that it rests on; the same facts, plan, inputs and `as_of` give the same judgement."""

    verdict: Verdict
    exit_code: int
    reasons: tuple[str, ...]
    counts: Counts
