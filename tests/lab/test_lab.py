"""The lab itself: it comes up, is what it claims to be, takes every fault and its undo, and leaves nothing behind."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import yaml

from tests.lab import debs, faults
from tests.lab.errors import LabError
from tests.lab.fixtures import require_lab
from tests.lab.jobs import backup, console
from tests.lab.kernel import Cgroup, interface_alias
from tests.lab.lab import Lab
from tests.lab.login import login
from tests.lab.plan import STATE_FILE, Plan

REPOSITORY = Path(__file__).parents[2]
HOST = "client02"
READ = "printf %064d 0 | sudo -n /usr/local/sbin/readiness-read"

_TELLING = ("cgroup", "cmdline", "mountinfo")
Fault = Callable[[Lab], AbstractContextManager[None]]


def test_every_host_runs_with_its_own_daemon_only(lab: Lab) -> None:
    units = ("bacula-director", "bacula-sd", "bacula-fd")
    for name, host in lab.hosts.items():
        assert lab.exec(name, "systemctl", "is-system-running").stdout == "running\n"
        states = lab.exec(name, "systemctl", "is-active", *units, check=False).stdout.split()
        assert [unit for unit, state in zip(units, states, strict=True) if state == "active"] == [host.daemon]


def test_every_host_has_only_the_packages_of_its_role(lab: Lab) -> None:
    query = ("dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n", "bacula-*")
    installed: dict[str, set[str]] = {}
    for name in ("dir01", "sd01", "client01"):
        pairs = (line.split() for line in lab.exec(name, *query).stdout.splitlines())
        installed[name] = {package for status, package in pairs if status == "installed"}
    assert installed["client01"] == {"bacula-common", "bacula-fd"}
    assert installed["sd01"] == {"bacula-common", "bacula-common-sqlite3", "bacula-sd"}
    assert "bacula-director" in installed["dir01"]
    assert not installed["dir01"] & {"bacula-fd", "bacula-sd"}


def test_every_host_is_itself(lab: Lab) -> None:
    for name, host in lab.hosts.items():
        said = login(lab, name, "cat /etc/machine-id; hostname; hostname --fqdn; id -nG").stdout.split()
        assert said == [host.machine_id, name, host.fqdn, "readiness"]
        for other in lab.hosts.values():
            assert lab.exec(name, "getent", "hosts", other.address).stdout.split()[1] == other.fqdn
    assert len({host.machine_id for host in lab.hosts.values()}) == len(lab.hosts)


def test_the_login_user_may_run_one_command_as_root(lab: Lab) -> None:
    lab.exec("dir01", "visudo", "-cf", "/etc/sudoers.d/readiness")
    assert "/usr/sbin/bacula-dir\n" in login(lab, "dir01", READ).stdout
    assert login(lab, "dir01", "sudo -n /usr/bin/id").returncode != 0
    assert login(lab, "dir01", "id -un", user="root").stdout == "root\n"


def test_the_clocks_are_synchronised(lab: Lab) -> None:
    for name in lab.hosts:
        assert "Leap status     : Normal" in login(lab, name, "chronyc -n tracking").stdout


def test_the_firewall_drops_what_nobody_needs(lab: Lab) -> None:
    address = lab.hosts["client01"].address
    with pytest.raises(TimeoutError):
        socket.create_connection((address, 9102), timeout=0.5)
    lab.exec("dir01", "bash", "-c", f"exec 3<>/dev/tcp/{address}/9102")


def test_a_backup_job_ends_well(lab: Lab) -> None:
    assert backup(lab, "client01") == "Backup OK"


def test_the_director_speaks_only_tls(lab: Lab) -> None:
    plain = "grep -v TLS /etc/bacula/bconsole.conf > /tmp/plain.conf; echo quit | bconsole -c /tmp/plain.conf"
    assert "TLS" in lab.exec("dir01", "sh", "-c", plain, check=False).stdout
    assert "1000 OK" in console(lab)


def test_the_estate_folder_names_every_host(lab: Lab) -> None:
    estate = yaml.safe_load((lab.estate / "estate.yaml").read_text())
    assert list(estate["hosts"]) == list(lab.hosts)
    assert (lab.estate / estate["ssh"]["identity_file"]).stat().st_mode & 0o777 == 0o600
    assert len((lab.estate / "known_hosts").read_text().splitlines()) == len(lab.hosts)


def said(command: str) -> Callable[[Lab], str]:
    """What the login user is told by a command, or why there was no login."""

    def observe(lab: Lab) -> str:
        done = login(lab, HOST, command)
        return done.stdout.strip() if done.returncode != 255 else done.stderr.strip().splitlines()[-1]

    return observe


def clock(lab: Lab) -> str:
    """The host's clock against ours, to ten seconds."""
    return str(round((int(login(lab, HOST, "date +%s").stdout) - time.time()) / 10) * 10)


VERSION = said("dpkg-query -Wf '${Version}' bacula-fd; systemctl is-active bacula-fd")
SERVICE = said("systemctl is-active bacula-fd; systemctl is-enabled bacula-fd")
LOGIN = said("echo in")
SUDO = said(f"{READ} 2>&1 | grep -c '\t/usr/sbin/bacula-fd$'")
MACHINE_ID = said("cat /etc/machine-id")
STALE = said(
    f"dpkg-query -Wf '${{Version}} ' bacula-fd; {READ} | grep -q 'bacula-fd (deleted)$' && echo deleted;"
    'started=$(date -d "$(ps -o lstart= -C bacula-fd)" +%s);'
    "test $(stat -c %Y /var/lib/dpkg/info/bacula-fd.list) -gt $started && echo newer"
)


@pytest.mark.parametrize(
    ("fault", "observe", "planted"),
    [
        (lambda lab: faults.other_package_version(lab, HOST), VERSION, "9.6.6-1active"),
        (lambda lab: faults.client_newer_than_director(lab, HOST), VERSION, "11.0.6-1active"),
        (lambda lab: faults.daemon_stopped(lab, HOST), SERVICE, "inactive\nenabled"),
        (lambda lab: faults.daemon_disabled(lab, HOST), SERVICE, "active\ndisabled"),
        (lambda lab: faults.daemon_not_restarted(lab, HOST), STALE, "{version} deleted\nnewer"),
        (lambda lab: faults.wrong_host_key(lab, HOST), LOGIN, "Host key verification failed."),
        (lambda lab: faults.sshd_stopped(lab, HOST), LOGIN, "{connect}: Connection refused"),
        (lambda lab: faults.ssh_dropped(lab, HOST), LOGIN, "{connect}: Connection timed out"),
        (lambda lab: faults.login_refused(lab, HOST), LOGIN, "readiness@{address}: Permission denied (publickey)."),
        (lambda lab: faults.sudo_rule_missing(lab, HOST), SUDO, "0"),
        (lambda lab: faults.same_machine_id(lab, HOST, "client01"), MACHINE_ID, "{other_machine_id}"),
        (lambda lab: faults.clock_off(lab, HOST), clock, "600"),
        (lambda lab: faults.unplugged(lab, HOST), LOGIN, "{connect}: Connection timed out"),
    ],
)  # fmt: skip
def test_a_fault_can_be_planted_and_undone(lab: Lab, fault: Fault, observe: Callable[[Lab], str], planted: str) -> None:
    values = {
        "version": debs.installed_version("bacula-fd"),
        "address": lab.hosts[HOST].address,
        "connect": f"ssh: connect to host {lab.hosts[HOST].address} port 22",
        "other_machine_id": lab.hosts["client01"].machine_id,
    }
    clean = observe(lab)
    with fault(lab):
        assert observe(lab) == planted.format(**values)
    assert observe(lab) == clean


def test_the_lab_is_clean_after_all_faults(lab: Lab) -> None:
    assert VERSION(lab) == f"{debs.installed_version('bacula-fd')}active"
    assert lab.exec(HOST, "systemctl", "is-system-running").stdout == "running\n"
    assert lab.exec(HOST, "dpkg", "--audit").stdout == ""
    assert backup(lab, HOST) == "Backup OK"


def test_a_red_hat_host_answers_through_rpm_in_a_second_lab_beside_the_first(lab: Lab, tmp_path: Path) -> None:
    with Lab.up(tmp_path / "state", clients=1, redhat=True) as other:
        assert other.plan.network != lab.plan.network
        assert login(other, "client-rh", "rpm -qf /usr/sbin/bacula-fd").stdout == "bacula-client-9.6.7-1.el9.x86_64\n"
        verified = login(other, "client-rh", "rpm -V bacula-client bacula-libs; . /etc/os-release; echo $ID").stdout
        assert verified == "rocky\n"
        assert login(other, "client-rh", "command -v dpkg dpkg-query apt-get").stdout == ""
        active = login(other, "client-rh", "systemctl is-active sshd chronyd bacula-fd").stdout.split()
        assert active == ["active"] * 3
        assert backup(other, "client-rh") == "Backup OK"
    assert login(lab, "client01", "echo in").stdout == "in\n"


def test_down_leaves_nothing_behind(tmp_path: Path) -> None:
    require_lab()
    state = tmp_path / "state"
    before = _surroundings()
    lab = Lab.up(state, clients=1)
    assert _traces(lab.plan)
    lab.down()
    assert _traces_left(lab.plan) == []
    assert _surroundings() == before
    lab.down()


def test_up_refuses_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    require_lab()
    (tmp_path / "mine").touch()
    with pytest.raises(LabError, match="not empty"):
        Lab.up(tmp_path)
    assert (tmp_path / "mine").exists()


def test_a_failed_up_takes_itself_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_lab()
    state = tmp_path / "state"
    monkeypatch.setattr("tests.lab.lab._BOOT", tmp_path / "no-such-script")
    monkeypatch.setattr("tests.lab.lab._BOOT_DEADLINE_S", 0.5)
    with pytest.raises(LabError, match="did not boot"):
        Lab.up(state)
    assert _traces_left(Plan(state, 3, redhat=False)) == []


@pytest.mark.parametrize("moment", [STATE_FILE, "hub", "dir01/init.scope", "client02/init.scope"])
def test_down_after_up_was_killed_half_way(tmp_path: Path, moment: str) -> None:
    require_lab()
    state = tmp_path / "state"
    plan = Plan(state, 3, redhat=False)
    group = Cgroup(plan.name)
    with subprocess.Popen(_command("up", state), cwd=REPOSITORY, stdout=subprocess.DEVNULL) as process:
        while not (state / moment).exists() and not group.processes(moment):
            assert process.poll() is None
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    subprocess.run(_command("down", state), cwd=REPOSITORY, check=True)
    assert _traces_left(plan) == []


def test_the_command_line_passes_the_exit_status_on(lab: Lab) -> None:
    state = lab.plan.state
    done = subprocess.run([*_command("exec", state), "dir01", "--", "sh", "-c", "hostname; exit 7"],
                          cwd=REPOSITORY, capture_output=True, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (7, "dir01\n")
    printed = subprocess.run(_command("estate", state), cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert printed.stdout == f"{lab.estate}\n"


def _command(name: str, state: Path) -> list[str]:
    return [sys.executable, "-m", "tests.lab", name, "--state", str(state)]


def _surroundings() -> tuple[list[str], list[str], str]:
    """What a lab must not change: the mounts and interfaces around it (but other labs'), the named namespaces."""
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    interfaces = {path.name for path in Path("/sys/class/net").iterdir() if not path.name.startswith("rlab")}
    return mounts, sorted(interfaces), names


def _traces(plan: Plan) -> list[str]:
    """Everything on this machine that still belongs to a lab."""
    found = [str(path) for path in (plan.state, Cgroup(plan.name).path) if path.exists()]
    found += [f"rlab{number}" for number in range(16) if interface_alias(f"rlab{number}") == plan.name]
    for process in Path("/proc").glob("[0-9]*"):
        found += [str(process / name) for name in _TELLING if _mentions(process / name, plan)]
    return found


def _traces_left(plan: Plan) -> list[str]:
    """What is left after `down`, once this machine's init has collected the processes that ended."""
    deadline = time.monotonic() + 5
    while (found := _traces(plan)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _mentions(file: Path, plan: Plan) -> bool:
    try:
        content = file.read_bytes()
    except OSError:
        return False
    return plan.name.encode() in content or bytes(plan.state) in content
