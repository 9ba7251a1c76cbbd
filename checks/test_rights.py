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
    TargetOf,
    WindowsPlace,
    agreed,
    check,
    each_role,
    expect_that,
    has_account,
    not_applicable,
    unknown,
)

NEEDS = (Rights, OsRelease)
NO_LOGIN = frozenset({"nologin", "false"})


def has_places(own: RoleOnHost) -> bool:
    """Whether it is on a Linux host, and the catalogue knows whose its files should be."""
    return bool(own.role.places) and own.host.os == "linux"


def has_windows_places(own: RoleOnHost) -> bool:
    """Whether it is on a Windows host, and the catalogue knows who may have its files."""
    return bool(own.role.windows_places) and own.host.os == "windows"


def _flaw(place: Place, file: Ownership | None) -> str:
    if file is None:
        return f"no {place.path}"
    fits = file.owner in place.owners and file.group in place.groups and not int(file.mode, 8) & ~place.mode_bits
    return "" if fits else f"{place.path} is {file.owner}:{file.group} {file.mode}"


@check(
    "RGT-001",
    severity="major",
    targets=each_role(has_places),
    needs=NEEDS,
    remedy="chown and chmod as the product's package does; if others could read a password for long, change it.",
    source="the product's catalogue entry, places",
)
def test_files_belong_to_the_product(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """Files and folders of the product belong to it, and give others no more rights than they should.

    Its configuration holds passwords of other daemons in clear text.
    """
    own = target.subject
    family = facts.need(OsRelease).family
    places = own.role.places_for(family)
    if not places:
        unknown(f"the catalogue names no files of {own.role.name} for the {family} family")
    read = facts.need(Rights).paths
    flaws = [flaw for place in places if (flaw := _flaw(place, read[place.path]))]
    expected = ", ".join(
        f"{place.path} {'|'.join(place.owners)}:{'|'.join(place.groups)} {place.mode}" for place in places
    )
    files = ((place.path, read[place.path]) for place in places)
    fine = [f"{path} {file.owner}:{file.group} {file.mode}" for path, file in files if file]
    expect_that(not flaws, expected=f"at most {expected}", found="; ".join(flaws or fine))


@check(
    "RGT-002",
    severity="major",
    targets=each_role(has_account),
    needs=NEEDS,
    remedy="usermod --shell /usr/sbin/nologin on the account.",
    source="baseline.yaml, no_login_shell",
)
def test_account_has_no_login_shell(target: TargetOf[RoleOnHost], facts: Facts, baseline: Baseline) -> None:
    """Nobody can log in as an account of the product that was agreed to have no login shell."""
    own = target.subject
    wanted: tuple[str, ...] = agreed(baseline, "no_login_shell", target)
    family = facts.need(OsRelease).family
    account = own.role.account_for(family)
    if account is None:
        unknown(f"the catalogue names no account of {own.role.name} for the {family} family")
    if account not in wanted:
        not_applicable(f"baseline.yaml does not name {account} in no_login_shell")
    shell = facts.need(Rights).shells[account]
    if shell is None:
        unknown(f"there is no account {account}")
    ok = shell.rpartition("/")[2] in NO_LOGIN
    expect_that(ok, expected=f"no login shell for {account}", found=f"{account} with {shell}")


def _open_to(place: WindowsPlace, file: AccessList) -> str:
    """Which accounts that everybody has may read or change it, and should not."""
    masks = {"changed": WRITE, **({"read": READ} if place.private else {})}
    accounts = {right: file.open_to(mask) for right, mask in masks.items()}
    flaws = [f"{right} by {', '.join(names)}" for right, names in accounts.items() if names]
    return f"{place.path} may be {' and '.join(flaws)}" if flaws else ""


@check(
    "RGT-003",
    severity="major",
    targets=each_role(has_windows_places),
    needs=(AccessLists,),
    remedy="icacls /inheritance:r /grant for SYSTEM and Administrators; if others could read a password, change it.",
    source="the product's catalogue entry, windows_places; learn.microsoft.com, Well-known SIDs",
)
def test_files_are_closed_to_everybody(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """No account that everybody has may change the product's files, or read those with passwords.

    Its service runs as SYSTEM: who may replace its program is SYSTEM after the next restart. Everyone, Users,
    Authenticated Users and their like count; a group that somebody made for operators does not.
    """
    own = target.subject
    lists = facts.need(AccessLists).paths
    places = [(place, lists[place.path]) for place in own.role.windows_places]
    missing = [f"no {place.path}" for place, file in places if file is None]
    flaws = [flaw for place, file in places if file and (flaw := _open_to(place, file))]
    expected = ", ".join(f"{place.path} {'read' if place.private else 'changed'}" for place, _ in places)
    paths = ", ".join(place.path for place, _ in places)
    expect_that(
        not flaws and not missing,
        expected=f"{expected} by administrators only",
        found="; ".join(missing + flaws) or f"{paths} closed to everybody else",
    )
    owned = [f"{place.path} is {file.owner}'s" for place, file in places if file and _owner(file) not in place.owners]
    owners = ", ".join(sorted({_owner(file) for _, file in places if file}))
    wanted = " or ".join(sorted({owner for place, _ in places for owner in place.owners}))
    expect_that(
        not owned, expected=f"owned by {wanted}", found="; ".join(owned) or f"owned by {owners}", severity="minor"
    )


def _owner(file: AccessList) -> str:
    return NAMES.get(file.owner, file.owner)
