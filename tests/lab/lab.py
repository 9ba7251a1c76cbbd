"""A running lab: bringing it up, running commands in its hosts, taking it down."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import build, estate_files, hub
from tests.lab.errors import LabError
from tests.lab.kernel import Cgroup
from tests.lab.packages import missing
from tests.lab.plan import MAX_CLIENTS, NEW_STATE_FILE, STATE_FILE, Host, Plan

_BOOT = Path(__file__).with_name("boot.sh")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BOOT_DEADLINE_S = 20.0
_EXEC_DEADLINE_S = 60.0
_OWN_FILES = ("id_ed25519", "id_ed25519.pub", "estate", "layers", "mount", "log", "packages",
              NEW_STATE_FILE, STATE_FILE)  # fmt: skip


class Lab:
    """The lab of one state folder."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.cgroup = Cgroup(plan.name)
        self._inits: dict[str, int] = {}

    @classmethod
    def up(cls, state: Path, clients: int = 3, *, redhat: bool = False) -> Self:
        """Bring a lab up in an empty folder; what was begun is taken down again when that fails."""
        _refuse_if_impossible(clients)
        state = state.resolve()
        state.mkdir(parents=True, exist_ok=True)
        if any(state.iterdir()):
            raise LabError(f"{state} is not empty; `down` first if a lab was here")
        lab = cls(Plan(state, clients, redhat))
        lab.plan.save()
        try:
            lab._start()
        except BaseException:
            lab.down()
            raise
        return lab

    @classmethod
    def attach(cls, state: Path) -> Self:
        """Find the lab that was brought up in a folder, even one that had only just begun."""
        if (state / STATE_FILE).exists():
            return cls(Plan.load(state))
        if (state / NEW_STATE_FILE).exists():
            return cls(Plan(state.resolve(), 0, redhat=False))
        raise LabError(f"no lab in {state}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.down()

    @property
    def hosts(self) -> dict[str, Host]:
        return self.plan.hosts

    @property
    def estate(self) -> Path:
        return self.plan.state / estate_files.FOLDER

    @property
    def identity_file(self) -> Path:
        return self.plan.state / "id_ed25519"

    def exec(
        self, host: str, *argv: str, check: bool = True, stdin: str = "", deadline_s: float = _EXEC_DEADLINE_S
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root inside a host."""
        done = subprocess.run(
            self.command(host, *argv), input=stdin, capture_output=True, text=True, check=False, timeout=deadline_s
        )
        if check and done.returncode:
            raise LabError(f"{host}: {' '.join(argv)}: status {done.returncode}: {done.stderr.strip()}")
        return done

    def command(self, host: str, *argv: str) -> list[str]:
        """The command line that runs a command inside a host."""
        spaces = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd")
        environment = (f"PATH={_PATH}", "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive")
        enter = ["nsenter", f"--target={self.init_of(host)}", *spaces]
        return [*enter, "--", "/usr/bin/env", "-i", *environment, *argv]

    def root(self, host: str) -> Path:
        """A host's root folder as seen from here; absolute links inside do not lead where they should."""
        return Path(f"/proc/{self.init_of(host)}/root")

    def is_active(self, host: str, unit: str) -> bool:
        """Whether a unit runs."""
        return self.exec(host, "systemctl", "is-active", "--quiet", unit, check=False).returncode == 0

    def plug(self, host: str, *, connected: bool) -> None:
        """Take a host off the network, or put it back."""
        holder = hub.find(self.cgroup)
        if holder is None:
            raise LabError("the lab's network is down")
        hub.set_port(self.cgroup, holder, _port(self.hosts[host]), up=connected)

    def down(self) -> None:
        """Kill every process of the lab and remove every trace of it; what is gone already is no error.

        Processes that ended stay visible until the machine's init has collected them.
        """
        self.cgroup.destroy()
        hub.disconnect(self.plan)
        for name in _OWN_FILES:
            _remove(self.plan.state / name)
        if self.plan.state.is_dir() and not any(self.plan.state.iterdir()):
            self.plan.state.rmdir()

    def _start(self) -> None:
        for name in ("log", "mount"):
            (self.plan.state / name).mkdir()
        self.cgroup.make(hub.GROUP, *self.hosts)
        holder = hub.start(self.cgroup, self.plan)
        self.plan = hub.connect(self.cgroup, self.plan, holder)
        host_keys = build.write_layers(self.plan)
        for host in self.hosts.values():
            self._boot(host, holder)
        with ThreadPoolExecutor(len(self.hosts)) as pool:
            list(pool.map(self._wait_until_ready, self.hosts))
        estate_files.write_estate(self.plan, host_keys)

    def _boot(self, host: Host, holder: int) -> None:
        state = self.plan.state
        environment = {
            "LAB_CGROUP": str(self.cgroup.path / host.name),
            "LAB_HUB": str(holder),
            "LAB_NAME": host.name,
            "LAB_PORT": _port(host),
            "LAB_ADDRESS": f"{host.address}/24",
            "LAB_MOUNT": str(state / "mount"),
            "LAB_LAYERS": "\n".join(map(str, build.layers_of(self.plan, host))),
        }
        self.cgroup.detach(["/bin/sh", str(_BOOT)], environment, state / "log" / f"{host.name}.log")

    def _wait_until_ready(self, host: str) -> None:
        self._wait(host, "did not boot", lambda: self._init_or_none(host) is not None)
        self._wait(host, "systemd is not ready", lambda: self._state(host) not in {"starting", "initializing", ""})
        if (state := self._state(host)) != "running":
            failed = self.exec(host, "systemctl", "--failed", "--no-legend", check=False).stdout
            raise LabError(f"{host} is {state}: {failed.strip()}")
        daemon = self.hosts[host].daemon
        self._wait(host, f"{daemon} is not running", lambda: self.is_active(host, daemon))
        self._wait(host, "the clock is not synchronised", lambda: self._leap(host) == "Normal")

    def _wait(self, host: str, complaint: str, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _BOOT_DEADLINE_S
        while not done():
            if time.monotonic() > deadline:
                log = (self.plan.state / "log" / f"{host}.log").read_text(errors="replace")
                raise LabError(f"{host}: {complaint} after {_BOOT_DEADLINE_S:.0f} s\n{log}")
            time.sleep(0.1)

    def _state(self, host: str) -> str:
        if not Path(f"/proc/{self.init_of(host)}/root/run/systemd/private").exists():
            return ""
        return self.exec(host, "systemctl", "is-system-running", check=False).stdout.strip()

    def _leap(self, host: str) -> str:
        lines = self.exec(host, "chronyc", "tracking", check=False).stdout.splitlines()
        fields = (line.partition(":") for line in lines)
        return next((value.strip() for name, _, value in fields if name.startswith("Leap")), "")

    def init_of(self, host: str) -> int:
        """A host's first process, as seen from here."""
        pid = self._init_or_none(host)
        if pid is None:
            raise LabError(f"{host} is not running")
        return pid

    def _init_or_none(self, host: str) -> int | None:
        known = self._inits.get(host)
        if known is None or known not in self.cgroup.processes(f"{host}/init.scope"):
            known = self.cgroup.init_of(f"{host}/init.scope")
            if known is not None:
                self._inits[host] = known
        return known


def _port(host: Host) -> str:
    return f"p{host.address.rpartition('.')[2]}"


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _refuse_if_impossible(clients: int) -> None:
    if os.geteuid() != 0:
        raise LabError("the lab needs root")
    if wanted := missing():
        raise LabError(f"packages are missing (python -m tests.lab prepare): {' '.join(wanted)}")
    if not 1 <= clients <= MAX_CLIENTS:
        raise LabError(f"a lab has between 1 and {MAX_CLIENTS} clients")
