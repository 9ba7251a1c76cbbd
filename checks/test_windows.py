"""Is Windows itself ready: rights, TLS, restarts, antivirus, shadow copies, firewall."""

from collections.abc import Iterator
from ntpath import dirname

from readiness.checking import (
    PROTOCOLS,
    SIDES,
    Baseline,
    CipherSuites,
    DefenderExclusions,
    Elevation,
    Facts,
    FirewallProfiles,
    Host,
    Inputs,
    PendingReboot,
    SChannel,
    Target,
    TargetOf,
    VssWriters,
    agreed,
    check,
    each_windows_host,
    expect,
    expect_that,
    lies_in,
    roles,
    schannel,
    unknown,
)

STABLE = 1


@check(
    "WIN-001",
    severity="major",
    targets=each_windows_host,
    needs=(Elevation,),
    remedy="Log in with an administrator: a domain account, or RID 500; other local ones are cut down by UAC.",
    source="https://learn.microsoft.com/troubleshoot/windows-server/windows-security/"
    "user-account-control-and-remote-restriction",
)
def test_login_has_the_rights_to_look(facts: Facts) -> None:
    """The login is an administrator with its full token.

    Without it Windows hides services, shadow copies and exclusions; nothing that was hidden counts as absent.
    """
    login = facts.need(Elevation)
    expect_that(
        login.administrator,
        expected="an administrator with the full token",
        found=f"{login.login}, {'an' if login.administrator else 'no'} administrator, PowerShell {login.powershell}",
    )


def _states(facts: Facts, protocols: tuple[str, ...]) -> Iterator[tuple[str, schannel.State]]:
    """What becomes of each protocol on each side; UNKNOWN where a build's default counts that nobody knows."""
    keys = facts.need(SChannel)
    for protocol in protocols:
        for side in SIDES:
            state = schannel.state(keys.build, protocol, keys.protocols[f"{protocol}/{side}"])
            if state is None:
                unknown(f"what build {keys.build} does by itself with {protocol} is not known")
            yield f"{protocol} {side}", state


def _listed(facts: Facts, states: dict[str, schannel.State]) -> str:
    release = schannel.release_of(facts.need(SChannel).build)
    defaults = f" (defaults of Server {release.name})" if release else ""
    return ", ".join(f"{name} {state.value}" for name, state in states.items()) + defaults


@check(
    "WIN-002",
    severity="major",
    targets=each_windows_host,
    needs=(SChannel,),
    remedy="Set Enabled=0 under SCHANNEL\\Protocols for the old protocols, both sides, and restart the host.",
    source="https://learn.microsoft.com/windows-server/security/tls/tls-registry-settings",
)
def test_old_protocols_are_off(target: Target, facts: Facts, baseline: Baseline) -> None:
    """SChannel speaks no protocol older than agreed.

    Without keys in the registry the release decides: up to Server 2022 TLS 1.0 and 1.1 are on by themselves.
    """
    least = agreed(baseline, "windows.tls_min", target, facts)
    states = dict(_states(facts, PROTOCOLS[: PROTOCOLS.index(f"TLS {least}")]))
    spoken = {schannel.State.ON, schannel.State.ASKED}
    old = {name: state for name, state in states.items() if state in spoken}
    expect_that(
        not old,
        expected=f"nothing older than TLS {least}",
        found=_listed(facts, old or states),
        severity=None if schannel.State.ON in old.values() else "minor",
    )


@check(
    "WIN-003",
    severity="blocker",
    targets=each_windows_host,
    needs=(SChannel,),
    remedy="Remove the keys that switch the protocol off, or set Enabled=1, DisabledByDefault=0; restart the host.",
    source="https://learn.microsoft.com/windows-server/security/tls/tls-registry-settings",
)
def test_an_agreed_protocol_is_on(target: Target, facts: Facts, baseline: Baseline) -> None:
    """SChannel speaks a protocol that was agreed, as a client and as a server."""
    least = agreed(baseline, "windows.tls_min", target, facts)
    states = dict(_states(facts, PROTOCOLS[PROTOCOLS.index(f"TLS {least}") :]))
    on = [name for name, state in states.items() if state is schannel.State.ON]
    expect_that(
        all(any(name.endswith(side) for name in on) for side in SIDES),
        expected=f"TLS {least} or newer on for client and server",
        found=_listed(facts, states),
    )


@check(
    "WIN-004",
    severity="major",
    targets=each_windows_host,
    needs=(CipherSuites, SChannel),
    remedy="Take the suites out of the order (Disable-TlsCipherSuite, or the group policy SSL Cipher Suite Order).",
    source="RFC 9325 sections 4.1 and 4.2",
)
def test_no_broken_cipher_suite_is_offered(facts: Facts) -> None:
    """No cipher suite is offered that is broken; dated ones are advice."""
    offered = facts.need(CipherSuites)
    count = f"{len(offered.suites)} suites, by {offered.by}"
    broken = schannel.broken_suites(offered.suites, facts.need(SChannel).ciphers)
    expect_that(not broken, expected="no suite that is broken", found=", ".join(broken) or count)
    dated = schannel.dated_suites(offered.suites)
    expect_that(
        not dated, expected="suites with forward secrecy and AEAD", found=", ".join(dated) or count, severity="minor"
    )


@check(
    "WIN-005",
    severity="major",
    targets=each_windows_host,
    needs=(PendingReboot,),
    remedy="Restart the host before the cutover, not in it.",
    source="https://github.com/dsccommunity/ComputerManagementDsc, PendingReboot",
)
def test_no_restart_is_due(facts: Facts) -> None:
    """No restart is due.

    Updates that wait for one change files and services at the next, which is then in the middle of a backup.
    """
    pending = facts.need(PendingReboot)
    renames = f" ({len(pending.renames)} file renames wait, which alone means little)" if pending.renames else ""
    expect_that(
        not pending.reasons,
        expected="no restart due",
        found=(f"due for {', '.join(pending.reasons)}" if pending.reasons else "none due") + renames,
    )


def _folders(host: Host, inputs: Inputs) -> set[str]:
    """The folders of the product's programs on Windows."""
    own = [role for role in roles(inputs) if role.host.name == host.name]
    return {dirname(path) for role in own for path in role.role.programs_for("windows")}


@check(
    "WIN-006",
    severity="major",
    targets=each_windows_host,
    needs=(DefenderExclusions,),
    remedy="Exclude the folders (Add-MpPreference -ExclusionPath, or the group policy).",
    source="https://learn.microsoft.com/defender-endpoint/configure-exclusions-microsoft-defender-antivirus",
)
def test_antivirus_leaves_the_product_alone(target: TargetOf[Host], facts: Facts, inputs: Inputs) -> None:
    """The antivirus leaves the product's folders alone.

    Only Defender can be read; a host with another antivirus is UNKNOWN, and somebody has to look there.
    """
    stated = agreed(inputs.baseline, "windows.excluded_folders", target, facts, inputs)
    wanted = sorted({*stated, *_folders(target.subject, inputs)})
    defender = facts.need(DefenderExclusions)
    if not defender.real_time:
        unknown("Defender does not watch files as they are opened: another antivirus may, and cannot be read")
    lacking = [folder for folder in wanted if not any(lies_in(folder, path) for path in defender.paths)]
    expect(lacking, equals=[], what=f"of {', '.join(wanted)} not excluded:")


@check(
    "WIN-007",
    severity="major",
    targets=each_windows_host,
    needs=(VssWriters,),
    remedy="Restart the service behind the writer, and read the Application log for why it failed.",
    source="https://learn.microsoft.com/windows-server/administration/windows-commands/vssadmin-list-writers; "
    "https://learn.microsoft.com/windows/win32/api/vss/ne-vss-vss_writer_state",
)
def test_vss_writers_are_stable(facts: Facts) -> None:
    """Every VSS writer is stable.

    A writer that failed makes the snapshot fail, or leaves its application out of it.
    """
    writers = facts.need(VssWriters).writers
    unstable = [f"{writer.name} {writer.message}" for writer in writers if writer.state != STABLE]
    states = ", ".join(unstable) or f"{len(writers)} writers, all stable"
    expect_that(not unstable, expected="every writer stable", found=states)


@check(
    "WIN-008",
    severity="major",
    targets=each_windows_host,
    needs=(FirewallProfiles,),
    remedy="Turn the profile on (Set-NetFirewallProfile -Enabled True, or by group policy) with rules for the product.",
    source="https://learn.microsoft.com/powershell/module/netsecurity/get-netfirewallprofile",
)
def test_firewall_is_on(target: Target, facts: Facts, baseline: Baseline) -> None:
    """The firewall is on in the agreed profiles."""
    wanted = agreed(baseline, "windows.firewall_profiles", target, facts)
    profiles = facts.need(FirewallProfiles).profiles
    states = {name: "on" if profiles[name].enabled else "off" for name in wanted}
    expect(states, equals=dict.fromkeys(wanted, "on"), what="firewall profiles:")
