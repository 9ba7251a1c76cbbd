"""The estate under review and what was agreed about it: YAML with line numbers -> frozen values."""

from readiness.estate.backups import Backup, BackupWindow, Bounds, FailoverCluster, windows_of
from readiness.estate.load import BASELINE, ESTATE, LoadedEstate, load, load_bytes
from readiness.estate.models import Baseline, CatalogueNames, CustomChecks, Estate, Host, Ssh
from readiness.estate.schema import json_schema

__all__ = [
    "BASELINE",
    "ESTATE",
    "Backup",
    "BackupWindow",
    "Baseline",
    "Bounds",
    "CatalogueNames",
    "CustomChecks",
    "Estate",
    "FailoverCluster",
    "Host",
    "LoadedEstate",
    "Ssh",
    "json_schema",
    "load",
    "load_bytes",
    "windows_of",
]
