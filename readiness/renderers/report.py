"""What a report is made from, and how a report's module is found: by looking into this folder."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

import readiness.renderers
from readiness.core.errors import ToolFault
from readiness.core.outcomes import Judgement, Outcome


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run: every text may hold what a host said, so renderers clean it.

    `hosts` are all hosts of the estate with their roles by product; `cutover` says when it is, as written.
    """

    outcomes: tuple[Outcome, ...]
    judgement: Judgement
    run_id: str
    as_of: datetime
    service: str
    note: str = ""
    cutover: str = ""
    hosts: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Renderer:
    """One report: its file in the run folder, and what makes its bytes.

    `verify` reads the bytes again and raises ToolFault when they do not say what the report says.
    """

    file: str
    render: Callable[[Report], bytes]
    verify: Callable[[bytes, Report], None]


def _trusted(_: bytes, __: Report) -> None:
    """Nothing is read again."""


@functools.cache
def renderers() -> Mapping[str, Renderer]:
    """Every report by its file name: the modules of this folder that have a `FILE` and a `render`."""
    by_file: dict[str, Renderer] = {}
    for entry in pkgutil.iter_modules(readiness.renderers.__path__):
        module = importlib.import_module(f"{readiness.renderers.__name__}.{entry.name}")
        file = getattr(module, "FILE", None)
        if file is None:
            continue
        if file in by_file:
            raise ToolFault(f"two modules of {readiness.renderers.__name__} write {file}")
        by_file[file] = Renderer(file, module.render, getattr(module, "verify", _trusted))
    return MappingProxyType(by_file)
