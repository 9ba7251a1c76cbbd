"""Seven additions, each with every file that it takes and no other: what is added, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FILES = Path(__file__).parent / "files"


@dataclass(frozen=True)
class Addition:
    """New files by their path in the tree, named as in `files/`; and lines put after a line that stands there once."""

    new: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    @property
    def touched(self) -> frozenset[str]:
        """Every file that it takes."""
        return frozenset({*self.new, *self.lines})

    def lay_over(self, tree: Path) -> None:
        """Add it to a copy of the tree."""
        for path, name in self.new.items():
            assert not (tree / path).exists(), path
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_bytes((FILES / name).read_bytes())
        for path, insertions in self.lines.items():
            text = (tree / path).read_text()
            for after, lines in insertions:
                assert text.count(after) == 1, f"{path} has {text.count(after)} times: {after}"
                text = text.replace(after, after + lines)
            (tree / path).write_text(text)


CHECK = Addition(
    lines={
        "readiness/estate/clock.py": (
            (
                'in seconds.", example="1.0"\n    )\n',
                '    max_uncertainty_s: texts.Seconds | None = demand("How uncertain it may be.", example="0.5")\n',
            ),
        ),
        "checks/test_clock.py": (
            ("    each_host,\n", "    expect,\n"),
            ("    _judge(-reference.offset_s, reference.uncertainty_s, limit_s)\n", (FILES / "check.txt").read_text()),
        ),
        "tests/checks/test_clock.py": (("CASES = {\n", (FILES / "cases.txt").read_text()),),
        "readiness/gate/check_ids.txt": (("CLK-003\n", "CLK-004\n"),),  # READINESS_GOLDEN=write
    }
)
FACT = Addition(
    new={
        "readiness/probes/file_sizes.py": "file_sizes.txt",
        "readiness/probes/scripts/file_sizes.sh": "file_sizes.sh",
        "checks/test_sizes.py": "test_sizes.txt",
        "tests/checks/test_sizes.py": "cases_of_sizes.txt",
        **{
            f"tests/probes/file_sizes/debian12/{name}": f"sample/{name}"
            for name in ("stdout", "stderr", "status", "expected.json", "source")
        },
    },
    lines={"readiness/gate/check_ids.txt": (("ROL-001\n", "SIZ-001\n"),)},
)
PRODUCT = Addition(new={"readiness/products/vaultkeeper.yaml": "vaultkeeper.yaml"})
FORMAT = Addition(
    new={
        "readiness/configs/ini.py": "ini.txt",
        "readiness/configs/ini.sh": "ini.sh",
        "readiness/configs/ini.ps1": "ini.ps1",
        "tests/configs/test_ini.py": "test_ini.txt",
        "tests/configs/sample.ini": "sample.ini",
    }
)
TRANSPORT = Addition(
    new={"readiness/transports/local.py": "../../transports/local.py"},
    lines={
        "readiness/transports/__init__.py": (
            ("from readiness.transports import ", "local, "),
            ("        winrm.KIND,\n", "        local.KIND,\n"),
        ),
    },
)
REPORT = Addition(
    new={
        "readiness/renderers/spreadsheet.py": "spreadsheet.txt",
        "tests/renderers/golden/outcomes.csv": "outcomes.csv",
    }
)
