import sys
import unittest

import pytest
import testinfra


@pytest.fixture
def no_set_up(host):
    assert False, "no set-up"


@pytest.fixture
def no_end(host):
    yield
    raise OSError("no end")


def test_absent_file(host):
    assert host.file("/etc/nothing").exists


def test_exit_code(host):
    host.run_expect([0], "exit 7")


def test_failed(host):
    host.run("true")
    pytest.fail("no good")


@pytest.mark.xfail
def test_xfail(host):
    assert host.run("false").rc == 0


@pytest.mark.xfail(strict=True)
def test_strict_xfail_that_passes(host):
    assert host.run("true").rc == 0


@pytest.mark.xfail(run=False)
def test_xfail_without_running(host):
    pass


def test_xfail_within(host):
    pytest.xfail("known")


class TestUnit(unittest.TestCase):
    def test_unit_fails(self):
        self.fail("not so")

    def test_unit_skips(self):
        self.skipTest("later")


def test_broken(host):
    raise RuntimeError("broken test")


def test_no_fixture(host, no_such_fixture):
    pass


def test_no_set_up(host, no_set_up):
    pass


def test_no_end(host, no_end):
    assert host.run("true").rc == 0


def test_skipped(host):
    pytest.skip("later")


@pytest.mark.skip(reason="later")
def test_marked_skip(host):
    pass


@pytest.mark.parametrize("x", [])
def test_no_parameters(host, x):
    pass


def test_exits(host):
    sys.exit(0)


def test_nothing(host):
    pass


def test_sudo_refused(host):
    with host.sudo():
        assert not host.file("/root/x").exists


def test_other_connection(host):
    assert testinfra.get_host("ssh://client02").run("true").rc == 0


def test_this_machine(host):
    assert testinfra.get_host("local://").run("true").rc == 0


def test_this_machine_by_the_backend(host):
    host.backend.run_local("true")


class TestOwnHost:
    @pytest.fixture
    def host(self):
        return testinfra.get_host("docker://x")

    def test_own_host(self, host):
        host.run("true")


def test_not_utf_8(host):
    assert host.run(r"printf '\377\n'").stdout


def test_passes(host):
    assert host.run("true").rc == 0
