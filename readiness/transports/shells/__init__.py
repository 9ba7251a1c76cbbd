"""The languages that hosts speak: a batch of scripts composed into one text, and its output taken apart."""

from __future__ import annotations

from collections.abc import Mapping

from readiness.core.scripts import Shell
from readiness.transports.shells.batch import Dialect
from readiness.transports.shells.posix import Posix
from readiness.transports.shells.powershell import PowerShell

DIALECTS: Mapping[Shell, Dialect] = {"posix": Posix(), "powershell": PowerShell()}
