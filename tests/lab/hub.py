"""The lab's network: a bridge in a namespace of its own, and one link to it from the namespace of the caller."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.lab import network
from tests.lab.errors import LabError
from tests.lab.kernel import Cgroup, interface_alias
from tests.lab.plan import MAX_LABS, Plan

GROUP = "hub"
_START = 'echo $$ >"$LAB_CGROUP/cgroup.procs"; exec unshare --net -- sleep infinity'
_TIME = (
    'echo $$ >"$LAB_CGROUP/cgroup.procs"; '
    'exec nsenter --net="/proc/$LAB_HUB/ns/net" -- chronyd -x -d -F 0 -u root -f "$LAB_SETTINGS"'
)
_LOCKED = "/run"
_DEADLINE_S = 5.0


def start(cgroup: Cgroup, plan: Plan) -> int:
    """Start the process that holds the bridge's namespace, make the bridge; returns the process."""
    environment = {"LAB_CGROUP": str(cgroup.path / GROUP)}
    cgroup.detach(["/bin/sh", "-euc", _START], environment, plan.state / "log" / "hub.log")
    hub = _wait(cgroup)
    inside = ["nsenter", f"--net=/proc/{hub}/ns/net", "--", "ip", "link"]
    cgroup.run([*inside, "add", "br0", "type", "bridge"])
    cgroup.run([*inside, "set", "br0", "up"])
    return hub


def connect(cgroup: Cgroup, plan: Plan, hub: int) -> Plan:
    """Join the caller's namespace to the bridge, in a subnet that no other lab has; returns the plan with it."""
    with _one_at_a_time():
        plan = replace(plan, subnet=_free_subnet())
        plan.save()
        peer = ["type", "veth", "peer", "name", "uplink", "netns", str(hub)]
        cgroup.run(["ip", "link", "add", plan.interface, *peer])
        cgroup.run(["ip", "link", "set", plan.interface, "alias", plan.name])
    cgroup.run(["ip", "address", "add", f"{plan.admin_address}/24", "dev", plan.interface])
    cgroup.run(["ip", "link", "set", plan.interface, "up"])
    inside = ["nsenter", f"--net=/proc/{hub}/ns/net", "--", "ip", "link", "set", "uplink"]
    cgroup.run([*inside, "master", "br0"])
    cgroup.run([*inside, "up"])
    _keep_time(cgroup, plan, hub)
    return plan


def _keep_time(cgroup: Cgroup, plan: Plan, hub: int) -> None:
    """Start the site's time server on the bridge; it ends with the group."""
    cgroup.run(
        ["nsenter", f"--net=/proc/{hub}/ns/net", "--", "ip", "address", "add", f"{plan.time_address}/24", "dev", "br0"]
    )
    settings = plan.state / "log" / "chrony.conf"
    settings.write_text(network.time_server(plan))
    environment = {"LAB_CGROUP": str(cgroup.path / GROUP), "LAB_HUB": str(hub), "LAB_SETTINGS": str(settings)}
    cgroup.detach(["/bin/sh", "-euc", _TIME], environment, plan.state / "log" / "chronyd.log")


def disconnect(plan: Plan) -> None:
    """Wait until the link is gone, which follows from the end of the bridge's namespace."""
    deadline = time.monotonic() + _DEADLINE_S
    while interface_alias(plan.interface) in {plan.name, ""}:
        if time.monotonic() > deadline:
            raise LabError(f"the interface {plan.interface} is still there")
        time.sleep(0.02)


def set_port(cgroup: Cgroup, hub: int, port: str, *, up: bool) -> None:
    """Plug or unplug the cable of one host."""
    state = "up" if up else "down"
    cgroup.run(["nsenter", f"--net=/proc/{hub}/ns/net", "--", "ip", "link", "set", port, state])


def find(cgroup: Cgroup) -> int | None:
    """The process that holds the bridge's namespace."""
    ours = Path("/proc/self/ns/net").readlink()
    for pid in cgroup.processes(GROUP):
        try:
            if Path(f"/proc/{pid}/ns/net").readlink() != ours:
                return pid
        except OSError:
            continue
    return None


def _wait(cgroup: Cgroup) -> int:
    deadline = time.monotonic() + _DEADLINE_S
    while time.monotonic() < deadline:
        if pid := find(cgroup):
            return pid
        time.sleep(0.005)
    raise LabError("the process that holds the bridge did not start")


def _free_subnet() -> int:
    for subnet in range(MAX_LABS):
        if interface_alias(f"rlab{subnet}") is None:
            return subnet
    raise LabError(f"{MAX_LABS} labs are up already")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Keep two labs from choosing the same subnet; the lock is on a folder that is always there."""
    descriptor = os.open(_LOCKED, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
