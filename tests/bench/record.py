"""Recordings of what the stand-in answered for each machine; `python -m tests.bench.record` makes them anew.

They serve where the stand-in is not at hand; a test holds their facts equal to those of a fresh run. They are no
recordings of a real Windows. Such a one is made of what a host said in a run, by its folder and a name of its own:
`python -m tests.bench.record RUN-FOLDER HOST NAME`.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from readiness.core.errors import InputError
from readiness.core.scripts import Output, Script
from readiness.probes.probe import Probe
from readiness.probes.windows import PROBES
from readiness.run_folder.names import TRANSCRIPT
from readiness.run_folder.safe_files import refuse
from readiness.run_folder.saved import SavedRun
from tests.bench import machine, stand_in
from tests.probes.askings import asking

RECORDINGS = Path(__file__).parent / "recordings"
NONCE = "0" * 64  # of a run the nonce is secret; here it keeps the recordings the same
CONFIGURATION = r"C:\Program Files\Bacula\bacula-fd.conf"
_KEPT = ("status", "stdout", "stderr", "sent_s", "begun_s", "duration_s")
# A client of a cluster's node: its folders, units and names follow from that; the rest is what the machines describe.
ASKING = replace(
    asking({"bacula": ("client",)}, system="windows"),
    space_paths=("C:\\", r"C:\Program Files\Bacula", r"D:\No such folder"),
    windows=tuple(
        (datetime(2026, 11, day, 20, 50, tzinfo=UTC), datetime(2026, 11, day + 1, 3, 10, tzinfo=UTC))
        for day in (23, 24)
    ),
)
NAMES = ("win2022.lab.example", "dir01.lab.example", "only-an-alias.lab.example", "nowhere.lab.example")
# What the catalogue names and no machine has.
MORE = {
    "access_lists": (r"C:\no\such.conf",),
    "configuration": (r"file=C:\no\such.conf",),
}


def _arguments(probe: Probe) -> tuple[str, ...]:
    return NAMES if probe.name == "names" else (*probe.arguments(ASKING), *MORE.get(probe.name, ()))


def scripts() -> tuple[Script, ...]:
    """Every probe's script in the order of a visit, with the arguments that are asked here."""
    ordered = sorted(PROBES, key=lambda probe: (probe.cost, probe.name))
    return tuple(
        Script(one.name, one.text_for(ASKING), _arguments(one), 90.0, shell="powershell", nonce=NONCE)  # noqa: S604 - starts nothing
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


def of_run(folder: Path, host: str) -> list[dict[str, Any]]:
    """What a Windows host said in a run, as a recording; InputError for a transcript that does not tell all of it."""
    saved, place = SavedRun.open(folder), folder / TRANSCRIPT
    lines, torn = saved.transcript()
    if torn:
        refuse(place, "is cut off: its last line is torn", "run again")
    if differences := saved.check_manifest():
        refuse(folder, f"is not as the run left it: {'; '.join(differences)}", "run again")
    mine = [line for line in lines if line.get("host") == host and line.get("what") == "script"]
    if not mine:
        hosts = sorted({str(line.get("host")) for line in lines if line.get("what") == "script"})
        refuse(place, f"holds no script's output of {host}", f"hosts that gave some: {', '.join(hosts) or 'none'}")
    digests = _digests()
    for line in mine:
        _demand_whole(line, place, digests)
    return [{"name": _name(line)} | {key: line[key] for key in _KEPT} for line in mine]


def _name(line: dict[str, Any]) -> str:
    return str(line.get("script", "")).removesuffix(".ps1")


def _digests() -> dict[str, str]:
    """Those of this version's scripts, as they are sent."""
    return {probe.name: Script(probe.name, probe.text_for(ASKING)).sha256 for probe in PROBES}


def _demand_whole(line: dict[str, Any], place: Path, digests: Mapping[str, str]) -> None:
    """Refuse an output that came to nothing, or is of another script than this version's."""
    told = f"{line.get('ref')}: {line.get('script')}"
    if not str(line.get("script")).endswith(".ps1"):
        refuse(place, f"{told} is no script for PowerShell", "name a host that was reached over WinRM")
    if absent := [key for key in _KEPT if key not in line]:
        refuse(place, f"{told} lacks {', '.join(absent)}", "the run was by another version: run again")
    if line.get("missing"):
        refuse(place, f"{told} gave no output: {line['missing']}", "run again")
    if line.get("sha256") != digests.get(_name(line)):
        refuse(place, f"{told} is not the script of this version", "run again with this one")


def _save(name: str, entries: Sequence[dict[str, Any]]) -> Path:
    path = RECORDINGS / f"{name}.json"
    path.write_text(json.dumps(entries, indent=1) + "\n")
    return path


def record_run(folder: Path, host: str, name: str) -> Path:
    """Keep what a host said in a run as the recording of this name."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name) or name in machine.names():
        refuse(RECORDINGS / name, "is no name for it", "small letters and digits, and not that of a described machine")
    return _save(name, of_run(folder, host))


def record_machines() -> None:
    """Record every described machine anew."""
    for name in machine.names():
        with tempfile.TemporaryDirectory() as folder:
            outputs = answers(machine.Machine.load(name, Path(folder)))
        if wrong := [output for output in outputs if output.missing]:
            raise SystemExit(f"{name}: {wrong}")
        _save(name, [_plain(one) for one in outputs])


def main(arguments: Sequence[str]) -> None:
    """Record the described machines, or a host of a run."""
    if not arguments:
        record_machines()
        return
    if len(arguments) != 3:
        raise SystemExit("usage: python -m tests.bench.record [RUN-FOLDER HOST NAME]")
    folder, host, name = arguments
    try:
        sys.stderr.write(f"{record_run(Path(folder), host, name)}\n")
    except InputError as error:
        raise SystemExit("\n".join(map(str, error.problems))) from error


if __name__ == "__main__":
    main(sys.argv[1:])
