"""The planned tests of a folder, run host by host."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from readiness.custom.live_hosts import LiveHosts
from readiness.custom.naming import ESTATE
from readiness.custom.phases import Phases
from readiness.custom.suite import HOST, Suite, Test
from readiness.estate import CustomChecks, Estate

_NO_SOURCE = {"host", HOST, "request"}


class Running(Suite):
    """The planned tests of a folder, host by host; `done` is called with the result of each."""

    def __init__(
        self,
        suite: CustomChecks,
        estate: Estate,
        folder: Path,
        hosts: LiveHosts,
        wanted: Mapping[tuple[str, str], int],
        done: Callable[[Test, Phases, bool], None],
    ) -> None:
        super().__init__(suite, estate, folder)
        self.interrupted: BaseException | None = None
        self._hosts_live, self._wanted, self._done = hosts, wanted, done
        self._phases = Phases()

    def run(self) -> None:
        """Run them; raises the KeyboardInterrupt of a user who asked twice."""
        try:
            self.main(self._hosts_live.run, self._hosts_live.limits.probe_s)
        finally:
            self._hosts_live.close()
        if self.interrupted is not None:
            raise self.interrupted

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """A user's own, not a suite's pytest.exit()."""
        if isinstance(excinfo.value, KeyboardInterrupt) and not isinstance(excinfo.value, pytest.exit.Exception):
            self.interrupted = excinfo.value

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Iterator[None]:
        """Those that are planned, all of a host together, after the suite's own hooks."""
        yield
        planned = [(self._wanted[key], item) for item in items if (key := self._key(item)) in self._wanted]
        items[:] = [item for _, item in sorted(planned, key=lambda entry: entry[0])]

    def _key(self, item: pytest.Item) -> tuple[str, str]:
        test = self._test(item)
        return test.name, test.target

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        """One test on one host, without what testinfra remembers of earlier answers."""
        test, self._phases = self._test(item), Phases()
        host = None if test.target == ESTATE else test.target
        self._hosts_live.begin(host, test.name)
        if host is not None:
            fresh = item.callspec.params[HOST]  # type: ignore[attr-defined]  # it has one, or it would be ESTATE's
            for name in set(vars(fresh)) - {"backend"}:
                delattr(fresh, name)
        try:
            return (yield)
        finally:
            self._done(test, self._phases, host is None or self._examined(item, host))

    def _examined(self, item: pytest.Item, host: str) -> bool:
        """Whether something was asked of the host, by the test or by a fixture that may have asked for it earlier."""
        if self._hosts_live.references:
            return True
        given = set(getattr(item, "fixturenames", ())) - _NO_SOURCE - set(item.callspec.params)  # type: ignore[attr-defined]
        return bool(given) and self._hosts_live.asked(host)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self) -> Iterator[None]:
        """Set up within the deadline, on a host that can be asked; innermost, since others clear up their own."""
        if (missing := self._hosts_live.unusable()) is not None:
            pytest.fail(str(missing), pytrace=False)
        with self._hosts_live.time_limit():
            yield

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        """Run within the host's deadline."""
        with self._hosts_live.time_limit():
            yield

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self) -> Iterator[None]:
        """Tear down within the host's deadline."""
        with self._hosts_live.time_limit():
            yield

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Iterator[Any]:
        """Note what was raised, whatever marks and hooks make of it."""
        report = yield
        self._phases.note(call.when, call.excinfo.value if call.excinfo else None, report)
        return report
