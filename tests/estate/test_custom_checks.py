"""Folders of users' own tests: what is kept of them, whom they are for, and what is told about a wrong entry."""

from pathlib import Path

import pytest

from readiness.core.errors import InputError
from readiness.estate import ESTATE, CustomChecks, LoadedEstate, load, load_bytes
from tests.estate.samples import AS_OF, GOOD, NAMES
from tests.estate.samples import loaded as good


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in GOOD.items():
        (tmp_path / name).write_bytes(data)
    for name in ("test_base.py", "conftest.py", "pytest.ini", "data.txt", "deeper/test_more.py"):
        path = tmp_path / "tests" / "infra" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")
    for name in ("__pycache__/test_base.pyc.py", ".git/hooks.py"):
        path = tmp_path / "tests" / "infra" / name
        path.parent.mkdir()
        path.touch()
    return tmp_path


def given(folder: Path, *lines: str) -> LoadedEstate:
    text = GOOD[ESTATE].decode() + "custom_checks:\n" + "".join(f"{line}\n" for line in lines)
    (folder / ESTATE).write_text(text)
    return load(folder, NAMES, AS_OF)


def test_they_are_for_every_host_with_ssh_unless_stated(folder: Path) -> None:
    loaded = given(folder, "- folder: ./tests/infra/")
    ssh = tuple(host.name for host in loaded.estate.hosts.values() if host.transport == "ssh")
    assert [(suite.folder, suite.hosts) for suite in loaded.estate.custom_checks] == [("tests/infra", ssh)]
    assert len(ssh) > 3


def test_a_host_whose_transport_runs_no_single_commands_is_not_among_them() -> None:
    hosts = good().estate.hosts
    linux = [name for name, host in hosts.items() if host.os == "linux"]
    other = {**hosts, linux[0]: hosts[linux[0]].model_copy(update={"transport": "local"})}
    suite = CustomChecks(folder="tests/infra")
    assert suite.completed(other, frozenset({"ssh"})).hosts == tuple(linux[1:])
    assert suite.completed(other, frozenset({"ssh", "local"})).hosts == tuple(linux)


def test_groups_and_hosts_add_up_in_the_estate_s_order(folder: Path) -> None:
    loaded = given(folder, "- {folder: tests/infra, hosts: [sd01], groups: [clients]}")
    (suite,) = loaded.estate.custom_checks
    assert suite.hosts == ("dir01", "sd01", "fd01")


def test_what_is_python_is_kept_and_read_again_from_a_run(folder: Path) -> None:
    loaded = given(folder, "- folder: tests/infra")
    kept = {"test_base.py", "conftest.py", "pytest.ini", "deeper/test_more.py"}
    assert {name for name in loaded.files if name not in GOOD} == {f"tests/infra/{name}" for name in kept}
    assert load_bytes(loaded.files, NAMES, AS_OF) == loaded


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("folder: ../tests", "'../tests' is not within the estate's folder (move it there)"),
        ("folder: /tests", "'/tests' is not within the estate's folder (move it there)"),
        ("folder: .", "'.' is not within the estate's folder (move it there)"),
        ("folder: tests/infr", "'tests/infr' is not a folder (put pytest-testinfra tests there"),
        ("folder: [tests/infra]", "'folder' must be text, not a list"),
        ("groups: [clients]", "folder is missing (for example folder: tests/infra)"),
        ("{folder: tests/infra, group: [clients]}", "unknown key 'group' (did you mean groups)"),
        ("{folder: tests/infra, groups: [client]}", "unknown group 'client' (did you mean clients)"),
        ("{folder: tests/infra, hosts: [dir03]}", "unknown host 'dir03' (did you mean dir0"),
        ("{folder: tests/infra, hosts: []}", "the list is empty"),
    ],
)
def test_a_wrong_entry_is_told_with_its_place(folder: Path, entry: str, told: str) -> None:
    line = GOOD[ESTATE].count(b"\n") + 2
    with pytest.raises(InputError) as caught:
        given(folder, f"- {entry}")
    (place, message), *_ = [
        (str(one.line), str(one)) for one in caught.value.problems if "cannot judge" not in one.message
    ]
    assert place == str(line)
    assert told in message


def test_a_folder_within_another_is_told(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        given(folder, "- folder: tests/infra", "- folder: tests/infra/deeper")
    assert "'tests/infra/deeper' is within the folder of line" in str(caught.value)


def test_hosts_over_winrm_are_refused(folder: Path) -> None:
    entry = "  win01: {fqdn: win01.example.com, products: {}, os: windows, winrm: {user: x}}\n"
    text = GOOD[ESTATE].decode().replace("hosts:\n", f"hosts:\n{entry}", 1)
    (folder / ESTATE).write_text(f"{text}custom_checks:\n- {{folder: tests/infra, hosts: [win01]}}\n")
    with pytest.raises(InputError) as caught:
        load(folder, NAMES, AS_OF)
    assert "'win01' is reached over WinRM" in str(caught.value)


def test_a_folder_without_tests_is_told(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(InputError) as caught:
        given(folder, "- folder: empty")
    assert "'empty' holds no test" in str(caught.value)
