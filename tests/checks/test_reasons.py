"""Each reason for not being able to read a host is explained by one check, so that others can point at it."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path

from readiness.core.checks import check_of
from readiness.core.facts import Why

FILES = sorted((Path(__file__).parents[2] / "checks").glob("test_*.py"))
# What concerns one script alone, or what nobody asked: no other check is about it.
OF_ONE_FACT = {Why.TIMED_OUT, Why.OUTPUT_CUT, Why.TOOL_ABSENT, Why.UNREADABLE, Why.NOT_ASKED}


def explained() -> Counter[Why]:
    counted: Counter[Why] = Counter()
    for path in FILES:
        spec = importlib.util.spec_from_file_location(f"reasons_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for one in vars(module).values():
            if (check := check_of(one, area="", place="")) is not None:
                counted.update(check.explains)
    return counted


def test_each_reason_is_explained_once() -> None:
    assert explained() == dict.fromkeys(set(Why) - OF_ONE_FACT, 1)
