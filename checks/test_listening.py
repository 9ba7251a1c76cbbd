"""Do the product's daemons listen where others look for them, and does nobody else."""

from readiness.checking import (
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
    TargetOf,
    agreed,
    check,
    comparable,
    each_host,
    each_role,
    expect,
    expect_that,
    file_name,
    listens,
    login_ports,
    roles,
    undeclared_on,
    unknown,
)

NEEDS = (Listening, Services, OsRelease)


def _ports(own: RoleOnHost) -> tuple[int, ...]:
    return own.role.ports.tcp if own.role.ports else ()


def _listed(sockets: list[Socket]) -> str:
    return ", ".join(map(str, sockets)) or "nobody listens"


def _sockets(own: RoleOnHost, facts: Facts) -> list[Socket]:
    """The sockets on the role's ports; SVC-002 reports a daemon that does not run and so has none."""
    sockets = [socket for socket in facts.need(Listening).sockets if socket.port in _ports(own)]
    if _on_every_port(own, sockets):
        return sockets
    services = facts.need(Services)
    units = own.role.services_for(facts.need(OsRelease).family)
    if down := [unit for unit in units if services.called(unit).active_state != "active"]:
        unknown(f"{', '.join(down)} does not run", blocked_by=f"SVC-002 {own.id}")
    return sockets


def _on_every_port(own: RoleOnHost, sockets: list[Socket]) -> bool:
    return {socket.port for socket in sockets} == set(_ports(own))


def _all_sockets(own: RoleOnHost, facts: Facts) -> list[Socket]:
    """The sockets on the role's ports, at least one a port; LSN-001 reports a port without one."""
    sockets = _sockets(own, facts)
    if not _on_every_port(own, sockets):
        unknown("not all of the role's ports are listened on", blocked_by=f"LSN-001 {own.id}")
    return sockets


@check(
    "LSN-001",
    severity="blocker",
    targets=each_role(listens),
    needs=NEEDS,
    remedy="Let the daemon listen on the product's port; its journal says why it does not.",
    source="readiness/products/*.yaml, ports; proc_net(5)",
)
def test_port_of_the_role_is_listened_on(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """Somebody listens on the role's ports."""
    sockets = _sockets(target.subject, facts)
    for port in _ports(target.subject):
        here = [socket for socket in sockets if socket.port == port]
        expect_that(bool(here), expected=f"port {port} listened on", found=f"port {port}: {_listed(here)}")


@check(
    "LSN-002",
    severity="blocker",
    targets=each_role(listens),
    needs=NEEDS,
    remedy="Stop what took the port, then start the product's daemon.",
    source="readiness/products/*.yaml, programs; proc_pid_exe(5)",
)
def test_port_of_the_role_is_the_product_s(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """It is the product's own program that listens on the role's ports.

    A port that another program took first looks open to everybody who only knocks.
    """
    own = target.subject
    programs = own.role.programs_for(facts.need(OsRelease).family)
    if not programs:
        unknown(f"the catalogue names no program of {own.role.name} for this host's family")
    wanted = set(map(comparable, programs))
    listening = facts.need(Listening)
    for socket in _all_sockets(own, facts):
        holders = facts.part(Listening, listening.holders)[socket.inode]
        if not holders:
            unknown(f"no process was seen that holds {socket}")
        ours = [holder for holder in holders if comparable(holder.program) in wanted]
        expect_that(
            bool(ours),
            expected=f"{socket} held by {' or '.join(programs)}",
            found=", ".join(f"{socket} {holder.program} (process {holder.pid})" for holder in ours or holders),
        )


@check(
    "LSN-003",
    severity="blocker",
    targets=each_role(listens),
    needs=NEEDS,
    remedy="Give the daemon the host's own address in its configuration (Debian's template has 127.0.0.1).",
    source="RFC 1122 section 3.2.1.3 (nothing that is sent to 127.0.0.0/8 leaves the host)",
)
def test_port_of_the_role_is_open_to_others(target: TargetOf[RoleOnHost], facts: Facts, estate: Estate) -> None:
    """The role's ports are listened on at more than a loopback address.

    A daemon on 127.0.0.1 works for whoever tries it on the host itself, and for nobody else.
    """
    sockets = _all_sockets(target.subject, facts)
    for port in _ports(target.subject):
        here = [socket for socket in sockets if socket.port == port]
        expect_that(
            len(estate.hosts) == 1 or any(not socket.is_loopback for socket in here),
            expected=f"port {port} on an address that others reach",
            found=_listed(here),
        )


def _own_ports(host: Host, inputs: Inputs) -> set[int]:
    """The ports of the host's roles, and those that our own login comes in by."""
    own = (role for role in roles(inputs) if role.host.name == host.name)
    return {*login_ports(host), *(port for role in own for port in _ports(role))}


def _process(holder: Holder, host: Host) -> str:
    """The file name of its program, on Windows in small letters; `System` has no file."""
    name = file_name(holder.program)
    return name.lower() if host.os == "windows" else name


def _programs_of_others(host: Host, inputs: Inputs) -> dict[str, str]:
    """The file names of the programs of roles that the host does not declare, and the pair that is about them.

    It is empty where it was agreed that the role may be there.
    """
    baseline = inputs.baseline

    def may_be_there(key: str) -> bool:
        exemption = baseline.not_agreed_on(key, host.name)
        return exemption is not None and not baseline.is_over(exemption)

    return {
        file_name(program): "" if may_be_there(subject.key) else f"ROL-001 {subject.role.id}"
        for subject in undeclared_on(host, inputs)
        for program in subject.signs.programs
    }


@check(
    "LSN-004",
    severity="minor",
    targets=each_host,
    needs=(Listening,),
    remedy="Stop what nobody needs, or declare it in baseline.yaml, listening.",
    source="CIS Distribution Independent Linux Benchmark, section 2: only approved services listen",
)
def test_nobody_else_listens(target: TargetOf[Host], facts: Facts, inputs: Inputs) -> None:
    """Nothing listens that was not declared.

    Declared are the products' ports, that of SSH or WinRM, and those of the baseline; what only listens on a loopback
    address is left out, since no other host can reach it. The programs of a product's role that the host does not
    declare are left to ROL-001.
    """
    host = target.subject
    declared = [
        (listener.port, listener.process.lower() if host.os == "windows" else listener.process)
        for listener in agreed(inputs.baseline, "listening.also", target, facts, inputs)
        if not listener.groups or set(listener.groups) & set(host.groups)
    ]
    ports = _own_ports(host, inputs)
    listening = facts.need(Listening)
    strange: dict[Socket, set[str]] = {}
    for socket in listening.sockets:
        if socket.port in ports or socket.is_loopback:
            continue
        holders = facts.part(Listening, listening.holders)[socket.inode]
        names = {_process(holder, host) for holder in holders}
        if not names or any((socket.port, name) not in declared for name in names):
            strange[socket] = names
    others = _programs_of_others(host, inputs) if strange else {}
    left = {socket: names for socket, names in strange.items() if names and others.keys() >= names}
    pairs = sorted({others[name] for names in left.values() for name in names} - {""})
    if pairs and left == strange:
        unknown(f"left to {', '.join(pairs)}: {', '.join(map(_listener, left.items()))}", blocked_by=pairs)
    expect(
        [_listener(each) for each in strange.items() if each[0] not in left], equals=[], what="undeclared listeners:"
    )


def _listener(listener: tuple[Socket, set[str]]) -> str:
    socket, names = listener
    return f"{socket} {', '.join(sorted(names)) or 'of no process that was seen'}"
