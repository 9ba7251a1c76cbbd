"""Who may read and change what the product keeps, and who may log in as it."""

from readiness.checking import (
    NAMES,
    READ,
    WRITE,
    AccessList,
    AccessLists,
    Baseline,
    Facts,
    ListEntry,
    Missing,
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
    """Whether it is on a Linux host, and the catalogue says who should own its files."""
    return bool(own.role.places) and own.host.os == "linux"


def has_windows_places(own: RoleOnHost) -> bool:
    """Whether it is on a Windows host, and the catalogue says who may use its files."""
    return bool(own.role.windows_places) and own.host.os == "windows"


def _flaws(wanted: Place, file: Ownership | None) -> list[str]:
    if file is None:
        return [f"no {wanted.path}"]
    if isinstance(file.access, Missing):
        unknown(f"{wanted.path}: {file.access.detail}: {file.access.remedy}")
    fits = file.owner in wanted.owners and file.group in wanted.groups and not file.bits & ~wanted.mode_bits
    given = ((entry, entry.bits & 6 & ~_may(wanted, entry)) for entry in file.access if entry.name)
    flaws = [] if fits else [f"{wanted.path} is {file.owner}:{file.group} {file.mode}"]
    return flaws + [entry.says(wanted.path, bits) for entry, bits in given if bits]


def _may(wanted: Place, entry: ListEntry) -> int:
    """The rights that an access list may give: to the product's accounts theirs, to others no more than to all.

    What is made in a folder from now on may be private, whatever the folder itself is.
    """
    own = {"user": {"root", *wanted.owners}, "group": {"root", *wanted.groups}}[entry.kind]
    if entry.name in own:
        return wanted.mode_bits >> (6 if entry.kind == "user" else 3) & 7
    return 0 if entry.is_default else wanted.mode_bits & 7


@check(
    "RGT-001",
    severity="major",
    targets=each_role(has_places),
    needs=NEEDS,
    remedy="chown and chmod as the package does, setfacl -x; if others could read a password for long, change it.",
    source="readiness/products/*.yaml, places",
)
def test_files_belong_to_the_product(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """Files and folders of the product belong to it, and give others no more rights than they should.

    Its configuration holds passwords of other daemons in clear text. An access list counts as the mode does.
    """
    own = target.subject
    family = facts.need(OsRelease).family
    places = own.role.places_for(family)
    if not places:
        unknown(f"the catalogue names no files of {own.role.name} for the {family} family")
    read = facts.need(Rights).paths
    if links := [place.path for place in places if (file := read[place.path]) and file.kind == "link"]:
        unknown(f"{links[0]} is a link in a folder that others than root may change")
    flaws = [flaw for wanted in places for flaw in _flaws(wanted, read[wanted.path])]
    expected = ", ".join(
        f"{wanted.path} {'|'.join(wanted.owners)}:{'|'.join(wanted.groups)} {wanted.mode}" for wanted in places
    )
    files = ((wanted.path, read[wanted.path]) for wanted in places)
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
    wanted: tuple[str, ...] = agreed(baseline, "no_login_shell", target, facts)
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


def _open_to(wanted: WindowsPlace, file: AccessList) -> str:
    """Which accounts that everybody has may read or change it, and should not."""
    masks = {"changed": WRITE, **({"read": READ} if wanted.private else {})}
    accounts = {right: file.open_to(mask) for right, mask in masks.items()}
    flaws = [f"{right} by {', '.join(names)}" for right, names in accounts.items() if names]
    return f"{wanted.path} may be {' and '.join(flaws)}" if flaws else ""


@check(
    "RGT-003",
    severity="major",
    targets=each_role(has_windows_places),
    needs=(AccessLists,),
    remedy="icacls /inheritance:r /grant for SYSTEM and Administrators; if others could read a password, change it.",
    source="readiness/products/*.yaml, windows_places; "
    "https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers",
)
def test_files_are_closed_to_everybody(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """No account that everybody has may change the product's files, or read those with passwords.

    Its service runs as SYSTEM: who may replace its program is SYSTEM after the next restart. Everyone, Users,
    Authenticated Users and their like count; a group that somebody made for operators does not.
    """
    own = target.subject
    lists = facts.need(AccessLists).paths
    places = [(wanted, lists[wanted.path]) for wanted in own.role.windows_places]
    missing = [f"no {wanted.path}" for wanted, file in places if file is None]
    flaws = [flaw for wanted, file in places if file and (flaw := _open_to(wanted, file))]
    expected = ", ".join(f"{wanted.path} {'read' if wanted.private else 'changed'}" for wanted, _ in places)
    paths = ", ".join(wanted.path for wanted, _ in places)
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
