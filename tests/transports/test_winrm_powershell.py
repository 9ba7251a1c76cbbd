"""WinRM all the way: the listener starts the stand-in for PowerShell, which runs the batch for real."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Limits, Output, Script, Visit
from readiness.transports import Stop
from readiness.transports.winrm.target import WinrmTarget
from readiness.transports.winrm.transport import WinrmTransport
from tests.bench import record, stand_in, winrm_programs
from tests.bench.machine import Machine
from tests.bench.winrm_server import Host, listening

WORD = "ask me"
LIMITS = Limits(host_s=100, host_bytes=32 << 20)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    stand_in.executable()
    return Machine.load("win2022", tmp_path_factory.mktemp("machine") / "own")


@pytest.fixture
def host(machine: Machine) -> Iterator[Host]:
    with listening(users={"check": WORD}, environment=machine.environment) as host:
        yield host
        assert host.shells.open == {}


def visit(host: Host, *scripts: Script) -> Visit:
    target = WinrmTarget("host", "127.0.0.1", host.port, "http", user="check", password=WORD)
    return WinrmTransport(target, Stop()).visit(scripts, LIMITS, lambda _: None)


def test_large_scripts_and_large_output(host: Host) -> None:
    filler = "".join(f"# {n * 7919 % 104729:x} {n:x}\n" for n in range(6000))
    assert len(filler) > 60_000
    made = visit(host, Script("long", f"{filler}'end'"), Script("big", "'x' * 5mb", max_bytes=6 << 20))
    assert [output.missing for output in made.outputs] == [None, None]
    assert made.outputs[0].stdout == b'["end"]'
    assert len(made.outputs[1].stdout) == (5 << 20) + 4


def test_what_hangs_floods_or_exits_costs_itself(host: Host) -> None:
    begun = time.monotonic()
    made = visit(
        host,
        Script("one", "@{a = 1}"),
        Script("hangs", "Start-Sleep 60", timeout_s=1),
        Script("floods", "'x' * 100kb", max_bytes=50_000),
        Script("exits", "exit 7"),
        Script("throws", "throw 'no'"),
        Script("last", "$args", ("it's",)),
    )
    assert time.monotonic() - begun < 30
    whys = [output.missing and output.missing.why for output in made.outputs]
    assert whys == [None, Why.TIMED_OUT, Why.OUTPUT_CUT, Why.UNREADABLE, None, None]
    assert made.outputs[4].status == 1
    assert json.loads(made.outputs[4].stderr)["message"] == "no"
    assert json.loads(made.outputs[5].stdout) == ["it's"]
    assert len(host.shells.lines) == 3


def test_without_a_profile_and_with_one_code_page(host: Host) -> None:
    (said,) = visit(host, Script("words", "'\u00e4\u4e2d'; [Console]::OutputEncoding.CodePage")).outputs
    assert json.loads(said.stdout) == ["\u00e4\u4e2d", 65001]


def plain(output: Output) -> tuple[str, int | None, Missing | None]:
    return output.name, output.status, output.missing


def test_every_probe_answers_over_the_wire(host: Host) -> None:
    scripts = record.scripts()
    made = visit(host, *scripts)
    saved = record.saved("win2022")
    assert list(map(plain, made.outputs)) == [plain(saved[script.name]) for script in scripts]


def test_a_recording_serves_where_the_stand_in_is_not() -> None:
    scripts, saved = record.scripts(), record.saved("win2022")
    program = winrm_programs.replay({script.text: saved[script.name] for script in scripts})
    with listening(users={"check": WORD}, program=program) as host:
        made = visit(host, *scripts)
        told = [(output.name, output.status, output.stdout) for output in made.outputs]
        assert told == [(script.name, saved[script.name].status, saved[script.name].stdout) for script in scripts]


def test_the_machine_is_another_folder_for_each(tmp_path: Path, machine: Machine) -> None:
    def rename(description: dict[str, Any]) -> None:
        description["environment"]["COMPUTERNAME"] = "OTHER"

    changed = machine.changed(rename, tmp_path / "other")
    with listening(users={"check": WORD}, environment=changed.environment) as host:
        assert visit(host, Script("name", "$env:COMPUTERNAME")).outputs[0].stdout == b'["OTHER"]'
