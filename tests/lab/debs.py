"""Debian packages repacked from the installed ones: another version, or other bytes under the same version."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.lab.layers import BASE
from tests.lab.packages import DPKG_INFO, stanzas

_SCRIPTS = ("preinst", "postinst", "prerm", "postrm", "conffiles", "triggers", "shlibs")
# Bytes after the end of an ELF file change nothing but the file.
_REBUILT = b"\nrebuilt\n"


def installed_version(package: str) -> str:
    """The version of a package in the base system."""
    return _field(stanzas()[package], "Version")


def repack(folder: Path, package: str, version: str, rebuilt: str | None = None) -> Path:
    """Pack the installed files under a version; `rebuilt` names a file that gets other bytes."""
    name = f"{package}_{version}{'_rebuilt' if rebuilt else ''}"
    archive = folder / f"{name}.deb"
    if archive.exists():
        return archive
    tree = folder / name
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "DEBIAN").mkdir(parents=True)
    _copy_files(tree, package)
    _write_control(tree / "DEBIAN", package, version)
    if rebuilt:
        with (tree / rebuilt.lstrip("/")).open("ab") as file:
            file.write(_REBUILT)
    command = ["dpkg-deb", "--build", "--root-owner-group", "-Znone", str(tree), str(archive)]
    subprocess.run(command, check=True, capture_output=True)
    shutil.rmtree(tree)
    return archive


def _copy_files(tree: Path, package: str) -> None:
    for line in (DPKG_INFO / f"{package}.list").read_text().splitlines():
        source = Path(line)
        target = tree / source.relative_to(BASE)
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif os.path.lexists(source):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def _write_control(folder: Path, package: str, version: str) -> None:
    fields = _fields(stanzas()[package])
    dropped = {"Status", "Conffiles", "Version"}
    kept = [text for name, text in fields if name not in dropped]
    (folder / "control").write_text("\n".join([*kept, f"Version: {version}"]) + "\n")
    for script in _SCRIPTS:
        source = DPKG_INFO / f"{package}.{script}"
        if source.is_file():
            shutil.copy2(source, folder / script)


def _fields(stanza: str) -> list[tuple[str, str]]:
    """Split an entry into its fields, each with the lines that continue it."""
    fields: list[tuple[str, str]] = []
    for line in stanza.splitlines():
        if line[:1].isspace() and fields:
            name, text = fields[-1]
            fields[-1] = (name, f"{text}\n{line}")
        elif line:
            fields.append((line.partition(":")[0], line))
    return fields


def _field(stanza: str, name: str) -> str:
    return next(text.partition(":")[2].strip() for field, text in _fields(stanza) if field == name)
