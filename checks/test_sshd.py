"""Is sshd set up as agreed."""

from readiness.checking import Baseline, Facts, Sshd, Target, agreed, check, each_linux_host, expect, unknown

# Two words for one thing: sshd_config(5) has the one, `sshd -T` of most versions says the other.
_SAME = {"without-password": "prohibit-password"}


@check(
    "SSH-001",
    severity="major",
    targets=each_linux_host,
    needs=(Sshd,),
    remedy="Set it in sshd_config or a file that it includes, where the first value counts, and reload sshd.",
    source="sshd(8), -T; sshd_config(5)",
)
def test_sshd_is_set_up_as_agreed(target: Target, facts: Facts, baseline: Baseline) -> None:
    """The settings that sshd goes by are the agreed ones.

    Not what a file says: an included file or a default may say otherwise. `Match` blocks are not looked at.
    """
    wanted = agreed(baseline, "sshd", target)
    settings = facts.need(Sshd).settings
    hidden = facts.need(Sshd).hidden
    if untold := [keyword for keyword in wanted if keyword.lower() in hidden]:
        unknown(f"the value of {', '.join(untold)} did not leave the host: it has not the shape that it should have")
    if strange := [keyword for keyword in wanted if keyword.lower() not in settings]:
        unknown(f"sshd tells of no {', '.join(strange)}")
    values = {keyword: " ".join(settings[keyword.lower()]) for keyword in wanted}
    expect(
        {keyword: _SAME.get(value, value) for keyword, value in values.items()},
        equals={keyword: _SAME.get(value, value) for keyword, value in wanted.items()},
    )
