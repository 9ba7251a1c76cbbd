"""A cutover that is ahead whenever the tests run, for estates that are judged at the time it is."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
START = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
END = START + timedelta(hours=8)
AHEAD: Mapping[str, str] = {"start": START.isoformat(), "end": END.isoformat()}
IN_YAML = '{{start: "{start}", end: "{end}"}}'.format(**AHEAD)


def example_ahead(folder: Path) -> Path:
    """A copy of the example estate, whose cutover is ahead."""
    copy = Path(shutil.copytree(ROOT / "inventories" / "example", folder))
    text, count = re.subn(
        r"^cutover: .*$", f"cutover: {IN_YAML}", (copy / "estate.yaml").read_text(), flags=re.MULTILINE
    )
    assert count == 1
    (copy / "estate.yaml").write_text(text)
    return copy
