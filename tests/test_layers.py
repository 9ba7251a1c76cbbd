"""Who may import whom: the paragraph of the design as a table, kept with the standard library's `ast`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "readiness"

# What a part may import of ours, besides itself. The parts stand in the order the data flows.
MAY: dict[str, set[str]] = {
    "core": set(),
    "transports": {"core"},
    "configs": {"core"},
    "probes": {"core", "configs"},
    "renderers": {"core"},
    "versions": {"core"},
    "estate": {"core"},
    "products": {"core"},
    "journals": {"core", "safe_files"},
    "safe_files": {"core"},
    "run_folder": {"core", "journals", "safe_files"},
    "targets": {"core", "estate", "products"},
    "certificates": set(),
    "snapshots": {"estate", "probes"},
    "clusters": {"core", "estate", "probes"},
    "configured": {"configs", "core", "estate", "probes", "targets"},
    "commands": {"core", "probes", "products"},
    "plan": {"commands", "configs", "core", "estate", "probes", "products", "snapshots", "targets"},
    "collect": {"core", "probes", "transports"},
    "connect": {"core", "estate", "targets", "transports"},
    "gate": {"core", "plan", "targets"},
    "custom": {"core", "estate", "plan", "run_folder", "targets", "transports"},
    "plugin": {"core", "estate", "gate", "targets"},
    "runs": {
        *("core", "collect", "estate", "gate", "journals", "plan", "probes", "products"),
        *("renderers", "run_folder", "targets", "transports"),
    },
    "session": {
        *("__version__", "core", "connect", "gate", "plan", "plugin"),
        *("renderers", "run_folder", "runs", "transports"),
    },
    "__main__": {"cli"},
    "demo": {"core", "cli", "transports"},
}
# A check reads facts and states expectations: it cannot open a socket.
CHECKS_MAY = {
    "certificates",
    "clusters",
    "configs",
    "configured",
    "core",
    "estate",
    "plugin",
    "probes",
    "products",
    "snapshots",
    "versions",
}

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
    "subprocess": (),
    "pytest": ("plugin", "session", "cli", "custom/"),
    "testinfra": ("custom/backend",),
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
    if part in {"cli", "__init__"}:
        return
    assert ours(path) <= MAY[part] | {part}, f"{part} may import {sorted(MAY[part])}"


@pytest.mark.parametrize("path", sorted((ROOT / "checks").glob("*.py")), ids=lambda path: path.stem)
def test_a_check_reaches_no_transport(path: Path) -> None:
    assert ours(path) <= CHECKS_MAY
    assert not {"socket", "subprocess", "paramiko", "os"} & {name.split(".")[0] for name, _ in imports(path)}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_library_stands_in_its_place(path: Path) -> None:
    for name, at_top in imports(path):
        library = name.split(".")[0]
        if library in ONLY_IN:
            assert name_of(path).startswith(ONLY_IN[library] or "nowhere"), f"{library} in {name_of(path)}"
        if library in LAZY and not name_of(path).startswith(("demo/", "custom/backend")):  # imported late itself
            assert not at_top, f"{library} is imported where it is used"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_one_place_prints_exits_and_reads_the_environment(path: Path) -> None:
    if part_of(path) == "cli":
        return
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
    assert not calls & {"print", "sys.exit", "exit", "os._exit", "os.getenv", "input"}
    # pytest is a command line of its own, so what it starts reads the passwords that the estate names, too.
    assert "os.environ" not in path.read_text() or part_of(path) == "session"


@pytest.mark.parametrize("path", sorted((PACKAGE / "core").glob("*.py")), ids=lambda path: path.stem)
def test_the_core_is_standard_library_only(path: Path) -> None:
    import sys  # noqa: PLC0415

    assert {name.split(".")[0] for name, _ in imports(path)} <= sys.stdlib_module_names | CORE_STANDARD_LIBRARY_ONLY
