"""Routes to hosts: made for those that are asked for, and what is wrong about them told at their entries, at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness.core.errors import InputError
from readiness.planning.inputs import inputs_of
from readiness.transports import Stop, Surroundings
from readiness.transports.ssh.transport import SshTransport
from readiness.transports.winrm.transport import WinrmTransport
from readiness.visits.connect import Connector
from tests.cutover import IN_YAML
from tests.transports.openssh import make_key, public

NOW = datetime(2026, 11, 25, tzinfo=UTC)
BASELINE = (Path(__file__).parents[2] / "inventories" / "example" / "baseline.yaml").read_text()
ESTATE = """\
service: test
change: CHG1
cutover: CUTOVER
groups: {clients: {}, windows: {}}
ssh: {config: ~/.ssh/config}
winrm: {user: check, password_env: READINESS_WORD}
hosts:
  dir01: {fqdn: dir01.example, products: {bacula: [director]}, ssh: {SETTINGS}}
  sd01: {fqdn: sd01.example, products: {bacula: [storage]}}
  web01: {fqdn: web01.example, groups: [clients], products: {bacula: [client]}, ssh: {user: ops, port: 2222}}
  fd01:
    fqdn: fd01.example
    os: windows
    groups: [windows]
    products: {bacula: [client]}
""".replace("CUTOVER", IN_YAML)
PASSWORD = {"READINESS_WORD": "secret"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    (tmp_path / "home" / ".ssh" / "config").touch()
    return tmp_path


def connector(
    folder: Path, environment: Mapping[str, str] = PASSWORD, *, dir01: str = "user: ops", **ssh_files: str
) -> Connector:
    """Of an estate in a folder, whose user's home has these files below .ssh."""
    estate = folder / "estate"
    estate.mkdir(exist_ok=True)
    (estate / "estate.yaml").write_text(ESTATE.replace("SETTINGS", dir01))
    (estate / "baseline.yaml").write_text(BASELINE)
    for name, text in ssh_files.items():
        (folder / "home" / ".ssh" / name).write_text(text)
    return Connector(inputs_of(estate, NOW), Surroundings(estate, folder / "home", environment), Stop())


def mistakes(connector: Connector, *names: str) -> list[str]:
    with pytest.raises(InputError) as raised:
        connector(names)
    return [str(problem) for problem in raised.value.problems]


def ssh(connector: Connector, name: str) -> SshTransport:
    transport = connector([name])[name].transport
    assert isinstance(transport, SshTransport)
    return transport


def test_each_host_has_the_transport_of_its_kind(folder: Path) -> None:
    routes = connector(folder)(["web01", "fd01"])
    assert {name: route.kind.name for name, route in routes.items()} == {"web01": "ssh", "fd01": "winrm"}
    linux, windows = routes["web01"].transport, routes["fd01"].transport
    assert isinstance(linux, SshTransport)
    assert (linux.target.address, linux.target.port, linux.target.user) == ("web01.example", 2222, "ops")
    assert isinstance(windows, WinrmTransport)
    assert (windows.target.port, windows.target.user, windows.target.password) == (5986, "check", "secret")


def test_a_host_that_is_not_asked_for_needs_nothing(folder: Path) -> None:
    assert connector(folder, {})(["web01"]).keys() == {"web01"}
    assert connector(folder, known_hosts="no entry\n")(["fd01"]).keys() == {"fd01"}


def test_a_mistake_stands_at_the_entry_of_its_host(folder: Path) -> None:
    (mistake,) = mistakes(connector(folder, {}), "dir01", "fd01")
    message = "fd01 has no password: the environment variable READINESS_WORD is not set"
    assert mistake == f"{folder}/estate/estate.yaml:11:3: {message} (set it, or name another in winrm.password_env)"


def places(mistakes: list[str], folder: Path) -> list[str]:
    return [line.split(": ")[0].removeprefix(f"{folder}/") for line in mistakes]


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    made = mistakes(connector(folder, {}, dir01="port: 22"), "dir01", "sd01", "web01", "fd01")
    assert places(made, folder) == ["estate/estate.yaml:8:3", "estate/estate.yaml:9:3", "estate/estate.yaml:11:3"]
    assert "dir01 has no login name (state ssh.user, or User in the ssh_config)" in made[0]


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [("known_hosts", "no entry\n", ":1:1"), ("config", "Host sd01\n  ProxyCommand nc %h 22\n", ":2:3")],
)
def test_a_mistake_in_a_file_of_ssh_hides_no_other(folder: Path, name: str, text: str, place: str) -> None:
    made = mistakes(connector(folder, {}, **{name: text}), "dir01", "fd01")
    assert places(made, folder) == ["estate/estate.yaml:11:3", f"home/.ssh/{name}{place}"]


def test_the_estate_comes_before_the_ssh_config(folder: Path) -> None:
    config = (
        "Host dir01\n  HostName 10.0.0.1\n  Port 2200\n  User other\n  IdentityFile ~/.ssh/key\n"
        "  ProxyJump gate@bastion:2022\nHost bastion\n  HostName 10.9.9.9\n"
    )
    key = public(make_key(folder / "key"))
    known_hosts = f"[10.0.0.1]:2200 {key}\n[bastion]:2022 {key}\n"
    target = ssh(connector(folder, config=config, known_hosts=known_hosts), "dir01").target
    assert (target.address, target.port, target.user) == ("10.0.0.1", 2200, "ops")
    assert target.identity_files == (folder / "home" / ".ssh" / "key",)
    assert target.pinned == (key,)
    assert target.jump is not None
    assert (target.jump.address, target.jump.port, target.jump.user) == ("10.9.9.9", 2022, "gate")
    assert target.jump.pinned == (key,)
    settings = f"port: 2201, identity_file: [own], host_key: {key}"
    own = ssh(connector(folder, dir01=settings, config=config), "dir01").target
    assert (own.port, own.user, own.identity_files) == (2201, "other", (folder / "estate" / "own",))
    assert own.pinned == (key,)
