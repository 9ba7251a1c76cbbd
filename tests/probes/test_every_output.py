"""What holds for every parser of both shells, on every sample of the one and every recording of the other."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.core.facts import Fact, HostFacts, Missing
from readiness.core.scripts import Output
from readiness.probes import PROBES_OF
from readiness.run_folder.journals import facts_from_json, facts_to_json

from .samples import SAMPLES
from .samples import parsed as parsed_of_posix
from .windows.facts import parsed as parsed_of_windows
from .windows.test_damage import NAMES, OUTPUTS

EVERY = {
    **{f"posix-{sample}": ("posix", sample.output) for sample in SAMPLES},
    **{f"powershell-{name}": ("powershell", output) for name, output in zip(NAMES, OUTPUTS, strict=True)},
}
KINDS = {probe.name: probe.kind for probes in PROBES_OF.values() for probe in probes}


def parsed(shell: str, output: Output) -> Fact | Missing | None:
    return parsed_of_posix(output) if shell == "posix" else parsed_of_windows(output)


UNDERSTOOD = {name: case for name, case in EVERY.items() if parsed(*case) is not None}


@given(st.sampled_from([*EVERY.values()]), st.binary(max_size=200), st.binary(max_size=200), st.integers(0, 255))
def test_no_output_breaks_a_parser(case: tuple[str, Output], stdout: bytes, stderr: bytes, status: int) -> None:
    shell, output = case
    parsed(shell, dataclasses.replace(output, stdout=stdout, stderr=stderr, status=status))
    parsed(shell, dataclasses.replace(output, stdout=stdout + output.stdout, stderr=stderr))


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_a_fact_is_the_same_after_it_was_saved(name: str) -> None:
    shell, output = UNDERSTOOD[name]
    fact = parsed(shell, output)
    assert fact is not None
    saved = json.loads(json.dumps(facts_to_json(HostFacts("bk01", {output.name: fact}, {}))))
    assert facts_from_json(saved, KINDS).values == {output.name: fact}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_a_failed_script_gives_no_value(name: str) -> None:
    shell, output = UNDERSTOOD[name]
    fact = parsed(shell, dataclasses.replace(output, status=1))
    assert fact is None or isinstance(fact, Missing)
