"""Typed facts read from hosts, and the reasons why one may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, TypeVar

from readiness.core.basis import current


class Why(StrEnum):
    """Why a fact is missing; no two situations that an engineer would mend differently share a reason."""

    NO_SUCH_NAME = "no such name"
    REFUSED = "connection refused"
    FILTERED = "no answer (filtered)"
    UNREACHABLE = "no route"
    NOT_SSH = "not an SSH server"
    CONNECTION_LOST = "connection lost"
    HOST_KEY_UNKNOWN = "host key unknown"
    HOST_KEY_DIFFERS = "host key differs"
    LEGACY_ALGORITHMS = "legacy algorithms only"
    LOGIN_REFUSED = "login refused"
    LOGIN_TIMED_OUT = "login timed out"
    NO_COMMANDS = "login runs no commands"
    NOT_WINRM = "not a WinRM listener"
    CERTIFICATE_NOT_TRUSTED = "certificate not trusted"
    SCHEME_NOT_OFFERED = "logon scheme not offered"
    ACCESS_DENIED = "access denied"
    SHELLS_NOT_ALLOWED = "remote shells not allowed"
    WINRM_QUOTA = "WinRM quota used up"
    ENVELOPE_TOO_LARGE = "envelope too large"
    WINRM_FAULT = "WinRM fault"
    TIMED_OUT = "command timed out"
    HOST_TIMED_OUT = "host timed out"
    RUN_TIMED_OUT = "run timed out"
    OUTPUT_CUT = "output cut"
    NOT_PERMITTED = "not permitted"
    TOOL_ABSENT = "tool absent"
    UNREADABLE = "output not understood"
    NOT_ASKED = "not asked"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that is not there: `why` by kind, `detail` in words, `remedy` when one line would mend it."""

    why: Why
    detail: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        """The reason and its detail in one line."""
        return f"{self.why.value}: {self.detail}" if self.detail else self.why.value


class FactMissing(Exception):
    """Raised by `need`; only `evaluate` turns it into UNKNOWN."""

    def __init__(self, host: str, fact: str, missing: Missing) -> None:
        self.host, self.fact, self.missing = host, fact, missing
        super().__init__(f"{host}: {fact}: {missing}")


@dataclass(frozen=True)
class Fact:
    """Base of all facts: frozen values; `name` is their key in files and equals the probe's name."""

    name: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Reached(Fact):
    """The host accepted a TCP connection: `address` as used, `rtt_s` the time the handshake took."""

    name: ClassVar[str] = "reached"
    address: str
    port: int
    rtt_s: float


@dataclass(frozen=True, slots=True)
class HostKey(Fact):
    """The key a host proved to hold: `offered` and the `pinned` ones, each as `type base64`.

    `distrust` says why none of the pinned ones is trusted on this machine, and what mends that; empty where one is.
    """

    name: ClassVar[str] = "host_key"
    offered: str
    fingerprint: str
    pinned: tuple[str, ...]
    pinned_fingerprints: tuple[str, ...]
    distrust: str = ""


@dataclass(frozen=True, slots=True)
class Login(Fact):
    """The login that was accepted, and runs commands.

    `method` is `publickey`, `agent`, `ntlm`, `basic` or `certificate`.
    """

    name: ClassVar[str] = "login"
    user: str
    method: str


@dataclass(frozen=True, slots=True)
class WinrmListener(Fact):
    """The WinRM listener: the logon schemes it `offered` before any logon, and the one `used`, by its estate name.

    `sealed` says whether the messages themselves are encrypted, inside TLS or without it. `offset_s` is the host's
    clock minus ours by its Date header, to a second; None when there was none. `certificate_sha256` is the digest of
    the certificate in hex, None without TLS.
    """

    name: ClassVar[str] = "winrm_listener"
    scheme: str
    port: int
    offered: tuple[str, ...]
    used: str
    sealed: bool
    offset_s: float | None
    certificate_sha256: str | None


F = TypeVar("F", bound=Fact)
T = TypeVar("T")
_LISTED = 20


@dataclass(frozen=True)
class HostFacts:
    """All that was read from one host: a value or `Missing` by fact name, with transcript references."""

    host: str
    values: Mapping[str, Fact | Missing]
    evidence: Mapping[str, str]


class Facts:
    """The facts of a run as a check sees them: those of the target's host, of others through `of`, of all by `every`.

    What is asked for is recorded as evidence of the outcome, and what the check's `needs` do not name makes it UNKNOWN.
    """

    def __init__(self, store: Mapping[str, HostFacts], host: str | None = None) -> None:
        self._store, self._host = store, host

    @property
    def host(self) -> str:
        """The host these facts are of; an error for a target without a host."""
        if self._host is None:
            raise LookupError("this target has no host of its own: use facts.of(name)")
        return self._host

    def of(self, host: str) -> Facts:
        """The facts of another host."""
        return Facts(self._store, host)

    def get(self, kind: type[F]) -> F | Missing:
        """The fact, or `Missing` with its reason; a fact nobody asked the host for is Missing, too."""
        basis = current()
        basis.ask(kind.name, kind.__name__)
        known = self._store.get(self.host)
        if known is None:
            return Missing(Why.NOT_ASKED, f"{self.host} was not contacted")
        if reference := known.evidence.get(kind.name):
            basis.evidence[reference] = None
        return _value(known, kind)

    def every(self, kind: type[F]) -> Mapping[str, F | Missing]:
        """The fact of each host that was contacted, by host; the lines of all of them are evidence.

        Of many hosts `*#FACT` stands for their lines: a list of them all in the outcome of each would be too long.
        """
        basis = current()
        basis.ask(kind.name, kind.__name__)
        every = [self._store[host] for host in sorted(self._store)]
        references = [known.evidence[kind.name] for known in every if kind.name in known.evidence]
        basis.evidence |= dict.fromkeys(references if len(references) <= _LISTED else [f"*#{kind.name}"])
        return {known.host: _value(known, kind) for known in every}

    def part(self, kind: type[Fact], value: T | Missing) -> T:
        """A part of a fact; its absence makes the outcome UNKNOWN with the reason, as that of the whole fact would."""
        if isinstance(value, Missing):
            raise FactMissing(self.host, kind.name, value)
        return value

    def need(self, kind: type[F]) -> F:
        """The fact; its absence makes the outcome UNKNOWN with the reason."""
        return self.part(kind, self.get(kind))


def _value(known: HostFacts, kind: type[F]) -> F | Missing:
    value = known.values.get(kind.name)
    if value is None:
        return Missing(Why.NOT_ASKED, f"no probe read {kind.name} on {known.host}")
    if not isinstance(value, kind | Missing):
        raise TypeError(f"{kind.name} of {known.host} is a {type(value).__name__}")
    return value
