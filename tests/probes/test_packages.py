"""Packages: a manager that failed has told of nothing, however many rows it printed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readiness.probes.packages import parse_packages

from .samples import SAMPLES


@pytest.mark.parametrize("status", [b"1", b"2", b"127"])
def test_rows_of_a_manager_that_failed_are_not_understood(status: bytes) -> None:
    (sample,) = (sample for sample in SAMPLES if (sample.fact, sample.case) == ("packages", "debian12"))
    assert b"status\t0\t." in sample.output.stdout
    parse_packages(sample.output)
    failed = sample.output.stdout.replace(b"status\t0\t.", b"status\t" + status + b"\t.")
    with pytest.raises(ValueError, match="status"):
        parse_packages(replace(sample.output, stdout=failed))
