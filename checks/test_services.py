"""Do the product's daemons run, will they after a reboot, and are they what is installed."""

from readiness.checking import (
    Facts,
    OsRelease,
    Packages,
    Processes,
    RoleOnHost,
    Service,
    Services,
    TargetOf,
    check,
    each_role,
    expect,
    expect_that,
    has_service,
    unknown,
)


def _services(own: RoleOnHost, facts: Facts) -> dict[str, Service]:
    """The role's units on this host's family, as systemd knows them."""
    family = facts.need(OsRelease).family
    units = own.role.services_for(family)
    if not units:
        unknown(f"the catalogue names no service of {own.role.name} for the {family} family")
    services = facts.need(Services)
    return {unit: services.called(unit) for unit in units}


@check(
    "SVC-001",
    severity="major",
    targets=each_role(has_service),
    needs=(Services, OsRelease),
    remedy="Enable it (systemctl enable; Set-Service -StartupType Automatic), so that it runs after the next reboot.",
    source="systemctl(1), is-enabled",
)
def test_service_is_enabled(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """The role's services are enabled.

    A daemon that runs and is not enabled is gone after the next reboot, weeks after anybody looked.
    """
    services = _services(target.subject, facts)
    states = {unit: service.unit_file_state or service.load_state for unit, service in services.items()}
    expect(states, equals=dict.fromkeys(states, "enabled"))


@check(
    "SVC-002",
    severity="blocker",
    targets=each_role(has_service),
    needs=(Services, OsRelease),
    remedy="Start it (systemctl start; Start-Service) and read its journal or the System log for why it was down.",
    source="systemctl(1), is-active",
)
def test_service_is_running(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """The role's services are running."""
    services = _services(target.subject, facts)
    states = {unit: f"{service.active_state} ({service.sub_state})" for unit, service in services.items()}
    expect(states, equals=dict.fromkeys(states, "active (running)"))


@check(
    "SVC-003",
    severity="major",
    targets=each_role(has_service),
    needs=(Services, OsRelease, Packages, Processes),
    remedy="Restart the service, so that what runs is what is installed.",
    source="proc_pid_exe(5): a replaced program reads `(deleted)`",
)
def test_running_process_is_what_is_installed(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """The running process is not older than its installed package.

    After an upgrade without a restart the package list shows the new version while the old one runs.
    """
    own = target.subject
    for unit, service in _services(own, facts).items():
        if service.active_state == "active" and service.main_pid is None:
            unknown(f"systemd knows no main process of {unit}, so its age cannot be told")
        if service.main_pid is None or service.started_at_s is None:
            unknown(f"{unit} does not run", blocked_by=f"SVC-002 {target.id}")
        processes = facts.need(Processes)
        if service.main_pid in processes.unreadable:
            unknown(f"the program of process {service.main_pid} of {unit} cannot be read")
        program = processes.executables.get(service.main_pid)
        if program is None:
            unknown(f"process {service.main_pid} of {unit} ended while it was looked at")
        expect_that(
            not program.deleted,
            expected=f"{unit} runs the installed program",
            found=f"{program.path}" + (", replaced since the process started" if program.deleted else ""),
        )
        _expect_not_older(own, unit, service.started_at_s, facts)


def _expect_not_older(own: RoleOnHost, unit: str, started_at_s: int, facts: Facts) -> None:
    packages = facts.need(Packages)
    names = own.role.package_names(facts.need(OsRelease).family)
    installed = [package for name in names for package in packages.called(name)]
    if not installed:
        unknown("none of the role's packages is installed", blocked_by=f"VER-001 {own.id}")
    times = [package.installed_at_s for package in installed if package.installed_at_s is not None]
    if packages.manager == "windows" and not times:
        return  # it keeps none; that a program was replaced shows in its file
    if len(times) != len(installed):
        unknown("not every package of the role tells when it was installed")
    newest = max(times)
    expect_that(
        started_at_s >= newest,
        expected=f"{unit} started after its packages were installed",
        found=f"started {started_at_s - newest} s after"
        if started_at_s >= newest
        else f"started {newest - started_at_s} s before",
    )
