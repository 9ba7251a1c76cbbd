"""The batch's text in real shells, and its decoder under every chopping of the stream."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.core.facts import Why
from readiness.core.scripts import Output, Script
from readiness.transports.shells import DIALECTS, posix
from readiness.transports.shells.batch import Batch
from readiness.transports.shells.marks import Mark, Stream
from tests.transports.openssh import require

NONCE = "0123456789abcdef0123456789abcdef"
SHELLS = ("dash", "bash", "busybox")


def mark(word: str, index: int = 0, status: int = 0) -> bytes:
    return f"\n@{NONCE} {word} {index} {status}\n".encode()


def batch_of(count: int) -> Batch:
    batch = Batch(DIALECTS["posix"], tuple(Script(f"s{n}", ":") for n in range(count)), NONCE)
    batch.sent(0.0, 0.0)
    return batch


def fed(batch: Batch, pieces: list[tuple[bytes, bool]]) -> list[Output]:
    return [out for chunk, stderr in pieces for out in batch.feed(chunk, stderr=stderr, now_s=1.0, now=1.0)]


def chopped(data: bytes, cuts: list[int]) -> list[bytes]:
    borders = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in pairwise(borders)]


# Bytes as they are, and such as look like a mark or the start of one.
like_marks = st.sampled_from(
    [
        b"\n",
        b"\n@",
        b"\n@0123",
        f"\n@{NONCE}".encode(),
        f"@{NONCE} end 0 0\n".encode(),
        b"\n@x end 0 0\n",
        b"\0",
        b"\r\n",
    ]
)
data = st.lists(st.one_of(st.binary(max_size=30), like_marks), max_size=6).map(b"".join)
cuts = st.lists(st.integers(0, 5000), max_size=12)


def has_mark(text: bytes) -> bool:
    return f"\n@{NONCE} ".encode() in b"\n" + text


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(data, data, st.integers(0, 255)), min_size=1, max_size=4), cuts, cuts, data)
def test_any_bytes_at_any_borders_come_back(
    outputs: list[tuple[bytes, bytes, int]], out_cuts: list[int], err_cuts: list[int], noise: bytes
) -> None:
    streams = []
    for which in (0, 1):
        parts = [noise, mark("ready")]
        for index, output in enumerate(outputs):
            text = output[:2][which]
            if has_mark(text):
                return  # only the script's own text knows the nonce
            parts += [mark("begin", index), text, mark("end", index, output[2])]
        streams.append(b"".join(parts))
    if has_mark(noise):
        return
    batch = batch_of(len(outputs))
    pieces = [(chunk, False) for chunk in chopped(streams[0], out_cuts)]
    pieces += [(chunk, True) for chunk in chopped(streams[1], err_cuts)]
    found = fed(batch, pieces)
    expected = outputs[: 1 + next((n for n, one in enumerate(outputs) if one[2] in {124, 137, 143}), len(outputs))]
    assert [(one.stdout, one.stderr, one.status) for one in found[: len(expected)]] == expected
    assert batch.finished


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.binary(max_size=9),
                st.builds(
                    mark, st.sampled_from(["ready", "begin", "end", "x"]), st.integers(0, 5), st.integers(0, 300)
                ),
            ),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_no_order_of_marks_confuses_it(pieces: list[tuple[bytes, bool]]) -> None:
    """A host that knows the nonce can lie about itself, but not break the tool."""
    found = fed(batch_of(3), pieces)
    assert [one.name for one in found] == [f"s{n}" for n in range(len(found))]


def test_what_is_held_back_stays_small() -> None:
    stream = Stream(NONCE)
    for _ in range(100):
        list(stream.feed(f"\n@{NONCE} ".encode() + b"9" * 1000))
        assert len(stream._pending) < 200


@pytest.mark.parametrize("status", [124, 137, 143])
def test_a_time_out_is_told_from_a_death_by_its_length(status: int) -> None:
    for lasted_s, why in ((30.0, Why.TIMED_OUT), (1.0, {124: Why.TIMED_OUT, 137: Why.UNREADABLE}.get(status))):
        batch = batch_of(1)
        for stderr in (False, True):
            list(batch.feed(mark("begin"), stderr=stderr, now_s=0, now=0))
        list(batch.feed(mark("end", 0, status), stderr=True, now_s=lasted_s, now=lasted_s))
        (output,) = batch.feed(mark("end", 0, status), stderr=False, now_s=lasted_s, now=lasted_s)
        assert (output.missing and output.missing.why) == why


def test_no_script_stands_outside_quotes() -> None:
    text = posix.body((Script("a", "echo 'x'; exit 1\n)", ("$(id)", "'; id; '")),))
    command = "sh -c 'echo '\"'\"'x'\"'\"'; exit 1\n)' a '$(id)' ''\"'\"'; id; '\"'\"''"
    assert text == f"m begin 0 0\ntimeout -k 2 30 {command} </dev/null\ne 0 $?\n"


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    """A shell that is called `sh`, and for busybox its own `timeout`, too."""
    program = require(request.param)
    folder = tmp_path / "bin"
    folder.mkdir()
    names = ("sh", "timeout", "sleep", "id", "cat", "seq") if request.param == "busybox" else ("sh",)
    for name in names:
        (folder / name).symlink_to(program)
    yield [str(folder / "sh"), "-s"]
    shutil.rmtree(folder)


def run(shell: list[str], *scripts: Script) -> list[Output]:
    batch = Batch(DIALECTS["posix"], scripts, NONCE)
    batch.sent(0.0, 0.0)
    path = f"{Path(shell[0]).parent}:/usr/bin:/bin"
    with subprocess.Popen(
        shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PATH": path, "LC_ALL": "C"}
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write((posix.head(NONCE) + posix.body(scripts)).encode())
        process.stdin.close()
        found: list[Output] = []
        os.set_blocking(process.stdout.fileno(), False)
        os.set_blocking(process.stderr.fileno(), False)
        deadline = time.monotonic() + 10
        while not batch.finished and time.monotonic() < deadline:
            time.sleep(0.005)
            for stream, stderr in ((process.stdout, False), (process.stderr, True)):
                if chunk := stream.read():
                    now = time.monotonic()
                    found += batch.feed(chunk, stderr=stderr, now_s=now, now=now)
        assert batch.ready == Mark("ready", 0, 0)
        assert batch.finished
        return found


def test_every_shell_runs_the_batch(shell: list[str]) -> None:
    odd = "printf 'a\\0\\377\\n\\n'; printf '\\nerr' >&2; exit 7"
    first, second, third, fourth = run(
        shell,
        Script("odd", odd),
        Script("arguments", 'printf \'<%s>\' "$0" "$@"; cat', ("it's", "$HOME\nx")),
        Script("variables", "printf '%s' \"$i|$m\"; exit 0"),
        Script("secret", 'cat "/proc/$PPID/cmdline" /proc/self/environ'),
    )
    assert (first.status, first.stdout, first.stderr) == (7, b"a\0\xff\n\n", b"\nerr")
    assert second.stdout == b"<arguments><it's><$HOME\nx>"
    assert third.stdout == b"|"
    assert NONCE.encode() not in fourth.stdout


def test_every_shell_ends_after_a_time_out(shell: list[str]) -> None:
    found = run(
        shell,
        Script("obeys", "echo before; sleep 20", timeout_s=1),
        Script("after", "echo 2"),
    )
    assert len(found) == 1, "what the first one left behind must not write into the second one's output"
    assert found[0].missing is not None
    assert found[0].missing.why is Why.TIMED_OUT
    assert found[0].stdout == b"before\n"


def test_every_shell_kills_what_does_not_listen(shell: list[str]) -> None:
    (output,) = run(shell, Script("deaf", "trap '' TERM; while :; do sleep 0.2; done", timeout_s=1))
    assert output.missing is not None
    assert output.missing.why is Why.TIMED_OUT


def test_a_command_that_is_absent(shell: list[str]) -> None:
    (output,) = run(shell, Script("absent", "no-such-command-here --version"))
    assert output.missing is not None
    assert output.missing.why is Why.TOOL_ABSENT
    assert "no-such-command-here" in output.missing.detail


def test_a_host_without_timeout(tmp_path: Path) -> None:
    (tmp_path / "id").symlink_to(require("id"))
    told = subprocess.run(
        [require("dash"), "-s"],
        input=posix.head(NONCE).encode(),
        capture_output=True,
        env={"PATH": str(tmp_path)},
        check=True,
    )
    assert told.stdout == mark("ready", 0, 127) + mark("ready") == told.stderr
