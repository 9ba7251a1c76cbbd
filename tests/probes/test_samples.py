from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.core.facts import Missing
from readiness.core.scripts import Output
from readiness.probes import PROBES
from readiness.probes.probe import Probe

from .samples import HERE, SAMPLES, Sample, parsed, plain

# What LC_ALL=C keeps out, should a host print it all the same.
TRANSLATED = {
    b"no packages found matching": b"Keine Pakete gefunden, die passen auf",
    b"is not installed": b"ist nicht installiert",
    b"package ": b"Paket ",
    b"Not synchronised": b"Nicht synchronisiert",
    b"Normal": b"Normalement",
    b"=yes": b"=ja",
    b"=no": b"=nein",
    b"UTC": b"MEZ",
    b"Wed ": b"Mi ",
    b"inactive": "inaktiv \u2212".encode(),
    b"No such file or directory": b"Datei oder Verzeichnis nicht gefunden",
    b"System has not been booted": b"Das System wurde nicht gestartet",
    b"Permission denied": b"Keine Berechtigung",
}
FOREIGN_DIGITS = {b"0": "\u0660".encode(), b"1": "\u00b9".encode()}
UNDERSTOOD = [sample for sample in SAMPLES if "not understood" not in sample.expected]


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_sample_gives_what_is_expected(sample: Sample) -> None:
    fact = parsed(sample.output)
    if "not understood" in sample.expected:
        assert fact is None
    else:
        assert plain(fact) == sample.expected


def test_every_fact_has_real_samples_and_says_which_they_are() -> None:
    sources = {path.parent: path.read_text() for path in HERE.glob("*/*/source")}
    assert len(sources) == len(SAMPLES)
    assert not [
        path for path, text in sources.items() if not text.startswith(("real: ", "written by hand ", "the script on "))
    ]
    assert {probe.name for probe in PROBES} == {path.parent.name for path, text in sources.items() if "real: " in text}


def holds(sample: Sample, output: Output) -> bool:
    """Whether a damaged output is not understood, Missing (in a field, or as a whole), or still what is right."""
    fact = parsed(output)
    if fact is None or isinstance(fact, Missing):
        return True
    found = plain(fact)
    return bool(softened(found, sample.expected) == sample.expected)


def softened(found: Any, expected: Any) -> Any:
    """What was found, with what was expected wherever a part is Missing."""
    if isinstance(found, dict) and "missing" in found:
        return expected
    if not isinstance(found, dict) or not isinstance(expected, dict):
        return found
    return {name: softened(value, expected.get(name, value)) for name, value in found.items()}


def free_text(line: bytes) -> bool:
    """A distribution calls itself what it likes."""
    return line.startswith(b"line\t")


def of_each_kind(lines: list[bytes]) -> list[int]:
    """All lines, or where there are hundreds some of each kind: those that come first and the last one."""
    if len(lines) < 100:
        return [*range(len(lines))]
    kinds: dict[bytes, list[int]] = {}
    for at, line in enumerate(lines):
        kinds.setdefault(line.split(b"\t")[0], []).append(at)
    return sorted({at for places in kinds.values() for at in (*places[:5], places[-1])})


def damaged(text: bytes) -> Iterator[bytes]:
    """Every damage to one line, or to two that change places."""
    lines = text.split(b"\n")
    chosen = of_each_kind(lines)
    for at in chosen:
        line = lines[at]
        before, after = lines[:at], lines[at + 1 :]
        yield b"\n".join([*before, *after])
        yield b"\n".join([*before, line, line, *after])
        for cut in {1, len(line) // 2, len(line) - 1}:
            yield b"\n".join([*before, line[:cut], *after])
            yield b"\n".join([*before, line[:cut] + b"\0" + line[cut:], *after])
            yield b"\n".join([*before, line[:cut] + b"\x1b[31m" + line[cut:], *after])
            yield b"\n".join([*before, line[:cut] + b"\xff" + line[cut:], *after])
        yield b"\n".join([*before, line + b"\r", *after])
        if line.startswith(b"zone\t"):  # a zone's name has no translation
            continue
        for word, foreign in {**TRANSLATED, **({} if free_text(line) else FOREIGN_DIGITS)}.items():
            yield b"\n".join([*before, line.replace(word, foreign), *after])
    for first, second in combinations(chosen, 2):
        swapped = list(lines)
        swapped[first], swapped[second] = lines[second], lines[first]
        yield b"\n".join(swapped)


@pytest.mark.parametrize("sample", UNDERSTOOD, ids=str)
def test_a_damaged_output_is_never_another_value(sample: Sample) -> None:
    wrong = [
        text
        for text in damaged(sample.output.stdout)
        if not holds(sample, dataclasses.replace(sample.output, stdout=text))
    ]
    assert not wrong


@pytest.mark.parametrize("sample", UNDERSTOOD, ids=str)
def test_a_damaged_stderr_is_never_another_value(sample: Sample) -> None:
    wrong = [
        text
        for text in damaged(sample.output.stderr)
        if not holds(sample, dataclasses.replace(sample.output, stderr=text))
    ]
    assert not wrong


@given(st.sampled_from(UNDERSTOOD), st.data())
def test_an_output_whose_end_or_beginning_is_lost_is_never_another_value(sample: Sample, data: st.DataObject) -> None:
    text = sample.output.stdout
    at = data.draw(st.integers(0, len(text)))
    for left in (text[:at], text[at:], text[:at] + text, text + text[at:]):
        assert holds(sample, dataclasses.replace(sample.output, stdout=left))


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
@pytest.mark.parametrize("unit", [b"error:", b"leap=00,", b"sudo: ", b"a" * 64, b"\t."])
def test_a_line_without_end_is_refused_at_once(probe: Probe, unit: bytes) -> None:
    """A pattern that takes quadratic time on a long line would hold up every other host, too."""
    line = unit * (200_000 // len(unit))
    begun = time.process_time()
    for stdout, stderr in ((line + b"\nend\n", b""), (b"end\n", line)):
        fact = parsed(Output(probe.name, 0, stdout, stderr, 0.0, 0.1, 0.1))
        assert fact is None or isinstance(fact, Missing) or stderr
    assert time.process_time() - begun < 2
