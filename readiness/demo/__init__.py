"""The embedded estate: servers in this process that replay recorded answers of hosts; no root, any POSIX."""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from readiness.demo.keys import new_certificate, new_key
from readiness.demo.server import Answers, serve
from readiness.demo.winrm_server import WindowsAnswers, serve_winrm
from readiness.estate.baseline import unstated
from readiness.estate.login import NTLM_OVER_HTTP

NOTE = "Recorded answers of servers inside this process: hosts with SSH replay a run on a lab"
OF_WINDOWS = "hosts with WinRM one on a stand-in for PowerShell; no real Windows was at hand"
NOT_RECORDED = "a demand that is younger than the demo's recording"
USER = "readiness"
PASSWORD_ENV = "READINESS_DEMO_PASSWORD"  # noqa: S105 - a name, not a password
_ACCOUNTS_ENV = "NTLM_USER_FILE"  # names the file in which the NTLM library looks up who may log on


def recordings() -> dict[str, Any]:
    """What the hosts answered, with the estate they belong to."""
    recorded: dict[str, Any] = json.loads((files("readiness.demo") / "recordings.json").read_text())
    return recorded


@contextmanager
def embedded_estate(environment: MutableMapping[str, str] | None = None, *, planted: bool = True) -> Iterator[Path]:
    """The folder of an estate whose hosts answer on loopback ports until the end.

    With an `environment` there are Windows hosts, too; what logging on to them needs is in it until the end.
    `planted`: with the planted faults, and one host that is down; without, all is well.
    """
    recorded = recordings()
    windows = recorded["windows"] if environment is not None else {}
    estate = windows.get("estate", recorded["estate"]) | {"note": f"{NOTE}."}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="readiness-demo-"))) / "demo"
        folder.mkdir()
        ssh_hosts = _ssh_hosts(folder, recorded, windows.get("beside", {}), planted=planted)
        _set_ports(estate, "ssh", stack.enter_context(ssh_hosts))
        estate["ssh"] = {"user": USER, "identity_file": "../id_ed25519", "known_hosts": "known_hosts"}
        if environment is not None:
            windows_hosts = _windows_hosts(folder, windows, environment, planted=planted)
            _set_ports(estate, "winrm", stack.enter_context(windows_hosts))
            estate["winrm"] = {"user": USER, "password_env": PASSWORD_ENV, "ca": "ca.pem"}
            estate["note"] = f"{NOTE}, {OF_WINDOWS}."
        # JSON is YAML, too.
        (folder / "estate.yaml").write_text(json.dumps(estate, indent=2))
        baseline = _with_reasons(windows.get("baseline", recorded["baseline"]), estate)
        (folder / "baseline.yaml").write_text(json.dumps(baseline, indent=2))
        yield folder


def _with_reasons(baseline: Mapping[str, Any], estate: Mapping[str, Any]) -> Mapping[str, Any]:
    """The baseline as recorded; what has become a demand since then is not agreed on, and says so."""
    held = (products for host in estate["hosts"].values() for products in host["products"].items())
    roles = sorted({f"{product}.{role}" for product, own in held for role in own})
    exemption = {"reason": NOT_RECORDED, "by": "the demo", "day": "2026-01-01"}
    reasons = dict.fromkeys(unstated(baseline, roles), exemption)
    return {**baseline, "not_agreed": {**baseline.get("not_agreed", {}), **reasons}} if reasons else baseline


def _set_ports(estate: Mapping[str, Any], transport: str, ports: Mapping[str, int]) -> None:
    for name, port in ports.items():
        host = estate["hosts"][name]
        host |= {"address": "127.0.0.1", transport: {**host.get(transport, {}), "port": port}}


def _replayed(host: Mapping[str, Any], *, planted: bool) -> tuple[dict[str, Any], float]:
    """A host's answers, and how far its clock is off."""
    return (host["answers"] | host["planted"], host["clock_offset_s"]) if planted else (host["answers"], 0.0)


@contextmanager
def _ssh_hosts(
    folder: Path, recorded: Mapping[str, Any], beside: Mapping[str, Any], *, planted: bool
) -> Iterator[dict[str, int]]:
    """The hosts with SSH by their port; `beside` are answers that differ when there are Windows hosts, too."""
    login = new_key()
    identity = folder.parent / "id_ed25519"
    identity.touch(0o600)
    identity.write_bytes(login.private)
    ports, pins = {}, []
    with ExitStack() as stack:
        for name, host in recorded["hosts"].items():
            own, (answers, clock_offset_s) = new_key(), _replayed(host, planted=planted)
            up = not planted or name != recorded["down"]
            answering = Answers(answers | beside.get(name, {}), clock_offset_s)
            ports[name] = stack.enter_context(serve(own.private, USER, login.public, answering, up=up))
            pins.append(f"[127.0.0.1]:{ports[name]} {own.public}\n")
        (folder / "known_hosts").write_text("".join(pins))
        yield ports


@contextmanager
def _windows_hosts(
    folder: Path, windows: Mapping[str, Any], environment: MutableMapping[str, str], *, planted: bool
) -> Iterator[dict[str, int]]:
    """The hosts with WinRM by their port; NTLM for all, sealed where it is over HTTP."""
    password = secrets.token_urlsafe(24)
    accounts = folder.parent / "accounts"
    accounts.touch(0o600)
    accounts.write_text(f":{USER}:{password}\n")
    certificate = new_certificate("127.0.0.1", folder / "ca.pem", folder.parent / "listener.key")
    ports = {}
    with ExitStack() as stack:
        stack.enter_context(
            _set(environment, {PASSWORD_ENV: password, NTLM_OVER_HTTP: "1", _ACCOUNTS_ENV: str(accounts)})
        )
        for name, host in windows["hosts"].items():
            scheme = windows["estate"]["hosts"][name]["winrm"]["scheme"]
            answers = WindowsAnswers(*_replayed(host, planted=planted))
            ports[name] = stack.enter_context(serve_winrm(answers, certificate if scheme == "https" else None))
        yield ports


@contextmanager
def _set(environment: MutableMapping[str, str], variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables, and restore them at the end."""
    before = {name: environment[name] for name in variables if name in environment}
    environment.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del environment[name]
        environment.update(before)
