"""What is sent to a host and what comes back: the meeting point of probes and transports."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from readiness.core.facts import F, Fact, HostKey, Login, Missing, Reached, Why

Shell = Literal["posix", "powershell"]


@dataclass(frozen=True, slots=True)
class Script:
    """One probe's script as sent: text of its `shell` whose `arguments` arrive as "$@" or `$args`; data, never code.

    Text for PowerShell is the body of a script block that returns objects; its arguments arrive as `$args`.
    `nonce` arrives as NONCE in the environment, in PowerShell as `$nonce`: what salts the digests of secrets, made for
    the run, and written nowhere. At most `most_secrets` different ones are taken from the host.
    """

    name: str
    text: str
    arguments: tuple[str, ...] = ()
    timeout_s: float = 30.0
    max_bytes: int = 1 << 20
    shell: Shell = "posix"
    most_secrets: int = 16
    nonce: str = field(default="", repr=False)

    @property
    def file(self) -> str:
        """The file it stands in; two scripts may give one fact, each in its own language."""
        return f"{self.name}.{'sh' if self.shell == 'posix' else 'ps1'}"

    @property
    def sha256(self) -> str:
        """Digest of the text, without arguments."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Output:
    """What one script gave back.

    `status` is the exit status (124 or 137 for the script's own time-out is turned into `missing`).
    `sent_s` and `begun_s` are Unix times of this machine: when the last byte was sent that the script needed to start,
    and when its begin mark arrived, so begun_s - sent_s bounds the round trip.
    `missing` says why there is no usable output (timed out, cut, connection lost ...); None when it ran to its end.
    """

    name: str
    status: int | None
    stdout: bytes
    stderr: bytes
    sent_s: float
    begun_s: float
    duration_s: float
    missing: Missing | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Deadlines in seconds and limits in bytes, with their defaults."""

    connect_s: float = 10.0
    login_s: float = 20.0
    probe_s: float = 30.0
    host_s: float = 120.0
    run_s: float = 900.0
    probe_bytes: int = 1 << 20
    host_bytes: int = 16 << 20


@dataclass(frozen=True, slots=True)
class PlannedLogin:
    """A login that a run would make, in words and without any secret.

    `to` is the host, or a host on the way to it; `credential` says who logs in with what, `address` where, and `proof`
    how the host there shows beforehand that it is the one that is meant.
    """

    to: str
    credential: str
    address: str
    proof: str


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit to one host, whatever came of it.

    `facts` are what connecting told of the host, by kind; `missing` is why the others of them, or the rest of the
    scripts, have no value. `outputs` holds each script exactly once when the host let us in, perhaps with `missing`,
    and is empty otherwise; `attempts` describes each try.
    """

    host: str
    facts: Mapping[type[Fact], Fact | Missing] = field(default_factory=dict)
    missing: Missing | None = None
    outputs: tuple[Output, ...] = ()
    attempts: tuple[str, ...] = ()
    command: str = ""

    def fact(self, kind: type[F]) -> F | Missing:
        """A fact of the connection, or why there is none."""
        value = self.facts.get(kind)
        if isinstance(value, kind | Missing):
            return value
        return self.missing or Missing(Why.NOT_ASKED)

    @property
    def reached(self) -> Reached | Missing:
        """The TCP connection."""
        return self.fact(Reached)

    @property
    def host_key(self) -> HostKey | Missing:
        """The host's key."""
        return self.fact(HostKey)

    @property
    def login(self) -> Login | Missing:
        """The login."""
        return self.fact(Login)


class Transport(Protocol):
    """What runs a batch of scripts on one host; opened, used and closed within `visit`."""

    def visit(self, scripts: tuple[Script, ...], limits: Limits, done: Callable[[Output], None]) -> Visit:
        """Connect, log in, run the scripts one after another, close; never raises for what a host does.

        `done` is called with each output as soon as it is complete. Ends within `limits.host_s` whatever happens.
        """
