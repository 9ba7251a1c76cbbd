"""Does each host do for the products what the estate says, and nothing else."""

from collections.abc import Callable, Iterator

from readiness.checking import (
    Baseline,
    FactMissing,
    Facts,
    Listening,
    Missing,
    Packages,
    Processes,
    Services,
    Signs,
    TargetOf,
    UndeclaredRole,
    check,
    each_undeclared_role,
    exempt,
    expect_that,
    file_name,
    first_few,
    unknown,
)

_RUNS = ("active", "activating", "reloading", "deactivating")


def _packages(signs: Signs, facts: Facts) -> Iterator[str]:
    packages = facts.need(Packages)
    for name in signs.packages:
        yield from (f"package {package.name} {package.version}" for package in packages.called(name))
        yield from (f"package {broken}" for broken in packages.broken_called(name))


def _units(signs: Signs, facts: Facts) -> Iterator[str]:
    """Units that run or could; one that systemd makes of a script in /etc/init.d outlives its package."""
    services = facts.need(Services)
    instances = [name for name in services.units if _template(name) in signs.units]
    for unit in map(services.called, (*signs.units, *instances)):
        idle = unit.sub_state != "running" and unit.unit_file_state == "generated"
        there = unit.load_state not in {"not-found", "masked"} or unit.active_state in _RUNS
        if there and not idle:
            state = " ".join(filter(None, [unit.unit_file_state or unit.load_state, unit.active_state]))
            yield f"service {unit.unit} {state}"


def _template(name: str) -> str:
    """The unit that this one is an instance of, as `bacula-sd.service` of `bacula-sd@tape.service`; itself no."""
    stem, instance, rest = name.partition("@")
    return f"{stem}.{rest.rpartition('.')[2]}" if instance else ""


def _programs(signs: Signs, facts: Facts) -> Iterator[str]:
    """Programs that run, from whatever folder, with the sockets that they listen on where that can be read."""
    processes = facts.need(Processes)
    listening = facts.get(Listening)
    held: dict[int, list[str]] = {}
    if not isinstance(listening, Missing) and not isinstance(listening.holders, Missing):
        for socket in listening.sockets:
            for holder in listening.holders[socket.inode]:
                held.setdefault(holder.pid, []).append(str(socket))
    names = set(map(file_name, signs.programs))
    for process, program in sorted(processes.executables.items()):
        if file_name(program.path) in names:
            ports = f", listens on {', '.join(held[process])}" if process in held else ""
            yield f"process {process} {program.path}{ports}"


@check(
    "ROL-001",
    severity="blocker",
    targets=each_undeclared_role,
    needs=(Packages, Services, Processes, Listening),
    remedy="Declare the role in estate.yaml or take it off the host; if it is to stay, say why in baseline.yaml, "
    "not_agreed: roles.PRODUCT.ROLE.",
    source="readiness/products/*.yaml, roles",
)
def test_host_has_no_role_that_it_does_not_declare(
    target: TargetOf[UndeclaredRole], facts: Facts, baseline: Baseline
) -> None:
    """No host has a role of the catalogue that the estate does not state for it.

    What is not declared is not checked: a daemon would go live that nobody looked at. The package that makes the role
    counts whether it is started or not, since the next start may be by accident; so do its service, and its program
    from any folder. Not counted are packages that come with others (libraries, back ends), what a declared role has,
    too, the configuration that a removed package leaves, and a tool without a service beside a declared role.
    """
    subject = target.subject
    exempt(baseline, subject.key, target)
    looks: tuple[Callable[[Signs, Facts], Iterator[str]], ...] = (_packages, _units, _programs)
    signs = subject.signs
    seen: list[str] = []
    lacking: FactMissing | None = None
    for look in looks:
        try:
            seen += look(signs, facts)
        except FactMissing as missing:
            lacking = lacking or missing
    if not seen and lacking is not None:
        raise lacking
    if not seen and not _could_see_all(subject, facts):
        unknown("the programs of some processes cannot be read, even by root")
    names = (*signs.packages, *signs.units, *signs.programs)
    expect_that(
        not seen,
        expected=f"none of its signs, or in estate.yaml {_declaration(subject)}",
        found=first_few(seen, 8, separator="; ") if seen else f"none of {', '.join(names)}",
    )


def _could_see_all(subject: UndeclaredRole, facts: Facts) -> bool:
    """Windows keeps its own protected processes from everybody; what a product starts there is a service."""
    return subject.role.host.os == "windows" or not facts.need(Processes).unreadable


def _declaration(subject: UndeclaredRole) -> str:
    """The line of estate.yaml that would declare it."""
    product = subject.role.product.product
    products = dict(subject.role.host.products)
    products[product] = (*products.get(product, ()), subject.role.role.name)
    entries = [f"{name}: [{', '.join(roles)}]" for name, roles in products.items()]
    return f"products: {{{', '.join(entries)}}}"
