"""Hooks that turn round what becomes of the test of their name."""

import pytest


class ClearsWhatWasRaised:
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        if item.name.startswith("test_cleared"):
            call.excinfo = None
        return (yield)


class RewritesReports:
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item):
        report = yield
        if item.name.startswith("test_rewritten"):
            report.outcome, report.longrepr = "passed", None
        return report


class SwallowsCalls:
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_pyfunc_call(self, pyfuncitem):
        try:
            return (yield)
        except BaseException:
            if not pyfuncitem.name.startswith("test_swallowed"):
                raise
            return True


class SwallowsPhases:
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item):
        try:
            return (yield)
        except BaseException:
            if not item.name.startswith("test_phase_swallowed"):
                raise


def pytest_configure(config):
    for kind in (ClearsWhatWasRaised, RewritesReports, SwallowsCalls, SwallowsPhases):
        config.pluginmanager.register(kind())


def pytest_pyfunc_call(pyfuncitem):
    if pyfuncitem.name.startswith("test_called_in_another_way"):
        try:
            pyfuncitem.obj(host=pyfuncitem.funcargs["host"])
        except Exception:
            pass
        return True
    if pyfuncitem.name.startswith("test_never_called"):
        return True
