"""One fault is one finding: what only follows from it is UNKNOWN and names the pair that it follows from."""

from __future__ import annotations

import importlib

import pytest

from readiness.core.outcomes import Result

from .harness import Case, Clean, judged

CLIENT, STORAGE = "client01/bacula.client", "sd01/bacula.storage"
# The file and the name of a case, the pair that tells of its fault, and the pairs that only follow.
FOLLOWING = [
    ("certificates", "CRT-001", f"CRT-001 {CLIENT}", [f"CRT-00{number} {CLIENT}" for number in range(3, 8)]),
    ("certificates", "CRT-001", f"CRT-001 {CLIENT}", [f"CRT-002 {CLIENT}~director"]),
    ("certificates", "CRT-004 no authority read", f"CRT-001 {CLIENT}", [f"CRT-004 {CLIENT}"]),
    ("config", "CFG-001", f"CFG-001 {CLIENT}", [f"CRT-001 {CLIENT}", f"CRT-007 {CLIENT}", f"CFG-006 {CLIENT}"]),
    ("config", "CFG-003", f"CFG-003 {CLIENT}~director", [f"CFG-004 {CLIENT}~director", f"CRT-002 {CLIENT}~director"]),
    ("connectivity", "CON-001 a port and nothing behind it", "CON-001 client01", ["CON-003 client01"]),
    ("connectivity", "CON-004 and what it did not read", "CON-004 client01", [f"SVC-003 {CLIENT}"]),
    ("listening", "LSN-001", f"LSN-001 {CLIENT}", [f"LSN-002 {CLIENT}", f"LSN-003 {CLIENT}"]),
    ("services", "SVC-002", f"SVC-002 {STORAGE}", [f"SVC-003 {STORAGE}"]),
    ("space", "SPC-001 not there", "SPC-001 sd01/srv/spool", ["SPC-002 sd01/srv/spool", "SPC-003 sd01/srv/spool"]),
    ("versions", "VER-001", f"VER-001 {CLIENT}", [f"SVC-003 {CLIENT}", f"VER-002 {CLIENT}", "VER-007 clients"]),
    ("versions", "VER-001", f"VER-001 {CLIENT}", [f"VER-004 {CLIENT}~director", f"VER-005 {CLIENT}~director"]),
]


@pytest.mark.parametrize(("area", "name", "root", "pairs"), FOLLOWING)
def test_what_only_follows_names_what_it_follows_from(
    clean: Clean, area: str, name: str, root: str, pairs: list[str]
) -> None:
    case: Case = importlib.import_module(f"tests.checks.test_{area}").CASES[name]
    store = dict(clean.store)
    case.facts(store)
    checks = {pair.split()[0] for pair in (root, *pairs)}
    outcomes = judged(case.inputs(clean.inputs), store, *checks)
    assert outcomes[root].blocked_by == ()
    assert {pair: outcomes[pair].outcome for pair in pairs} == dict.fromkeys(pairs, Result.UNKNOWN)
    assert {pair: outcomes[pair].blocked_by for pair in pairs} == dict.fromkeys(pairs, (root,))
