"""What stands in others' files, cut down: each value is the one that Bacula's own tools take, and nothing is unread."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from readiness.configs.model import ConfigurationFile, same_value
from readiness.probes.configuration import arguments_of
from tests.probes import real
from tests.probes.askings import asking

from .reading import READERS, configuration

WHOLE = """\
Director {
  Name = x-dir; Password = p; Messages = Daemon
  QueryFile = /etc/bacula/scripts/query.sql; WorkingDirectory = /tmp; PidDirectory = /tmp
%s
}
Messages { Name = Daemon; console = all }
Catalog { Name = Cat; dbname = x }
Pool { Name = Default; Pool Type = Backup }
Client { Name = x-fd; Address = 127.0.0.1; Catalog = Cat; Password = x }
Storage { Name = "File 1"; Address = 127.0.0.1; Password = x; Media Type = f; Device = d
}
Storage { Name = File2; Address = 127.0.0.1; Password = x; Media Type = f; Device = d
}
FileSet { Name = f }
Job { Name = j; Type = Backup; Client = x-fd; Messages = Daemon; Pool = Default; FileSet = f; Storage = File2
}
"""
JOB = (
    "Job { Name = %s; Type = Backup; Client = x-fd; Messages = Daemon; Pool = Default; FileSet = %s; Storage = %s\n}\n"
)


def read(reader: str, folder: Path, text: str) -> ConfigurationFile:
    arguments = [one for one in arguments_of(asking()) if not one.startswith(("file=", "folder="))]
    output = READERS[reader](folder, {"x.conf": text.encode()}, arguments)
    (file,) = configuration(reader, output).files.values()
    return file


def by_bacula(folder: Path, text: str) -> list[dict[str, dict[str, object]]]:
    """What the director's own tool makes of it."""
    real.need("bdirjson", "bacula-director")
    (folder / "judged.conf").write_text(text)
    done = subprocess.run(["bdirjson", "-R", "-c", folder / "judged.conf"], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    found: list[dict[str, dict[str, object]]] = json.loads(done.stdout)
    return found


ADDRESSES = [
    "DirAddresses = { ip = { addr = 127.0.0.1; port = 9101 } }",
    "DirAddresses = {\n ipv4 = { addr = 127.0.0.1 ; port = 1205;}\n ip = {\n addr = 127.0.0.2\n port = 1206 } }",
    "DirAddresses =\n # where it listens\n\n {\n ip =\n { addr = 127.0.0.1 }\n }",
]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("text", ADDRESSES)
def test_a_block_of_addresses_is_read_past(reader: str, text: str, tmp_path: Path) -> None:
    """It is the only block with an equals sign, and Bacula looks for it on the next line, too."""
    whole = WHOLE % text
    assert len(by_bacula(tmp_path, whole)) == 9
    file = read(reader, tmp_path, whole)
    assert not file.unread
    assert [one.kind for one in file.resources][:2] == ["director", "messages"]
    names = ["x-dir", "Daemon", "Cat", "Default", "x-fd", "File 1", "File2", "f", "j"]
    assert [one.value("Name") for one in file.resources] == names


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("value", ["{hunter2}", "\n{ hunter2 }", "\nhunter2", "hunter2 {"])
def test_a_secret_is_no_block(reader: str, value: str, tmp_path: Path) -> None:
    """Nor is what follows where no value stands: Bacula refuses such a file."""
    for name in ("Password", "Address"):
        folder = tmp_path / name
        folder.mkdir()
        file = read(reader, folder, f"Director {{ Name = a\n {name} = {value}\n Port = 8 }}\n")
        assert file.unread or "hunter2" not in str(file)
        assert "hunter2" not in str(file.resources)


NAMES = [
    ('"Full Set"', "Full Set"),
    ('"Full  Set"', "Full  Set"),
    ("Full Set", "FullSet"),
    ("Full\tSet-1", "FullSet-1"),
    ('"Full daily at 1:00 h"', "Full daily at 1:00 h"),
    ('"HP-DLT 80 8mm"', "HP-DLT 80 8mm"),
]


@pytest.mark.parametrize("reader", READERS)
def test_a_name_with_spaces_is_the_one_that_bacula_takes(reader: str, tmp_path: Path) -> None:
    text = WHOLE % "" + "".join(
        f"FileSet {{ Name = {name} }}\n" + JOB % (f"j{at}", name, "File2") for at, (name, _) in enumerate(NAMES)
    )
    theirs = by_bacula(tmp_path, text)
    wanted = ["f", *(name for _, name in NAMES)]
    assert sorted(str(one["Fileset"]["Name"]) for one in theirs if "Fileset" in one) == sorted(wanted)
    file = read(reader, tmp_path, text)
    assert not file.unread
    assert [one.value("Name") for one in file.of_kind("FileSet")] == wanted
    assert [one.value("FileSet") for one in file.of_kind("Job")] == wanted


LISTS = ['"File 1", File2', 'File2,"File 1"', '"File 1", "File2"', '"File2"', '"File 1"', "File 2"]
STAY = ['"File 1" File2', '"File 1",', "a.b c", '"a, b"', ', "File 1"', '"a", , "b"', '" File2"', '"File2 "', 'a"b"']


@pytest.mark.parametrize("reader", READERS)
def test_a_list_of_names_is_the_one_that_bacula_takes(reader: str, tmp_path: Path) -> None:
    text = WHOLE % "" + "".join(JOB % (f"j{at}", "f", one) for at, one in enumerate(LISTS))
    theirs = {one["Job"]["Name"]: one["Job"]["Storage"] for one in by_bacula(tmp_path, text) if "Job" in one}
    file = read(reader, tmp_path, text)
    assert not file.unread
    ours = {one.value("Name"): (one.value("Storage") or "").split(", ") for one in file.of_kind("Job")}
    assert ours == theirs


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_list_of_names_stays(reader: str, tmp_path: Path) -> None:
    file = read(reader, tmp_path, "".join(f"Job {{ Storage = {one}\n }}\n" for one in STAY))
    assert [(one.name, one.value, one.hidden) for job in file.resources for one in job.directives] == [
        ("storage", None, "is no name")
    ] * len(STAY)


@pytest.mark.parametrize("reader", READERS)
def test_overrides_of_a_schedule_leave(reader: str, tmp_path: Path) -> None:
    """Of a pool, a storage and the like, as many write them."""
    runs = [
        'Full Pool="Default" Fri at 20:30',
        "Full\t\tPool=Default Mon-Fri at 20:45",
        "Level = Full sat at 01:00",
        "Differential Pool=Default Storage=File2 SpoolData=yes Priority=3 2nd-5th sun at 23:05",
    ]
    text = WHOLE % "" + "Schedule { Name = s\n" + "".join(f" Run = {run}\n" for run in runs) + "}\n"
    (schedule,) = (one["Schedule"] for one in by_bacula(tmp_path, text) if "Schedule" in one)
    assert len(schedule["Run"]) == len(runs)  # type: ignore[arg-type]
    file = read(reader, tmp_path, text)
    (ours,) = file.of_kind("Schedule")
    assert [one.value for one in ours.directives if one.name == "run"] == [run.replace("\t", " ") for run in runs]


@pytest.mark.parametrize("reader", [reader for reader in READERS if reader != "powershell"])
def test_a_path_whose_backslashes_a_shell_takes_away_is_not_told_with_them(reader: str, tmp_path: Path) -> None:
    """What is backed up is taken as it stands."""
    within = 'FileSet { Name = g; Include { File = "C:\\\\Users" } }\n'
    text = WHOLE % "" + within + JOB.replace("Pool =", 'Where = "C:\\\\tmp\\\\restores"; Pool =') % ("k", "g", "File2")
    job = next(one["Job"] for one in by_bacula(tmp_path, text) if one.get("Job", {}).get("Name") == "k")
    assert job["Where"] == "C:tmprestores"
    file = read(reader, tmp_path, text)
    where = file.of_kind("Job")[-1].get("Where")
    assert where is not None
    assert (where.value, where.hidden) == (None, "is expanded by a shell")
    assert file.of_kind("FileSet")[-1].value("Include.File") == r"C:\Users"


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["bacula-dir.conf", "bacula-sd.conf", "bacula-fd.conf", "bconsole.conf"])
def test_debians_own_files_are_read_wholly(reader: str, name: str, tmp_path: Path) -> None:
    """Every directive of theirs of which the value may leave has one; the catalogue's empty ones have none."""
    path = Path("/etc/bacula", name)
    if not path.is_file():
        pytest.skip(f"no {path} here")
    file = read(reader, tmp_path, path.read_text(encoding="utf-8"))
    assert not file.unread
    hidden = [one for kind in file.resources for one in kind.directives if one.name and one.hidden]
    secret = {"is a secret"}
    assert {one.hidden for one in hidden if one.name != "dbaddress"} <= secret, hidden


@pytest.mark.parametrize(
    ("told", "agreed", "same"),
    [
        ("a, b", "a,b", True),
        ("a, b", "a , b", True),
        ("Full Set", "FullSet", False),
        ("a, b", "b, a", False),
        ("yes", "True", True),
        ("Full Set", "full set", False),
    ],
)
def test_a_list_is_the_agreed_one_whatever_its_spaces(told: str, agreed: str, same: bool) -> None:
    assert same_value(told, agreed) == same
