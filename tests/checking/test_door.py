"""What a check may import: all of `readiness.checking`, a new fact type without a list being touched, nothing else."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

import pytest

import readiness.checking as door
from readiness import probes, rules
from readiness.core.facts import Fact
from readiness.probes import PROBES_OF

NEW_FACT = '''
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact


@dataclass(frozen=True)
class Processors(Fact):
    """How many processors there are."""

    name: ClassVar[str] = "processors"
    count: int
'''


def test_every_fact_that_a_probe_gives_can_be_imported() -> None:
    kinds = {probe.kind for each in PROBES_OF.values() for probe in each}
    assert all(getattr(door, kind.__name__) is kind for kind in kinds)


def test_a_fact_type_of_a_new_module_can_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "processors.py").write_text(NEW_FACT)
    monkeypatch.setattr(probes, "__path__", [*probes.__path__, str(tmp_path)])
    try:
        assert issubclass(door.Processors, Fact)
    finally:
        sys.modules.pop("readiness.probes.processors", None)


def test_a_new_module_of_rules_can_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "capacity.py").write_text("HEADROOM_PERCENT = 20\n")
    monkeypatch.setattr(rules, "__path__", [*rules.__path__, str(tmp_path)])
    try:
        assert door.capacity.HEADROOM_PERCENT == 20
    finally:
        sys.modules.pop("readiness.rules.capacity", None)


@pytest.mark.parametrize("name", ["Processor", "clock", "_socket", "Mapping"])
def test_what_is_no_fact_cannot(name: str) -> None:
    with pytest.raises(AttributeError):
        getattr(door, name)


def test_no_name_of_two_modules_is_meant_for_another() -> None:
    """A fact type that two modules of probes have by one name would be found by chance."""
    where: dict[str, set[str]] = {}
    for module in pkgutil.walk_packages(probes.__path__, f"{probes.__name__}."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, type) and issubclass(value, Fact) and value.__module__ == module.name:
                where.setdefault(name, set()).add(module.name)
    assert not {name: modules for name, modules in where.items() if len(modules) > 1}
