"""One folder of users' tests in a pytest session of its own, whether it collects or runs them.

testinfra's own plugin and its `host` fixture are used as they are; we only name the hosts.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from readiness.core.errors import Problem
from readiness.core.text import one_line
from readiness.custom.backend import NAME, connected_through
from readiness.custom.naming import ESTATE
from readiness.estate import CustomChecks, Estate

HOST = "_testinfra_host"
_SCHEMES = ("ssh://", "safe-ssh://", "paramiko://", "ansible://")
# A suite may neither narrow a run nor report on it; `pytest11.testinfra` is the name of testinfra's plugin.
_OPTIONS = (
    *("-o", "addopts="),
    *("-p", "pytest11.testinfra"),
    *("-p", "no:cacheprovider"),
    *("-p", "no:terminal"),
    *("-p", "no:junitxml"),
)


@dataclass(frozen=True, slots=True)
class Test:
    """A test on one target: its name, the same on all targets, its title and its `file:line`."""

    name: str
    target: str
    title: str
    location: str


class Suite:
    """What collecting and running have in common: the hosts, and what is wrong with the tests."""

    def __init__(self, suite: CustomChecks, estate: Estate, folder: Path) -> None:
        self.problems: list[Problem] = []
        self._suite, self._estate, self._folder = suite, estate, folder
        self._root = folder / suite.folder
        self._complete = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Tell testinfra's plugin, which comes after this, the hosts of this test and our connection."""
        if HOST in metafunc.fixturenames:
            option = metafunc.config.option
            option.hosts, option.connection = ",".join(self._hosts(metafunc.module)), NAME

    def _hosts(self, module: Any) -> tuple[str, ...]:
        """The hosts of the folder, or those of them that the module names in `testinfra_hosts`."""
        wanted = getattr(module, "testinfra_hosts", None)
        if wanted is None:
            return self._suite.hosts
        specs = wanted if isinstance(wanted, list | tuple) else [wanted]
        named = [self._named(spec) for spec in specs]
        names = tuple(name for name in self._suite.hosts if any(name in hosts for hosts in named))
        if all(named) and names:
            return names
        spec = next((spec for spec, hosts in zip(specs, named, strict=True) if not hosts), specs)
        known = ", ".join([*self._estate.hosts, *self._estate.groups])
        message = f"testinfra_hosts: {one_line(str(spec), 80)} is no host of the estate that this folder is for"
        self._complain(Path(module.__file__), message, f"name hosts or groups of the estate: {known}")
        return self._suite.hosts

    def _named(self, spec: object) -> frozenset[str]:
        """The hosts that an entry of `testinfra_hosts` names; how it would reach them is not asked."""
        if not isinstance(spec, str):
            return frozenset()
        name = next((spec.removeprefix(scheme) for scheme in _SCHEMES if spec.startswith(scheme)), spec)
        return frozenset(
            host.name
            for host in self._estate.hosts.values()
            if name == "all"
            or name in {host.fqdn, host.address}
            or any(fnmatchcase(known, name) for known in (host.name, *host.groups))
        )

    def _complain(self, file: Path, message: str, hint: str = "") -> None:
        self.problems.append(Problem(str(self._folder / file), 0, 0, message, hint))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        """Collecting came to its end; a suite that stops it has not shown all its tests. None lets them run."""
        self._complete = True
        return None

    def _test(self, item: pytest.Item) -> Test:
        """The item by the name it has on every host."""
        callspec: Any = getattr(item, "callspec", None)
        host = callspec.params.get(HOST) if callspec is not None else None
        name, target = item.name, ESTATE
        if host is not None:
            target = host.backend.get_hostname()
            own = [part for part in callspec._idlist if part != host.backend.get_pytest_id()]  # noqa: SLF001
            name = getattr(item, "originalname", item.name) + (f"[{'-'.join(own)}]" if own else "")
        above = item.nodeid.removesuffix(item.name)
        file, line, _ = item.location
        text = (getattr(getattr(item, "obj", None), "__doc__", None) or "").strip()
        plain = getattr(item, "originalname", item.name).removeprefix("test_").replace("_", " ")
        return Test(
            name=f"{self._suite.folder}/{above}{name}",
            target=target,
            title=text.splitlines()[0].rstrip(".") if text else plain,
            location=f"{self._suite.folder}/{file}:{(line or 0) + 1}",
        )

    def main(self, ask: Any, sudo_limit_s: float) -> None:
        """Have pytest collect the folder and do what this plugin says; what stops it is a problem."""
        settings = self._root / "pytest.ini"
        options = ["-c", str(settings if settings.is_file() else os.devnull), "--rootdir", str(self._root)]
        errors = io.StringIO()
        with _apart(self._root), connected_through(ask, sudo_limit_s), redirect_stderr(errors):
            try:
                arguments = [*options, "--confcutdir", str(self._root), *_OPTIONS, str(self._root)]
                code: object = pytest.main(arguments, [self])
            except SystemExit as error:
                code = f"SystemExit({error.code})"
        if not self._complete and not self.problems:
            lines = errors.getvalue().strip().splitlines() or [f"pytest ended with {code}"]
            self._complain(self._root, f"does not load: {one_line(lines[-1])}")


@contextmanager
def _apart(root: Path) -> Iterator[None]:
    """Leave neither modules nor paths nor compiled files behind, so that folders cannot mistake each other's."""
    path, quiet, compiled = list(sys.path), sys.dont_write_bytecode, sys.pycache_prefix
    # What lies compiled beside the tests is neither read nor kept with a run: only the tests themselves are.
    sys.dont_write_bytecode, sys.pycache_prefix = True, f"{os.devnull}/none"
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode, sys.pycache_prefix = path, quiet, compiled
        for name, module in list(sys.modules.items()):
            if Path(str(getattr(module, "__file__", None) or "/")).is_relative_to(root):
                del sys.modules[name]
