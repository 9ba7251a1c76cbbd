import asyncio
import unittest

import pytest


def test_cleared(host):
    assert host.run("false").rc == 0


def test_rewritten(host):
    assert host.run("false").rc == 0


def test_swallowed(host):
    assert host.run("false").rc == 0


def test_phase_swallowed(host):
    assert host.run("false").rc == 0


def test_called_in_another_way(host):
    assert host.run("false").rc == 0


def test_never_called(host):
    assert host.run("true").rc == 0


def test_cleared_in_a_part(host, subtests):
    host.run("true")
    with subtests.test():
        assert host.run("false").rc == 0


@pytest.mark.parametrize("number", [1, 2])
def test_cleared_with_parameters(host, number):
    assert host.run("true").rc == number - 1


class TestClass:
    def test_cleared_in_a_class(self, host):
        assert host.run("false").rc == 0


class Unit(unittest.TestCase):
    def test_cleared_in_unittest(self):
        self.fail("not so")

    @unittest.expectedFailure
    def test_expected_to_fail(self):
        self.fail("not so")


class UnitOfCoroutines(unittest.IsolatedAsyncioTestCase):
    async def test_cleared_in_a_coroutine(self):
        await asyncio.sleep(0)
        self.fail("not so")

    async def test_coroutine_passes(self):
        await asyncio.sleep(0)


def test_passes(host):
    assert host.run("true").rc == 0
