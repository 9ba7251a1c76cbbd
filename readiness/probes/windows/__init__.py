"""Probes of Windows hosts: PowerShell scripts whose facts are those of Linux hosts where there are such.

No real Windows was at hand: the scripts ran on a stand-in for Windows PowerShell 5.1, whose answers are ours.
"""

from readiness.core.scripts import Probe
from readiness.probes.windows import (
    access,
    certificates,
    cluster,
    configuration,
    events,
    network,
    services,
    settings,
    software,
    storage,
    system,
    tls,
)

PROBES: tuple[Probe, ...] = (
    *system.PROBES,
    *software.PROBES,
    *services.PROBES,
    *network.PROBES,
    *storage.PROBES,
    *tls.PROBES,
    *settings.PROBES,
    *configuration.PROBES,
    *certificates.PROBES,
    *access.PROBES,
    *cluster.PROBES,
    *events.PROBES,
)

__all__ = ["PROBES"]
