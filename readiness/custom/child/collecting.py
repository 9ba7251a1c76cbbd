"""What tests there are in a folder, found before any host is contacted."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.core.text import one_line
from readiness.custom.child.suite import Suite


class Collecting(Suite):
    """Every test of a folder on every target, whatever the suite then leaves out; no host is contacted."""

    def pytest_pycollect_makemodule(self, module_path: Path) -> None:
        """Tell of each file that is looked at."""
        if module_path.is_relative_to(self._root):
            self.parent.say("module", file=f"{self._folder}/{module_path.relative_to(self._root).as_posix()}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Take it before the suite's own hooks can drop it."""
        super().pytest_itemcollected(item)
        self.say_test(self.test(item))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that does not load, or skips itself, would be missing unnoticed."""
        if not report.passed:
            text = str(report.longrepr).strip()
            reason = text.splitlines()[-1] if text else "?"
            file = self._root / report.nodeid.split("::")[0]
            self._complain(file, f"does not load: {one_line(reason)}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run nothing."""
        super().pytest_runtestloop(session)
        return True

    def main(self) -> None:
        """Say which tests there are, and what is wrong with them."""
        self.run_pytest(None)
