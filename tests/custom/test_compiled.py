"""What lies compiled beside users' tests is never opened: it may be anything, and nobody keeps it with a run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from readiness.custom.conversation import Folder
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
    estate = small.inputs(limits={"host_s": 60}).estate
    suite = CustomChecks(folder="tests", hosts=("dir01",))
    collected = Folder(suite, estate, tmp_path, os.environ).collect(lambda: False)
    assert [test["name"] for test in collected.tests] == ["tests/test_a.py::test_a"], collected.problems
