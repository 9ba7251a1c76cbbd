"""The batch: whatever a script prints, and wherever the chunks break, its output is what it printed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Output, Script
from readiness.transports.shells import DIALECTS, posix
from readiness.transports.shells.batch import STDERR_KEPT, Batch

NONCE = "0123456789abcdef" * 2
OTHER = "fedcba9876543210" * 2
HOSTILE = [b"\n@", f"\n@{NONCE[:-1]}".encode(), f"\n@{OTHER} end 0 0\n".encode(), b"\n", b"end 0 0\n", b"\x00\xff"]
printed = st.lists(st.one_of(st.binary(max_size=30), st.sampled_from(HOSTILE)), max_size=6).map(b"".join)


def mark(word: str, index: int, status: int) -> bytes:
    return f"\n@{NONCE} {word} {index} {status}\n".encode()


def chunks(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    """The data cut at the sizes, taken round and round."""
    cut: list[bytes] = []
    start = 0
    while start < len(data):
        size = sizes[len(cut) % len(sizes)]
        cut.append(data[start : start + size])
        start += size
    return cut


def read(batch: Batch, stdout: bytes, stderr: bytes, sizes: Sequence[int]) -> list[Output]:
    outputs: list[Output] = []
    for stream, data in ((True, stderr), (False, stdout)):
        for chunk in chunks(data, sizes):
            outputs += batch.feed(chunk, stderr=stream, now_s=1.0, now=1.0)
    return outputs


@given(
    st.lists(st.tuples(printed, printed, st.integers(0, 123)), min_size=1, max_size=4),
    st.lists(st.integers(1, 50), min_size=1),
)
def test_outputs_come_back_exactly(said: list[tuple[bytes, bytes, int]], sizes: list[int]) -> None:
    stdout, stderr = b"noise" + mark("ready", 0, 0), b"noise" + mark("ready", 0, 0)
    for index, (out, err, status) in enumerate(said):
        stdout += mark("begin", index, 0) + out + mark("end", index, status)
        stderr += mark("begin", index, 0) + err + mark("end", index, status)
    batch = Batch(DIALECTS["posix"], tuple(Script(f"s{index}", "x") for index in range(len(said))), NONCE)
    outputs = read(batch, stdout + mark("done", 0, 0), stderr + mark("done", 0, 0), sizes)
    assert [(one.stdout, one.stderr, one.status) for one in outputs] == said
    assert batch.finished


@given(printed, st.integers(0, 200), st.lists(st.integers(1, 50), min_size=1))
def test_a_stream_that_was_cut_gives_no_output(out: bytes, cut: int, sizes: list[int]) -> None:
    whole = mark("begin", 0, 0) + out + mark("end", 0, 0)
    batch = Batch(DIALECTS["posix"], (Script("s", "x"),), NONCE)
    outputs = read(batch, whole[: min(cut, len(whole) - 1)], mark("begin", 0, 0) + mark("end", 0, 0), sizes)
    assert outputs == []


def test_what_is_kept_of_a_flood_is_bounded() -> None:
    batch = Batch(DIALECTS["posix"], (Script("s", "x", max_bytes=100),), NONCE)
    list(batch.feed(mark("begin", 0, 0) + b"x" * 10_000, stderr=False, now_s=0, now=0))
    assert batch.printed() == (10_000, 0)
    list(batch.feed(mark("begin", 0, 0) + b"x" * 1_000_000, stderr=True, now_s=0, now=0))
    assert len(batch.unfinished(Missing(Why.OUTPUT_CUT), 0, 0).stderr) <= STDERR_KEPT


def test_what_find_says_of_thousands_of_kernel_threads_is_kept_whole() -> None:
    line = "/usr/bin/find: '/proc/{}/exe': No such file or directory\n"
    said = "".join(line.format(pid) for pid in range(10_000, 13_000)).encode()
    begin, end = mark("begin", 0, 0), mark("end", 0, 0)
    batch = Batch(DIALECTS["posix"], (Script("processes", "x"),), NONCE)
    (output,) = read(batch, begin + end, begin + said + end, [999])
    assert output.stderr == said


def test_the_composed_text_is_a_script_that_a_shell_takes() -> None:
    awkward = Script("awkward", "printf '%s' \"it's $1\"", arguments=("a 'b' \"c\" $d",))
    text = posix.head(NONCE) + posix.body((awkward, Script("status", "exit 7")))
    ended = subprocess.run(["sh", "-s"], input=text.encode(), capture_output=True, timeout=20, check=True)
    batch = Batch(DIALECTS["posix"], (awkward, Script("status", "exit 7")), NONCE)
    outputs = read(batch, ended.stdout, ended.stderr, [7])
    assert [(one.stdout, one.status) for one in outputs] == [(b"it's a 'b' \"c\" $d", 0), (b"", 7)]
