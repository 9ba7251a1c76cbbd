"""Is the operating system the agreed one."""

from readiness.checking import Baseline, Estate, Facts, OsRelease, Target, agreed, check, each_host, expect, unknown


@check(
    "OS-001",
    severity="major",
    targets=each_host,
    needs=(OsRelease,),
    remedy="Install the agreed release, or agree on this one in baseline.yaml.",
    source="os-release(5)",
)
def test_operating_system_is_as_agreed(target: Target, facts: Facts, estate: Estate, baseline: Baseline) -> None:
    """The operating system is as agreed.

    An entry with groups is for their members, one without for every host.
    """
    systems = agreed(baseline, "operating_systems", target)
    groups = set(estate.hosts[target.id].groups)
    mine = [f"{one.id} {one.version}" for one in systems if not one.groups or groups & set(one.groups)]
    if not mine:
        unknown("never agreed: baseline.yaml states no operating system for this host's groups")
    release = facts.need(OsRelease)
    expect(f"{release.id} {release.version_id}", one_of=_with_minors(mine, release), what="operating system")


def _with_minors(mine: list[str], release: OsRelease) -> list[str]:
    """An agreed major version covers its minor ones: `rhel 9` is met by 9.4."""
    found = f"{release.id} {release.version_id}"
    return [found if found.startswith(f"{one}.") else one for one in mine]
