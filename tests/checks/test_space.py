"""Room on disks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from readiness.core.facts import Missing, Why
from readiness.estate.space import SpaceDemand
from readiness.probes.space import Filesystem, Space

from .changes import (
    with_baseline,
)
from .harness import Case, Clean, Store, fact

SPOOL = "/srv/spool"


def spool(**values: object) -> Callable[[Store], None]:
    def change(space: Space) -> Space:
        was = space.filesystems[SPOOL]
        assert isinstance(was, Filesystem)
        return replace(space, filesystems={**space.filesystems, SPOOL: replace(was, **values)})  # type: ignore[arg-type]

    return fact("sd01", Space, change)


LEAST: dict[str, Any] = {"min_free_percent": 5.0, "min_free_inodes_percent": 5.0}


def drive(**changes: Any) -> Callable[[Space], Space]:
    def change(space: Space) -> Space:
        was = space.filesystems["C:\\"]
        assert was is not None
        assert not isinstance(was, Missing)
        return Space({"C:\\": replace(was, **changes)})

    return change


CASES = {
    "SPC-001 to SPC-003 of no host": Case(
        {f"SPC-00{number} estate/D:\\Spool": "UNKNOWN" for number in (1, 2, 3)},
        inputs=lambda inputs: replace(
            inputs,
            baseline=inputs.baseline.model_copy(
                update={
                    "space": (
                        *(inputs.baseline.space or ()),
                        SpaceDemand(path="D:\\Spool", roles=("bacula.director",), **LEAST),
                    )
                },
            ),
        ),
    ),
    "SPC-001 not there": Case(
        {"SPC-001 sd01/srv/spool": "FAIL"},
        fact("sd01", Space, lambda one: replace(one, filesystems={**one.filesystems, SPOOL: None})),
    ),
    "SPC-001 not a mount of its own": Case({"SPC-001 sd01/srv/spool": "FAIL"}, spool(mount="/srv", free_bytes=0)),
    "SPC-001 read-only": Case({"SPC-001 sd01/srv/spool": "FAIL"}, spool(read_only=True)),
    "SPC-001 no answer": Case(
        {"SPC-001 sd01/srv/spool": "UNKNOWN"},
        fact(
            "sd01",
            Space,
            lambda one: replace(one, filesystems={**one.filesystems, SPOOL: Missing(Why.TIMED_OUT, "no answer")}),
        ),
    ),
    "SPC-001 to SPC-003 never agreed": Case(
        {f"SPC-00{number} estate": "UNKNOWN" for number in (1, 2, 3)}, inputs=with_baseline(space=None)
    ),
    "SPC-002 by its share": Case({"SPC-002 sd01/srv/spool": "FAIL"}, spool(size_bytes=1 << 60)),
    "SPC-002 by its bytes": Case({"SPC-002 sd01/srv/spool": "FAIL"}, spool(size_bytes=100, free_bytes=99)),
    "SPC-002 of no size": Case({"SPC-002 sd01/srv/spool": "UNKNOWN"}, spool(size_bytes=0)),
    "SPC-003": Case({"SPC-003 sd01/srv/spool": "FAIL"}, spool(inodes=1000, free_inodes=49)),
    "SPC-003 at the limit": Case({"SPC-003 sd01/srv/spool": "PASS"}, spool(inodes=1000, free_inodes=50)),
    "SPC-003 no fixed number": Case({"SPC-003 sd01/srv/spool": "NOT_APPLICABLE"}, spool(inodes=None, free_inodes=None)),
    "SPC-001 Windows: a folder and no volume": Case(
        {"SPC-001 fd01/C:\\": "FAIL"},
        fact("fd01", Space, drive(mount="D:\\")),
        with_baseline(space=(SpaceDemand(path="C:\\", mounted=True, **LEAST),)),
    ),
    "SPC-002 Windows: no space": Case({"SPC-002 fd01/C:\\": "FAIL"}, fact("fd01", Space, drive(free_bytes=0))),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)
