"""Who may read and change what the product keeps, and who may log in as it."""

from readiness.estate import Baseline
from readiness.plugin import (
    Facts,
    RoleOnHost,
    Target,
    agreed,
    check,
    each_role_with_account,
    each_role_with_places,
    expect_that,
    not_applicable,
    unknown,
)
from readiness.probes import OsRelease, Rights
from readiness.probes.rights import Ownership
from readiness.products import Place

NEEDS = (Rights, OsRelease)
NO_LOGIN = frozenset({"nologin", "false"})


def _flaw(place: Place, found: Ownership | None) -> str:
    if found is None:
        return f"no {place.path}"
    fits = found.owner in place.owners and found.group in place.groups and not int(found.mode, 8) & ~place.mode_bits
    return "" if fits else f"{place.path} is {found.owner}:{found.group} {found.mode}"


@check(
    "RGT-001",
    severity="major",
    targets=each_role_with_places,
    needs=NEEDS,
    remedy="chown and chmod as the product's package does; if others could read a password for long, change it.",
    source="the product's catalogue entry, places",
)
def test_files_belong_to_the_product(target: Target, facts: Facts) -> None:
    """Files and folders of the product belong to it, and give others no more rights than they should.

    Its configuration holds passwords of other daemons in clear text.
    """
    held: RoleOnHost = target.subject
    family = facts.need(OsRelease).family
    places = held.role.places_for(family)
    if not places:
        unknown(f"the catalogue names no files of {held.role.name} for the {family} family")
    read = facts.need(Rights).paths
    flaws = [flaw for place in places if (flaw := _flaw(place, read[place.path]))]
    expected = ", ".join(f"{one.path} {'|'.join(one.owners)}:{'|'.join(one.groups)} {one.mode}" for one in places)
    found = ((place.path, read[place.path]) for place in places)
    told = [f"{path} {one.owner}:{one.group} {one.mode}" for path, one in found if one]
    expect_that(not flaws, expected=f"at most {expected}", found="; ".join(flaws or told))


@check(
    "RGT-002",
    severity="major",
    targets=each_role_with_account,
    needs=NEEDS,
    remedy="usermod --shell /usr/sbin/nologin on the account.",
    source="baseline.yaml, no_login_shell",
)
def test_account_has_no_login_shell(target: Target, facts: Facts, baseline: Baseline) -> None:
    """Nobody can log in as an account of the product that was agreed to have no login shell."""
    held: RoleOnHost = target.subject
    wanted: tuple[str, ...] = agreed(baseline, "no_login_shell", baseline.no_login_shell)
    family = facts.need(OsRelease).family
    account = held.role.account_for(family)
    if account is None:
        unknown(f"the catalogue names no account of {held.role.name} for the {family} family")
    if account not in wanted:
        not_applicable(f"baseline.yaml does not name {account} in no_login_shell")
    shell = facts.need(Rights).shells[account]
    if shell is None:
        unknown(f"there is no account {account}")
    ok = shell.rpartition("/")[2] in NO_LOGIN
    expect_that(ok, expected=f"no login shell for {account}", found=f"{account} with {shell}")
