"""What lies compiled beside users' tests is never opened: it may be anything, and nobody keeps it with a run."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from readiness.custom.collecting import Collecting
from readiness.estate import CustomChecks
from tests import small


def test_a_pipe_in_place_of_a_compiled_file_holds_nothing_up(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "__pycache__"
    folder.mkdir(parents=True)
    (folder.parent / "test_a.py").write_text("import helper\n\n\ndef test_a():\n    assert helper\n")
    (folder.parent / "conftest.py").write_text("")
    (folder.parent / "helper.py").write_text("")
    tag = sys.implementation.cache_tag
    for name in ("test_a", "conftest", "helper"):
        for ending in (f"{tag}.pyc", f"{tag}-pytest-{pytest.__version__}.pyc"):
            os.mkfifo(folder / f"{name}.{ending}")
    estate = small.inputs().estate
    collecting = Collecting(CustomChecks(folder="tests", hosts=("dir01",)), estate, tmp_path)
    names: list[str] = []
    worker = threading.Thread(target=lambda: names.extend(test.name for test in collecting.collect()), daemon=True)
    worker.start()
    worker.join(20)
    assert names == ["tests/test_a.py::test_a"]
    assert sys.pycache_prefix is None
