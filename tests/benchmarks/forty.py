"""The forty facts: `readiness run` on N hosts, against one OpenSSH process a host with the same script, and testinfra.

The hosts are addresses of 127.0.0.0/8 in a network namespace, behind one sshd. All sides use curve25519, ours and
OpenSSH's compare host keys strictly (testinfra's do not), and each holds every host's forty facts against what was
read beforehand; a side that finds one wrong ends the benchmark.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from readiness.core.basis import Basis, noting
from readiness.core.facts import Facts, HostFacts
from readiness.core.scripts import Limits, Output, Script
from readiness.probes import READER
from readiness.probes.listening import Listening
from readiness.probes.packages import Packages
from readiness.probes.processes import Processes
from readiness.probes.system import Identity, OsRelease
from readiness.transports import Stop
from readiness.transports.shells import posix
from readiness.transports.ssh.target import SshTarget
from readiness.transports.ssh.transport import SshTransport
from tests.main_job.job import ROOT
from tests.probes.askings import asking, by_name

PARALLEL = 16
PACKAGES = (
    *("bacula-client", "bacula-console", "bacula-director", "bacula-director-mysql", "bacula-director-pgsql"),
    *("bacula-director-sqlite3", "bacula-fd", "bacula-libs-sql", "bacula-sd", "bacula-storage"),
)
PROGRAMS = ("sshd", "nginx", "mariadbd", "exim4", "rsyslogd", "haproxy", "squid", "named", "slapd", "smbd")
PORTS = (22, 25, 80, 111, 443, 3306, 5432, 8007, 9101, 9102, 9103, 10080)
CLAIMS = (
    *(f"','.join(p.version for p in facts.need(Packages).called({name!r}))" for name in PACKAGES),
    *(f"'/usr/sbin/{one}' in {{p.path for p in facts.need(Processes).executables.values()}}" for one in PROGRAMS),
    *(f"{port} in {{s.port for s in facts.need(Listening).sockets}}" for port in PORTS),
    *(f"str(facts.need(OsRelease).{name})" for name in ("id", "id_like", "version_id", "pretty_name", "kernel")),
    *(f"str(facts.need({kind}).{name})" for kind, name in (("Identity", "hostname"), ("OsRelease", "architecture"))),
    "str(facts.need(Identity).machine_id)",
)
KINDS = {kind.__name__: kind for kind in (Identity, Listening, OsRelease, Packages, Processes)}
SCRIPTS = tuple(Script(kind.name, by_name[kind.name].text) for kind in KINDS.values())
_NONCE = "0" * 32
SALT = "0" * 64
_HEAD = f"""
from readiness.checking import Baseline, Facts, Target, agreed, check, each_host, expect, {", ".join(KINDS)}
"""
_CHECK = """
@check("FTY-{number:03}", severity="major", targets=each_host, needs=({kind},), remedy="none", source="benchmark")
def test_{number}(target: Target, facts: Facts, baseline: Baseline) -> None:
    \"\"\"One of the forty facts is as expected.\"\"\"
    agreed(baseline, "clock.max_offset_s", target)
    expect({claim}, equals={expected!r})
"""
_TESTINFRA = """
import pytest
@pytest.mark.parametrize("name", {packages!r})
def test_package(host, name):
    assert host.package(name).is_installed == {expected_packages!r}[name]
@pytest.mark.parametrize("name", {programs!r})
def test_process(host, name):
    assert bool(host.process.filter(comm=name)) == {expected_programs!r}[name]
@pytest.mark.parametrize("port", {ports!r})
def test_socket(host, port):
    assert host.socket(f"tcp://{{port}}").is_listening in (True, False)
@pytest.mark.parametrize("name", ["type", "distribution", "release", "arch", "codename"])
def test_system(host, name):
    assert getattr(host.system_info, name)
@pytest.mark.parametrize("path", ["/etc/hostname", "/etc/os-release", "/etc/passwd"])
def test_file(host, path):
    assert host.file(path).exists
"""


def addresses(hosts: int) -> list[str]:
    """127.0.1.1, 127.0.1.2 ..."""
    return [f"127.0.{1 + number // 200}.{1 + number % 200}" for number in range(hosts)]


def holds(facts: Facts) -> list[object]:
    """The value of each claim."""
    with noting(Basis()):
        return [eval(claim, {"facts": facts, **KINDS}) for claim in CLAIMS]  # noqa: S307 - our own text above


class Fleet:
    """N hosts behind one port: estate, checks, key list and what is expected, in a folder.

    Some more may be `dead`, each at an address and port of its own, among the others; they are waited for `connect_s`.
    """

    def __init__(
        self,
        folder: Path,
        target: SshTarget,
        hosts: int,
        dead: Sequence[tuple[str, int]] = (),
        connect_s: float = Limits().connect_s,
    ) -> None:
        self.folder, self.target, self.hosts = folder, target, addresses(hosts)
        self.dead, self._connect_s = dead, connect_s
        folder.mkdir()
        reader = Script(READER.name, READER.text_for(asking({})), timeout_s=READER.needs_s, nonce=SALT)
        outputs = SshTransport(target, Stop()).visit((*SCRIPTS, reader), Limits(), lambda _: None).outputs
        (folder / "answers.json").write_text(
            json.dumps({one.name: [one.stdout.decode(), one.stderr.decode()] for one in outputs})
        )
        self.expected = holds(_facts(outputs[:-1]))
        (folder / "expected.json").write_text(json.dumps(self.expected))
        (folder / "batch.sh").write_text(posix.head(_NONCE) + posix.body(SCRIPTS))
        self._write_estate()
        self._write_checks()

    def _write_estate(self) -> None:
        estate = self.folder / "estate"
        estate.mkdir()
        key = self.target.pinned[0]
        places = [*((one, self.target.port) for one in self.hosts), *self.dead]
        (estate / "known_hosts").write_text("".join(f"[{address}]:{port} {key}\n" for address, port in places))
        roles = ["client", "console", "director", "storage"]
        document = {
            "service": "benchmark",
            "change": "none",
            "cutover": {"start": "2026-12-01T20:00:00+01:00", "end": "2026-12-02T04:00:00+01:00"},
            "ssh": {
                "user": self.target.user,
                "port": self.target.port,
                "known_hosts": "known_hosts",
                "identity_file": str(self.target.identity_files[0]),
            },
            "limits": {"connect_s": self._connect_s},
            "hosts": {
                name: {
                    "fqdn": f"{name}.example.com",
                    "address": address,
                    "ssh": {"port": port},
                    "products": {"bacula": roles},
                    "uses": {"director": name},
                }
                for name, address, port in self._named()
            },
        }
        (estate / "estate.yaml").write_text(json.dumps(document))
        (estate / "baseline.yaml").write_text("clock: {max_offset_s: 1.0}\n")

    def _named(self) -> list[tuple[str, str, int]]:
        """Name, address and port of each host, the dead ones spread evenly from the first place to the last."""
        named = [(f"h{number:03}", address, self.target.port) for number, address in enumerate(self.hosts)]
        apart = len(self.hosts) // max(len(self.dead) - 1, 1)
        for number, (address, port) in enumerate(self.dead):
            named.insert(number * (apart + 1), (f"dead{number}", address, port))
        return named

    def only_dead_are_unknown(self) -> None:
        """End the benchmark unless the last run of ours judged every host but the dead ones, and found it right."""
        lines = (self.folder / "run" / "results.jsonl").read_text().splitlines()
        found = Counter((one["host"][:4] == "dead", one["outcome"]) for one in map(json.loads, lines))
        if found != {(False, "PASS"): len(self.hosts) * len(CLAIMS), (True, "UNKNOWN"): len(self.dead) * len(CLAIMS)}:
            sys.exit(f"not the dead hosts alone are unknown: {found}")

    def _write_checks(self) -> None:
        checks = self.folder / "checks"
        checks.mkdir()
        (checks / "pytest.ini").write_text((ROOT / "checks" / "pytest.ini").read_text())
        body = "".join(
            _CHECK.format(number=number, kind=_kind(claim), claim=claim, expected=expected)
            for number, (claim, expected) in enumerate(zip(CLAIMS, self.expected, strict=True))
        )
        (checks / "test_forty.py").write_text(_HEAD + body)

    def ours(self, jobs: int = PARALLEL) -> list[str]:
        """`readiness run` with the forty checks in place of its own."""
        return [sys.executable, "-m", "tests.benchmarks.forty", "run", str(self.folder), str(jobs)]

    def openssh(self) -> list[str]:
        """One ssh process a host, 16 side by side, then one Python process that compares."""
        options = {
            "UserKnownHostsFile": self.folder / "estate" / "known_hosts",
            "StrictHostKeyChecking": "yes",
            "IdentityFile": self.target.identity_files[0],
            "IdentitiesOnly": "yes",
            "KexAlgorithms": "curve25519-sha256",
            "BatchMode": "yes",
            "GSSAPIAuthentication": "no",
        }
        told = " ".join(f"-o {shlex.quote(f'{name}={value}')}" for name, value in options.items())
        login = f"{self.target.user}@{{}} {shlex.quote(posix.COMMAND)}"
        files = f"<{self.folder}/batch.sh >{self.folder}/{{}}.out 2>{self.folder}/{{}}.err"
        one = f"ssh -F none -p {self.target.port} {told} {login} {files}"
        (self.folder / "hosts").write_text("".join(f"{address}\n" for address in self.hosts))
        compare = f"{sys.executable} -m tests.benchmarks.forty compare {self.folder}"
        return ["sh", "-c", f"xargs -P{PARALLEL} -I{{}} sh -c {shlex.quote(one)} <{self.folder}/hosts; exec {compare}"]

    def testinfra(self) -> list[str]:
        """pytest-testinfra over paramiko: forty tests a host."""
        tests = self.folder / "testinfra"
        tests.mkdir(exist_ok=True)
        (tests / "pytest.ini").write_text("[pytest]\n")
        known = dict(zip(CLAIMS, self.expected, strict=True))
        installed = {name: bool(version) for name, version in zip(PACKAGES, known.values(), strict=False)}
        running = dict(zip(PROGRAMS, self.expected[len(PACKAGES) :], strict=False))
        text = _TESTINFRA.format(
            packages=PACKAGES, expected_packages=installed, programs=PROGRAMS, expected_programs=running, ports=PORTS
        )
        (tests / "test_forty.py").write_text(text)
        settings = (f"IdentityFile {self.target.identity_files[0]}", "IdentitiesOnly yes", "StrictHostKeyChecking no")
        (tests / "ssh_config").write_text("\n  ".join(("Host *", *settings)) + "\n")
        hosts = ",".join(f"paramiko://{self.target.user}@{one}:{self.target.port}" for one in self.hosts)
        quiet = [
            "-q",
            "-p",
            "no:cacheprovider",
            "-c",
            str(tests / "pytest.ini"),
            "--ssh-config",
            str(tests / "ssh_config"),
        ]
        return [sys.executable, "-m", "pytest", *quiet, f"--hosts={hosts}", str(tests)]


def _kind(claim: str) -> str:
    return claim.split("facts.need(")[1].split(")", maxsplit=1)[0]


def _facts(outputs: tuple[Output, ...]) -> Facts:
    values = {one.name: by_name[one.name].parse(one) for one in outputs}
    return Facts({"host": HostFacts("host", values, {})}, "host")


def _outputs(stdout: bytes, stderr: bytes) -> Iterator[Output]:
    """The outputs in what one ssh process printed: the pieces between a begin mark and an end mark."""
    for index, script in enumerate(SCRIPTS):
        yield Output(script.name, 0, _between(stdout, index), _between(stderr, index), 0.0, 0.0, 0.0)


def _between(text: bytes, index: int) -> bytes:
    _, _, after = text.partition(f"\n@{_NONCE} begin {index} 0\n".encode())
    return after.partition(f"\n@{_NONCE} end {index} 0\n".encode())[0]


def compare(folder: Path) -> None:
    """Hold what the ssh processes printed against what is expected."""
    expected = json.loads((folder / "expected.json").read_text())
    for address in (folder / "hosts").read_text().split():
        printed = (folder / f"{address}.out").read_bytes(), (folder / f"{address}.err").read_bytes()
        if holds(_facts(tuple(_outputs(*printed)))) != expected:
            sys.exit(f"{address} is not as expected")


def run(folder: Path, jobs: str) -> None:
    """The whole product, from the command line on, with other checks."""
    from readiness import cli  # noqa: PLC0415 - the other side does without
    from readiness.cli import runs  # noqa: PLC0415 - as above

    vars(runs).update(checks_folder=lambda: folder / "checks", ids_of_version=frozenset)
    cli.main(["run", str(folder / "estate"), "--out", str(folder / "run"), "--jobs", jobs])


if __name__ == "__main__":
    {"compare": compare, "run": run}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])  # type: ignore[operator]
