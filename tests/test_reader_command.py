"""`readiness reader`: the script on the standard output alone, its rule beside it, or the files of all hosts."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.core.errors import InputError
from readiness.planning.readers import files_to_hand_out, reader_of, readers_of
from readiness.probes.reader import rule_for
from tests.small import HOSTS, inputs
from tests.test_cli import EXAMPLE, ROOT, ended

SHELLS = {"dash": ["dash"], "bash": ["bash", "--posix"], "busybox": ["busybox", "sh"]}
POSIX = ("dir01", "sd01", "web01")
HOW = {"hosts.tsv", "inventory.yaml", "hand-out.sh", "hand-out.yaml"}


@functools.cache
def text_of(host: str) -> str:
    """Of a host of the small estate."""
    return reader_of(inputs(), host).text


def changed_baseline() -> dict[str, Any]:
    baseline: dict[str, Any] = yaml.safe_load((Path(EXAMPLE) / "baseline.yaml").read_text())
    return baseline


def _shell(name: str) -> list[str]:
    if shutil.which(name):
        return SHELLS[name]
    if os.environ.get("READINESS_REQUIRE") == "all":
        pytest.fail(f"there is no {name}")
    return pytest.skip(f"there is no {name}")


def test_the_standard_output_is_the_script_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ended(capsys, "reader", EXAMPLE, "--host", "web01")
    assert code == 0
    assert out.startswith("#!/bin/sh\n# readiness-read: ")
    assert out.endswith("\n")
    assert rule_for("readiness") not in out
    assert err == f"its rule, for /etc/sudoers.d/readiness (owner root, mode 0440):\n{rule_for('readiness')}\n"


def test_another_login_changes_the_rule_alone(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ended(capsys, "reader", EXAMPLE, "--host", "web01")
    code, of_other, err = ended(capsys, "reader", EXAMPLE, "--host", "web01", "--user", "probe@corp.example")
    assert (code, of_other) == (0, out)
    assert rule_for("probe@corp.example") in err


@pytest.mark.parametrize("name", SHELLS)
@pytest.mark.parametrize("host", POSIX)
def test_the_script_is_one_for_every_shell(host: str, name: str) -> None:
    checked = subprocess.run([*_shell(name), "-n"], input=text_of(host).encode(), capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.parametrize("name", SHELLS)
def test_the_loop_is_one_for_every_shell(name: str) -> None:
    loop = ROOT / "readiness" / "planning" / "hand_out" / "hand-out.sh"
    checked = subprocess.run([*_shell(name), "-n", str(loop)], capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")


def test_all_hosts_readers_are_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "read ers"
    code, out, err = ended(capsys, "reader", EXAMPLE, "--out", str(folder))
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "dir01: readiness-read.bacula-director",
        "sd01: readiness-read.bacula-storage",
        "web01: readiness-read.bacula-client",
        f"to hand them out: sh '{folder}'/hand-out.sh install",
        f"              or: ansible-playbook -i '{folder}'/inventory.yaml '{folder}'/hand-out.yaml",
    ]
    printed = {host: ended(capsys, "reader", EXAMPLE, "--host", host)[1] for host in POSIX}
    rows = [line.split("\t") for line in (folder / "hosts.tsv").read_text().splitlines()]
    assert [row[0] for row in rows] == list(POSIX)
    for name, address, port, rule, digest, file in rows:
        assert (folder / file).read_text() == printed[name]
        assert digest == hashlib.sha256(printed[name].encode()).hexdigest()
        assert (address, port, rule) == (f"{name}.example.com", "22", rule_for("readiness"))
    assert {path.name for path in folder.iterdir()} == HOW | {row[-1] for row in rows}
    assert json.loads((folder / "inventory.yaml").read_text())["all"]["hosts"]["web01"] == {
        "ansible_host": "web01.example.com",
        "reader": "readiness-read.bacula-client",
        "rule": rule_for("readiness"),
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "readiness reader: is for one host or all (give --host HOST or --out DIR)"),
        (("--host", "web01", "--out", "new"), "(give --host HOST or --out DIR)"),
        (("--host", "web1"), "--host web1: no such host (hosts: web01"),
        (("--host", "fd01"), "--host fd01: needs no reader: it is read over winrm"),
        (("--host", "web01", "--user", "root"), "--host web01: needs no reader: its login is root"),
        (("--out", "new", "--user", "root"), "web01: needs no reader: its login is root"),
        (("--host", "web01", "--user", "a b"), "--user a b: not a login name"),
        (("--out", "new", "--user", "a\nALL"), "--user a ALL: not a login name"),
        (("--out", "full"), "full: is not empty (name a new folder)"),
        (("--out", "file"), "file"),
    ],
)
def test_what_cannot_be_printed_is_told_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    (tmp_path / "file").touch()
    code, out, err = ended(capsys, "reader", EXAMPLE, *arguments)
    assert code == 4
    assert told in err
    assert out.splitlines()[-1].startswith("ERROR")
    assert out.count("\n") == 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "full", "mine"]


def test_an_empty_folder_is_taken(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert ended(capsys, "reader", EXAMPLE, "--out", str(tmp_path))[0] == 0
    assert (tmp_path / "hand-out.sh").exists()


def files_of(hosts: Mapping[str, Any]) -> Mapping[str, str]:
    return files_to_hand_out(readers_of(inputs(hosts, groups={})))


def test_hosts_with_the_same_roles_share_a_file_named_by_them() -> None:
    files = files_of(
        {
            "web01": {"products": {"bacula": ["client"]}},
            "all": {"products": {"bacula": ["storage", "director"]}},
            "web02": {"products": {"bacula": ["client"]}},
            "bare": {},
        }
    )
    assert {name for name in files if name.startswith("readiness-read")} == {
        "readiness-read.bacula-client",
        "readiness-read.bacula-director+bacula-storage",
        "readiness-read.no-role",
    }
    given_to = {line.split("\t")[0]: line.split("\t")[-1] for line in files["hosts.tsv"].splitlines()}
    assert given_to["web01"] == given_to["web02"] == "readiness-read.bacula-client"


def test_roles_in_another_order_are_the_same_roles() -> None:
    files = files_of(
        {
            "one": {"products": {"bacula": ["storage", "client"]}},
            "two": {"products": {"bacula": ["client", "storage"]}},
        }
    )
    assert len([name for name in files if name.startswith("readiness-read")]) == 1


def test_another_reader_of_the_same_roles_has_a_number() -> None:
    readers = readers_of(inputs({name: {"products": {"bacula": ["client"]}} for name in ("a", "b", "c")}, groups={}))
    others = [replace(reader, text=f"{reader.text}# {number}\n") for number, reader in enumerate(readers)]
    files = files_to_hand_out([*others, others[0]])
    name = "readiness-read.bacula-client"
    assert [line.split("\t")[-1] for line in files["hosts.tsv"].splitlines()] == [name, f"{name}.2", f"{name}.3", name]
    assert files[f"{name}.3"] == others[2].text


def test_a_port_is_handed_on_where_it_is_another_one_and_an_ipv6_address_as_it_is() -> None:
    files = files_of({"a": {"address": "fd77::21", "ssh": {"port": 2222}}, "b": {}})
    assert [line.split("\t")[1:3] for line in files["hosts.tsv"].splitlines()] == [
        ["fd77::21", "2222"],
        ["b.example.com", "22"],
    ]
    hosts = json.loads(files["inventory.yaml"])["all"]["hosts"]
    assert (hosts["a"]["ansible_host"], hosts["a"]["ansible_port"]) == ("fd77::21", 2222)
    assert "ansible_port" not in hosts["b"]


def test_a_host_whose_login_is_root_needs_none() -> None:
    hosts = {"a": {"ssh": {"user": "root"}}, "b": {"ssh": {"user": "probe"}}}
    assert [line.split("\t")[0] for line in files_of(hosts)["hosts.tsv"].splitlines()] == ["b"]
    with pytest.raises(InputError, match="needs no reader: its login is root"):
        readers_of(inputs({"a": hosts["a"]}, groups={}))


def test_each_host_s_own_login_stands_in_its_rule() -> None:
    hosts = {"a": {"ssh": {"user": "probe"}}, "b": {}}
    assert [reader.rule for reader in readers_of(inputs(hosts, groups={}))] == [
        rule_for("probe"),
        rule_for("readiness"),
    ]


def _without(demands: Mapping[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in demands.items() if key not in keys and key != "not_agreed"}


@settings(max_examples=20, deadline=None)
@given(st.sets(st.sampled_from(sorted(changed_baseline().keys() - {"not_agreed", "versions"}))))
def test_what_was_agreed_changes_nothing_in_it(left_out: set[str]) -> None:
    """Nobody who may only change what was agreed can have the hosts' readers installed anew, or find them told."""
    baseline = _without(changed_baseline(), left_out)
    baseline["listening"] = baseline.get("listening", {"also": []}) | {"also": []}
    baseline.pop("windows", None)
    baseline["space"] = [{"path": f"/srv/{len(left_out)}", "min_free_percent": 5.0, "min_free_inodes_percent": 5.0}]
    for host in POSIX:
        assert reader_of(inputs(HOSTS, baseline), host).text == text_of(host)


def test_roles_change_it() -> None:
    assert len({text_of(host) for host in POSIX}) == len(POSIX)
