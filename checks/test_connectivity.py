"""Is every host there, is it the right one, and may we read what we must."""

from readiness.checking import (
    READER_FILE,
    RULE_FILE,
    Baseline,
    Facts,
    HostKey,
    Login,
    Missing,
    Reached,
    Reader,
    Target,
    Why,
    agreed_if_stated,
    check,
    each_host,
    each_linux_host,
    expect_found,
    expect_that,
    failed,
    first_few,
    not_applicable,
    unknown,
)

NOT_REACHED = (
    Why.NO_SUCH_NAME,
    Why.REFUSED,
    Why.FILTERED,
    Why.UNREACHABLE,
    Why.NOT_SSH,
    Why.NOT_WINRM,
    Why.CERTIFICATE_NOT_TRUSTED,
    Why.CONNECTION_LOST,
    Why.HOST_TIMED_OUT,
    Why.RUN_TIMED_OUT,
    Why.INTERRUPTED,
)


@check(
    "CON-001",
    severity="blocker",
    targets=each_host,
    needs=(Reached, Login),
    remedy="Bring the host up, or open its SSH or WinRM port to the machine that runs this; behind a jump host, name "
    "the ssh_config that says so: `ssh: {config: ~/.ssh/config}`.",
    source="NIST IR 7275 Rev. 4 (XCCDF 1.2): what could not be tested is `error` or `unknown`, never `pass`",
    explains=NOT_REACHED,
)
def test_host_is_reached(facts: Facts) -> None:
    """The host is reached.

    Everything else that is said about a host rests on having been there.
    """
    reached = facts.need(Reached)
    login = facts.get(Login)
    if isinstance(login, Missing) and login.why in NOT_REACHED:
        unknown(f"{reached.address} port {reached.port} accepts connections, and no more: {login}")
    expect_found(f"{reached.address} port {reached.port}", expected="a connection that holds")


@check(
    "CON-002",
    severity="blocker",
    targets=each_linux_host,
    needs=(HostKey,),
    remedy="Find out why the key changed; pin the new one only when its owner confirms the fingerprint.",
    source="RFC 4251 section 4.1; ssh(1), VERIFYING HOST KEYS",
    explains=(Why.HOST_KEY_UNKNOWN, Why.HOST_KEY_DIFFERS, Why.LEGACY_ALGORITHMS),
)
def test_host_key_is_the_pinned_one(facts: Facts) -> None:
    """The host proves the pinned host key.

    A host with another key is another host, or one that somebody stands in front of: nothing was sent to it.
    """
    key = facts.need(HostKey)
    if key.distrust:
        trusted = "a pinned host key that nothing on this machine revokes or contradicts"
        failed(expected=trusted, found=f"host key {key.fingerprint}; {key.distrust}")
    expect_that(
        key.offered in key.pinned,
        expected=f"host key {' or '.join(key.pinned_fingerprints)}",
        found=f"host key {key.fingerprint}",
    )


@check(
    "CON-003",
    severity="blocker",
    targets=each_host,
    needs=(Login,),
    remedy="Let the host accept that login: its key in authorized_keys, a shell; over WinRM, its right to one.",
    source="sshd(8), AUTHORIZED_KEYS FILE FORMAT; https://learn.microsoft.com/openspecs/windows_protocols/ms-wsmv",
    explains=(
        Why.LOGIN_REFUSED,
        Why.LOGIN_TIMED_OUT,
        Why.NO_COMMANDS,
        Why.SCHEME_NOT_OFFERED,
        Why.ACCESS_DENIED,
        Why.SHELLS_NOT_ALLOWED,
        Why.WINRM_QUOTA,
        Why.ENVELOPE_TOO_LARGE,
        Why.WINRM_FAULT,
    ),
)
def test_login_is_accepted(facts: Facts) -> None:
    """The login is accepted, and may run commands.

    An account whose shell is nologin, or that is for files only, lets nobody read anything. One attempt a
    key, or one in all with a password, so that no account is locked.
    """
    login = facts.need(Login)
    expect_found(f"login {login.user} by {login.method}", expected="a login that may run commands")


@check(
    "CON-004",
    severity="major",
    targets=each_linux_host,
    needs=(Reader,),
    remedy="Hand the host's reader out: `readiness reader ESTATE --out DIR`, then `sh DIR/hand-out.sh install`.",
    source="sudoers(5)",
    explains=(Why.NOT_PERMITTED,),
)
def test_reader_is_there(facts: Facts) -> None:
    """What needs root is read, by a script that lets the login do nothing else.

    Without it some facts cannot be read, and what was not read is not passed. Rules of older versions let the login
    read any file.
    """
    reader = facts.need(Reader)
    expected = f"root, or {READER_FILE} as this version prints it, and its one rule for sudo"
    if reader.is_root:
        expect_found("the login is root", expected=expected)
        return
    if missing := reader.hindrance():
        failed(expected=expected, found=f"{missing.detail}; {missing.remedy}")
    old = [rule for rule in facts.part(Reader, reader.rules) if rule.kind == "old"]
    remedy = f"sed -i '/NOPASSWD: /d' {RULE_FILE}"  # the reader's rule has NOPASSWD:EXEC:
    found = f"rules ({len(old)}) of an older version, which let the login read any file: {remedy}"
    expect_that(not old, expected=expected, found=found if old else f"{READER_FILE}, sha256 {reader.sha256}")


@check(
    "CON-005",
    severity="minor",
    targets=each_linux_host,
    needs=(Reader,),
    remedy="Remove the rule, or name its command in baseline.yaml under sudo: {also: [...]}.",
    source="sudoers(5)",
)
def test_sudo_allows_no_more(target: Target, facts: Facts, baseline: Baseline) -> None:
    """The login may do no more by sudo than was agreed on.

    Whoever has its key can do as root what it may.
    """
    reader = facts.need(Reader)
    if reader.is_root:
        not_applicable("the login is root")
    also = agreed_if_stated(baseline, "sudo.also", target)
    rules = facts.part(Reader, reader.rules)
    others = [str(rule) for rule in rules if rule.kind == "other" and rule.command not in (also or ())]
    without = f"{READER_FILE} without argument or variable"
    expected = f"sudo for {', '.join([without, *(also or ())])}, and nothing else"
    expect_that(not others, expected=expected, found=first_few(others, separator="; ") or "nothing else")
