"""Record what a lab's hosts answer, and Windows hosts of the bench beside them, for the embedded estate.

`python -m tests.lab.record`, as root, with the stand-in for PowerShell at hand. The faults are planted for real, in
one host each; the recording says which outcomes must name them.
"""

import json
import re
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import yaml

import readiness
from readiness.demo.reader import parts_of
from tests.bench import stand_in
from tests.lab import faults, windows
from tests.lab.lab import Lab
from tests.main_job.job import Job, run

RECORDINGS = Path(readiness.__file__).parent / "demo" / "recordings.json"
DOWN = "client04"
PLANTED: dict[str, tuple[Callable[[Lab], AbstractContextManager[None]], list[str]]] = {
    "client01": (lambda lab: faults.daemon_disabled(lab, "client01"), ["SVC-001 client01/bacula.client"]),
    "client02": (
        lambda lab: faults.other_package_version(lab, "client02"),
        ["VER-002 client02/bacula.client", "VER-007 clients"],
    ),
    "client03": (lambda lab: faults.clock_off(lab, "client03"), ["CLK-001 client03"]),
}
_TLS_1_0 = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.0"
# What hosts with SSH say otherwise where there are Windows hosts, too: who is known to them, and all digests of
# secrets, since those of two runs never agree.
_BESIDE = ("names", "configuration")


def _old_protocol_left_on(description: dict[str, Any]) -> None:
    for side in ("Client", "Server"):
        description["registry"][f"{_TLS_1_0}\\{side}"] = None


def _service_disabled(description: dict[str, Any]) -> None:
    (one,) = (row for row in description["cim"]["Win32_Service"] if row["Name"] == "Bacula-fd")
    one["StartMode"] = "Disabled"


PLANTED_IN_WINDOWS: dict[str, tuple[windows.Change, list[str]]] = {
    "fd01": (_old_protocol_left_on, ["WIN-002 fd01"]),
    "fd02": (_service_disabled, ["SVC-001 fd02/bacula.client"]),
}


def _answers(folder: Path, host: str) -> dict[str, Any]:
    """One host's answers by script, as a run folder's transcript has them; of the reader part by part."""
    lines = [json.loads(line) for line in (folder / "transcript.jsonl").read_text().splitlines()]
    mine = [line for line in lines if line["host"] == host and line["what"] == "script"]
    if not mine or any(line["missing"] for line in mine):
        raise SystemExit(f"{host} did not answer everything: {[line['missing'] for line in mine]}")
    kept = ("sha256", "arguments", "status", "stdout", "stderr")
    answers = {line["fact"]: {name: line[name] for name in kept} for line in mine}
    if "reader" in answers:
        scripts = json.loads((folder / "plan.json").read_text())["scripts"]
        frame, parts = parts_of(scripts[answers["reader"]["sha256"]]["text"])
        for name, digest in {"reader": frame, **parts}.items():
            answers[name]["sha256"] = digest
    return answers


def _unsalted(answer: dict[str, Any]) -> str:
    """An answer without digests: every run has a nonce of its own, so another run's would fit no other host's.

    PowerShell orders the keys of a hashtable anew each time.
    """
    said = {key: _ordered(value) if key == "stdout" else value for key, value in answer.items()}
    return re.sub(r"[0-9a-f]{64}", "", json.dumps(said, sort_keys=True))


def _ordered(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _changed(clean: dict[str, Any], faulty: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in faulty.items() if _unsalted(one) != _unsalted(clean[name])}


def _clock_offset_s(folder: Path, host: str) -> float:
    facts = [json.loads(line) for line in (folder / "facts.jsonl").read_text().splitlines()]
    clock = next(one for one in facts if one["host"] == host)["facts"]["clock"]["value"]
    return round(float(clock["offset_s"]), 1)


def record(lab: Lab, folder: Path) -> dict[str, Any]:
    """Run against the clean lab and against each fault; keep the clean answers, and what each fault changed in them."""
    run(lab.estate, folder / "clean")
    hosts: dict[str, Any] = {
        name: {"answers": _answers(folder / "clean", name), "planted": {}, "clock_offset_s": 0.0} for name in lab.hosts
    }
    for name, (plant, _) in PLANTED.items():
        with plant(lab):
            run(lab.estate, folder / name)
        hosts[name]["planted"] = _changed(hosts[name]["answers"], _answers(folder / name, name))
        hosts[name]["clock_offset_s"] = _clock_offset_s(folder / name, name)
    return {
        "about": "Answers of a lab's real hosts, recorded by `python -m tests.lab.record`; Debian 12, Bacula 9.6.7.",
        "planted": sorted([*(pair for _, pairs in PLANTED.values() for pair in pairs), f"CON-001 {DOWN}"]),
        "down": DOWN,
        **_files(lab.estate),
        "hosts": hosts,
        "windows": _record_windows(lab, folder),
    }


def _files(estate: Path) -> dict[str, Any]:
    document = yaml.safe_load((estate / "estate.yaml").read_text())
    return {
        "estate": document | {"service": "embedded estate", "change": "CHG-DEMO"},
        "baseline": yaml.safe_load((estate / "baseline.yaml").read_text()),
    }


def _record_windows(lab: Lab, folder: Path) -> dict[str, Any]:
    """The same with Windows hosts, all in one run, so that what two ends say about each other fits."""
    hosts = windows.WindowsHosts(lab)
    with hosts.up(folder / "beside", {}) as estate:
        clean = run(estate, folder / "windows", variables=windows.ENVIRONMENT)
        files = _files(estate)
    with hosts.up(folder / "broken", {name: fault for name, (fault, _) in PLANTED_IN_WINDOWS.items()}) as estate:
        run(estate, folder / "faults", variables=windows.ENVIRONMENT)
    recorded = {}
    for name in windows.HOSTS:
        answers = _answers(folder / "windows", name)
        planted = _changed(answers, _answers(folder / "faults", name))
        recorded[name] = {"answers": answers, "planted": planted, "clock_offset_s": 0.0}
    return {
        "about": (
            "Answers of a stand-in for PowerShell 5.1 on described machines, recorded by `python -m tests.lab.record`; "
            "no real Windows was at hand."
        ),
        "planted": sorted(pair for _, pairs in PLANTED_IN_WINDOWS.values() for pair in pairs),
        "unjudged": _unjudged(clean),
        **files,
        "beside": {
            name: {script: one for script, one in _answers(folder / "windows", name).items() if script in _BESIDE}
            for name in lab.hosts
        },
        "hosts": recorded,
    }


def _unjudged(clean: Job) -> list[str]:
    """What is not judged though nothing is wrong: a replay presents a certificate of its own."""
    if clean.code > 2:
        raise SystemExit(f"exit code {clean.code}: {clean.stderr}{clean.stdout}")
    wrong = clean.wrong()
    if failed := [pair for pair, outcome in wrong.items() if outcome == "FAIL"]:
        raise SystemExit("\n".join([f"without faults it should not fail: {failed}", *map(clean.message, failed)]))
    if slow := [pair for pair in wrong if pair.startswith("CLK-")]:
        raise SystemExit(f"the machine was too busy to compare clocks, try again: {slow}")
    for pair in wrong:
        sys.stderr.write(f"not judged: {pair}: {clean.message(pair)}\n")
    return sorted(wrong)


if __name__ == "__main__":
    if stand_in.find() is None:
        raise SystemExit("the stand-in for PowerShell is not there: READINESS_SHARED says where tools/powershell is")
    with tempfile.TemporaryDirectory() as scratch, Lab.up(Path(scratch) / "state", clients=4) as running:
        recorded = record(running, Path(scratch))
        RECORDINGS.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")
