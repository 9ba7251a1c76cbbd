"""The layer of a Red Hat-like host: no dpkg, and an rpm database that holds small packages of the lab's own."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.layers import BASE, Layer
from tests.lab.packages import DPKG_INFO, stanzas
from tests.lab.roles import files_of, write_bacula_folders

_RELEASE = "Rocky Linux release 9.4 (Blue Onyx)\n"
_OS_RELEASE = """NAME="Rocky Linux"
VERSION="9.4 (Blue Onyx)"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.4"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"
CPE_NAME="cpe:/o:rocky:rocky:9::baseos"
REDHAT_SUPPORT_PRODUCT="Rocky Linux"
REDHAT_SUPPORT_PRODUCT_VERSION="9.4"
"""
_DEBIAN_PROGRAMS = ("dpkg*", "apt*", "debconf*", "deb-systemd*", "ucf*", "invoke-rc.d", "update-rc.d")
_DEBIAN_FOLDERS = ("var/lib/dpkg", "var/lib/apt", "var/cache/apt", "var/lib/ucf", "etc/dpkg", "etc/debian_version",
                   "usr/lib/dpkg", "usr/share/dpkg", "usr/lib/apt")  # fmt: skip
# Debian's names of units and Red Hat's.
_UNITS = {"ssh.service": "sshd.service", "chrony.service": "chronyd.service"}
_UNIT_FOLDER = "usr/lib/systemd/system"
_CLIENT_FILES = ("usr/sbin/bacula-fd", f"{_UNIT_FOLDER}/bacula-fd.service")
_SPEC = """Name: bacula-client
Version: 9.6.7
Release: 1.el9
Summary: Bacula backup client
License: AGPLv3
AutoReqProv: no
Requires: bacula-libs = 9.6.7-1.el9

%description
Bacula's file daemon.

%package -n bacula-libs
Summary: Bacula's libraries
AutoReqProv: no

%description -n bacula-libs
What Bacula's daemons share.

%package -n glibc
Summary: What every host of this family has
AutoReqProv: no

%description -n glibc
The C library, by name only.

%files
{client}

%files -n glibc

%files -n bacula-libs
{libraries}
"""


def write_redhat(layer: Layer) -> None:
    """Turn a host into a client of the Red Hat family."""
    libraries = _libraries()
    _hide_debian(layer, kept={*_CLIENT_FILES, *libraries})
    write_bacula_folders(layer)
    layer.write("usr/lib/os-release", _OS_RELEASE)
    for name in ("redhat-release", "rocky-release", "system-release"):
        layer.write(f"etc/{name}", _RELEASE)
    for debian, redhat in _UNITS.items():
        _rename_unit(layer, debian, redhat)
    layer.write("etc/rpm/macros.dbpath", "%_dbpath /var/lib/rpm\n")  # Debian's rpm looks in the user's home
    _write_database(layer, libraries)


def _libraries() -> list[str]:
    paths = (str(path.relative_to(BASE)) for path in sorted((BASE / "usr/lib/bacula").glob("libbac*.so")))
    return [path for path in paths if "sql" not in path and "cats" not in path]


def _hide_debian(layer: Layer, kept: set[str]) -> None:
    for name in stanzas():
        if name.startswith("bacula") and (DPKG_INFO / f"{name}.list").is_file():
            for path in files_of(name):
                if path not in kept:
                    layer.hide(path)
    for folder in ("usr/bin", "usr/sbin"):
        for pattern in _DEBIAN_PROGRAMS:
            for program in (BASE / folder).glob(pattern):
                layer.hide(str(program.relative_to(BASE)))
    for path in _DEBIAN_FOLDERS:
        layer.hide(path)


def _rename_unit(layer: Layer, debian: str, redhat: str) -> None:
    text = (BASE / _UNIT_FOLDER / debian).read_text()
    layer.hide(f"{_UNIT_FOLDER}/{debian}")
    kept = [line for line in text.splitlines() if not line.startswith("Alias=")]
    layer.write(f"{_UNIT_FOLDER}/{redhat}", "\n".join(kept) + "\n")
    configured = "etc/systemd/system"
    layer.hide_upper(f"{configured}/{redhat}")
    layer.hide_upper(f"{configured}/multi-user.target.wants/{debian}")
    layer.link(f"{configured}/multi-user.target.wants/{redhat}", f"/{_UNIT_FOLDER}/{redhat}")
    if debian == "chrony.service":
        layer.write(f"{configured}/{redhat}.d/lab.conf", "[Unit]\nConditionCapability=\n")


def _write_database(layer: Layer, libraries: list[str]) -> None:
    with tempfile.TemporaryDirectory(dir=layer.root.parent) as name:
        work = Path(name)
        packages = _build(work, libraries)
        database = work / "database"
        _run("rpm", "--dbpath", str(database), "--initdb")
        _run("rpm", "--dbpath", str(database), "--install", "--justdb", "--nodeps", "--force-debian", *packages)
        layer.empty("var/lib/rpm")
        for file in database.iterdir():
            layer.copy(f"var/lib/rpm/{file.name}", file)


def _build(work: Path, libraries: list[str]) -> list[str]:
    root = work / "root"
    for path in (*_CLIENT_FILES, *libraries):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(BASE / path, root / path, follow_symlinks=False)
    spec = work / "bacula.spec"
    listed = {"client": _CLIENT_FILES, "libraries": libraries}
    spec.write_text(_SPEC.format(**{name: "\n".join(f"/{path}" for path in paths) for name, paths in listed.items()}))
    defines = {
        "_topdir": str(work),
        "_dbpath": str(work / "database"),
        "_build_id_links": "none",
        "__os_install_post": "%{nil}",
        "debug_package": "%{nil}",
    }
    options = [part for name, value in defines.items() for part in ("--define", f"{name} {value}")]
    _run("rpmbuild", "-bb", "--quiet", "--noclean", "--buildroot", str(root), *options, str(spec))
    return [str(path) for path in sorted((work / "RPMS").rglob("*.rpm"))]


def _run(*argv: str) -> None:
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{argv[0]}: status {done.returncode}: {done.stderr.strip()}")
