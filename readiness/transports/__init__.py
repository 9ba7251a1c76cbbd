"""Ways to a host: each runs a batch of scripts in one visit, with a deadline on everything.

A transport is a module or folder here, and a line in `TRANSPORTS`; the first one that serves a system is its default.
"""

from __future__ import annotations

from collections.abc import Mapping

from readiness.transports import ssh, winrm
from readiness.transports.budget import Budget, Stop
from readiness.transports.kind import CannotReach, CommandTransport, LiveCommands, Route, Surroundings, TransportKind

__all__ = [
    "TRANSPORTS",
    "Budget",
    "CannotReach",
    "CommandTransport",
    "LiveCommands",
    "Route",
    "Stop",
    "Surroundings",
    "TransportKind",
]

TRANSPORTS: Mapping[str, TransportKind] = {
    kind.name: kind
    for kind in (
        ssh.KIND,
        winrm.KIND,
    )
}
