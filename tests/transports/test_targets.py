"""Who is reached over SSH: what the estate states comes before any ssh_config, for the host and for each jump."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from readiness.planning.inputs import inputs_of
from readiness.transports import CannotReach, Stop, Surroundings
from readiness.transports.ssh.target import SshTarget, Targets
from readiness.visits.connect import Connector
from tests import small

ROLE = {"products": {"bacula": ["client"]}, "groups": ["clients"]}
OTHERWISE = "HostName other.example.net\nPort 2222\nUser otherwise\nIdentityFile ~/.ssh/%h-%p-%r\n"


def surroundings(home: Path, config: str) -> Surroundings:
    (home / ".ssh").mkdir(exist_ok=True)
    (home / ".ssh" / "config").write_text(config)
    return Surroundings(home, home, {}, home / "etc")


def target(home: Path, config: str, hosts: Mapping[str, Any], **of_all: Any) -> SshTarget:
    """The target of the first host of an estate that goes by this ssh_config."""
    written = {name: {**deepcopy(ROLE), **host} for name, host in hosts.items()}
    estate = small.inputs(written, ssh={"config": "~/.ssh/config", **of_all}).estate
    return Targets(estate, surroundings(home, config)).target(next(iter(estate.hosts.values())))


@pytest.mark.parametrize(
    ("host", "of_all", "reached"),
    [
        ({}, {}, ("other.example.net", 2222, "otherwise")),
        ({"address": "192.0.2.1"}, {}, ("192.0.2.1", 2222, "otherwise")),
        ({"address": "bk01.example.com"}, {}, ("bk01.example.com", 2222, "otherwise")),
        ({"ssh": {"port": 22}}, {}, ("other.example.net", 22, "otherwise")),
        ({}, {"port": 22}, ("other.example.net", 22, "otherwise")),
        ({"ssh": {"user": "ours"}}, {"port": 2200}, ("other.example.net", 2200, "ours")),
        ({"address": "192.0.2.1", "ssh": {"user": "ours"}}, {"port": 22}, ("192.0.2.1", 22, "ours")),
    ],
)
def test_what_is_stated_comes_first(
    tmp_path: Path, host: dict[str, Any], of_all: dict[str, Any], reached: tuple[str, int, str]
) -> None:
    made = target(tmp_path, OTHERWISE, {"bk01": host}, **of_all)
    assert (made.address, made.port, made.user) == reached
    assert made.identity_files == (tmp_path / ".ssh" / "{}-{}-{}".format(*reached),), "as with ssh -p, -l"


def test_a_condition_of_the_ssh_config_goes_by_what_is_stated(tmp_path: Path) -> None:
    config = (
        f"Match host 192.0.2.1 user ours\n ProxyJump jump\nMatch host other.example.net\n Port 9\nHost *\n{OTHERWISE}"
    )
    made = target(tmp_path, config, {"bk01": {"address": "192.0.2.1"}}, user="ours")
    assert made.jump is not None
    assert (made.address, made.port, made.user) == ("192.0.2.1", 2222, "ours")


JUMP = f"Host bk01\n ProxyJump {{}}\nHost jump\n{OTHERWISE}"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def test_a_jump_that_is_a_host_of_the_estate_is_what_is_stated_of_it(tmp_path: Path) -> None:
    stated = {"address": "192.0.2.9", "ssh": {"port": 22, "user": "ours", "identity_file": "key", "host_key": KEY}}
    made = target(tmp_path, JUMP.format("jump"), {"bk01": {}, "jump": stated}, user="all").jump
    assert made is not None
    assert (made.address, made.port, made.user) == ("192.0.2.9", 22, "ours")
    assert (made.identity_files, made.pinned) == ((tmp_path / "key",), (KEY,))


@pytest.mark.parametrize(
    ("hop", "reached"),
    [
        ("jump", ("other.example.net", 2222, "all")),
        ("root@jump:2200", ("other.example.net", 2200, "root")),
        ("elsewhere", ("elsewhere", 22, "all")),
    ],
)
def test_what_the_estate_leaves_out_of_a_jump_the_ssh_config_says(
    tmp_path: Path, hop: str, reached: tuple[str, int, str]
) -> None:
    made = target(tmp_path, JUMP.format(hop), {"bk01": {}, "jump": {}}, user="all").jump
    assert made is not None
    assert (made.address, made.port, made.user) == reached


def test_a_jump_that_the_estate_does_not_know_is_what_the_ssh_config_says(tmp_path: Path) -> None:
    made = target(tmp_path, JUMP.format("jump"), {"bk01": {}}, user="all").jump
    assert made is not None
    assert (made.address, made.port, made.user) == ("other.example.net", 2222, "otherwise")


def test_the_pins_beside_the_estate_are_the_estate_s_word(tmp_path: Path) -> None:
    """As if it were named: what the user's own file says of other keys still counts more."""
    files = small.inputs({"bk01": {**deepcopy(ROLE)}}, ssh={"user": "ours"}).files
    for name in ("estate.yaml", "baseline.yaml"):
        (tmp_path / name).write_bytes(files[name])
    (tmp_path / "known_hosts").write_text(f"bk01.example.com {KEY}\n")
    inputs = inputs_of(tmp_path, small.AS_OF)
    made = Targets(inputs.estate, surroundings(tmp_path, "")).target(inputs.estate.hosts["bk01"])
    assert made.pinned == (KEY,)
    (tmp_path / ".ssh" / "known_hosts").write_text(f"bk01.example.com {KEY.replace('AAAAIAAB', 'AAAAIBBB')}\n")
    assert Targets(inputs.estate, surroundings(tmp_path, "")).target(inputs.estate.hosts["bk01"]).distrust is not None


@pytest.mark.parametrize("name", ["/", "~/", "."])
def test_a_key_file_that_is_a_folder_is_a_mistake(tmp_path: Path, name: str) -> None:
    for of_all, config in (({"identity_file": name}, ""), ({}, f"IdentityFile {name}\n")):
        with pytest.raises(CannotReach, match="a folder, not a regular file"):
            target(tmp_path, config, {"bk01": {}}, user="ours", **of_all)


@pytest.mark.parametrize(
    ("hop", "reached"),
    [
        ("ops@[2001:db8::1]:2222", ("ops", "2001:db8::1", 2222)),
        ("[b1]", ("ours", "b1", 22)),
        ("b1:", ("ours", "b1", 22)),
        ("ssh://ops@b1/", ("ops", "b1", 22)),
        ("a@b@c", ("a@b", "c", 22)),
    ],
)
def test_a_jump_is_read_as_ssh_reads_it(tmp_path: Path, hop: str, reached: tuple[str, str, int]) -> None:
    jump = target(tmp_path, f"ProxyJump {hop}\n", {"bk01": {}}, user="ours").jump
    assert jump is not None
    assert (jump.user, jump.address, jump.port) == reached


@pytest.mark.parametrize("hop", ["2001:db8::1", "b1:abc", "b1:0", "b1:70000", "b1,", "@b1", "[::1", "[]", "b1,,b2"])
def test_a_jump_that_ssh_refuses_is_a_mistake(tmp_path: Path, hop: str) -> None:
    with pytest.raises(CannotReach, match="no ProxyJump"):
        target(tmp_path, f"ProxyJump {hop}\n", {"bk01": {}}, user="ours")


def test_plan_says_login_address_port_and_jump(tmp_path: Path) -> None:
    hosts = {"bk01": {**ROLE, "address": "192.0.2.1", "ssh": {"port": 22}}}
    inputs = small.inputs(hosts, ssh={"config": "~/.ssh/config", "user": "ours"})
    config = f"Host bk01\n ProxyJump jump\n{OTHERWISE}"
    logins, _ = Connector(inputs, surroundings(tmp_path, config), Stop()).logins(["bk01"])
    said = [(login.to, login.address, login.credential.split()[0]) for login in logins]
    assert said == [("jump, on the way to bk01", "jump port 22", "ours"), ("bk01", "192.0.2.1 port 22", "ours")]


def test_plan_says_who_pins_the_key_of_a_jump_of_the_estate(tmp_path: Path) -> None:
    hosts = {"bk01": {**deepcopy(ROLE)}, "jump": {**deepcopy(ROLE), "ssh": {"host_key": KEY}}}
    inputs = small.inputs(hosts, ssh={"config": "~/.ssh/config", "user": "ours"})
    logins, _ = Connector(inputs, surroundings(tmp_path, JUMP.format("jump")), Stop()).logins(["bk01"])
    assert logins[0].proof.endswith(" of the estate")


def test_an_ssh_config_that_is_named_and_not_there_is_a_mistake(tmp_path: Path) -> None:
    inputs = small.inputs({"bk01": deepcopy(ROLE)}, ssh={"config": "~/.ssh/confg", "user": "ours"})
    with pytest.raises(CannotReach, match=r"confg: cannot be read: No such file") as caught:
        Targets(inputs.estate, Surroundings(tmp_path, tmp_path, {}, tmp_path / "etc"))
    assert caught.value.key == ("ssh", "config")
