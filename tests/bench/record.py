"""Recordings of what the stand-in answered for each machine; `python -m tests.bench.record` makes them anew.

They serve where the stand-in is not at hand; a test holds their facts equal to those of a fresh run. They are no
recordings of a real Windows.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from readiness.core.scripts import Output, Script
from readiness.probes.windows import PROBES
from tests.bench import machine, stand_in

RECORDINGS = Path(__file__).parent / "recordings"
NONCE = "0" * 64  # of a run the nonce is secret; here it keeps the recordings the same
CONFIGURATION = r"C:\Program Files\Bacula\bacula-fd.conf"
ASKED = {
    "access_lists": (r"C:\Program Files\Bacula", CONFIGURATION, r"C:\no\such.conf"),
    "certificates": (r"folder=C:\Program Files\Bacula\tls", r"folder=C:\Program Files\Bacula\ssl"),
    "configuration": (
        f"file={CONFIGURATION}",
        r"file=C:\no\such.conf",
        "secret=password",
        "open=tlskey",
        "address=address",
    ),
    "names": ("win2022.lab.example", "dir01.lab.example", "only-an-alias.lab.example", "nowhere.lab.example"),
    "packages": ("Bacula", "VMware*", "No Such Product"),
    "file_versions": (r"C:\Program Files\Bacula\bacula-fd.exe", r"C:\no\such.exe"),
    "space": ("C:\\", r"C:\Program Files\Bacula", r"D:\No such folder"),
    "snapshot_events": (
        "2026-11-23T20:50:00Z/2026-11-24T03:10:00Z",
        "2026-11-24T20:50:00Z/2026-11-25T03:10:00Z",
    ),
    "services": ("Bacula-fd", "vss", "RemoteRegistry", "NoSuchService"),
    "registry_values": (
        r"SOFTWARE\Microsoft\Windows NT\CurrentVersion::UBR",
        r"SOFTWARE\Microsoft\Windows NT\CurrentVersion::ProductName",
        r"SYSTEM\CurrentControlSet\Control\Session Manager::PendingFileRenameOperations",
        r"SOFTWARE\No\Such::Value",
        r"SECURITY\Policy::Secret",
    ),
}


def scripts() -> tuple[Script, ...]:
    """Every probe's script in the order of a visit, with the arguments that are asked here."""
    ordered = sorted(PROBES, key=lambda probe: (probe.cost, probe.name))
    return tuple(
        Script(one.name, one.text, ASKED.get(one.name, ()), 90.0, shell="powershell", nonce=NONCE)  # noqa: S604 - starts nothing
        for one in ordered
    )


def answers(one: machine.Machine) -> tuple[Output, ...]:
    """What a machine answers to all of them in one batch."""
    return stand_in.run(*scripts(), env=one.environment(), timeout_s=90.0)


def saved(name: str) -> dict[str, Output]:
    """The recording of a machine by probe."""
    found: list[dict[str, Any]] = json.loads((RECORDINGS / f"{name}.json").read_text())
    return {
        entry["name"]: Output(**{**entry, "stdout": entry["stdout"].encode(), "stderr": entry["stderr"].encode()})
        for entry in found
    }


def _plain(output: Output) -> dict[str, Any]:
    return {
        "name": output.name,
        "status": output.status,
        "stdout": output.stdout.decode(),
        "stderr": output.stderr.decode(),
        "sent_s": output.sent_s,
        "begun_s": output.begun_s,
        "duration_s": output.duration_s,
    }


def main() -> None:
    """Record every machine anew."""
    RECORDINGS.mkdir(exist_ok=True)
    for name in machine.names():
        with tempfile.TemporaryDirectory() as folder:
            outputs = answers(machine.Machine.load(name, Path(folder)))
        if wrong := [output for output in outputs if output.missing]:
            raise SystemExit(f"{name}: {wrong}")
        (RECORDINGS / f"{name}.json").write_text(json.dumps([_plain(one) for one in outputs], indent=1) + "\n")


if __name__ == "__main__":
    main()
