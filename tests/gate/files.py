"""What a folder of checks holds in these tests."""

from __future__ import annotations

from pathlib import Path

from readiness.gate.collecting import checks_folder

HEAD = "import pytest\nfrom readiness.checking import agreed, check, each_host, expect\n"
CHECK = "@check('TST-001', severity='{}', targets=each_host, remedy='r', source='s')\n"
MAJOR = CHECK.format("major")
PASSES = f"{HEAD}{MAJOR}def test_x(target):\n    'A title.'\n    expect(1, equals=1)\n"


def write(folder: Path, code: str, conftest: str = "") -> Path:
    """A file of checks, the settings of the shipped ones, and a conftest."""
    (folder / "pytest.ini").write_text((checks_folder() / "pytest.ini").read_text())
    (folder / "test_disk.py").write_text(code)
    (folder / "conftest.py").write_text(conftest)
    return folder
