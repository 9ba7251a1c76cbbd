"""The estate under review and what was agreed about it: YAML with line numbers -> frozen values."""

from readiness.estate.backups import Backup, BackupWindow, Bounds, FailoverCluster, windows_of
from readiness.estate.baseline import Baseline
from readiness.estate.custom import CustomChecks
from readiness.estate.demands import NotAgreed
from readiness.estate.estate import Estate
from readiness.estate.folder import BASELINE, ESTATE
from readiness.estate.hosts import Host
from readiness.estate.load import LoadedEstate, load, load_bytes
from readiness.estate.login import Ssh
from readiness.estate.names import Names
from readiness.estate.schema import json_schema
from readiness.estate.space import SpaceDemand
from readiness.estate.sshd import SSHD_SETTINGS

__all__ = [
    "BASELINE",
    "ESTATE",
    "SSHD_SETTINGS",
    "Backup",
    "BackupWindow",
    "Baseline",
    "Bounds",
    "CustomChecks",
    "Estate",
    "FailoverCluster",
    "Host",
    "LoadedEstate",
    "Names",
    "NotAgreed",
    "SpaceDemand",
    "Ssh",
    "json_schema",
    "load",
    "load_bytes",
    "windows_of",
]
