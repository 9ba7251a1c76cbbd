import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from readiness.estate import BASELINE, ESTATE, json_schema, load
from readiness.estate.estate import Estate, WrittenLimits
from readiness.estate.hosts import Host
from readiness.estate.login import EstateSsh, HostSsh, Winrm
from readiness.yaml_text.models import Strict, fields_of
from readiness.yaml_text.reader import read_yaml
from tests.estate.json_schema import complaints
from tests.estate.samples import AS_OF, GOOD, HERE, NAMES, changed, loaded, problems

FILES: tuple[Literal["estate", "baseline"], ...] = ("estate", "baseline")


def test_a_folder_and_its_bytes_give_the_same() -> None:
    assert load(HERE / "good", NAMES, AS_OF) == loaded()
    assert loaded().files == GOOD


def test_hosts_keep_the_order_they_were_written_in() -> None:
    assert list(loaded().estate.hosts) == ["dir01", "dir02", "sd01", "fd01", "jump"]


def test_what_is_used_is_derived_where_there_is_one() -> None:
    hosts = loaded().estate.hosts
    assert hosts["fd01"].uses == {"director": "dir01", "storage": "sd01"}
    assert hosts["sd01"].uses == {"director": "dir02"}
    assert hosts["jump"].uses == {}


def test_a_host_overrides_the_login_of_the_estate() -> None:
    hosts = loaded().estate.hosts
    assert (hosts["sd01"].ssh.user, hosts["sd01"].ssh.port) == ("svc.readiness", 2222)
    assert hosts["sd01"].ssh.identity_files == ("keys/first", "keys/second")
    assert hosts["sd01"].ssh.known_hosts == hosts["dir01"].ssh.known_hosts == "known_hosts"
    assert hosts["dir01"].ssh.identity_files == ("~/.ssh/id_ed25519",)


def test_times_keep_their_offset() -> None:
    assert loaded().estate.cutover.start == datetime(2026, 12, 1, 19, tzinfo=UTC)


def test_an_empty_baseline_and_no_hosts_load() -> None:
    text = "service: a\nchange: b\ncutover: {start: 2026-12-01T20:00Z, end: 2026-12-02T04:00Z}\nhosts: {}\n"
    for baseline in (b"", b"# nothing was agreed\n", b"{}"):
        estate = loaded({"estate.yaml": text.encode(), "baseline.yaml": baseline})
        assert estate.estate.hosts == {}
        assert estate.baseline.versions is None


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("service",), (2, 10)),
        (("hosts", "sd01", "ssh", "port"), (37, 13)),
        (("hosts", "sd01"), (34, 3)),
        (("hosts", "sd01", "machine_id"), (34, 3)),
        (("hosts", "fd01", "products", "bacula", 0), (48, 11)),
        (("hosts", "absent", "fqdn"), (17, 1)),
        (("absent",), (1, 1)),
        ((), (1, 1)),
    ],
)
def test_a_path_has_a_place(path: tuple[str | int, ...], place: tuple[int, int]) -> None:
    assert loaded().locate(ESTATE, path) == place


def test_a_key_has_a_place() -> None:
    assert loaded().locate(ESTATE, ("service",), key=True) == (2, 1)


def test_a_byte_order_mark_and_windows_line_ends_change_nothing() -> None:
    text = b"\xef\xbb\xbf" + GOOD[ESTATE].replace(b"\n", b"\r\n")
    assert loaded({**GOOD, ESTATE: text}).estate == loaded().estate
    assert loaded({**GOOD, ESTATE: text}).locate(ESTATE, ("service",)) == (2, 10)


@pytest.mark.parametrize("name", FILES)
def test_the_schema_accepts_the_good_file(name: Literal["estate", "baseline"]) -> None:
    assert complaints(json_schema(name), read_yaml(name, GOOD[f"{name}.yaml"]).value) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("estate", "jobs: 8", "job: 8"),
        ("estate", "site: ams", "sight: ams"),
        ("estate", "site: ams", "site: 12"),
        ("estate", "jobs: 8", "jobs: 0"),
        ("estate", "os: linux", "os: aix"),
        ("estate", "fqdn: jump.example.com", "fqdn: -oProxyCommand=x"),
        ("estate", "    products: {}\n", ""),
        ("estate", "products: {}", "products: {bacula: client}"),
        ("estate", "  jump:", "  ju mp:"),
        ("estate", "service: corporate backup\n", ""),
        ("estate", "service: corporate backup", "service:"),
        ("estate", "  start: 2026-12-01T20:00:00+01:00", "  start: 2026-12-01T20:00:00"),
        ("baseline", 'version: "12"', "version: 12"),
        ("baseline", "clock: {max_offset_s: 1}", "clocks: {max_offset_s: 1}"),
    ],
)
def test_the_schema_sees_what_the_loader_sees(file: Literal["estate", "baseline"], old: str, new: str) -> None:
    files = changed(f"{file}.yaml", old, new)
    assert problems(files)
    assert complaints(json_schema(file), read_yaml(file, files[f"{file}.yaml"]).value)


def described(part: Any, where: str = "the file") -> Iterator[str]:
    """Every key of a schema without a description."""
    if isinstance(part, list):
        for item in part:
            yield from described(item, where)
    if isinstance(part, dict):
        for key, item in part.get("properties", {}).items():
            if not item.get("description"):
                yield f"{where}: {key}"
        for key, item in part.items():
            yield from described(item, f"{where}.{key}")


@pytest.mark.parametrize("name", FILES)
def test_the_schema_describes_every_key(name: Literal["estate", "baseline"]) -> None:
    assert list(described(json_schema(name))) == []


def written(model: type[Strict], *left_out: str) -> dict[str, Any]:
    """The example of every key of a model, as data."""
    examples = {key: (field.examples or ["-"])[0] for key, field in fields_of(model).items() if key not in left_out}
    return {key: read_yaml("example", f"{key}: {text}".encode()).value[key] for key, text in examples.items()}


def everything() -> dict[str, Any]:
    """An estate in which every key is written."""
    linux = written(Host, "winrm") | {"ssh": written(HostSsh), "products": {"bacula": ["director", "client"]}}
    windows = {
        "fqdn": "win01.example.com",
        "products": {},
        "os": "windows",
        "winrm": written(Winrm, "certificate", "key"),
        "backup": {"method": "vm_snapshot", "quiesce": True, "memory": False},
    }
    node = {"fqdn": "win02.example.com", "products": {}, "os": "windows"}
    return {
        **written(Estate),
        "hosts": {"dir01": linux, "node1": windows, "node2": node},
        "ssh": written(EstateSsh),
        "winrm": written(Winrm, "certificate", "key") | {"port": 15986},
        "limits": {key: field.default - 1 for key, field in fields_of(WrittenLimits).items()},
    }


def test_each_written_key_arrives() -> None:
    document = everything()
    names = {"known_hosts": b"", "tests/infra/test_a.py": b""}
    files = {ESTATE: json.dumps(document).encode(), BASELINE: b"", **names}
    estate = loaded(files).estate
    host, windows = estate.hosts["dir01"], estate.hosts["node1"]
    values: list[tuple[Any, type[Strict], dict[str, Any]]] = [
        (estate, Estate, document),
        (host, Host, document["hosts"]["dir01"]),
        (host.ssh, HostSsh, document["hosts"]["dir01"]["ssh"]),
        (estate.ssh, EstateSsh, document["ssh"]),
        (windows.winrm, Winrm, document["hosts"]["node1"]["winrm"]),
        (estate.winrm, Winrm, document["winrm"]),
        (estate.limits, WrittenLimits, document["limits"]),
    ]
    for value, model, keys in values:
        for key in keys:
            name = next(name for name, field in model.model_fields.items() if (field.alias or name) == key)
            assert getattr(value, name) not in (None, (), {}, ""), f"{model.__name__}.{key}"
    assert (estate.jobs, estate.limits.probe_s, estate.winrm.port, windows.winrm.port) == (8, 29, 15986, 5986)
    assert (host.ssh.port, host.ssh.agent, host.ssh.host_key is not None) == (22, True, True)
    assert estate.clusters["sql"].preferred_owners is None
