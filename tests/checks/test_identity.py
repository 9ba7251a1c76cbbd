"""Who a host is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readiness.core.facts import HostKey
from readiness.probes.system import Identity

from .harness import Case, Clean, Store, changed, fact


def twin_key(store: Store) -> None:
    own = store["client01"].values[HostKey.name]
    assert isinstance(own, HostKey)
    changed(store, "client02", HostKey, lambda _: own)


CASES = {
    "IDN-001": Case(
        {"IDN-001 client01": "FAIL"}, fact("client01", Identity, lambda one: replace(one, hostname="client99"))
    ),
    "IDN-002": Case(
        {"IDN-002 client01": "FAIL"}, fact("client01", Identity, lambda one: replace(one, machine_id="0" * 32))
    ),
    "IDN-003": Case({"IDN-003 client01": "FAIL", "IDN-003 client02": "FAIL"}, twin_key),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)
