"""The parts of the kernel a lab is made of: its cgroup, its processes, its namespaces."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.lab.errors import LabError

_JOIN = 'echo $$ >"$0/cgroup.procs"; exec "$@"'
_KILL_DEADLINE_S = 10.0
_PAUSE_S = 0.02


def cgroup_mount() -> Path:
    """Where the unified cgroup hierarchy is mounted."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, folder, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(folder)
    raise LabError("no cgroup2 hierarchy is mounted on this machine")


class Cgroup:
    """All processes of one lab: what was started into it can be found and killed, whoever started it."""

    def __init__(self, name: str) -> None:
        self.path = cgroup_mount() / name

    def make(self, *names: str) -> None:
        """Make the group and groups inside it."""
        for folder in (self.path, *(self.path / name for name in names)):
            folder.mkdir(exist_ok=True)

    def run(self, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
        """Run a command inside the group and return what it printed."""
        return _checked(["/bin/sh", "-euc", _JOIN, str(self.path), *argv], environment)

    def detach(self, argv: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        """Start a command of its own session, which joins a group by itself and outlives this process."""
        with log.open("ab") as output:
            command = ["setsid", "--fork", "--", *argv]
            subprocess.run(
                command,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=True,
            )

    def processes(self, name: str = "") -> list[int]:
        """The processes in the group, or in one inside it, with all groups below."""
        found: list[int] = []
        for folder, _, _ in os.walk(self.path / name):
            with contextlib.suppress(OSError):
                found += [int(line) for line in (Path(folder) / "cgroup.procs").read_text().split()]
        return found

    def init_of(self, name: str) -> int | None:
        """The process of a group that is 1 in a process namespace of its own."""
        return next((pid for pid in self.processes(name) if _is_init(pid)), None)

    def destroy(self) -> None:
        """Kill every process of the group and remove it; a process that joins meanwhile is killed, too."""
        deadline = time.monotonic() + _KILL_DEADLINE_S
        while self.path.is_dir():
            with contextlib.suppress(OSError):
                (self.path / "cgroup.kill").write_text("1")
            for folder in self._deepest_first():
                with contextlib.suppress(OSError):
                    folder.rmdir()
            if time.monotonic() > deadline:
                raise LabError(f"processes {self.processes()} did not die within {_KILL_DEADLINE_S:.0f} s")
            if self.path.is_dir():
                time.sleep(_PAUSE_S)

    def _deepest_first(self) -> Iterator[Path]:
        for folder, _, _ in os.walk(self.path, topdown=False):
            yield Path(folder)


def _is_init(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    spaces = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
    return len(spaces) > 1 and spaces[-1] == "1"


def _checked(argv: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    merged = {**os.environ, **(environment or {})}
    done = subprocess.run(argv, env=merged, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(argv[4:] or argv)}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def interface_alias(name: str) -> str | None:
    """What an interface of this process' network namespace was named for; None when there is no such interface."""
    try:
        return Path("/sys/class/net", name, "ifalias").read_text().strip()
    except OSError:
        return None
