"""What the tests of this suite share; written as the suites that people have, and knowing nothing of readiness."""

import pytest


@pytest.fixture(scope="module")
def release(host):
    return host.file("/etc/os-release").content_string


@pytest.fixture
def sshd(host):
    return host.service("ssh")


def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: quick ones")
