"""`make bench`: ratios within one run on this machine, to `reports/benchmarks.json` and a table on the terminal."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import outcomes, ssh
from tests.benchmarks.collect_many import PARALLEL
from tests.benchmarks.measure import Ratio, in_turn
from tests.main_job.job import ROOT
from tests.transports.sshd import sshd

RUNS = 3


def measure() -> list[Ratio]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        ours, theirs = outcomes.ours(folder), outcomes.theirs(folder)
        whole = outcomes.HOSTS * outcomes.CHECKS
        outcomes.check_once(ours, whole)
        outcomes.check_once(theirs, whole)
        ratios = in_turn(f"{whole:,} outcomes / parametrised functions", ours, theirs, RUNS)
        for hosts in (20, 100):
            with sshd(folder / f"sshd{hosts}", "MaxStartups 2000", "UsePAM no") as server:
                ours, theirs = ssh.prepare(server, hosts)
                ratios += in_turn(f"collecting {hosts} hosts / OpenSSH -P{PARALLEL}", ours, theirs, RUNS)
    return ratios


def main() -> None:
    ratios = measure()
    machine = f"{os.cpu_count()} CPUs, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    (ROOT / "reports").mkdir(exist_ok=True)
    document = {"date": date, "machine": machine, "ratios": [one.as_dict() for one in ratios]}
    (ROOT / "reports" / "benchmarks.json").write_text(json.dumps(document, indent=2) + "\n")
    print(f"{date}, {machine}; medians of {RUNS} pairs, run in turn\n")
    print("| what | ours | theirs | ratio | spread |\n|---|---|---|---|---|")
    for one in ratios:
        print(f"| {one.what} | {one.ours} | {one.theirs} | {one.median} | {one.least} to {one.most} |")


if __name__ == "__main__":
    main()
