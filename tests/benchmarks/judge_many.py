"""Judge a folder of checks on many hosts, facts made on the spot: `python -m tests.benchmarks.judge_many CHECKS N`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from readiness import products
from readiness.configs import SYSTEMS
from readiness.core.facts import HostFacts, Login
from readiness.estate import load_bytes
from readiness.gate.collecting import collect_checks
from readiness.gate.plugin import judge_plan
from readiness.gate.steps import conclude, plan_run
from readiness.planning.inputs import Inputs, names_of
from readiness.planning.plan import Narrowing, Plan
from tests.cutover import IN_YAML

_ESTATE = """
service: benchmark
change: none
cutover: CUTOVER
hosts:
""".replace("CUTOVER", IN_YAML)


def given(plan: Plan) -> Mapping[str, HostFacts]:
    """The same login on every host of the plan."""
    login = Login("readiness", "publickey")
    names = {target.host for _, target in plan.pairs if target.host}
    return {name: HostFacts(name, {"login": login}, {"login": f"{name}#0"}) for name in names}


def main(folder: str, hosts: int) -> None:
    lines = [
        f"  h{number:05}: {{fqdn: h{number:05}.example.com, products: {{bacula: [client]}}}}\n"
        for number in range(hosts)
    ]
    files = {"estate.yaml": (_ESTATE + "".join(lines)).encode(), "baseline.yaml": b"clock: {max_offset_s: 1.0}\n"}
    catalogue = products.load(SYSTEMS)
    now = datetime.now(UTC)
    loaded = load_bytes(files, names_of(catalogue), now)
    inputs = Inputs(loaded.estate, loaded.baseline, catalogue, now, loaded.files)
    checks = Path(folder)
    plan = plan_run(inputs, collect_checks(checks), Narrowing())
    report = conclude(judge_plan(checks, inputs, plan, given(plan)), run_id="benchmark")
    print(f"{len(report.outcomes)} {report.judgement.verdict}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
