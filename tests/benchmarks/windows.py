"""Windows hosts: `readiness run` on N of them, against pywinrm as it is used plainly (`plain_winrm.py`).

Both log on by NTLM over HTTP, read the same facts by the same scripts, and hold every host's against what was recorded;
a side that finds one wrong ends the benchmark. No PowerShell starts here, and a real one takes longer than all of it:
ours starts one a host, the plain way one a fact.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from readiness.probes import PROBES_OF
from readiness.probes.clock import Clock
from tests.bench import record
from tests.bench.fleet import ENVIRONMENT, USER, VARIABLE, WORD
from tests.benchmarks.forty import PARALLEL, addresses
from tests.benchmarks.windows_hosts import MACHINE
from tests.cutover import AHEAD
from tests.main_job.job import ROOT

_SAVED = record.saved(MACHINE)
# The plain way has its scripts on the command line, of 8,191 characters: 3,000 of text, in base64 of UTF-16.
_LONGEST = 3000
# Each fact in words; a recorded clock is wrong by now.
EXPECTED = {
    one.name: str(one.parse(_SAVED[one.name]))
    for one in PROBES_OF["powershell"]
    if one.kind is not Clock and len(one.text) <= _LONGEST
}
_HEAD = """
from readiness.checking import Baseline, Facts, Target, agreed, check, each_host, expect
from readiness.probes import PROBES_OF

KIND = {probe.name: probe.kind for probe in PROBES_OF["powershell"]}
"""
_CHECK = """
@check("WFT-{number:03}", severity="major", targets=each_host, needs=(KIND[{name!r}],), remedy="none", source="none")
def test_{number}(target: Target, facts: Facts, baseline: Baseline) -> None:
    \"\"\"One of the facts is as it was recorded.\"\"\"
    agreed(baseline, "clock.max_offset_s", target)
    expect(str(facts.need(KIND[{name!r}])), equals={expected!r})
"""


@contextmanager
def windows_hosts(listen: str = "0.0.0.0") -> Iterator[int]:  # noqa: S104 - in a namespace without a way out
    """The port at which every address is a Windows host, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.windows_hosts", listen]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.communicate(timeout=20)


class WindowsFleet:
    """N Windows hosts behind one port: estate, checks and what is expected, in a folder."""

    def __init__(self, folder: Path, port: int, hosts: int) -> None:
        self.folder, self.port, self.hosts = folder, port, addresses(hosts)
        (folder / "estate").mkdir(parents=True)
        (folder / "checks").mkdir()
        self._write_estate()
        self._write_checks()
        self._write_given()

    def _write_estate(self) -> None:
        document = {
            "service": "benchmark",
            "change": "none",
            "cutover": AHEAD,
            "winrm": {"user": USER, "password_env": VARIABLE, "scheme": "http", "auth": "ntlm", "port": self.port},
            "hosts": {
                f"w{number:03}": {
                    "fqdn": f"w{number:03}.example.com",
                    "address": address,
                    "os": "windows",
                    "products": {"bacula": ["client"]},
                }
                for number, address in enumerate(self.hosts)
            },
        }
        (self.folder / "estate" / "estate.yaml").write_text(json.dumps(document))
        (self.folder / "estate" / "baseline.yaml").write_text("clock: {max_offset_s: 1.0}\n")

    def _write_checks(self) -> None:
        body = "".join(
            _CHECK.format(number=number, name=name, expected=expected)
            for number, (name, expected) in enumerate(EXPECTED.items())
        )
        (self.folder / "checks" / "pytest.ini").write_text((ROOT / "checks" / "pytest.ini").read_text())
        (self.folder / "checks" / "test_windows_facts.py").write_text(_HEAD + body)

    def _write_given(self) -> None:
        scripts = {script.name: script.text for script in record.scripts() if script.name in EXPECTED}
        given = {"port": self.port, "hosts": self.hosts, "user": USER, "password": WORD, "parallel": PARALLEL}
        (self.folder / "given.json").write_text(json.dumps({**given, "scripts": scripts, "expected": EXPECTED}))

    def ours(self, jobs: int = PARALLEL) -> list[str]:
        """`readiness run` with a check a fact in place of its own."""
        run = [sys.executable, "-m", "tests.benchmarks.forty", "run", str(self.folder), str(jobs)]
        return ["env", *(f"{name}={value}" for name, value in ENVIRONMENT.items()), *run]

    def plain(self) -> list[str]:
        """Pywinrm alone, as many hosts side by side."""
        return [sys.executable, "-m", "tests.benchmarks.plain_winrm", str(self.folder)]
