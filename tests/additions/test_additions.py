"""Every addition has one obvious place: seven of them are made for real in a copy of the tree, and nothing else breaks.

Here all of them together, in `tests/soak` each in a copy of its own; `make soak` runs both.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from readiness.demo import NOT_RECORDED, PASSWORD_ENV, embedded_estate
from readiness.estate.login import NTLM_OVER_HTTP
from tests.additions.additions import CHECK, FACT, FORMAT, PRODUCT, REPORT, TRANSPORT, Addition
from tests.cutover import IN_YAML

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "reports", "*.egg-info", "dist", "build")
NOT_MADE_ANEW = {"message", "expected", "found", "remedy", "evidence"}  # of outcomes: they hold ports, keys and times
NEARBY = ("tests/estate", "tests/checks", "tests/test_layers.py")

TOUCHES = {
    "a check with a demand": (
        CHECK,
        {
            "checks/test_clock.py",
            "readiness/estate/clock.py",
            "readiness/gate/check_ids.txt",
            "tests/checks/test_clock.py",
        },
        ("tests/checks/test_clock.py", "tests/gate/test_check_ids.py", "-k", "clock or source"),
    ),
    "a fact with arguments and a root part": (
        FACT,
        {
            "readiness/probes/file_sizes.py",
            "readiness/probes/scripts/file_sizes.sh",
            "checks/test_sizes.py",
            "readiness/gate/check_ids.txt",
            "tests/checks/test_sizes.py",
            *(
                f"tests/probes/file_sizes/debian12/{name}"
                for name in ("stdout", "stderr", "status", "expected.json", "source")
            ),
        },
        ("tests/probes/test_samples.py", "tests/probes/test_scripts.py", "-k", "file_sizes"),
    ),
    "a product": (PRODUCT, {"readiness/products/vaultkeeper.yaml"}, ("tests/products",)),
    "a configuration format": (
        FORMAT,
        {
            *(f"readiness/configs/ini.{end}" for end in ("py", "sh", "ps1")),
            "tests/configs/test_ini.py",
            "tests/configs/sample.ini",
        },
        ("tests/configs/test_ini.py",),
    ),
    "a transport": (
        TRANSPORT,
        {"readiness/transports/local.py", "readiness/transports/__init__.py"},
        (
            "tests/transports/test_local.py",
            "tests/transports/test_registry.py",
            "-k",
            "not default and not commands and not libraries",
        ),
    ),
    "a report": (
        REPORT,
        {"readiness/renderers/spreadsheet.py", "tests/renderers/golden/outcomes.csv"},
        ("tests/renderers/test_golden.py", "tests/renderers/test_report.py"),
    ),
}


class Tree:
    """A copy of the tree with additions in it."""

    def __init__(self, path: Path, *additions: Addition) -> None:
        self.path = path
        shutil.copytree(ROOT, path, ignore=LEFT_OUT)
        for addition in additions:
            addition.lay_over(path)

    def python(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        own = {"PYTHONPATH": str(self.path), "PYTHONDONTWRITEBYTECODE": "1", **variables}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("READINESS_")}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.path,
            env=kept | own,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def tests_pass(self, *arguments: str) -> None:
        ended = self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments)
        assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
        assert " passed" in ended.stdout

    def demo(self, change: Callable[[Path], None] | None = None) -> Run:
        """A run of this tree's demo; with a `change` of its files, of the estate that our own demo has."""
        out = ("--out", f"{self.path}/run")
        if change is None:
            return Run(self.path / "run", self.python("-m", "readiness", "demo", *out))
        with embedded_estate(os.environ) as estate:
            change(estate)
            password = {PASSWORD_ENV: os.environ[PASSWORD_ENV], NTLM_OVER_HTTP: "1"}
            return Run(self.path / "run", self.python("-m", "readiness", "run", str(estate), *out, **password))


class Run:
    """A run folder, read."""

    def __init__(self, folder: Path, ended: subprocess.CompletedProcess[str]) -> None:
        assert (folder / "results.jsonl").is_file(), ended.stdout + ended.stderr
        rows = map(json.loads, (folder / "results.jsonl").read_text().splitlines())
        self.code = ended.returncode
        self.folder = folder
        self.outcomes: dict[str, dict[str, Any]] = {f"{row['check']} {row['target']}": row for row in rows}
        self.plan = json.loads((folder / "plan.json").read_text())

    def comparable(self, *but: str) -> Mapping[str, Mapping[str, Any]]:
        """The outcomes of all checks but these, without what no two runs share."""
        return {
            pair: {key: value for key, value in row.items() if key not in NOT_MADE_ANEW}
            for pair, row in self.outcomes.items()
            if row["check"] not in but
        }

    def of(self, check: str) -> dict[str, str]:
        """Outcome by target of one check."""
        return {row["target"]: row["outcome"] for row in self.outcomes.values() if row["check"] == check}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The demo without any addition."""
    return Tree(tmp_path_factory.mktemp("before") / "tree").demo()


@pytest.mark.parametrize("name", TOUCHES)
def test_an_addition_takes_the_files_that_were_promised_and_no_more(name: str) -> None:
    addition, promised, _ = TOUCHES[name]
    assert addition.touched == promised


@pytest.fixture(scope="module")
def all_of_them(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(tmp_path_factory.mktemp("all") / "tree", *(addition for addition, _, _ in TOUCHES.values()))


def test_with_all_of_them_the_tests_near_by_pass(all_of_them: Tree) -> None:
    all_of_them.tests_pass(*NEARBY)


@pytest.mark.parametrize("name", TOUCHES)
def test_with_all_of_them_the_proof_of_each_passes(all_of_them: Tree, name: str) -> None:
    all_of_them.tests_pass(*TOUCHES[name][2])


def test_a_check_with_a_demand_is_asked_and_changes_no_other_outcome(before: Run, tmp_path: Path) -> None:
    run = Tree(tmp_path / "tree", CHECK).demo()
    assert run.code == before.code
    assert run.comparable("CLK-004") == before.comparable()
    assert {row["outcome"] for row in run.outcomes.values() if row["check"] == "CLK-004"} == {"NOT_APPLICABLE"}
    assert NOT_RECORDED in run.outcomes["CLK-004 dir01"]["message"]  # the demo's baseline is older than the demand


def test_a_demand_that_nobody_stated_is_never_agreed(before: Run, tmp_path: Path) -> None:
    run = Tree(tmp_path / "tree", CHECK).demo(lambda _: None)  # the estate of this tree's demo, which knows no CLK-004
    reached = {target: outcome for target, outcome in run.of("CLK-004").items() if target != "client04"}
    assert set(reached.values()) == {"UNKNOWN"}
    assert "never agreed" in run.outcomes["CLK-004 dir01"]["message"]
    assert run.comparable("CLK-004") == before.comparable()


def test_a_fact_is_asked_for_and_what_it_needs_of_root_is_known(before: Run, tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree", FACT)
    run = tree.demo()
    assert run.comparable("SIZ-001") == before.comparable()  # a new part of the reader changes nothing in the others
    assert "no recording of this script" in run.outcomes["SIZ-001 dir01/bacula.director"]["message"]
    reader = tree.python("-m", "readiness", "reader", "inventories/example", "--host", "dir01")
    assert "part_file_sizes \\\n            /etc/bacula " in reader.stdout, reader.stderr


def sent(run: Run) -> tuple[Any, Any]:
    """Every byte that the hosts of a run are sent, but for what the run itself makes anew."""
    return run.plan["hosts"], run.plan["scripts"]


def beside_the_search(run: Run, product: str) -> list[list[str]]:
    """The pairs of a run without those that look for a role of the product where nobody declares it."""
    return [
        [check, target] for check, target in run.plan["pairs"] if check != "ROL-001" or f"/{product}." not in target
    ]


def without_the_search(text: str) -> list[str]:
    """The lines of a plan without those pairs, and without their number."""
    return [line for line in text.splitlines() if "/vaultkeeper." not in line and " pairs of check and " not in line]


def test_a_product_changes_not_a_byte_for_hosts_without_it(before: Run, tmp_path: Path) -> None:
    tree, plain = Tree(tmp_path / "tree", PRODUCT), Tree(tmp_path / "plain")
    run = tree.demo()
    assert sent(run) == sent(before)
    assert beside_the_search(run, "vaultkeeper") == before.plan["pairs"]
    sought = {
        target for target, outcome in run.of("ROL-001").items() if "/vaultkeeper." in target and outcome == "PASS"
    }
    assert "dir01/vaultkeeper.keeper" in sought
    assert run.comparable("ROL-001") == before.comparable("ROL-001")
    for command in (("plan", "inventories/example"), ("reader", "inventories/example", "--host", "dir01")):
        ours, theirs = (one.python("-m", "readiness", *command) for one in (tree, plain))
        assert ours.returncode == 0
        assert without_the_search(ours.stdout) == without_the_search(theirs.stdout)


def test_a_product_is_planned_for_hosts_that_have_it(tmp_path: Path) -> None:
    estate = tmp_path / "estate"
    estate.mkdir()
    (estate / "estate.yaml").write_text(
        f"service: x\nchange: x\ncutover: {IN_YAML}\n"
        "hosts: {keeper1: {fqdn: keeper1.example.com, products: {vaultkeeper: [keeper]}}}\n"
    )
    (estate / "baseline.yaml").write_text("")
    planned = Tree(tmp_path / "tree", PRODUCT).python("-m", "readiness", "plan", str(estate))
    assert planned.returncode == 0, planned.stderr
    assert "VER-001 blocker keeper1/vaultkeeper.keeper" in planned.stdout
    assert "file=/etc/vaultkeeper/keeper.conf" in planned.stdout
    assert "directive=number:keeper:port" in planned.stdout
    assert "directive=secret:keeper:masterword" in planned.stdout


def test_a_transport_drops_no_pair_and_what_it_cannot_prove_is_unknown_by_name(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree", TRANSPORT)
    runs = {}
    for transport in ("ssh", "of-the-tests"):
        estate = tmp_path / transport
        estate.mkdir()
        (estate / "estate.yaml").write_text(
            f"service: x\nchange: x\ncutover: {IN_YAML}\n"
            f"hosts: {{here: {{fqdn: here.invalid, transport: {transport}, products: {{bacula: [client]}}}}}}\n"
            "ssh: {user: nobody, identity_file: none}\n"
        )
        (estate / "baseline.yaml").write_text("")
        folder = tmp_path / f"run-{transport}"
        ended = tree.python("-m", "readiness", "run", str(estate), "--out", str(folder))
        runs[transport] = Run(folder, ended)
    ours, theirs = runs["of-the-tests"], runs["ssh"]
    assert ours.plan["pairs"] == theirs.plan["pairs"]
    assert ours.code != 0
    assert ours.of("CON-003") == {"here": "PASS"}  # it did log in, and read the host
    assert ours.outcomes["OS-001 here"]["message"].startswith("never agreed")
    key = ours.outcomes["CON-002 here"]
    assert key["outcome"] == "UNKNOWN"
    assert "The local shell has no host key" in key["message"]


def test_a_report_is_written_sealed_and_given_way_to(before: Run, tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree", REPORT)
    run = tree.demo()
    assert run.comparable() == before.comparable()
    rows = (run.folder / "outcomes.csv").read_text().splitlines()
    assert len(rows) == 1 + len(run.outcomes)
    assert "outcomes.csv" in (run.folder / "manifest.json").read_text()
    (run.folder / "manifest.json").unlink()  # as a run leaves it that was killed
    assert tree.demo().comparable() == before.comparable()


def test_a_demand_by_group_holds_for_its_hosts_alone(before: Run, tmp_path: Path) -> None:
    def change(estate: Path) -> None:
        baseline = yaml.safe_load((estate / "baseline.yaml").read_text())
        baseline["groups"] = {"clients": {"clock": {"max_offset_s": 3600.0}}}
        baseline["hosts"] = {"client01": {"clock": {"max_offset_s": 0.000001}}}
        (estate / "baseline.yaml").write_text(json.dumps(baseline))

    run = Tree(tmp_path / "tree").demo(change)
    assert before.of("CLK-001")["client03"] == "FAIL"
    assert run.of("CLK-001") == {**before.of("CLK-001"), "client03": "PASS", "client01": run.of("CLK-001")["client01"]}
    assert run.of("CLK-001")["client01"] in {"FAIL", "UNKNOWN"}  # nobody's clock can be told as closely as that
    assert "1e-06" in run.outcomes["CLK-001 client01"]["message"] + run.outcomes["CLK-001 client01"]["expected"]
    assert run.comparable("CLK-001") == {
        pair: row for pair, row in before.comparable().items() if row["check"] != "CLK-001"
    }
