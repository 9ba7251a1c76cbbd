"""One folder of users' tests in a pytest session, whether it collects or runs them.

testinfra's own plugin and its `host` fixture are used as they are; we only name the hosts.
"""

from __future__ import annotations

import inspect
import io
import os
import sys
from collections import Counter
from contextlib import redirect_stderr
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from readiness.core.text import one_line
from readiness.custom.child.backend import NAME, Ask, connect
from readiness.custom.child.parent import Parent
from readiness.custom.phases import ESTATE

HOST = "_testinfra_host"
_SCHEMES = ("ssh://", "safe-ssh://", "paramiko://", "ansible://")
# A suite may neither narrow a run nor report on it; `pytest11.testinfra` is the name of testinfra's plugin.
_OPTIONS = (
    *("-o", "addopts="),
    *("-p", "pytest11.testinfra"),
    *("-p", "no:cacheprovider"),
    *("-p", "no:terminal"),
    *("-p", "no:junitxml"),
    # It is of testinfra, which is here before pytest is, and would be an error where a suite makes warnings errors.
    *("-W", "ignore:Module already imported so cannot be rewritten"),
)


@dataclass(frozen=True, slots=True)
class Test:
    """A test on one target: its name, the same on all targets, its title and its `file:line`.

    `scope` is where pytest found it, `file::Class::function`, and `code` where it is written, `file:line`.
    """

    name: str
    target: str
    title: str
    location: str
    scope: str
    code: str


_TEST = pytest.StashKey[Test]()


class Suite:
    """What collecting and running have in common: the hosts, and what is wrong with the tests."""

    def __init__(self, job: dict[str, Any], parent: Parent) -> None:
        self.parent = parent
        self._folder: str = job["folder"]
        self._root = Path(job["root"])
        self._hosts_of_it: list[str] = job["hosts"]
        self._known: dict[str, list[str]] = job["known"]
        self._groups: dict[str, list[str]] = job["groups"]
        self._sudo_prefix: str = job["sudo_prefix"]
        self._inventory: dict[str, Any] = job["inventory"]
        self._times: Counter[tuple[str, str]] = Counter()
        self._problems = 0
        self._complete = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Tell testinfra's plugin, which comes after this, the hosts of this test and our connection."""
        if HOST in metafunc.fixturenames:
            option = metafunc.config.option
            option.hosts, option.connection = ",".join(self._hosts(metafunc.module)), NAME

    def _hosts(self, module: Any) -> list[str]:
        """The hosts of the folder, or those of them that the module names in `testinfra_hosts`."""
        wanted = getattr(module, "testinfra_hosts", None)
        if wanted is None:
            return self._hosts_of_it
        specs = wanted if isinstance(wanted, list | tuple) else [wanted]
        named = [self._named(spec) for spec in specs]
        names = [name for name in self._hosts_of_it if any(name in hosts for hosts in named)]
        if all(named) and names:
            return names
        spec = next((spec for spec, hosts in zip(specs, named, strict=True) if not hosts), specs)
        known = ", ".join([*self._known, *self._groups])
        message = f"testinfra_hosts: {one_line(str(spec), 80)} is no host of the estate that this folder is for"
        self._complain(Path(module.__file__), message, f"name hosts or groups of the estate: {known}")
        return self._hosts_of_it

    def _named(self, spec: object) -> frozenset[str]:
        """The hosts that an entry of `testinfra_hosts` names; how it would reach them is not asked."""
        if not isinstance(spec, str):
            return frozenset()
        name = next((spec.removeprefix(scheme) for scheme in _SCHEMES if spec.startswith(scheme)), spec)
        return frozenset(
            host
            for host, others in self._known.items()
            if name == "all"
            or name in others
            or fnmatchcase(host, name)
            or any(host in self._groups[group] for group in self._groups if fnmatchcase(group, name))
        )

    def _complain(self, file: Path, message: str, hint: str = "") -> None:
        self._problems += 1
        self.parent.say("problem", file=str(self._root / file), message=message, hint=hint)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Collecting came to its end; a suite that stops it has not shown all its tests. None lets them run."""
        self._complete = True
        self.parent.say("collected", functions=list(map(str, session.config.getini("python_functions"))))
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Name it once and for all: parameters that are joined to the same name are told apart by a number."""
        test = self._test(item)
        self._times[test.name, test.target] += 1
        number = self._times[test.name, test.target]
        item.stash[_TEST] = test if number == 1 else replace(test, name=f"{test.name}#{number}")

    def test(self, item: pytest.Item) -> Test:
        """The item by the name it has on every host."""
        return item.stash.get(_TEST, None) or self._test(item)

    def _test(self, item: pytest.Item) -> Test:
        callspec: Any = getattr(item, "callspec", None)
        host = callspec.params.get(HOST) if callspec is not None else None
        name, target = item.name, ESTATE
        function = getattr(item, "originalname", item.name)
        if host is not None:
            target = host.backend.get_hostname()
            own = [part for part in callspec._idlist if part != host.backend.get_pytest_id()]  # noqa: SLF001
            name = function + (f"[{'-'.join(own)}]" if own else "")
        above = item.nodeid.removesuffix(item.name)
        file, line, _ = item.location
        text = (getattr(getattr(item, "obj", None), "__doc__", None) or "").strip()
        plain = function.removeprefix("test_").replace("_", " ")
        return Test(
            name=f"{self._folder}/{above}{name}",
            target=target,
            title=text.splitlines()[0].rstrip(".") if text else plain,
            location=f"{self._folder}/{file}:{(line or 0) + 1}",
            scope=f"{self._folder}/{above}{function}",
            code=self._code(getattr(item, "obj", None)),
        )

    def _code(self, function: object) -> str:
        """Where a function is written, below the decorators that say so; nothing where it is not in this folder."""
        code: Any = getattr(inspect.unwrap(function) if callable(function) else None, "__code__", None)
        if code is None or not (file := Path(code.co_filename)).is_relative_to(self._root):
            return ""
        return f"{self._folder}/{file.relative_to(self._root).as_posix()}:{code.co_firstlineno}"

    def say_test(self, test: Test) -> None:
        """Tell of a test that was found."""
        self.parent.say("test", **asdict(test))

    def run_pytest(self, ask: Ask | None) -> None:
        """Have pytest collect the folder and do what this plugin says; what stops it is a problem."""
        connect(ask, self.refused, self._sudo_prefix, self._inventory)
        # What lies compiled beside the tests is neither read nor kept with a run: only the tests themselves are.
        sys.dont_write_bytecode, sys.pycache_prefix = True, f"{os.devnull}/none"
        settings = self._root / "pytest.ini"
        options = ["-c", str(settings if settings.is_file() else os.devnull), "--rootdir", str(self._root)]
        errors = io.StringIO()
        with redirect_stderr(errors):
            try:
                arguments = [*options, "--confcutdir", str(self._root), *_OPTIONS, str(self._root)]
                code: object = pytest.main(arguments, [self])
            except SystemExit as error:
                code = f"SystemExit({error.code})"
        if not self._complete and not self._problems:
            lines = errors.getvalue().strip().splitlines() or [f"pytest ended with {code}"]
            self._complain(self._root, f"does not load: {one_line(lines[-1])}")

    def refused(self, message: str) -> None:
        """A test asked for what it is refused."""
