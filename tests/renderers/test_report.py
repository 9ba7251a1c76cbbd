"""Reports are found by looking into their folder: one module more is one report more, and nothing else changes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import readiness.renderers
from readiness.core.errors import ToolFault
from readiness.renderers.report import renderers
from readiness.run_folder.names import RESULTS

from .samples import failed, reported

CSV = '''"""One line an outcome."""

FILE = "table-of-the-tests.csv"


def render(report):
    """Check, target and outcome."""
    return "".join(f"{one.check},{one.target},{one.outcome}\\n" for one in report.outcomes).encode()
'''


@pytest.fixture
def more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules lie in the renderers' package, too."""
    monkeypatch.setattr(readiness.renderers, "__path__", [*readiness.renderers.__path__, str(tmp_path)])
    renderers.cache_clear()
    yield tmp_path
    renderers.cache_clear()
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(f"readiness.renderers.{path.stem}", None)


def test_these_reports_are_there() -> None:
    assert set(renderers()) >= {"junit.xml", RESULTS, "summary.md"}
    assert all(name == renderer.file for name, renderer in renderers().items())


def test_a_module_more_is_a_report_more(more: Path) -> None:
    (more / "table.py").write_text(CSV)
    renderer = renderers()["table-of-the-tests.csv"]
    assert renderer.render(reported([failed()])) == b"VER-002,bk01,FAIL\n"
    renderer.verify(b"", reported([]))


def test_two_reports_of_one_name_are_a_fault(more: Path) -> None:
    (more / "table.py").write_text(CSV.replace("table-of-the-tests.csv", "summary.md"))
    with pytest.raises(ToolFault, match=r"two modules .* write summary\.md"):
        renderers()
