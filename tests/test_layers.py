"""Who may import whom: the paragraph of the design as a table, kept with the standard library's `ast`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "readiness"

# The rooms in the order in which data flows, and what each may import of ours: only what stands above it.
MAY: dict[str, set[str]] = {
    "core": set(),
    "files": {"core"},
    "yaml_text": {"core"},
    "estate": {"core", "files", "yaml_text"},
    "products": {"core", "yaml_text"},
    "configs": {"core"},
    "probes": {"configs", "core", "estate", "products"},
    "policies": {"core", "yaml_text"},
    "rules": {"core", "estate", "policies", "probes", "products"},
    "transports": {"core", "estate", "files"},
    "planning": {"configs", "core", "estate", "probes", "products", "transports"},
    "visits": {"core", "estate", "planning", "probes", "transports"},
    "run_folder": {"core"},
    "renderers": {"core"},
    "observing": {
        *("configs", "core", "estate", "planning", "policies"),
        *("probes", "rules", "yaml_text"),
    },
    "checking": {"configs", "core", "estate", "observing", "planning", "probes", "products", "rules"},
    "proposing": {"core", "estate", "observing", "planning", "policies", "yaml_text"},
    "custom": {"core", "estate", "planning", "run_folder", "transports"},
    "gate": {"core", "estate", "planning", "probes", "renderers", "run_folder", "transports", "visits"},
    "demo": {"core", "estate"},
    "cli": {
        *("core", "custom", "demo", "estate", "gate", "planning", "proposing"),
        *("renderers", "run_folder", "transports", "visits"),
    },
    "__main__": {"cli"},
}
OF_THE_PACKAGE = {"__version__", "__init__"}
MOST_LEVELS = 9
LONGEST_MODULE = 300

# Libraries that stand in one place, so that one place can be read for what is sent and printed.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "paramiko": ("transports/ssh", "demo/"),
    "winrm": ("transports/winrm",),
    "spnego": ("transports/winrm", "demo/winrm"),
    "requests": ("transports/winrm",),
    "nmap": ("scans/",),
    "junit_xml": ("renderers/junit",),
    "rich": ("renderers/terminal",),
    "typer": ("cli",),
    "socket": ("transports/", "demo/"),
    "subprocess": ("transports/", "custom/process"),
    "pytest": ("gate/collecting", "gate/plugin", "gate/session", "custom/"),
    "testinfra": ("custom/child/backend",),
}
LAZY = ("paramiko", "winrm", "spnego", "requests", "nmap", "rich", "testinfra")
CORE_STANDARD_LIBRARY_ONLY = {"readiness"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix().removesuffix(".py")


def part_of(path: Path) -> str:
    return name_of(path).split("/")[0]


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every imported module with whether it is imported at the top of the file."""
    tree = ast.parse(path.read_text())
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = node.module == "readiness"
            yield from ((f"readiness.{alias.name}" if whole else node.module, id(node) in top) for alias in node.names)


def ours(path: Path) -> set[str]:
    return {name.split(".")[1] for name, _ in imports(path) if name.startswith("readiness.")}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_the_layers_below(path: Path) -> None:
    part = part_of(path)
    if part in OF_THE_PACKAGE:
        return
    assert ours(path) - OF_THE_PACKAGE <= MAY[part] | {part}, f"{part} may import {sorted(MAY[part])}"


def test_a_room_may_only_import_what_stands_above_it() -> None:
    rooms = list(MAY)
    for number, room in enumerate(rooms):
        assert MAY[room] <= set(rooms[:number]), f"{room} may import what stands below it"


def test_each_permission_is_used() -> None:
    used = {(part_of(path), name) for path in modules() for name in ours(path)}
    unused = sorted(
        f"{room} -> {other}" for room, others in MAY.items() for other in others if (room, other) not in used
    )
    assert not unused


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_does_one_job_in_few_hundred_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


def test_each_room_stands_in_the_table_and_no_module_beside_them() -> None:
    there = {part_of(path) for path in modules()} - OF_THE_PACKAGE
    assert there == set(MAY)


def test_there_are_at_most_nine_levels() -> None:
    level: dict[str, int] = {}
    for room, others in MAY.items():
        level[room] = 1 + max((level[other] for other in others), default=-1)
    assert max(level.values()) < MOST_LEVELS, level


def arrows(path: Path) -> set[str]:
    """The modules of ours that a module imports, by name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "readiness":
            found |= {(node.module, alias.name) for alias in node.names}
    names = {name_of(path).removesuffix("/__init__") for path in modules()}
    whole = {f"{module}.{name}".removeprefix("readiness.").replace(".", "/") for module, name in found}
    return {name if name in names else name.rpartition("/")[0] for name in whole} & names


def test_no_module_imports_itself_by_way_of_others() -> None:
    names = {name_of(path).removesuffix("/__init__"): path for path in modules()}
    graph = {name: arrows(path) for name, path in names.items()}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join([*above[above.index(name) :], name])
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("path", sorted((ROOT / "checks").glob("*.py")), ids=lambda path: path.stem)
def test_a_check_reaches_no_transport(path: Path) -> None:
    assert ours(path) <= {"checking"}
    assert not {"socket", "subprocess", "paramiko", "os"} & {name.split(".")[0] for name, _ in imports(path)}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_library_stands_in_its_place(path: Path) -> None:
    for name, at_top in imports(path):
        library = name.split(".")[0]
        if library in ONLY_IN:
            assert name_of(path).startswith(ONLY_IN[library] or "nowhere"), f"{library} in {name_of(path)}"
        if library in LAZY and not name_of(path).startswith(("demo/", "custom/child/backend")):  # imported late itself
            assert not at_top, f"{library} is imported where it is used"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_one_place_prints_exits_and_reads_the_environment(path: Path) -> None:
    if part_of(path) == "cli":
        return
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
    assert not calls & {"print", "sys.exit", "exit", "os._exit", "os.getenv", "input"}
    # pytest is a command line of its own, so what it starts reads the passwords that the estate names, too.
    assert "os.environ" not in path.read_text() or name_of(path) == "gate/session"


@pytest.mark.parametrize("path", sorted((PACKAGE / "core").glob("*.py")), ids=lambda path: path.stem)
def test_the_core_is_standard_library_only(path: Path) -> None:
    import sys  # noqa: PLC0415

    assert {name.split(".")[0] for name, _ in imports(path)} <= sys.stdlib_module_names | CORE_STANDARD_LIBRARY_ONLY


# What opens files by itself: the guarded open, a run's own folder, and what only opens files of the package.
OPENS = (
    *("files/guarded", "run_folder/place", "run_folder/safe_files", "demo/"),
    *("configs/format", "gate/collecting", "policies/__init__", "probes/reading", "products/catalogue"),
    *("planning/readers", "renderers/output"),  # of the package; the null device
    *("transports/shells/powershell", "estate/custom", "transports/winrm/target"),  # within a guard; of memory only
)
OPENING = {"open", "os.open", "io.open", "os.scandir", "os.walk", "glob"}
OPENING_METHODS = {"read_text", "read_bytes", "iterdir", "rglob", "from_path", "from_private_key_file"}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_files_that_somebody_names_come_through_the_guarded_open(path: Path) -> None:
    if name_of(path).startswith(OPENS):
        return
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    methods = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    assert not ({ast.unparse(call) for call in calls} & OPENING | methods & OPENING_METHODS)
