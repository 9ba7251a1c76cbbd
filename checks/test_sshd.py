"""Is sshd set up as agreed."""

from readiness.checking import Baseline, Facts, Sshd, Target, agreed, check, each_linux_host, expect, unknown

# Two words for one thing: sshd_config(5) has the one, `sshd -T` of most versions says the other.
_SAME = {"without-password": "prohibit-password"}
# Where sshd_config(5) speaks of several values and not of their order, with what stands between two of them: each of
# these users, variables, ports, addresses, keys or destinations is allowed, denied or used; one of the lists of
# AuthenticationMethods is enough (the order within a list counts). Of algorithms it names the permitted ones, and by
# RFC 4253 section 7.1 the first on the client's list is taken. The order counts for all others: AuthorizedKeysFile,
# whose files are tried in turn, IPQoS, MaxStartups, PerSourceNetBlockSize, RekeyLimit.
_IN_ANY_ORDER = {
    " ": """
        AcceptEnv AllowGroups AllowUsers AuthenticationMethods DenyGroups DenyUsers HostCertificate HostKey
        ListenAddress PermitListen PermitOpen Port PubkeyAuthOptions
    """,
    ",": """
        CASignatureAlgorithms Ciphers GSSAPIKexAlgorithms HostbasedAcceptedAlgorithms HostbasedAcceptedKeyTypes
        HostKeyAlgorithms KexAlgorithms MACs PubkeyAcceptedAlgorithms PubkeyAcceptedKeyTypes
    """,
}
_BETWEEN = {keyword.lower(): between for between, keywords in _IN_ANY_ORDER.items() for keyword in keywords.split()}


@check(
    "SSH-001",
    severity="major",
    targets=each_linux_host,
    needs=(Sshd,),
    remedy="Set it in sshd_config or a file that it includes, where the first value counts, and reload sshd.",
    source="sshd(8), -T; sshd_config(5); RFC 4253 section 7.1",
)
def test_sshd_is_set_up_as_agreed(target: Target, facts: Facts, baseline: Baseline) -> None:
    """The settings that sshd goes by are the agreed ones.

    Not what a file says: an included file or a default may say otherwise. `Match` blocks are not looked at.
    """
    wanted = agreed(baseline, "sshd", target, facts)
    settings = facts.need(Sshd).settings
    hidden = facts.need(Sshd).hidden
    if untold := [keyword for keyword in wanted if keyword.lower() in hidden]:
        unknown(f"the value of {', '.join(untold)} did not leave the host: it has not the shape that it should have")
    if strange := [keyword for keyword in wanted if keyword.lower() not in settings]:
        unknown(f"sshd tells of no {', '.join(strange)}")
    values = {keyword: " ".join(settings[keyword.lower()]) for keyword in wanted}
    expect(
        {keyword: _written(keyword, value) for keyword, value in values.items()},
        equals={keyword: _written(keyword, value) for keyword, value in wanted.items()},
    )


def _written(keyword: str, value: str) -> str:
    """A value in one spelling; where the order says nothing, in order."""
    between = _BETWEEN.get(keyword.lower())
    words = value.split(between if between != " " else None)
    return _SAME.get(value, value) if between is None else between.join(sorted({word.strip() for word in words}))
