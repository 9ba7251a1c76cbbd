"""Who may read and change what the product keeps, and who may log in as it."""

from readiness.checking import (
    NAMES,
    READ,
    WRITE,
    AccessList,
    AccessLists,
    Baseline,
    Facts,
    OsRelease,
    Ownership,
    Place,
    Rights,
    RoleOnHost,
    Target,
    WindowsPlace,
    agreed,
    check,
    each_role_with_account,
    each_role_with_places,
    each_role_with_windows_places,
    expect_that,
    not_applicable,
    unknown,
)

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
    wanted: tuple[str, ...] = agreed(baseline, "no_login_shell", target)
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


def _open_to(place: WindowsPlace, found: AccessList) -> str:
    """Which accounts that everybody has may read or change it, and should not."""
    ways = {"changed": WRITE, **({"read": READ} if place.private else {})}
    told = {way: found.open_to(mask) for way, mask in ways.items()}
    flaws = [f"{way} by {', '.join(accounts)}" for way, accounts in told.items() if accounts]
    return f"{place.path} may be {' and '.join(flaws)}" if flaws else ""


@check(
    "RGT-003",
    severity="major",
    targets=each_role_with_windows_places,
    needs=(AccessLists,),
    remedy="icacls /inheritance:r /grant for SYSTEM and Administrators; if others could read a password, change it.",
    source="the product's catalogue entry, windows_places; learn.microsoft.com, Well-known SIDs",
)
def test_files_are_closed_to_everybody(target: Target, facts: Facts) -> None:
    """No account that everybody has may change the product's files, or read those with passwords.

    Its service runs as SYSTEM: who may replace its program is SYSTEM after the next restart. Everyone, Users,
    Authenticated Users and their like count; a group that somebody made for operators does not.
    """
    held: RoleOnHost = target.subject
    lists = facts.need(AccessLists).paths
    places = [(place, lists[place.path]) for place in held.role.windows_places]
    missing = [f"no {place.path}" for place, found in places if found is None]
    flaws = [flaw for place, found in places if found and (flaw := _open_to(place, found))]
    expected = ", ".join(f"{one.path} {'read' if one.private else 'changed'}" for one in held.role.windows_places)
    told = ", ".join(place.path for place, _ in places)
    expect_that(
        not flaws and not missing,
        expected=f"by administrators only: {expected}",
        found="; ".join(missing + flaws) or f"{told} closed to everybody else",
    )
    owned = [f"{place.path} is {one.owner}'s" for place, one in places if one and _owner(one) not in place.owners]
    expect_that(not owned, expected="owners who are the system", found="; ".join(owned) or "theirs", severity="minor")


def _owner(found: AccessList) -> str:
    return NAMES.get(found.owner, found.owner)
