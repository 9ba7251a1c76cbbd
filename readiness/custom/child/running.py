"""The planned tests of a folder, run host by host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from readiness.custom.child.noting import Noting
from readiness.custom.child.parent import Parent
from readiness.custom.child.suite import HOST, Suite
from readiness.custom.phases import ESTATE

_SOURCES = {"host", HOST, "request"}  # a request gives any fixture by its name
_NOT_OWN = {"_pytest", "testinfra"}
_KIND_OF_HOST = {"backend", "has_command_v"}


class Running(Suite):
    """The wanted tests of a folder, host by host; the run is told what comes of each."""

    def __init__(self, job: dict[str, Any], parent: Parent) -> None:
        super().__init__(job, parent)
        self._wanted = [(name, target) for name, target in job["wanted"]]
        self._noting = Noting(parent)

    def main(self) -> None:
        """Run them."""
        self.run_pytest(self.parent.run)

    def refused(self, message: str) -> None:
        """A test that asked for it has not looked, whatever it makes of that."""
        self._noting.refused(message)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Iterator[None]:
        """Those that are wanted, in that order, after the suite's own hooks."""
        yield
        by_key = {self._key(item): item for item in reversed(items)}  # each once, however often it stands there
        items[:] = [by_key[key] for key in self._wanted if key in by_key]

    def _key(self, item: pytest.Item) -> tuple[str, str]:
        test = self.test(item)
        return test.name, test.target

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Note what is raised from now on, within and around all hooks of the suite's."""
        super().pytest_runtestloop(session)
        session.config.pluginmanager.register(self._noting)
        self._noting.watch_threads()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        """One test on one host, without what testinfra remembers of earlier answers."""
        test = self.test(item)
        if test.target != ESTATE:
            _forget_answers(item.callspec.params[HOST])  # type: ignore[attr-defined]  # it has one, or is ESTATE's
        self.parent.say("began", name=test.name, target=test.target)
        self._noting.begin(item)
        try:
            return (yield)
        finally:
            self.parent.say("ended", returned=self._noting.returned, given=_is_given(item))


def _forget_answers(host: Any) -> None:
    """Let the next test ask for itself; of what kind the host is, and so how it is asked, is known by then."""
    for name, value in list(vars(host).items()):
        if name not in _KIND_OF_HOST and not isinstance(value, type):
            delattr(host, name)


def _is_given(item: pytest.Item) -> bool:
    """Whether it has fixtures that may have asked its host for it earlier."""
    parameters = getattr(getattr(item, "callspec", None), "params", ())
    names = set(getattr(item, "fixturenames", ())) - _SOURCES - set(parameters)
    return any(_may_ask(name, getattr(item, "_fixtureinfo").name2fixturedefs) for name in names)  # noqa: B009


def _may_ask(name: str, known: Mapping[str, Sequence[Any]]) -> bool:
    """Whether a fixture is the suite's own and has its host, by itself or by the fixtures that it is given."""
    return any(
        given in _SOURCES or (given != name and _may_ask(given, known))
        for definition in known.get(name, ())
        if definition.func.__module__.split(".")[0] not in _NOT_OWN
        for given in definition.argnames
    )
