"""Is the host beneath the products fit: memory, limits, time zone, kernel, nothing failed and no reboot due."""

from readiness.checking import (
    Baseline,
    Boot,
    Facts,
    FailedUnits,
    Host,
    Inputs,
    Machine,
    OpenFiles,
    OsRelease,
    RoleOnHost,
    Target,
    TargetOf,
    agreed,
    check,
    each_host,
    each_linux_host,
    each_role,
    expect,
    expect_that,
    failed,
    has_service,
    not_applicable,
    roles,
    unknown,
    versions,
    windows_zone,
)


def is_linux_daemon(own: RoleOnHost) -> bool:
    """Whether it runs a service on a Linux host: only there is such a limit."""
    return has_service(own) and own.host.os == "linux"


@check(
    "HST-001",
    severity="major",
    targets=each_host,
    needs=(Machine,),
    remedy="Give the host more memory, or agree on less in baseline.yaml, host.",
    source="proc_meminfo(5), MemTotal, what is built in less what the kernel keeps; "
    "https://learn.microsoft.com/windows/win32/cimwin32prov/win32-operatingsystem",
)
def test_memory_is_enough(target: Target, facts: Facts, baseline: Baseline) -> None:
    """The host has the memory that was agreed."""
    least_bytes = agreed(baseline, "host.min_memory_bytes", target, facts)
    _expect_size("memory", facts.need(Machine).memory_bytes, least_bytes)


@check(
    "HST-002",
    severity="major",
    targets=each_host,
    needs=(Machine,),
    remedy="Add swap, on Windows room in paging files, or agree on less in baseline.yaml, host.",
    source="proc_meminfo(5), SwapTotal; https://learn.microsoft.com/windows/win32/cimwin32prov/win32-operatingsystem",
)
def test_swap_is_enough(target: Target, facts: Facts, baseline: Baseline) -> None:
    """The host has the swap that was agreed."""
    least_bytes = agreed(baseline, "host.min_swap_bytes", target, facts)
    _expect_size("swap", facts.need(Machine).swap_bytes, least_bytes)


def _expect_size(what: str, size_bytes: int, least_bytes: int) -> None:
    expect_that(
        size_bytes >= least_bytes,
        expected=f"at least {least_bytes / (1 << 30):.2f} GiB of {what}",
        found=f"{size_bytes / (1 << 30):.2f} GiB of {what}",
    )


@check(
    "HST-003",
    severity="major",
    targets=each_role(is_linux_daemon),
    needs=(OpenFiles, OsRelease),
    remedy="Set LimitNOFILE= in a drop-in of the unit and restart it.",
    source="systemd.exec(5), LimitNOFILE; proc_pid_limits(5)",
)
def test_daemon_may_open_enough_files(target: TargetOf[RoleOnHost], facts: Facts, baseline: Baseline) -> None:
    """The role's daemons may have as many files open as was agreed.

    Each job takes some connections and files; a daemon that runs out of them fails jobs on the busiest night.
    """
    least = agreed(baseline, "host.min_open_files", target, facts)
    own = target.subject
    units = own.role.services_for(facts.need(OsRelease).family)
    limits = facts.need(OpenFiles).limits
    if not units or any(unit not in limits for unit in units):
        unknown(f"no unit of {own.role.name} was read")
    for unit in units:
        limit = limits[unit]
        if limit == 0:
            unknown(f"{unit} does not run", blocked_by=f"SVC-002 {target.id}")
        expect_that(
            limit is None or limit >= least,
            expected=f"{unit} with at least {least} open files",
            found=f"{unit} {'unlimited' if limit is None else limit}",
        )


@check(
    "HST-004",
    severity="major",
    targets=each_host,
    needs=(Machine,),
    remedy="Set the agreed one (timedatectl set-timezone; Set-TimeZone): schedules go by the host's own.",
    source="localtime(5); https://github.com/unicode-org/cldr/blob/main/common/supplemental/windowsZones.xml",
)
def test_time_zone_is_as_agreed(target: TargetOf[Host], facts: Facts, baseline: Baseline) -> None:
    """The time zone is the agreed one.

    Backup windows are written in local time: hosts of other zones start hours apart.
    """
    zone = agreed(baseline, "host.time_zone", target, facts)
    wanted = windows_zone(zone) if target.subject.os == "windows" else zone
    if wanted is None:
        unknown(f"Windows has no name for the time zone {zone} that is known here")
    expect(facts.part(Machine, facts.need(Machine).time_zone), equals=wanted, what="time zone")


@check(
    "HST-005",
    severity="major",
    targets=each_linux_host,
    needs=(Boot, Machine, OsRelease),
    remedy="Reboot into the newest kernel before the cutover, or remove the one that is not wanted.",
    source="uname(2); file-hierarchy(7), /boot",
)
def test_running_kernel_is_the_newest_installed(facts: Facts) -> None:
    """The running kernel is the newest that is installed.

    Otherwise the next reboot brings a kernel that this service was never tried on.
    """
    machine, boot = facts.need(Machine), facts.need(Boot)
    if container := facts.part(Machine, machine.container):
        not_applicable(f"systemd-detect-virt says {container}: a container runs its host's kernel")
    installed = facts.part(Boot, boot.installed)
    if not installed:
        unknown("no kernel is installed in /boot, so what the next reboot brings cannot be told")
    family = facts.need(OsRelease).family
    newest = max(installed, key=lambda name: versions.Version.parse(name, family))
    expect(boot.kernel, equals=newest, what="kernel")


@check(
    "HST-006",
    severity="major",
    targets=each_linux_host,
    needs=(Boot,),
    remedy="Reboot the host before the cutover.",
    source="needs-restarting(1), its list of packages; Debian Policy Manual, Signaling that a reboot is required",
)
def test_no_reboot_is_due(facts: Facts) -> None:
    """No reboot is due: nothing was installed since the last one that only a reboot brings into use."""
    boot = facts.need(Boot)
    if boot.asked_by is not None:
        packages = boot.asked_by or "no package that is named"
        failed(expected="no reboot due", found=f"/run/reboot-required, for {packages}")
    since = facts.part(Boot, boot.since)
    expect(since, equals=(), what="installed since the last reboot:")


@check(
    "HST-007",
    severity="major",
    targets=each_linux_host,
    needs=(Machine,),
    remedy="Set SELinux or AppArmor as agreed, and try a backup and a restore with it.",
    source="selinux(8); apparmor(7)",
)
def test_access_control_is_as_agreed(target: Target, facts: Facts, baseline: Baseline) -> None:
    """SELinux or AppArmor is as agreed.

    A policy switched on later stops daemons that were only ever tried without it.
    """
    wanted = agreed(baseline, "host.mandatory_access_control", target, facts)
    expect(facts.part(Machine, facts.need(Machine).access_control), equals=wanted, what="mandatory access control")


@check(
    "HST-008",
    severity="major",
    targets=each_host,
    needs=(FailedUnits, OsRelease),
    remedy="Mend the unit, or disable it and systemctl reset-failed it when nobody needs it.",
    source="systemctl(1), list-units --failed; https://learn.microsoft.com/windows/win32/cimwin32prov/win32-service",
)
def test_no_unit_has_failed(target: Target, facts: Facts, inputs: Inputs) -> None:
    """No unit has failed; those of the products are the services' own to report.

    On Windows a service that starts by itself, ended and left an exit code.
    """
    family = facts.need(OsRelease).family
    own = {unit for role in roles(inputs) if role.host.name == target.id for unit in role.role.services_for(family)}
    units = [unit for unit in facts.need(FailedUnits).units if unit not in own]
    expect(units, equals=[], what="failed units:")
