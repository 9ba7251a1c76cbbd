"""`make demo`: the demo as a user sees it, which ends well when it finds exactly the faults that were planted."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from readiness.core.outcomes import EXIT_CODES, Verdict
from readiness.demo import recordings
from readiness.run_folder.saved import SavedRun


def main() -> None:
    out = Path("reports") / "demo" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    code = subprocess.call([sys.executable, "-m", "readiness", "demo", "--out", str(out)])
    if difference := _not_as_planted(SavedRun.open(out), code):
        sys.exit(difference)


def _not_as_planted(run: SavedRun, exit_code: int) -> str:
    """How the run differs from what was planted, besides what a replay cannot show; empty when it does not."""
    recorded = recordings()
    planted = {*recorded["planted"], *recorded["windows"]["planted"]}
    roots = {f"{row['check']} {row['target']}": row["outcome"] for row in run.results() if not row["blocked_by"]}
    failed = {pair for pair, outcome in roots.items() if outcome == "FAIL"}
    unknown = {pair for pair, outcome in roots.items() if outcome == "UNKNOWN"} - {*recorded["windows"]["unjudged"]}
    if exit_code == EXIT_CODES[Verdict.NO_GO] and failed | unknown == planted:
        return ""
    return f"the demo should be NO-GO for {sorted(planted)}, not {exit_code} for {sorted(failed | unknown)}"


if __name__ == "__main__":
    main()
