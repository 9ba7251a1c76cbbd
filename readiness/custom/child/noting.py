"""What a test raises, noted where it is raised: what marks and hooks make of it afterwards changes nothing."""

from __future__ import annotations

import functools
import inspect
import threading
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from readiness.custom.child.parent import Parent
from readiness.custom.phases import Phases


class Noting:
    """Tells the run what the current test raises; registered after all of the suite's own hooks."""

    def __init__(self, parent: Parent) -> None:
        self._parent, self._phases = parent, Phases()
        self._thread_broke = threading.excepthook

    @property
    def returned(self) -> bool:
        """Whether the current test's own code came to its end."""
        return self._phases.ended

    def watch_threads(self) -> None:
        """Note what is raised in threads, too, before pytest makes a warning of it."""
        self._thread_broke, threading.excepthook = threading.excepthook, self._note_thread

    def begin(self, item: pytest.Item) -> None:
        """This test comes next; a test that is no function is what its own kind of item runs."""
        self._phases = Phases()
        if isinstance(item, pytest.Function):
            item.obj = self._noted(item.obj)
            if isinstance(item.instance, unittest.TestCase):  # which calls its own coroutines by their name
                setattr(item.instance, item.name, item.obj)
        else:
            item.runtest = self._noted(item.runtest)  # type: ignore[method-assign]  # of this one alone

    def refused(self, message: str) -> None:
        """It asked for what no test is given."""
        self._note("call", RuntimeError(message))

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self) -> Iterator[None]:
        """Set up on a host that can be asked; innermost, since others clear up their own."""
        if missing := self._parent.open():
            pytest.fail(missing, pytrace=False)
        with self._within("setup"):
            yield

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self) -> Iterator[None]:
        """Note what breaks in tearing down."""
        with self._within("teardown"):
            yield

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Iterator[Any]:
        """Note what was raised around the test's own code, and in its parts, before other hooks see it."""
        error = call.excinfo.value if call.excinfo else None
        if error is not None:
            self._note(call.when, error)
        report = yield
        if error is None:
            self._tell(lambda: self._phases.report(report))
        return report

    def _noted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        phases = self._phases

        @functools.wraps(function)
        def call(*args: Any, **named: Any) -> Any:
            with self._within("call"):
                result = _asserted(function(*args, **named))
            phases.ended = True
            return result

        @functools.wraps(function)
        async def call_it(*args: Any, **named: Any) -> Any:
            with self._within("call"):
                result = _asserted(await function(*args, **named))
            phases.ended = True
            return result

        return call_it if inspect.iscoroutinefunction(function) else call

    @contextmanager
    def _within(self, when: str) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            if when != "teardown" or not isinstance(error, pytest.exit.Exception):  # which ends what comes after it
                self._note(when, error)
            raise

    def _note_thread(self, broken: threading.ExceptHookArgs) -> None:
        """What is raised in a thread reaches no test: that of the time has not seen what it asked for."""
        if not issubclass(broken.exc_type, SystemExit):  # which ends a thread as it should
            what = f"a thread broke: {broken.exc_type.__name__}: {broken.exc_value}"
            self._note("call", RuntimeError(what))
        self._thread_broke(broken)

    def _note(self, when: str, error: BaseException) -> None:
        self._tell(lambda: self._phases.note(when, error))

    def _tell(self, note: Callable[[], None]) -> None:
        before = self._phases.failed, self._phases.unknown
        note()
        after = self._phases.failed, self._phases.unknown
        if after != before:
            self._parent.say("noted", failed=after[0], unknown=after[1])


def _asserted(returned: object) -> object:
    """What a test returned; False is what it meant to assert."""
    if returned is False:
        raise RuntimeError("it returned False and asserted nothing")
    return returned
