"""Whether a saved run holds together: any edit is named, and an exit code of 0 is a GO that holds now."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from readiness import cli
from readiness.core.outcomes import Result
from readiness.core.text import one_line
from readiness.gate.steps import VALID_FOR
from readiness.planning.plan import Narrowing
from readiness.renderers.report import renderers
from readiness.run_folder.folder import RunFolder
from readiness.run_folder.sealed import changes

from .saved_runs import made, seal_again

NOW = datetime.now(UTC)
EARLIER = NOW - timedelta(hours=1)
PASS, FAIL, UNKNOWN, NOT_APPLICABLE = Result.PASS, Result.FAIL, Result.UNKNOWN, Result.NOT_APPLICABLE


def verify(capsys: pytest.CaptureFixture[str], folder: Path) -> tuple[int, str, str]:
    """The exit code, what went to stdout, and to stderr."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        cli.main(["verify", str(folder)])
    assert isinstance(caught.value.code, int)
    return caught.value.code, *capsys.readouterr()


@pytest.mark.parametrize(
    ("results", "options", "as_of", "code", "last"),
    [
        ((PASS,), {}, EARLIER, 0, r"GO  10 of 10 pairs met, .*; valid until \S+  sha256:.*"),
        ((PASS,), {}, NOW - VALID_FOR - timedelta(seconds=1), 2, r"EXPIRED  this GO ended at \S+: run again"),
        ((PASS,), {}, NOW + timedelta(minutes=5), 2, r"NOT VALID  the clock here says \S+, and the run began at .*"),
        ((PASS,), {"started_at": NOW + timedelta(minutes=5)}, EARLIER, 2, r"NOT VALID  the clock here says .*"),
        ((PASS, FAIL), {}, EARLIER, 1, r"NO-GO  2 blockers failed: .*"),
        ((FAIL,), {"report_only": True}, EARLIER, 1, r"NO-GO  5 blockers failed: .*"),
        ((FAIL,), {}, NOW - 9 * VALID_FOR, 1, r"NO-GO  .*"),
        ((UNKNOWN,), {}, EARLIER, 2, r"INCOMPLETE  5 not judged: .*"),
        ((UNKNOWN,), {"report_only": True}, EARLIER, 2, r"INCOMPLETE  .*"),
        ((PASS,), {"narrowing": Narrowing(hosts="web01")}, EARLIER, 2, r"INCOMPLETE  partial: .*"),
        (
            (PASS,),
            {"narrowing": Narrowing((), "web01", ("TST-9",), "somebody")},
            EARLIER,
            2,
            r"INCOMPLETE  partial: .*",
        ),
        ((NOT_APPLICABLE,), {}, EARLIER, 5, r"NOTHING TO CHECK  all 10 pairs are not applicable.*"),
    ],
)
def test_the_exit_code_is_the_verdict_s_own_and_0_only_for_a_go_that_holds(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    results: tuple[Result, ...],
    options: dict[str, Any],
    as_of: datetime,
    code: int,
    last: str,
) -> None:
    folder = made(tmp_path / "run", as_of, *results, **options)
    exit_code, out, err = verify(capsys, folder)
    assert (exit_code, err) == (code, "")
    lines = out.splitlines()
    assert re.fullmatch(last, lines[-1]), lines[-1]
    assert "only a signature would" in lines[-2]
    assert f"Run run-1 of corporate backup, change CHG0012345, as of {as_of.isoformat()}." in lines
    assert not re.search("unchanged since", out)
    assert ("told to report only" in out) == ("report_only" in options)


@pytest.mark.parametrize(("error", "word"), [(None, "RUNNING"), (RuntimeError("x"), "ERROR"), (SystemExit(0), "ERROR")])
def test_a_run_that_did_not_end_has_nothing_that_could_be_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: BaseException | None, word: str
) -> None:
    with RunFolder.create(tmp_path / "run", renderers()) as folder:
        folder.begin("run-1", NOW, "0.1.0")
        if error is not None:
            folder.ended_by(error)
    code, out, err = verify(capsys, tmp_path / "run")
    assert code == 4
    assert f"manifest.json: missing; the verdict is {word}" in err
    assert out.splitlines()[-1].startswith("ERROR")


def test_what_a_host_said_comes_back_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = '\x00\x7f\x1b[31m\r\n\u2028\ufffe\ud800 ]]> <b> "GO" | `x` ::error::'
    folder = made(tmp_path / "run", EARLIER, FAIL, UNKNOWN, message=hostile)
    code, out, err = verify(capsys, folder)
    assert (code, err) == (1, "")
    assert out.isascii()


def test_a_signature_that_nobody_checks_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made(tmp_path / "run", EARLIER)
    (folder / "verdict.json.sig").write_text("signed")
    code, out, _ = verify(capsys, folder)
    assert (code, "verdict.json.sig is there, and this version does not look at it" in out) == (0, True)


Edit = Callable[[random.Random, Path, Path], str]
"""An edit of a file of the folder; gives the name that must be told."""


def _data(change: Callable[[random.Random, bytes], bytes]) -> Edit:
    def edit(dice: random.Random, folder: Path, file: Path) -> str:
        before = file.read_bytes()
        after = change(dice, before)
        file.write_bytes(after if after != before else before + b" ")
        return file.relative_to(folder).as_posix()

    return edit


def _flipped(dice: random.Random, data: bytes) -> bytes:
    place = dice.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << dice.randrange(8)]) + data[place + 1 :]


def _swapped(dice: random.Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    first, second = (dice.randrange(len(lines)) for _ in range(2))
    lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def _other_value(dice: random.Random, data: bytes) -> bytes:
    """A JSON value, or one of a line of JSON, changed such that it stays JSON."""
    lines = data.splitlines(keepends=True)
    number = dice.randrange(len(lines))
    for text, put in (
        (data, lambda new: new),
        (lines[number], lambda new: b"".join([*lines[:number], new + b"\n", *lines[number + 1 :]])),
    ):
        try:
            document = json.loads(text)
        except ValueError:
            continue
        return bytes(put(json.dumps(_edited(dice, document), sort_keys=True, indent=2).encode()))
    return data.replace(b"e", b"f", 1)


def _edited(dice: random.Random, document: Any) -> Any:
    if isinstance(document, dict) and document:
        key = dice.choice(sorted(document))
        return {**document, key: _edited(dice, document[key])}
    if isinstance(document, list) and document:
        place = dice.randrange(len(document))
        return [*document[:place], _edited(dice, document[place]), *document[place + 1 :]]
    return dice.choice([value for value in ("GO", 0, None, True, "2099-01-01T00:00:00+00:00") if value != document])


def _replaced(by: Callable[[Path, Path], object]) -> Edit:
    def edit(_: random.Random, folder: Path, file: Path) -> str:
        kept = folder.parent / "kept"
        kept.write_bytes(file.read_bytes())
        file.unlink()
        by(file, kept)
        return file.relative_to(folder).as_posix()

    return edit


def _renamed(dice: random.Random, folder: Path, file: Path) -> str:
    file.rename(file.with_name(f"{file.name}{dice.randrange(10)}"))
    return file.relative_to(folder).as_posix()


def _moved_away(dice: random.Random, folder: Path, file: Path) -> str:
    if file.parent == folder:
        return _renamed(dice, folder, file)
    file.parent.rename(file.parent.with_name("elsewhere"))
    return file.relative_to(folder).as_posix()


def _added(make: Callable[[Path], object], *names: str) -> Edit:
    def edit(dice: random.Random, folder: Path, file: Path) -> str:
        new = file.parent / dice.choice(names)
        make(new)
        return new.relative_to(folder).as_posix()

    return edit


EDITS: Mapping[str, Edit] = {
    "a bit": _data(_flipped),
    "cut": _data(lambda dice, data: data[: dice.randrange(len(data))]),
    "emptied": _data(lambda _, __: b""),
    "appended": _data(lambda dice, data: data + dice.choice([b"\n", b" ", b"{}\n", b"\0"])),
    "two lines swapped": _data(_swapped),
    "a JSON value": _data(_other_value),
    "deleted": _replaced(lambda _, __: None),
    "a link to the same": _replaced(lambda file, kept: file.symlink_to(kept)),
    "a pipe": _replaced(lambda file, _: os.mkfifo(file)),
    "a folder": _replaced(lambda file, _: file.mkdir()),
    "renamed": _renamed,
    "its folder renamed": _moved_away,
    "a file added": _added(Path.touch, "x", ".hidden", "\n", "a\x1b[31m", "\udcff", "waivers.yaml"),
    "a folder added": _added(Path.mkdir, "empty", "inputs2", "...", ".git"),
    "a leftover": _added(Path.touch, ".readiness-lock", ".readiness-0123"),
}


def _real_run(place: Path) -> Path:
    """A run of the program itself, against a port of this machine that nobody listens at."""
    hosts = {
        name: {"fqdn": f"{name}.example.com", "address": f"127.0.0.{name[-1]}", "products": {"bacula": ["client"]}}
        for name in ("bk01", "bk02")
    }
    estate = {
        "service": "backup",
        "change": "CHG1",
        "cutover": {"start": "2026-12-01T20:00:00+01:00", "end": "2026-12-02T04:00:00+01:00"},
        "ssh": {"user": "readiness", "port": 1},
        "hosts": hosts,
    }
    (place / "estate").mkdir()
    (place / "estate" / "estate.yaml").write_text(yaml.safe_dump(estate))
    (place / "estate" / "baseline.yaml").write_text("clock: {max_offset_s: 1.0}\n")
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", str(place / "estate"), "--out", str(place / "run")])
    assert ended.value.code == 2
    return place / "run"


@pytest.fixture(scope="module")
def real_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _real_run(tmp_path_factory.mktemp("real"))


def test_the_real_run_holds_together(real_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = verify(capsys, real_run)
    assert (code, err) == (2, "")
    assert out.splitlines()[-1].startswith("INCOMPLETE  ")


@pytest.mark.parametrize("seed", range(4))
def test_each_of_many_random_edits_is_named(
    real_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - nothing secret
    files = sorted(file.relative_to(real_run) for file in real_run.rglob("*") if file.is_file())
    for number in range(2):
        for name, edit in EDITS.items():
            folder = tmp_path / f"{number} {name}" / "run"
            shutil.copytree(real_run, folder)
            changed = edit(dice, folder, folder / dice.choice(files))
            code, _, err = verify(capsys, folder)
            assert (code, _told(changed, err)) == (4, True), (name, changed, err)


def _told(name: str, err: str) -> bool:
    """Whether a line is about that file, as a terminal shows its name."""
    return any(line.partition("run: ")[2].startswith(one_line(f"{name}: ")) for line in err.splitlines())


@pytest.mark.parametrize("name", EDITS)
def test_each_kind_of_edit_of_each_file_is_named(
    real_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    dice = random.Random(1)  # noqa: S311 - nothing secret
    for number, file in enumerate(sorted(file for file in real_run.rglob("*") if file.is_file())):
        folder = tmp_path / str(number) / "run"
        shutil.copytree(real_run, folder)
        changed = EDITS[name](dice, folder, folder / file.relative_to(real_run))
        code, _, err = verify(capsys, folder)
        assert (code, _told(changed, err)) == (4, True), (changed, err)


VERDICT_KEYS = [
    "schema",
    "run_id",
    "started_at",
    "finished_at",
    "as_of",
    "tool_version",
    "manifest_sha256",
    *(
        f"judgement.{key}"
        for key in (
            *("verdict", "exit_code", "reasons", "estate", "change", "valid_until", "partial", "inputs"),
            *("report_only", "counts", "counts.fail", "counts.pass", "inputs.estate.yaml"),
        )
    ),
]


@pytest.mark.parametrize("key", VERDICT_KEYS)
def test_each_value_of_the_verdict_is_held_against_the_sealed_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    folder = made(tmp_path / "run", EARLIER, FAIL)
    document = json.loads((folder / "verdict.json").read_text())
    above, last = document, key
    if key.startswith("judgement."):
        above, last = document["judgement"], key.removeprefix("judgement.")
    if last.partition(".")[0] in {"counts", "inputs"} and "." in last:
        above, last = above[last.partition(".")[0]], last.partition(".")[2]
    above[last] = "another"
    (folder / "verdict.json").write_text(json.dumps(document, sort_keys=True, indent=2) + "\n")
    code, _, err = verify(capsys, folder)
    assert code == 4
    assert f'verdict.json: {key} is "another", and by the sealed files ' in err


def test_a_verdict_with_the_same_values_in_other_bytes_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made(tmp_path / "run", EARLIER, FAIL)
    text = (folder / "verdict.json").read_text()
    for other in (text.replace(": ", ":  ", 1), text.replace("{", '{\n  "judgement": {"verdict": "GO"},', 1)):
        (folder / "verdict.json").write_text(other)
        code, _, err = verify(capsys, folder)
        assert code == 4
        assert "verdict.json: has the values of the sealed files, and not the bytes that the run wrote" in err


def _replace(name: str, old: str, new: str) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return edit


def _both(*edits: Callable[[Path], object]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        for each in edits:
            each(folder)

    return edit


def _cut_last_line(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-5])


NO_RUN = "run.json: is no end of a run that this version wrote"
GO_ON = EARLIER + VALID_FOR
FORGED: Mapping[str, tuple[Callable[[Path], object], str]] = {
    "an outcome": (
        _replace("results.jsonl", '"outcome": "FAIL"', '"outcome": "PASS"'),
        "run.json: judgement.counts.fail is",
    ),
    "what an outcome means": (
        _replace("results.jsonl", '"disposition": "blocking"', '"disposition": "ok"'),
        "results.jsonl: what some outcomes mean",
    ),
    "a severity": (
        _replace("results.jsonl", '"severity": "blocker"', '"severity": "minor"'),
        "results.jsonl: what some outcomes mean",
    ),
    "a message": (_replace("results.jsonl", "as a test says", "as nobody says"), "junit.xml: is not what"),
    "a pair left out of the results": (
        lambda folder: (folder / "results.jsonl").write_bytes(
            b"".join((folder / "results.jsonl").read_bytes().splitlines(keepends=True)[1:])
        ),
        "results.jsonl: has not the pairs of plan.json: TST-001 dir01",
    ),
    "no results at all": (lambda folder: (folder / "results.jsonl").unlink(), "results.jsonl: cannot be read"),
    "other keys of an outcome": (_replace("results.jsonl", '"remedy"', '"cure"'), "other keys than an outcome's"),
    "a pair left out of the plan": (
        _replace("plan.json", '    [\n      "TST-001",\n      "dir01"\n    ],\n', ""),
        "results.jsonl: has not the pairs of plan.json: TST-001 dir01",
    ),
    "a script": (_replace("plan.json", "date -u", "date -s"), "plan.json: scripts that do not have the digest"),
    "the end of the run, which is NaN": (_replace("run.json", '"change": "', '"x": NaN, "change": "'), NO_RUN),
    "the end of the run, too deep": (lambda folder: (folder / "run.json").write_text("[" * 99_999), NO_RUN),
    "the end of the run, a list": (lambda folder: (folder / "run.json").write_text("[]"), NO_RUN),
    "the end of the run, in another schema": (_replace("run.json", '"schema": 1', '"schema": 2'), NO_RUN),
    "the verdict": (
        _replace("run.json", '"verdict": "NO_GO"', '"verdict": "GO"'),
        'run.json: judgement.verdict is "GO", and by the other sealed files "NO_GO"',
    ),
    "its end": (
        _replace("run.json", GO_ON.isoformat(), (GO_ON + timedelta(days=99)).isoformat()),
        "run.json: judgement.valid_until is",
    ),
    "no end": (_replace("run.json", f'"{GO_ON.isoformat()}"', "null"), "run.json: judgement.valid_until is null"),
    "the time": (_replace("run.json", '"as_of": "', '"as_of": "3'), "what no run of this version writes"),
    "the plan's time": (
        _replace("plan.json", EARLIER.isoformat(), NOW.isoformat()),
        "run.json: as_of is",
    ),
    "a time without an offset": (
        _both(_replace("run.json", "+00:00", ""), _replace("run.json", "+00:00", "")),
        "has no offset",
    ),
    "a time that overflows": (
        _both(
            _replace("plan.json", EARLIER.isoformat(), "9999-12-31T23:59:59+00:00"),
            _replace("run.json", EARLIER.isoformat(), "9999-12-31T23:59:59+00:00"),
        ),
        "what no run of this version writes: OverflowError",
    ),
    "the run's name": (_replace("run.json", "run-1", "run-2"), 'run.json: run_id is "run-2", and by the other'),
    "the change": (_replace("run.json", "CHG0012345", "CHG9"), 'run.json: judgement.change is "CHG9"'),
    "the version": (
        _both(
            _replace("run.json", "0.1.0", "9.9"), _replace("plan.json", "0.1.0", "9.9"), _replace("run.json", "NO_", "")
        ),
        "was written by version 9.9, and this is 0.1.0",
    ),
    "an input": (_replace("inputs/baseline.yaml", "1.0", "9.0"), "run.json: judgement.inputs.baseline.yaml is"),
    "an input that does not load": (_replace("inputs/estate.yaml", "hosts:", "hots:"), "what no run of this version"),
    "a later version's reports": (
        _both(
            _replace("run.json", "0.1.0", "9.9"),
            _replace("plan.json", "0.1.0", "9.9"),
            lambda folder: (folder / "summary.md").unlink(),
        ),
        "was written by version 9.9, and this is 0.1.0",
    ),
    "an input left out": (
        lambda folder: shutil.rmtree(folder / "inputs" / "products"),
        "what no run of this version",
    ),
    "an input added": (
        lambda folder: (folder / "inputs" / "waivers.yaml").write_text("x: 1\n"),
        "what no run of this version",
    ),
    "the summary": (_replace("summary.md", "NO-GO", "GO"), "summary.md: is not what results.jsonl"),
    "the summary left out": (lambda folder: (folder / "summary.md").unlink(), "summary.md: cannot be read"),
    "JUnit": (_replace("junit.xml", "<failure", "<skipped"), "junit.xml: is not what results.jsonl"),
    "a host's facts": (_replace("facts.jsonl", '"host": "dir01"', '"host": "dir02"'), "facts.jsonl: hosts that plan"),
    "facts that are none": (_replace("facts.jsonl", '"login"', '"logout"'), "no fact named logout"),
    "torn facts": (_cut_last_line("facts.jsonl"), "the last line is torn"),
    "no facts": (lambda folder: (folder / "facts.jsonl").write_text(""), "facts.jsonl: has not the hosts that results"),
    "a host's facts left out": (
        lambda folder: (folder / "facts.jsonl").write_bytes(
            b"".join((folder / "facts.jsonl").read_bytes().splitlines(keepends=True)[1:])
        ),
        "facts.jsonl: has not the hosts that results.jsonl rests on: dir01",
    ),
    "no transcript": (
        lambda folder: (folder / "transcript.jsonl").write_text(""),
        "transcript.jsonl: has not the lines that results.jsonl or facts.jsonl rest on: dir01#1",
    ),
    "a line of the transcript": (
        _replace("transcript.jsonl", '"ref": "dir01#1"', '"ref": "dir01#2"'),
        "transcript.jsonl: has not the lines that results.jsonl or facts.jsonl rest on: dir01#1",
    ),
    "a torn transcript": (_cut_last_line("transcript.jsonl"), "the last line is torn"),
}


@pytest.fixture(scope="module")
def no_go(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("no_go") / "run", EARLIER, FAIL)


@pytest.mark.parametrize("name", FORGED)
def test_a_folder_that_was_sealed_anew_contradicts_itself(
    no_go: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    folder = Path(shutil.copytree(no_go, tmp_path / "run"))
    edit, told = FORGED[name]
    edit(folder)
    seal_again(folder)
    assert told == NO_RUN or changes(folder) == []
    code, out, err = verify(capsys, folder)
    assert code == 4
    assert told in err
    assert "Traceback" not in err
    assert out.splitlines()[-1].startswith("ERROR")


def test_a_narrowed_run_is_no_whole_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made(tmp_path / "run", EARLIER, narrowing=Narrowing(hosts="web01"))
    run = json.loads((folder / "run.json").read_text())
    run["judgement"]["partial"] = None
    (folder / "run.json").write_text(json.dumps(run))
    seal_again(folder)
    code, _, err = verify(capsys, folder)
    assert (code, "judgement.partial is null, and by plan.json the run was narrowed" in err) == (4, True)


def test_a_folder_sealed_anew_without_an_edit_is_the_same(no_go: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(no_go, tmp_path / "run"))
    seal_again(folder)
    for name in ("manifest.json", "verdict.json"):
        assert (folder / name).read_bytes() == (no_go / name).read_bytes()


def test_a_folder_with_nothing_sealed_in_it_is_not_whole(
    no_go: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(no_go, tmp_path / "run"))
    seal_again(folder)
    for name in (
        "run.json",
        "plan.json",
        "results.jsonl",
        "junit.xml",
        "summary.md",
        "facts.jsonl",
        "transcript.jsonl",
    ):
        (folder / name).unlink()
    shutil.rmtree(folder / "inputs")
    (folder / "run.json").write_text("{}")
    seal_again(folder)
    (folder / "run.json").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "sha256": {}}))
    code, _, err = verify(capsys, folder)
    assert (code, "run.json: missing" in err) == (4, True)
