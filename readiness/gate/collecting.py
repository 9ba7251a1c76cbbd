"""Collecting the checks through pytest, before anything is planned: what is a check, and every mistake in the files."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pytest

import readiness
from readiness.core.checks import Check, check_of, made_in
from readiness.core.errors import Problem, ToolFault
from readiness.core.text import first_few

INJECTED = ("target", "facts")
"""The fixtures that change within one item: each target of a check has its own."""
PROVIDED = (*INJECTED, "estate", "baseline", "inputs", "all_facts", "request")
_DECORATED = re.compile(r"^\s*@check\(", re.MULTILINE)
# Nobody would see pytest's warnings about destructors, for which it collects garbage ten times.
_QUIET = ("-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:unraisableexception")


@dataclass(frozen=True, slots=True)
class Collected:
    """The checks in order, every mistake in them, and the names of what pytest was told to leave out."""

    checks: tuple[Check, ...]
    problems: tuple[Problem, ...] = ()
    deselected: tuple[str, ...] = ()


def checks_folder() -> Path:
    """Where the checks are: inside the installed package, or beside it in the repository."""
    inside = Path(readiness.__file__).parent / "checks"
    return inside if inside.is_dir() else Path(readiness.__file__).parents[1] / "checks"


def ids_of_version() -> frozenset[str]:
    """The ids of the checks that this version has: a list of its own, since a file that is gone can name none."""
    ids = frozenset(Path(__file__).with_name("check_ids.txt").read_text().split())
    if not ids:
        raise ToolFault("this version does not know its checks: install it anew")
    return ids


def collect_checks(folder: Path, expected: Collection[str] = ()) -> Collected:
    """The checks of a folder; an `expected` one that is not there is a mistake, and one more is welcome.

    ToolFault when one of its files ends pytest itself.
    """
    collector = CheckCollector(expected=expected)
    code = through_pytest(folder, collector)
    if not collector.complete:
        raise ToolFault(f"pytest ended with {code!r} before all checks were collected: a file of theirs stopped it")
    collected = collector.collected
    return replace(collected, problems=(*collected.problems, *_passed_over(folder, collector.files)))


def _passed_over(folder: Path, files: Collection[Path]) -> Iterator[Problem]:
    """Files of checks that pytest did not look at, because of a conftest, a plugin, an option or their name."""
    looked_at = {file.resolve() for file in files}
    for file in sorted(folder.rglob("*.py")):
        use = _DECORATED.search(file.read_text(errors="replace"))
        if file.resolve() not in looked_at and (use or file.name.startswith("test_")):
            line = use.string.count("\n", 0, use.start()) + 1 if use else 0
            hint = "name it test_<area>.py, and let no conftest, plugin or pytest.ini leave it out"
            message = "holds checks, and pytest passed it over"
            yield Problem(str(file.relative_to(folder)), line, 1 if use else 0, message, hint)


def through_pytest(folder: Path, plugin: object) -> int:
    """Have pytest do in this process what the plugin says, with the conftest and the fixtures beside the checks."""
    settings = ["-c", f"{folder / 'pytest.ini'}", "--rootdir", f"{folder}"]
    try:
        return int(pytest.main([*settings, *_QUIET, f"{folder}"], [plugin]))
    except SystemExit as error:
        raise ToolFault(f"a file beside the checks ended pytest with SystemExit({error.code})") from error


class CheckCollector:
    """Gathers the checks that pytest collects, and every mistake in them; runs none.

    `files` are those that pytest looked at. `complete` says that pytest collected to the end. `selective`: pytest was
    asked for some checks only, so the others are not reported as missing. `expected` are ids that must be there.
    """

    def __init__(self, *, selective: bool = False, expected: Collection[str] = ()) -> None:
        self.complete, self._selective, self._expected = False, selective, frozenset(expected)
        self._problems: list[Problem] = []
        self.files: list[Path] = []
        self._left_out: set[str] = set()
        self._deselected: list[str] = []
        self._checks: dict[str, Check] = {}

    @property
    def collected(self) -> Collected:
        """What pytest collected."""
        return Collected(tuple(self._checks.values()), tuple(self._problems), tuple(self._deselected))

    def pytest_pycollect_makemodule(self, module_path: Path) -> None:
        """Remember each file that is looked at."""
        self.files.append(module_path)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """What pytest was told to leave out narrows the run, and is not missing."""
        made = (check_of(getattr(item, "obj", None), area="", location="") for item in items)
        self._left_out |= {check.id for check in made if check is not None}
        self._deselected += [item.name for item in items]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A part that fails to load, or skips itself, is a mistake: its checks would be missing unnoticed."""
        if not report.passed:
            text = str(report.longrepr).strip()
            reason = text.splitlines()[-1].removeprefix("E").strip() if text else "?"
            self._problems.append(Problem(report.nodeid, *_location(report.nodeid, text), f"does not load: {reason}"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Gather; True keeps pytest from running anything."""
        for item in session.items:
            if (check := self._check(item)) is not None:
                self._checks.setdefault(function_id(item), check)
        collected = {check.id for check in self._checks.values()} | self._left_out
        self._problems += [
            Problem(
                file.name,
                line,
                1,
                f"{check_id} is not collected",
                "name its function test_..., and no other function so",
            )
            for file in (() if self._selective else self.files)
            for line, check_id in made_in(str(file)).items()
            if check_id not in collected
        ]
        if gone := sorted(self._expected - collected):
            message = f"{len(gone)} of the {len(self._expected)} checks of this version are not there: "
            hint = "install readiness anew, and let no conftest, plugin or pytest.ini leave any out"
            self._problems.append(Problem(session.config.rootpath.name, 0, 0, message + first_few(gone, 10), hint))
        self.complete = True
        return True

    def check_of_item(self, item: pytest.Item) -> Check | None:
        """The check that an item of this session belongs to."""
        return self._checks.get(function_id(item))

    def _check(self, item: pytest.Item) -> Check | None:
        path, line, _ = item.location
        file, number = Path(path).name, (line or 0) + 1
        area = item.path.stem.removeprefix("test_")
        made = check_of(getattr(item, "obj", None), area=area, location=f"{file}:{number}")
        if made is None:
            self._problems.append(Problem(file, number, 1, f"{item.name} is no check", "add @check(...)"))
        if hasattr(item, "callspec") and item.callspec.params.keys() != {"target"}:
            message = f"{item.name} is parametrised"
            self._problems.append(Problem(file, number, 1, message, "a check's targets are its parameters"))
        if "request" in getattr(getattr(item, "_fixtureinfo"), "argnames"):  # noqa: B009 - not public
            hint = "name its fixtures, so that what they read is evidence"
            self._problems.append(Problem(file, number, 1, f"{item.name} takes request", hint))
        self._problems += [
            Problem(file, number, 1, f"{item.name} asks for {name}", hint) for name, hint in _unknown_fixtures(item)
        ]
        self._problems += [
            Problem(file, number, 1, f"fixture {name} depends on {', '.join(wrong)}", "read facts in the check")
            for name, wrong in _bound_fixtures(item)
        ]
        return made


def _location(file: str, text: str) -> tuple[int, int]:
    """The last line of this file that an error's text names, and its first column; 0 where it names none."""
    name = re.escape(Path(file).name)
    lines = re.findall(rf'(?:^|/){name}:([0-9]+): |{name}", line ([0-9]+)$', text, re.MULTILINE)
    return (int("".join(lines[-1])), 1) if lines else (0, 0)


def function_id(item: pytest.Item) -> str:
    """The item's node id without a target in brackets."""
    return item.nodeid.split("[")[0]


def _unknown_fixtures(item: pytest.Item) -> Iterator[tuple[str, str]]:
    """Fixtures that nobody defines, with those that were perhaps meant."""
    info = getattr(item, "_fixtureinfo")  # noqa: B009 - not public
    known = {*info.name2fixturedefs, *PROVIDED}
    for name in info.argnames:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            yield name, f"did you mean {near[0]}" if near else f"a check is given {', '.join(PROVIDED)}"


def _bound_fixtures(item: pytest.Item) -> Iterator[tuple[str, list[str]]]:
    """Fixtures that want `target` or `facts`, which change within one item."""
    known: Mapping[str, Sequence[Any]] = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009 - not public
    for name, definitions in known.items():
        for definition in definitions:
            wrong = [argument for argument in definition.argnames if argument in INJECTED]
            if wrong and name not in INJECTED:
                yield name, wrong
