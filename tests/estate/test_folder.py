"""What a folder may hold: a file that nobody judges must not look as if somebody did."""

import os
import time
from pathlib import Path

import pytest

from readiness.core.errors import InputError
from readiness.estate import BASELINE, ESTATE, load, load_bytes
from readiness.files import guarded
from tests.estate.samples import AS_OF, GOOD, NAMES, loaded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in GOOD.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def told(folder: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(folder, NAMES, AS_OF)
    return [str(one).removeprefix(f"{folder}/") for one in caught.value.problems]


@pytest.mark.parametrize(
    "name", ["waivers.yaml", "requirements.yaml", "protection.yaml", "evidence.yaml", "hosts.ini", "notes.yml"]
)
def test_a_file_that_cannot_be_judged_is_refused(folder: Path, name: str) -> None:
    (folder / name).touch()
    assert told(folder) == [f"{name}: this version cannot judge {name} (remove it, or use a version that can)"]


def test_a_folder_that_cannot_be_judged_is_refused(folder: Path) -> None:
    (folder / "scans").mkdir()
    assert told(folder) == ["scans: this version cannot judge scans/ (remove it, or use a version that can)"]


def test_notes_and_hidden_files_are_welcome(folder: Path) -> None:
    for name in ("README", "README.md", ".gitignore", ".gitkeep"):
        (folder / name).touch()
    (folder / ".git").mkdir()
    assert load(folder, NAMES, AS_OF) == loaded()


def test_files_that_the_estate_names_may_lie_there(folder: Path) -> None:
    (folder / "keys").mkdir()
    (folder / "keys" / "first").touch()
    assert load(folder, NAMES, AS_OF) == loaded()
    (folder / "keys" / "third").touch()
    assert told(folder)[0].startswith("keys/third: this version cannot judge keys/third")


def test_the_other_ending_is_told(folder: Path) -> None:
    (folder / BASELINE).rename(folder / "baseline.yml")
    assert told(folder) == [
        "baseline.yaml: the file is missing (an estate has estate.yaml and baseline.yaml; {} is an empty one)",
        "baseline.yml: this version cannot judge baseline.yml (rename it to baseline.yaml)",
    ]


def test_mistakes_are_told_by_the_path_that_was_given(folder: Path) -> None:
    (folder / BASELINE).write_text("clocks: {}\n")
    with pytest.raises(InputError) as caught:
        load(folder, NAMES, AS_OF)
    assert str(caught.value) == f"{folder}/baseline.yaml:1:1: unknown key 'clocks' (did you mean clock)"


def test_a_broken_estate_calls_no_file_a_stranger(folder: Path) -> None:
    (folder / ESTATE).write_text("service: [\n")
    assert [line.split(": ")[0] for line in told(folder)] == ["estate.yaml:2:1"]


def test_a_link_to_a_file_is_read(folder: Path) -> None:
    (folder / ESTATE).rename(folder / ".real")
    (folder / ESTATE).symlink_to(".real")
    assert load(folder, NAMES, AS_OF) == loaded()


def test_what_is_no_regular_file_is_not_opened(folder: Path) -> None:
    for name in (ESTATE, BASELINE):
        (folder / name).unlink()
    (folder / ESTATE).mkdir()
    (folder / BASELINE).symlink_to("/dev/zero")
    hint = "name a file of an estate, a regular file of at most"
    assert told(folder) == [
        f"baseline.yaml: a device, not a regular file ({hint} 1 MiB)",
        f"estate.yaml: a folder, not a regular file ({hint} 16 MiB)",
    ]


def test_a_pipe_does_not_hold_it_up(folder: Path) -> None:
    (folder / BASELINE).unlink()
    os.mkfifo(folder / BASELINE)
    assert [line.split(" (")[0] for line in told(folder)] == ["baseline.yaml: a pipe, not a regular file"]


def test_a_file_that_the_estate_names_is_told_where_it_is_named(folder: Path) -> None:
    for name in ("known_hosts", "tests/test_pipe.py"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        os.mkfifo(path)
    with (folder / ESTATE).open("a") as file:
        file.write("custom_checks:\n  - folder: tests\n")
    line = (folder / ESTATE).read_text().count("\n")
    assert [text.split(" (")[0] for text in told(folder)] == [
        "estate.yaml:14:16: known_hosts: a pipe, not a regular file",
        f"estate.yaml:{line}:13: tests/test_pipe.py: a pipe, not a regular file",
    ]


def test_a_folder_that_does_not_answer_holds_nothing_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listing it is the first thing that a dead mount would never end."""
    monkeypatch.setattr(guarded, "ANSWER_S", 0.2)
    monkeypatch.setattr(guarded.answered, "__defaults__", (0.2, None))
    monkeypatch.setattr(os, "scandir", lambda _: time.sleep(1))
    begun = time.monotonic()
    assert told(folder)[0].startswith(f"{folder}: not a readable folder: does not answer within 0.2 s")
    assert time.monotonic() - begun < 0.8
    guarded._silent.clear()


def test_known_hosts_elsewhere_are_not_read(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "known_hosts"
    (folder / "known_hosts").rename(elsewhere)
    text = GOOD[ESTATE].decode().replace("known_hosts: known_hosts", f"known_hosts: {elsewhere}")
    (folder / ESTATE).write_text(text)
    assert load(folder, NAMES, AS_OF).files.keys() == {ESTATE, BASELINE}


UNSTATED = GOOD[ESTATE].decode().replace("  known_hosts: known_hosts\n", "")


def test_known_hosts_beside_the_estate_count_where_none_are_named(folder: Path) -> None:
    (folder / ESTATE).write_text(UNSTATED)
    read = load(folder, NAMES, AS_OF)
    assert read.estate.ssh.known_hosts == "known_hosts"
    assert read.files["known_hosts"] == GOOD["known_hosts"]
    assert load_bytes(read.files, NAMES, AS_OF) == read
    (folder / "known_hosts").unlink()
    assert load(folder, NAMES, AS_OF).estate.ssh.known_hosts is None


def test_known_hosts_beside_the_estate_are_refused_where_others_are_named(folder: Path) -> None:
    (folder / ESTATE).write_text(GOOD[ESTATE].decode().replace("known_hosts: known_hosts", "known_hosts: ~/pins"))
    assert told(folder)[0].startswith("known_hosts: this version cannot judge known_hosts")


def test_known_hosts_beside_the_estate_must_be_a_file(folder: Path) -> None:
    (folder / ESTATE).write_text(UNSTATED)
    (folder / "known_hosts").unlink()
    os.mkfifo(folder / "known_hosts")
    assert [text.split(" (")[0] for text in told(folder)] == [
        "estate.yaml:11:1: known_hosts: a pipe, not a regular file"
    ]


def test_a_path_that_is_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent: not a readable folder: No such file .* estate\.yaml and baseline"):
        load(tmp_path / "absent", NAMES, AS_OF)


def test_files_named_in_an_entry_that_is_faulty_are_no_strangers(folder: Path) -> None:
    (folder / "keys").mkdir()
    (folder / "keys" / "first").touch()
    text = GOOD[ESTATE].decode().replace("[keys/first, keys/second]", "{first: keys/first}")
    (folder / ESTATE).write_text(text)
    assert told(folder) == [
        "estate.yaml:39:7: 'identity_file' must be a list, not a mapping (for example identity_file: ~/.ssh/id_ed25519)"
    ]


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is not the estate's, with files that nobody but the caller should see."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for name in ("test_secret.py", "secret.yaml"):
        (folder / name).write_text("oauth_token: x\n")
    return folder


OUT = "leads out of the estate's folder (put the file itself there, or name it where it lies, as ~/...)"


@pytest.mark.parametrize("name", [ESTATE, BASELINE])
def test_a_file_of_the_estate_does_not_lead_out_of_its_folder(folder: Path, elsewhere: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).symlink_to(elsewhere / "secret.yaml")
    assert told(folder) == [f"{name}: {OUT}"]


@pytest.mark.parametrize("name", ["known_hosts", "tests/infra/test_x.py", "tests/infra/pytest.ini"])
def test_what_is_kept_of_the_estate_does_not_lead_out_of_its_folder(folder: Path, elsewhere: Path, name: str) -> None:
    (folder / "tests" / "infra").mkdir(parents=True)
    (folder / "tests" / "infra" / "test_base.py").touch()
    (folder / ESTATE).write_text(GOOD[ESTATE].decode() + "custom_checks: [{folder: tests/infra}]\n")
    load(folder, NAMES, AS_OF)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(elsewhere / "secret.yaml")
    assert [line.partition(": ")[2] for line in told(folder)] == [f"{name}: {OUT}"]


def test_a_folder_that_leads_out_is_told_once_and_not_looked_into(folder: Path, elsewhere: Path) -> None:
    (folder / ESTATE).write_text(GOOD[ESTATE].decode() + "custom_checks: [{folder: tests/infra}]\n")
    (folder / "tests").symlink_to(elsewhere)
    (elsewhere / "infra").mkdir()
    (elsewhere / "infra" / "test_secret.py").touch()
    assert told(folder) == [f"tests: {OUT}"]
    (folder / "tests").unlink()
    (folder / "tests").mkdir()
    (folder / "tests" / "infra").symlink_to(elsewhere)
    assert told(folder) == [f"tests/infra: {OUT}"]


def test_links_within_the_folder_and_to_the_folder_are_followed(folder: Path, tmp_path: Path) -> None:
    (folder / ".data").mkdir()
    for name in (ESTATE, BASELINE):
        (folder / name).rename(folder / ".data" / name)
        (folder / name).symlink_to(f".data/{name}")
    assert load(folder, NAMES, AS_OF) == loaded()
    link = tmp_path.parent / f"{tmp_path.name}-link"
    link.symlink_to(folder)
    assert load(link, NAMES, AS_OF) == loaded()
