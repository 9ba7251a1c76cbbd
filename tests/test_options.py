"""Every command and every option runs here, with good values and with odd ones; one that is new and not here fails."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from readiness.cli.app import app
from readiness.demo import embedded_estate
from tests.test_cli import EXAMPLE, ended

RUN = ("run", "GO", "--out", "run", "--area", "clock")
# What a command line ends with, and what it says; GO is an estate that is go, SAVED a run of it.
GOOD: dict[tuple[str, ...], tuple[int, str]] = {
    (*RUN, "--area", "clock", "--area", "names", "--hosts", "client*", "--jobs", "1"): (2, "INCOMPLETE  partial run"),
    (*RUN, "--deadline", "60", "--report-only", "--custom-checks", "-q"): (0, "INCOMPLETE  partial run"),
    (*RUN, "--quiet", "--jobs", "512", "--deadline", "86400"): (2, "INCOMPLETE  partial run"),
    ("plan", "GO", "--area", "clock", "--hosts", "client01,dir*", "--custom-checks"): (0, "client01 is sent:"),
    ("judge", "SAVED", "--estate", "GO", "--out", "again", "--quiet"): (2, "INCOMPLETE  partial run"),
    (*RUN, "--format", "json"): (2, '"INCOMPLETE"'),
    ("plan", "GO", "--format", "json"): (0, '"pairs"'),
    ("judge", "SAVED", "--format", "json", "--out", "judged"): (2, '"INCOMPLETE"'),
    ("verify", "SAVED", "--format", "json"): (2, '"INCOMPLETE"'),
    ("demo", "--format", "json"): (1, '"NO_GO"'),
    ("propose", "SAVED"): (0, "agreed:"),
    ("propose", "GO", "--out", "proposal"): (0, "agreed:"),
    ("judge", "SAVED", "-q"): (2, "INCOMPLETE  partial run"),
    ("verify", "SAVED", "-q", "--quiet"): (2, "INCOMPLETE"),
    ("checks", "--area", "clock", "--area", "os", "--format", "json"): (0, '"id": "CLK-001"'),
    ("explain", "ver-004"): (0, "VER-004"),
    ("reader", EXAMPLE, "--host", "web01", "--user", "probe"): (0, "#!/bin/sh"),
    ("reader", EXAMPLE, "--out", "readers", "--user", "probe"): (0, "hand-out.sh"),
    ("keys",): (0, "# baseline.yaml"),
    ("keys", "baseline", "clock"): (0, "clock.max_offset_s"),
    ("schema", "baseline"): (0, "readiness baseline.yaml"),
    ("completion", "fish"): (0, "_READINESS_COMPLETE"),
    ("demo", "--out", "demo", "-q", "--quiet"): (1, "NO-GO"),
    ("--version",): (0, "readiness 0."),
}
# Values that no option takes; each ends with 4 and says what would be right, before anything begins.
ODD: dict[tuple[str, ...], str] = {
    **{("run", "GO", "--jobs", value): "--jobs" for value in ("0", "-1", "513", "1.5", "many", "1e3", "\u0663x")},
    **{
        ("run", "GO", "--deadline", value): "--deadline"
        for value in ("0", "-1", "nan", "inf", "1e999", "86401", "soon")
    },
    **{(name, "GO", "--area", "clocks"): "areas: " for name in ("run", "plan")},
    **{(name, "GO", "--hosts", "web99"): "web99" for name in ("run", "plan")},
    **{(name, "GO", "--hosts", ","): "--hosts" for name in ("run", "plan")},
    ("run", "GO", "--area", "clock", "--area", "clocks"): "areas: ",
    ("run", "GO", "--jobs", "2", "--jobs", "0"): "--jobs",
    ("run", "GO", "--job", "2"): "--jobs",
    ("run", "GO", "OTHER"): "OTHER",
    ("run", "GO", "--report-only=no"): "--report-only",
    ("checks", "--area", "clock", "--area", "clocks"): "areas: ",
    ("checks", "--json"): "--json",
    **{(name, "GO", "--format", "yaml"): "--format" for name in ("run", "plan", "verify", "judge")},
    ("reader", EXAMPLE): "give --host HOST or --out DIR",
    ("reader", EXAMPLE, "--host", "web01", "--out", "readers"): "give --host HOST or --out DIR",
    ("reader", EXAMPLE, "--host", "web99"): "web99",
    ("reader", EXAMPLE, "--host", "web01", "--user", "a b"): "a b",
    ("reader", EXAMPLE, "--host", "web01", "--user", "-x"): "-x",
    ("explain", "VER-004", "VER-005"): "VER-005",
    ("explain", "\x1b[31m"): "no such check",
    ("keys", "waivers"): "waivers",
    ("schema", "estates"): "estates",
    ("completion", "tcsh"): "tcsh",
    ("verify", "GO"): "holds no verdict.json",
    ("judge", "SAVED", "--estate", "none"): "none",
    ("demo", "GO"): "unexpected extra argument",
    ("--jobs", "2"): "--jobs",
}


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An estate that is GO, and a narrowed run of it."""
    place = tmp_path_factory.mktemp("options")
    with embedded_estate(planted=False) as estate:
        (place / "GO").symlink_to(estate)
        yield place


def options() -> Iterator[tuple[str, str]]:
    """Every command with every spelling of its options."""
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        yield name, ""
        for parameter in command.params:
            yield from ((name, option) for option in parameter.opts if option.startswith("-"))


def test_every_command_and_option_runs_with_a_good_value() -> None:
    run = {(line[0], word) for line in GOOD for word in ("", *line[1:])}
    assert [one for one in options() if one not in run] == []


def test_every_option_with_a_value_is_given_odd_ones() -> None:
    valued = {"--jobs", "--deadline", "--area", "--hosts", "--host", "--user", "--estate"}
    assert valued <= {word for line in ODD for word in line}


def words(place: Path, line: tuple[str, ...]) -> list[str]:
    return [str(place / "GO") if word == "GO" else word for word in line]


@pytest.fixture
def place(go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with the estate, and a saved run of it."""
    monkeypatch.chdir(tmp_path)
    saved = go / "saved"
    if not saved.exists():
        ended(capsys, *words(go, RUN[:2]), "--out", str(saved), "--area", "clock")
    shutil.copytree(saved, tmp_path / "SAVED")
    return go


@pytest.mark.parametrize("line", GOOD, ids=" ".join)
def test_it_ends_as_it_says(place: Path, capsys: pytest.CaptureFixture[str], line: tuple[str, ...]) -> None:
    code, out, err = ended(capsys, *words(place, line))
    assert (code, GOOD[line][1] in out) == (GOOD[line][0], True), out + err
    if "-q" in line or "--quiet" in line:
        assert len(out.splitlines()) == 1


@pytest.mark.parametrize("line", ODD, ids=ascii)
def test_an_odd_value_is_told(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: tuple[str, ...]
) -> None:
    code, out, err = ended(capsys, *words(place, line))
    assert (code, ODD[line] in err) == (4, True), out + err
    assert out.splitlines()[-1].startswith("ERROR  ")
    assert "\x1b" not in out + err
    assert not (tmp_path / "readers").exists()


@pytest.mark.parametrize("name", ["", *(name for name, option in options() if not option)])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_helps(capsys: pytest.CaptureFixture[str], name: str, option: str) -> None:
    code, out, err = ended(capsys, *([name] if name else []), option)
    assert (code, err) == (0, "")
    assert f"Usage: readiness {name}".rstrip() in out or "Usage: " in out
    for command, spelling in options():
        if name == command and spelling:
            assert spelling in out
        if not (name or spelling):
            assert f"  {command} " in out
