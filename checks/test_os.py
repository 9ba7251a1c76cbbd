"""Is the operating system the agreed one."""

from readiness.checking import (
    Baseline,
    Facts,
    Host,
    OsRelease,
    TargetOf,
    agreed,
    check,
    each_host,
    expect,
    in_words,
    unknown,
)


@check(
    "OS-001",
    severity="major",
    targets=each_host,
    needs=(OsRelease,),
    remedy="Install the agreed release, or agree on this one in baseline.yaml.",
    source="os-release(5)",
)
def test_operating_system_is_as_agreed(target: TargetOf[Host], facts: Facts, baseline: Baseline) -> None:
    """The operating system is as agreed.

    An entry with groups is for their members, one without for every host.
    """
    systems = agreed(baseline, "operating_systems", target, facts)
    groups = set(target.subject.groups)
    releases = [
        f"{system.id} {system.version}" for system in systems if not system.groups or groups & set(system.groups)
    ]
    if not releases:
        found = in_words("operating_systems", target, facts)
        unknown(f"never agreed{found}: baseline.yaml states no operating system for this host's groups")
    release = facts.need(OsRelease)
    expect(f"{release.id} {release.version_id}", one_of=_with_minors(releases, release), what="operating system")


def _with_minors(releases: list[str], release: OsRelease) -> list[str]:
    """An agreed major version covers its minor ones: `rhel 9` is met by 9.4."""
    installed = f"{release.id} {release.version_id}"
    return [installed if installed.startswith(f"{agreed_release}.") else agreed_release for agreed_release in releases]
