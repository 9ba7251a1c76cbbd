import pytest
from helper import BASE


@pytest.mark.parametrize("name", BASE)
def test_package_is_installed(host, name):
    """The base packages are installed."""
    package = host.package(name)
    assert package.is_installed
    assert package.version


@pytest.mark.smoke
def test_ssh_runs(sshd):
    assert sshd.is_running
    assert sshd.is_enabled


def test_ssh_listens(host):
    assert host.socket("tcp://0.0.0.0:22").is_listening


def test_passwd(host):
    passwd = host.file("/etc/passwd")
    assert passwd.exists
    assert passwd.user == "root"
    assert passwd.group == "root"
    assert passwd.mode == 0o644
    assert passwd.contains("^root:")


def test_root(host):
    root = host.user("root")
    assert root.uid == 0
    assert root.home == "/root"
    assert not host.user("nobody-of-that-name").exists


def test_group(host):
    assert host.group("root").gid == 0


def test_kernel(host):
    assert host.sysctl("kernel.ostype") == "Linux"


def test_release(release):
    assert "bookworm" in release


def test_release_id(release):
    assert "ID=debian" in release


@pytest.mark.parametrize(("words", "status"), [("exit 0", 0), ("exit 3", 3)], ids=["zero", "three"])
def test_command(host, words, status):
    command = host.run("echo %s; echo err >&2; %s" % ("%s", words), "it's")
    assert command.rc == status
    assert command.stdout == "it's\n"
    assert command.stderr == "err\n"


class TestSystem:
    def test_distribution(self, host):
        assert host.system_info.distribution == "debian"

    def test_init(self, host):
        assert host.process.get(pid=1).comm == "systemd"
