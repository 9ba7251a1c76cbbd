"""Record what a lab's hosts answer, faults included, for the embedded estate: `python -m tests.lab.record`.

The faults are planted for real, one host each; the recording says which outcomes must name them.
"""

import json
import re
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import yaml

import readiness
from tests.lab import faults
from tests.lab.lab import Lab
from tests.main_job.job import run

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


def _answers(folder: Path, host: str) -> dict[str, Any]:
    """One host's answers by script, as a run folder's transcript has them."""
    lines = [json.loads(line) for line in (folder / "transcript.jsonl").read_text().splitlines()]
    kept = ("sha256", "status", "stdout", "stderr")
    return {
        line["script"].removesuffix(".sh"): {name: line[name] for name in kept}
        for line in lines
        if line["host"] == host and line["what"] == "script"
    }


def _unsalted(answer: dict[str, Any]) -> str:
    """An answer without digests: every run has a nonce of its own, so another run's would fit no other host's."""
    return re.sub(r"[0-9a-f]{64}  -", "", json.dumps(answer))


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
        clean, faulty = hosts[name]["answers"], _answers(folder / name, name)
        hosts[name]["planted"] = {s: one for s, one in faulty.items() if _unsalted(one) != _unsalted(clean[s])}
        hosts[name]["clock_offset_s"] = _clock_offset_s(folder / name, name)
    estate = yaml.safe_load((lab.estate / "estate.yaml").read_text())
    return {
        "about": "Answers of a lab's real hosts, recorded by `python -m tests.lab.record`; Debian 12, Bacula 9.6.7.",
        "planted": sorted([*(pair for _, pairs in PLANTED.values() for pair in pairs), f"CON-001 {DOWN}"]),
        "down": DOWN,
        "estate": estate | {"service": "embedded estate", "change": "CHG-DEMO"},
        "baseline": yaml.safe_load((lab.estate / "baseline.yaml").read_text()),
        "hosts": hosts,
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch, Lab.up(Path(scratch) / "state", clients=4) as running:
        recorded = record(running, Path(scratch))
        RECORDINGS.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")
