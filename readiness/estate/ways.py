"""The way to each host as written: SSH to Linux, WinRM to Windows, and what contradicts itself about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from readiness.estate.models import Ssh, Winrm
from readiness.estate.tables import table
from readiness.estate.yaml_lines import Document, Path

TRANSPORTS = {"linux": "ssh", "windows": "winrm"}


def way_of(estate: Mapping[str, Any], host: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings in force for a host's own way: defaults, then the estate's, then the host's; with its port."""
    if host.get("os") != "windows":
        return {**asdict(Ssh()), **table(estate.get("ssh")), **table(host.get("ssh"))}
    settings = {**asdict(Winrm()), **table(estate.get("winrm")), **table(host.get("winrm"))}
    own = 5985 if settings["scheme"] == "http" else 5986
    return {**settings, "port": own if settings["port"] is None else settings["port"]}


def check_ways(document: Document) -> None:
    """Report a way that does not fit the host's system, and settings of WinRM that cannot go together."""
    estate = table(document.value)
    for name, entry in table(estate.get("hosts")).items():
        host, path = table(entry), ("hosts", name)
        system = host.get("os", "linux")
        if system not in TRANSPORTS:
            continue
        if host.get("transport", TRANSPORTS[system]) not in {TRANSPORTS[system], None}:
            hint = f"leave it out: it is {TRANSPORTS[system]} for os {system}"
            document.report((*path, "transport"), f"{host['transport']} to a host with os {system}", hint)
        stranger = "winrm" if system == "linux" else "ssh"
        if stranger in host:
            hint = f"os is {system}: remove it, or correct os"
            document.report((*path, stranger), f"{stranger} settings of a host that is reached by another way", hint)
        if system == "windows":
            _check_winrm(document, way_of(estate, host), _where(estate, host, path))


def _where(estate: Mapping[str, Any], host: Mapping[str, Any], path: Path) -> Path:
    if "winrm" in host:
        return (*path, "winrm")
    return ("winrm",) if "winrm" in estate else path


def _check_winrm(document: Document, way: Mapping[str, Any], where: Path) -> None:
    auth, scheme = way["auth"], way["scheme"]
    if auth in {"basic", "certificate"} and scheme == "http":
        document.report(where, f"auth {auth} over http would send it unprotected", "scheme: https, or auth: ntlm")
    if auth == "certificate" and not (way["certificate"] and way["key"]):
        document.report(where, "auth certificate without certificate and key", "name both files")
    if auth != "certificate" and (way["certificate"] or way["key"]):
        document.report(where, f"a certificate, and auth {auth}", "auth: certificate, or remove certificate and key")
    if auth in {"ntlm", "basic"} and not way["user"]:
        document.report(where, f"auth {auth} without a user", "state winrm.user, for the host or for all")
