"""Do the product's daemons listen where others look for them, and does nobody else."""

from readiness.checking import (
    Baseline,
    Estate,
    Facts,
    Holder,
    Host,
    Inputs,
    Listening,
    OsRelease,
    RoleOnHost,
    Services,
    Socket,
    Target,
    agreed,
    check,
    comparable,
    each_host,
    each_listening_role,
    expect,
    expect_that,
    file_name,
    login_ports,
    roles,
    unknown,
)

NEEDS = (Listening, Services, OsRelease)


def _ports(held: RoleOnHost) -> tuple[int, ...]:
    return held.role.ports.tcp if held.role.ports else ()


def _told(sockets: list[Socket]) -> str:
    return ", ".join(map(str, sockets)) or "nobody listens"


def _sockets(held: RoleOnHost, facts: Facts) -> list[Socket]:
    """The sockets on the role's ports; where one lacks since a daemon does not run, that is SVC-002's to report."""
    sockets = [one for one in facts.need(Listening).sockets if one.port in _ports(held)]
    if _on_every_port(held, sockets):
        return sockets
    services = facts.need(Services)
    units = held.role.services_for(facts.need(OsRelease).family)
    if down := [unit for unit in units if services.called(unit).active_state != "active"]:
        unknown(f"{', '.join(down)} does not run", blocked_by=f"SVC-002 {held.id}")
    return sockets


def _on_every_port(held: RoleOnHost, sockets: list[Socket]) -> bool:
    return {one.port for one in sockets} == set(_ports(held))


def _all_sockets(held: RoleOnHost, facts: Facts) -> list[Socket]:
    """The same, at least one a port; a port without one is LSN-001's to report."""
    sockets = _sockets(held, facts)
    if not _on_every_port(held, sockets):
        unknown("not all of the role's ports are listened on", blocked_by=f"LSN-001 {held.id}")
    return sockets


@check(
    "LSN-001",
    severity="blocker",
    targets=each_listening_role,
    needs=NEEDS,
    remedy="Let the daemon listen on the product's port; its journal says why it does not.",
    source="the product's catalogue entry, ports; proc_net(5)",
)
def test_port_of_the_role_is_listened_on(target: Target, facts: Facts) -> None:
    """Somebody listens on the role's ports."""
    sockets = _sockets(target.subject, facts)
    for port in _ports(target.subject):
        here = [one for one in sockets if one.port == port]
        expect_that(bool(here), expected=f"port {port} listened on", found=f"port {port}: {_told(here)}")


@check(
    "LSN-002",
    severity="blocker",
    targets=each_listening_role,
    needs=NEEDS,
    remedy="Stop what took the port, then start the product's daemon.",
    source="the product's catalogue entry, programs; proc_pid_exe(5)",
)
def test_port_of_the_role_is_the_product_s(target: Target, facts: Facts) -> None:
    """It is the product's own program that listens on the role's ports.

    A port that another program took first looks open to everybody who only knocks.
    """
    held: RoleOnHost = target.subject
    programs = held.role.programs_for(facts.need(OsRelease).family)
    if not programs:
        unknown(f"the catalogue names no program of {held.role.name} for this host's family")
    own_programs = set(map(comparable, programs))
    listening = facts.need(Listening)
    for one in _all_sockets(held, facts):
        holders = facts.part(Listening, listening.holders)[one.inode]
        if not holders:
            unknown(f"no process was seen that holds {one}")
        own = [
            f"{one} {holder.program} (process {holder.pid})"
            for holder in holders
            if comparable(holder.program) in own_programs
        ]
        others = [f"{one} {holder.program} (process {holder.pid})" for holder in holders]
        expect_that(bool(own), expected=f"{one} held by {' or '.join(programs)}", found=", ".join(own or others))


@check(
    "LSN-003",
    severity="blocker",
    targets=each_listening_role,
    needs=NEEDS,
    remedy="Give the daemon the host's own address in its configuration (Debian's template has 127.0.0.1).",
    source="products.md section 1: must not be loopback in an estate of several hosts",
)
def test_port_of_the_role_is_open_to_others(target: Target, facts: Facts, estate: Estate) -> None:
    """The role's ports are listened on at more than a loopback address.

    A daemon on 127.0.0.1 works for whoever tries it on the host itself, and for nobody else.
    """
    sockets = _all_sockets(target.subject, facts)
    for port in _ports(target.subject):
        here = [one for one in sockets if one.port == port]
        expect_that(
            len(estate.hosts) == 1 or any(not one.is_loopback for one in here),
            expected=f"port {port} on an address that others reach",
            found=_told(here),
        )


def _own_ports(host: Host, inputs: Inputs) -> set[int]:
    """The ports of the host's roles, and those that our own login comes in by."""
    mine = (held for held in roles(inputs) if held.host.name == host.name)
    return {*login_ports(host), *(port for held in mine for port in _ports(held))}


def _process(holder: Holder, host: Host) -> str:
    """The file name of its program, on Windows in small letters; `System` has no file."""
    name = file_name(holder.program)
    return name.lower() if host.os == "windows" else name


@check(
    "LSN-004",
    severity="minor",
    targets=each_host,
    needs=(Listening,),
    remedy="Stop what nobody needs, or declare it in baseline.yaml, listening.",
    source="CIS Distribution Independent Linux Benchmark, section 2: only approved services listen",
)
def test_nobody_else_listens(target: Target, facts: Facts, baseline: Baseline, inputs: Inputs) -> None:
    """Nothing listens that was not declared.

    Declared are the products' ports, that of SSH or WinRM, and those of the baseline; what only listens on a loopback
    address is left out, since no other host can reach it.
    """
    host = inputs.estate.hosts[target.id]
    also = [
        (one.port, one.process.lower() if host.os == "windows" else one.process)
        for one in agreed(baseline, "listening.also", baseline.listening_also)
        if not one.groups or set(one.groups) & set(host.groups)
    ]
    ports = _own_ports(host, inputs)
    listening = facts.need(Listening)
    strange = []
    for one in listening.sockets:
        if one.port in ports or one.is_loopback:
            continue
        holders = facts.part(Listening, listening.holders)[one.inode]
        names = sorted({_process(holder, host) for holder in holders})
        if not names or any((one.port, name) not in also for name in names):
            strange.append(f"{one} {', '.join(names) or 'of no process that was seen'}")
    expect(strange, equals=[], what="undeclared listeners:")
