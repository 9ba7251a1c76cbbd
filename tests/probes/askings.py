"""What a host with some roles of a catalogue is asked, as the plan of an estate has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from readiness import products
from readiness.configs import SYSTEMS
from readiness.estate import load_bytes
from readiness.planning.inputs import Inputs, names_of
from readiness.planning.scripts import asking_of
from readiness.probes import PROBES
from readiness.probes.asking import Asking
from readiness.products import Catalogue

by_name = {probe.name: probe for probe in PROBES}
SHIPPED = products.load(SYSTEMS)
AS_OF = datetime(2026, 11, 25, 3, tzinfo=UTC)
BACULA = {"bacula": ("director", "storage", "client", "console")}


def asking(
    roles: Mapping[str, Sequence[str]] = BACULA, *, system: str = "linux", catalogue: Catalogue | None = None
) -> Asking:
    """Of one host with these roles by product."""
    catalogue = catalogue or SHIPPED
    written = ", ".join(f"{name}: [{', '.join(names)}]" for name, names in roles.items())
    winrm = "winrm: {user: readiness, password_env: READINESS_X}" if system == "windows" else "ssh: {user: readiness}"
    estate = f"""\
service: one host
change: CHG1
cutover: {{start: "2026-12-01T20:00:00+01:00", end: "2026-12-02T04:00:00+01:00"}}
{winrm}
hosts: {{bk01: {{fqdn: bk01.example.com, os: {system}, products: {{{written}}}}}}}
"""
    files = {"estate.yaml": estate.encode(), "baseline.yaml": b"clock: {max_offset_s: 1.0}\n"}
    loaded = load_bytes(files, names_of(catalogue), AS_OF)
    inputs = Inputs(loaded.estate, loaded.baseline, catalogue, AS_OF, loaded.files)
    return asking_of(loaded.estate.hosts["bk01"], inputs)
