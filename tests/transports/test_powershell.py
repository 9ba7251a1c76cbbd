"""The batch for PowerShell: framing in every cut, and the real language on the stand-in."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Limits, Output, Script
from readiness.transports import Budget, Stop
from readiness.transports.batch_run import BatchRun
from readiness.transports.shells import DIALECTS, powershell
from readiness.transports.shells.batch import Batch
from tests.bench import stand_in

NONCE = "0123456789abcdef" * 2


def mark(word: str, index: int, status: int = 0) -> bytes:
    return f"\n@{NONCE} {word} {index} {status}\n".encode()


def answer(index: int, text: bytes, status: int = 0, noise: bytes = b"") -> bytes:
    return mark("begin", index) + noise + mark("data", index) + text + mark("end", index, status)


def one(*scripts: Script, env: dict[str, str] | None = None) -> Output:
    return stand_in.run(*scripts, env=env)[0]


def error_of(text: str) -> dict[str, object]:
    output = one(Script("wrong", text))
    assert (output.status, output.stdout) == (1, b"")
    return dict(json.loads(output.stderr))


def test_the_command_line_is_short_and_the_same_for_every_batch() -> None:
    program, arguments = powershell.PROGRAM, powershell.ARGUMENTS
    assert len(" ".join((program, *arguments))) < 8191
    assert len(base64.b64decode(arguments[-1])) // 2 < 1000


@given(st.lists(st.integers(1, 40), max_size=60), st.binary(max_size=50))
def test_chunk_borders_do_not_matter(cuts: list[int], noise: bytes) -> None:
    scripts = (Script("a", ""), Script("b", ""), Script("c", ""))
    stream = (
        b"\xef\xbb\xbf"
        + mark("ready", 0)
        + answer(0, b'["one"]', noise=noise)
        + answer(1, b'{"id":"x"}', 1)
        + mark("begin", 2)
    )
    batch = Batch(DIALECTS["powershell"], scripts, NONCE)
    outputs: list[Output] = []
    for cut in cuts:
        outputs += batch.feed(stream[:cut], stderr=False, now_s=1.0, now=1.0)
        stream = stream[cut:]
    outputs += batch.feed(stream, stderr=False, now_s=1.0, now=1.0)
    assert [(o.status, o.stdout, o.stderr) for o in outputs] == [(0, b'["one"]', b""), (1, b"", b'{"id":"x"}')]
    assert batch.ready
    assert batch.next == 2
    assert not batch.finished
    left = batch.unfinished(Missing(Why.TIMED_OUT), 2.0, 2.0)
    assert (left.name, left.status, left.missing) == ("c", None, Missing(Why.TIMED_OUT))


@given(st.binary(max_size=200))
def test_what_a_host_makes_up_is_no_mark(data: bytes) -> None:
    batch = Batch(DIALECTS["powershell"], (Script("a", ""),), NONCE)
    lies = data + mark("end", 0) + mark("begin", 7) + mark("data", 0)
    assert list(batch.feed(lies, stderr=False, now_s=1.0, now=1.0)) == []
    assert batch.next == 0


@pytest.mark.parametrize(("size", "why"), [(1000, None), (1001, Why.OUTPUT_CUT)])
def test_output_of_just_the_limit_is_whole(size: int, why: Why | None) -> None:
    output = one(Script("size", "'x' * ($args[0] - 4)", (str(size),), max_bytes=1000))
    assert len(output.stdout) == min(size, 1000)
    assert (output.missing and output.missing.why) == why


class Printing:
    """A remote PowerShell that prints these chunks, and says nothing more."""

    finished_sending = ended = False

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks, self._nonce = iter(chunks), b""

    def send(self, text: str, *, last: bool = False) -> None:
        self.finished_sending = last
        script = gzip.decompress(base64.b64decode(text)).decode()
        self._nonce = script.split("'")[1].encode()

    def read(self) -> Iterator[tuple[bytes, bool]]:
        yield next(self._chunks, b"").replace(NONCE.encode(), self._nonce), False

    def gather(self) -> None:
        """Nothing."""

    def how_it_ended(self) -> str:
        return "exit code 0"


class Shells:
    """A session that counts its shells."""

    def __init__(self, *chunks: bytes) -> None:
        self.started, self._chunks = 0, chunks

    @contextlib.contextmanager
    def shell(self) -> Iterator[Printing]:
        self.started += 1
        yield Printing(self._chunks if self.started == 1 else ())


@pytest.mark.parametrize(("excess", "shells"), [(1, 1), (2, 2)])
def test_an_output_that_the_batch_itself_cut_costs_no_second_shell(excess: int, shells: int) -> None:
    scripts = (Script("long", "", max_bytes=10, timeout_s=1), Script("next", "", timeout_s=1))
    text = answer(0, b"x" * (10 + excess))
    session = Shells(mark("ready", 0) + text[:-9], text[-9:] + answer(1, b"[]"))
    run = BatchRun(DIALECTS["powershell"], scripts, Limits(), Budget.of(1.0, Stop()), lambda _: None)
    run.over(session.shell)
    assert session.started == shells
    assert run.outputs[0].missing == Missing(Why.OUTPUT_CUT, "more than 10 bytes")


def test_it_parses_as_powershell_4(tmp_path: Path) -> None:
    whole = tmp_path / "whole.ps1"
    whole.write_text(powershell.compose((Script("a", "1", ("it's",)),), NONCE))
    checked = subprocess.run([stand_in.executable(), "-Version", "4.0", "-Check", whole], check=False)
    assert checked.returncode == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", []),
        ("$null", [None]),
        ("1", [1]),
        ("1; 2", [1, 2]),
        ("return @{a = [object[]]@()}", [{"a": []}]),
        ("[ordered]@{a = 'ä€'; b = \"`u{0}\"}".replace("`u{0}", "$([char]0)"), [{"a": "ä€", "b": "\0"}]),
        ("Write-Host noise; [Console]::Out.Write('[9]'); 'kept'", ["kept"]),
        ("[Console]::Error.Write('noise'); Write-Warning w; Write-Progress p; 'kept'", ["kept"]),
        ("@{l1=@{l2=@{l3=@{l4=@{l5=@{l6='deep'}}}}}}", [{"l1": {"l2": {"l3": {"l4": {"l5": {"l6": "deep"}}}}}}]),
    ],
)
def test_objects_come_back_as_a_list(text: str, value: list[object]) -> None:
    output = one(Script("objects", text))
    assert (output.status, output.stderr, output.missing) == (0, b"", None)
    assert output.stdout.isascii()
    assert json.loads(output.stdout) == value


def test_arguments_are_data() -> None:
    words = (
        "it's",
        '"q"',
        "$(1)",
        "`t",
        "a b",
        "",
        "-n",
        "-n:x",
        "@x",
        "\\",
        "ä\u2019\u201b\u2018",
        ";",
        "new\nline",
        "}",
    )
    assert json.loads(one(Script("words", "$args", words)).stdout) == list(words)
    assert json.loads(one(Script("count", "$args.Count")).stdout) == [0]


def test_each_script_has_its_own_scope_and_its_own_end() -> None:
    outputs = stand_in.run(
        Script("sets", "$x = 5; $ErrorActionPreference = 'Continue'; $x"),
        Script("asks", '"$x|$ErrorActionPreference"'),
        Script("breaks", "1; break"),
        Script("does not parse", "if ("),
        Script("closes", "} ; 1"),
        Script("last", "'here'"),
    )
    assert [output.status for output in outputs] == [0, 0, 1, 1, 1, 0]
    assert [output.stdout for output in outputs] == [b"[5]", b'["|Stop"]', b"", b"", b"", b'["here"]']


def test_a_script_that_exits_ends_the_command_and_is_told() -> None:
    outputs = stand_in.run(Script("exits", "exit 3"), Script("never", "1"))
    assert [(output.name, output.missing and output.missing.why) for output in outputs] == [("exits", Why.UNREADABLE)]


def test_errors_are_data() -> None:
    assert error_of("throw 'boom'")["message"] == "boom"
    assert str(error_of("Get-Item HKLM:\\nowhere")["id"]).startswith("PathNotFound")
    assert error_of("Get-Nothing")["category"] == "ObjectNotFound"
    inner = error_of("[IO.File]::ReadAllText('/nowhere')")
    assert inner["type"] == "System.IO.FileNotFoundException"


def test_native_programs() -> None:
    said = one(Script("native", "Native /bin/sh $args[0] 5000", ('-c "echo out; echo err >&2; exit 3"',)))
    assert json.loads(said.stdout) == [{"rc": 3, "out": "out\n", "err": "err\n"}]
    assert error_of("Native nosuch '' 500")["native"] == 2
    for late in ("Native sleep 5 300", "Native /bin/sh '-c \"sleep 5 &\"' 300"):
        assert error_of(late)["id"] == "NativeTimedOut"
