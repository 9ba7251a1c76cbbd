"""Ways to a host: each runs a batch of scripts in one visit, with a deadline on everything.

A transport is a module or folder here, and a line in `TRANSPORTS`; the first one that serves a system is its default.
"""

from __future__ import annotations

from collections.abc import Mapping

from readiness.core.registry import by_name
from readiness.transports import ssh, winrm
from readiness.transports.budget import Budget, Stop
from readiness.transports.kind import (
    CannotReach,
    CommandTransport,
    LiveCommands,
    PlannedLogins,
    Route,
    Surroundings,
    TransportKind,
)

__all__ = [
    "TRANSPORTS",
    "Budget",
    "CannotReach",
    "CommandTransport",
    "LiveCommands",
    "PlannedLogins",
    "Route",
    "Stop",
    "Surroundings",
    "TransportKind",
]

TRANSPORTS: Mapping[str, TransportKind] = by_name(
    (
        ssh.KIND,
        winrm.KIND,
    ),
    lambda kind: kind.name,
)
