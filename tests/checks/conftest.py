"""The clean facts and the clean baseline that every case starts from: those of the demo without its faults."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from readiness.core.facts import WinrmListener
from readiness.demo import PASSWORD_ENV, embedded_estate
from readiness.estate.login import NTLM_OVER_HTTP
from readiness.gate.records import FACT_KINDS
from readiness.planning.inputs import inputs_again
from readiness.probes.windows.tls import MachineCertificates
from readiness.run_folder.saved import SavedRun
from tests.main_job.job import run

from .harness import Clean, Store, changed


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> SavedRun:
    """A run against the demo's hosts, Linux and Windows, as a user starts it."""
    folder = tmp_path_factory.mktemp("clean") / "run"
    with embedded_estate(os.environ, planted=False) as estate:
        job = run(estate, folder, variables={PASSWORD_ENV: os.environ[PASSWORD_ENV], NTLM_OVER_HTTP: "1"})
    assert job.code in {0, 2}, job.stderr
    return SavedRun.open(folder)


@pytest.fixture(scope="session")
def clean(whole_run: SavedRun) -> Clean:
    """Its inputs and facts."""
    store = dict(whole_run.facts(FACT_KINDS)[0])
    present_own_certificate(store)
    return Clean(inputs_again(whole_run.inputs(), whole_run.as_of), store)


def present_own_certificate(store: Store) -> None:
    """The replay of fd01 presents a certificate of its own: let it be one of those in the machine's store."""
    machine: Any = store["fd01"].values[MachineCertificates.name]
    own = next(each for each in machine.certificates if each.has_key)
    changed(store, "fd01", WinrmListener, lambda listener: replace(listener, certificate_sha256=own.sha256))
