"""Is each host who the estate says it is, and only one."""

from readiness.checking import (
    Facts,
    Host,
    HostKey,
    Identity,
    Missing,
    Target,
    TargetOf,
    check,
    each_host,
    each_linux_host,
    expect,
    expect_that,
    unknown,
)


@check(
    "IDN-001",
    severity="major",
    targets=each_host,
    needs=(Identity,),
    remedy="Set the host's name, or correct the estate: backup products find their peers by name.",
    source="hostname(1); RFC 1912 section 2.1 (forward and reverse names agree)",
)
def test_name_is_as_declared(target: TargetOf[Host], facts: Facts) -> None:
    """The host has the declared name.

    A host that answers under another name is perhaps another host.
    """
    fqdn = target.subject.fqdn.lower()
    names = {fqdn, fqdn.split(".")[0]}
    expect(facts.need(Identity).hostname.lower(), one_of=names, what="host name")


@check(
    "IDN-002",
    severity="blocker",
    targets=each_host,
    needs=(Identity,),
    remedy="Give the clone a machine id of its own (systemd-machine-id-setup), or remove the host listed twice.",
    source="machine-id(5)",
)
def test_machine_id_is_its_own(target: TargetOf[Host], facts: Facts) -> None:
    """The machine id is the declared one and no other host's.

    Two entries with one machine id are one host, or clones that backup products take for one.
    """
    own = facts.need(Identity).machine_id
    if isinstance(own, Missing):
        unknown(f"the machine id cannot be read: {own}")
    if declared := target.subject.machine_id:
        expect(own, equals=declared, what="machine id")
    identities = facts.every(Identity).items()
    twins = sorted(
        name
        for name, other in identities
        if name != target.id and not isinstance(other, Missing) and other.machine_id == own
    )
    expect(twins, equals=[], what=f"other hosts with machine id {own}:")


@check(
    "IDN-003",
    severity="major",
    targets=each_linux_host,
    needs=(HostKey,),
    remedy="Make new host keys on the clone (ssh-keygen -A) and pin them.",
    source="RFC 4251 section 4.1; sshd(8)",
)
def test_host_key_is_its_own(target: Target, facts: Facts) -> None:
    """The host key is no other host's.

    Hosts with one key can stand in for each other unnoticed.
    """
    own = facts.need(HostKey)
    keys = facts.every(HostKey).items()
    twins = sorted(
        name
        for name, other in keys
        if name != target.id and not isinstance(other, Missing) and other.offered == own.offered
    )
    expect_that(
        not twins,
        expected="a host key of its own",
        found=f"{own.fingerprint} also on {', '.join(twins)}" if twins else f"{own.fingerprint}, on no other host",
    )
