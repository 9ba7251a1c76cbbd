"""What each transport states about itself, so that other code needs no list of transports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from readiness.core.errors import Problem
from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Limits, Output, PlannedLogin, Shell, Transport
from readiness.estate import Estate, Host
from readiness.files import guarded
from readiness.files.guarded import Kind, Unusable
from readiness.transports.budget import Budget, Stop

_WORDS = {"reached": "TCP connection", "winrm_listener": "WinRM listener"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an estate's files do not state: where its folder is, the user's home, the environment, SSH's settings."""

    folder: Path
    home: Path
    environment: Mapping[str, str]
    system_ssh: Path = Path("/etc/ssh")

    def path(self, text: str) -> Path:
        """A path as the estate writes it: relative to its folder, or with a leading `~/`."""
        return self.home / text[2:] if text.startswith("~/") else self.folder / text

    def read(self, path: Path, kind: Kind, within_s: float) -> bytes:
        """The bytes of a file that the estate names; raises Unusable, for a link out of its folder, too."""
        return guarded.read_of(self.folder, path, kind, within_s)

    def written(self, path: Path) -> str:
        """A path as the estate would write it, which says nothing of this machine."""
        if path.is_relative_to(self.folder):
            return str(path.relative_to(self.folder))
        return f"~/{path.relative_to(self.home)}" if path.is_relative_to(self.home) else str(path)


class CannotReach(Exception):
    """What the estate states of a host is not enough to reach it; `hint` says what would be right.

    `key` is what to mend, such as ("winrm", "ca"), stated for the host or else for all; the host itself without it.
    `problem` is the whole mistake where another file states it.
    """

    def __init__(
        self, message: str, hint: str = "", key: tuple[str | int, ...] = (), problem: Problem | None = None
    ) -> None:
        self.message, self.hint, self.key, self.problem = message, hint, key, problem
        self.others: tuple[CannotReach, ...] = ()
        super().__init__(message)

    @classmethod
    def by_file(cls, error: Unusable, *key: str | int, place: tuple[str, int] | None = None) -> Self:
        """The mistake of a file that a key, or a line of another file, names."""
        return cls(str(error), error.hint, key, error.at(*place, 1) if place else None)

    @classmethod
    def by_problem(cls, problem: Problem) -> Self:
        """A mistake in another file than the estate's."""
        return cls(problem.message, problem.hint, (), problem)

    @classmethod
    def raise_all(cls, mistakes: Sequence[CannotReach]) -> None:
        """Raise them at once, unless there are none."""
        if mistakes:
            mistakes[0].others = tuple(mistakes[1:])
            raise mistakes[0]


class PlannedLogins(Protocol):
    """What makes the words for the logins of a run."""

    def __call__(self, host: Host) -> tuple[Sequence[PlannedLogin], Sequence[CannotReach]]:
        """The logins that lead to a host, and what is missing for them."""


class LiveCommands(Protocol):
    """A connection that stays open for single commands."""

    @property
    def attempts(self) -> tuple[str, ...]:
        """Each try to connect, in words."""

    def open(self) -> Missing | None:
        """Connect and log in, unless that is done; gives why no command can be run, None when one can."""

    def run(self, command: str) -> Output:
        """Run one command; `missing` says why there is no usable output."""

    def close(self) -> None:
        """Close the connection."""


@runtime_checkable
class CommandTransport(Protocol):
    """A transport that can run single commands, too, as users' own tests do."""

    def live(self, limits: Limits, budget: Budget) -> LiveCommands:
        """A connection for single commands to a host that was visited, made when the first one is run."""


@dataclass(frozen=True)
class TransportKind:
    """One kind of transport: `name` as written in estate.yaml, `title` as in messages.

    `systems` are the values of `os` that it serves, it `speaks` one shell there, `proves` are the facts that
    connecting by it can give. `ports` are the ports of a host that it comes in by. `maker` is called once a run, where
    a host is reached by it, and gives what makes a host's transport; `logins` gives what says which logins that makes.
    All of them contact nothing, and raise InputError for files of the user's, CannotReach for what the estate states.
    `runs_commands`: its transports are `CommandTransport`.
    """

    name: str
    title: str
    systems: frozenset[str]
    speaks: Shell
    proves: frozenset[type[Fact]]
    ports: Callable[[Host], frozenset[int]]
    maker: Callable[[Estate, Surroundings, Stop], Callable[[Host], Transport]]
    logins: Callable[[Estate, Surroundings], PlannedLogins]
    runs_commands: bool = False

    def lacks(self, kind: type[Fact]) -> Missing:
        """The reason for a fact of the connection that this transport cannot prove."""
        return Missing(Why.NOT_ASKED, f"{self.title} has no {_WORDS.get(kind.name) or kind.name.replace('_', ' ')}")


@dataclass(frozen=True, slots=True)
class Route:
    """How one host is reached: by which kind of transport, and the transport made for it."""

    kind: TransportKind
    transport: Transport
