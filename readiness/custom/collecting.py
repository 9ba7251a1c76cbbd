"""What tests there are in a folder, found before any host is contacted."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.core.text import one_line
from readiness.custom.suite import Suite, Test
from readiness.estate import CustomChecks, Estate


class Collecting(Suite):
    """Every test of a folder on every target, whatever the suite then leaves out; no host is contacted."""

    def __init__(self, suite: CustomChecks, estate: Estate, folder: Path) -> None:
        super().__init__(suite, estate, folder)
        self.tests: list[Test] = []
        self._files: list[Path] = []

    def pytest_pycollect_makemodule(self, module_path: Path) -> None:
        """Remember each file that is looked at."""
        self._files.append(module_path)

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Take it before the suite's own hooks can drop it."""
        self.tests.append(self._test(item))
        if item.path in self._files:
            self._files.remove(item.path)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that does not load, or skips itself, would be missing unnoticed."""
        if not report.passed:
            reason = str(report.longrepr).strip().splitlines()
            file = self._root / report.nodeid.split("::")[0]
            self._complain(file, f"does not load: {one_line(reason[-1]) if reason else '?'}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool:
        """Run nothing."""
        super().pytest_runtestloop()
        return True

    def collect(self) -> list[Test]:
        """The tests; `problems` says what is wrong with them."""
        self.main(None, 0)
        broken = {problem.file for problem in self.problems}
        for file in dict.fromkeys(self._files):
            if str(file) not in broken and self._complete:
                self._complain(file, "no test of it is collected", "name its tests test_..., or remove it")
        if not self.tests and not self.problems:
            self._complain(self._root, "no test is collected", "files and tests are named test_...")
        return self.tests
