"""Who may read and change files of a Windows host; accounts go by their ids, since names are translated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact
from readiness.probes.asking import Asking
from readiness.probes.reading import chosen, shown
from readiness.probes.windows.reading import Row, flag, nonempty, probe, shape

# MS-DTYP 2.5.1.1: what stands for an account in SDDL; those that are the same on every host have one id besides.
_ALIASES = frozenset(
    re.findall(
        "..",
        "AAACANAOAPASAUBABGBOBUCACDCGCNCOCYDADCDDDGDUEAEDEKERESHAHIHOISIUKALALGLSLULW"
        "MEMPMSMUNONSNUOWPAPOPSPURARCRDRERMRORSRUSASISOSSSUSYUDWDWR",
    )
)
_ALIAS_OF = {
    "S-1-1-0": "WD",
    "S-1-5-2": "NU",
    "S-1-5-4": "IU",
    "S-1-5-7": "AN",
    "S-1-5-11": "AU",
    "S-1-5-18": "SY",
    "S-1-5-32-544": "BA",
    "S-1-5-32-545": "BU",
    "S-1-5-32-546": "BG",
    "S-1-5-32-554": "RU",
}
# In a domain, or on the host alone, by the last part.
_ALIAS_IN_DOMAIN = {"501": "LG", "513": "DU", "514": "DG", "515": "DC"}
_TRUSTED_INSTALLER = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
NAMES = {"BA": "Administrators", "SY": "SYSTEM", _TRUSTED_INSTALLER: "TrustedInstaller"}
# Everybody, or everybody who works here: what they may do is no privilege. By their English names.
EVERYBODY = {
    "WD": "Everyone",
    "AN": "Anonymous",
    "NU": "Network",
    "IU": "Interactive",
    "AU": "Authenticated Users",
    "BU": "Users",
    "BG": "Guests",
    "RU": "Pre-Windows 2000 Compatible Access",
    "S-1-2-0": "Local",
    "S-1-5-3": "Batch",
    "S-1-5-14": "Remote Interactive Logon",
    "S-1-5-15": "This Organization",
    "S-1-5-113": "Local account",
    "LG": "Guest",
    "DU": "Domain Users",
    "DG": "Domain Guests",
    "DC": "Domain Computers",
}
# MS-DTYP 2.4.3 and 2.5.1.1, learn.microsoft.com "File Access Rights Constants".
_ALL, _READ_ALL, _WRITE_ALL = 0x10000000, 0x80000000, 0x40000000
READ = 0x1 | _ALL | _READ_ALL
# Writing and appending, deleting what is in a folder and itself, another list, another owner.
WRITE = 0x2 | 0x4 | 0x40 | 0x10000 | 0x40000 | 0x80000 | _ALL | _WRITE_ALL
_RIGHTS = {
    "GA": _ALL,
    "GR": _READ_ALL,
    "GW": _WRITE_ALL,
    "GX": 0x20000000,
    "FA": 0x1F01FF,
    "FR": 0x120089,
    "FW": 0x120116,
    "FX": 0x1200A0,
    "RC": 0x20000,
    "SD": 0x10000,
    "WD": 0x40000,
    "WO": 0x80000,
    "CC": 0x1,
    "DC": 0x2,
    "LC": 0x4,
    "SW": 0x8,
    "RP": 0x10,
    "WP": 0x20,
    "DT": 0x40,
    "LO": 0x80,
    "CR": 0x100,
}
_SID = r"(?:[A-Z]{2}|S-1-[0-9]{1,15}(?:-[0-9]{1,10}){1,15})"
_DESCRIPTOR = re.compile(
    rf"O:({_SID})(?:G:{_SID})?D:(NO_ACCESS_CONTROL|(?:P|AR|AI)*)((?:\([^()]*\))*)(?:S:[A-Z]*(?:\([^()]*\))*)?"
)
_ENTRY = re.compile(rf"(A|D);((?:[A-Z]{{2}})*);(0x[0-9a-fA-F]{{1,8}}|(?:[A-Z]{{2}})+);;;({_SID})")


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """What one account, by SDDL's two letters or its id, is given or denied: bits of an access mask.

    `inherited_only`: for what is in a folder, and not for the folder itself.
    """

    account: str
    allows: bool
    mask: int
    inherited_only: bool = False


@dataclass(frozen=True, slots=True)
class AccessList:
    """Owner of a file or folder, and the entries in their order."""

    owner: str
    entries: tuple[AccessEntry, ...]

    def open_to(self, mask: int) -> tuple[str, ...]:
        """The accounts of EVERYBODY that may do any of what the mask says; a denial counts where it comes first."""
        accounts: dict[str, None] = {}
        denied: dict[str, int] = {}
        for entry in self.entries:
            if entry.inherited_only and not (entry.allows and mask == WRITE):
                continue
            if not entry.allows:
                denied[entry.account] = denied.get(entry.account, 0) | entry.mask
            elif entry.account in EVERYBODY and entry.mask & mask & ~(
                denied.get(entry.account, 0) | denied.get("WD", 0)
            ):
                accounts[EVERYBODY[entry.account]] = None
        return tuple(accounts)


@dataclass(frozen=True, slots=True)
class AccessLists(Fact):
    """The access list of each path asked for, None where there is none."""

    name: ClassVar[str] = "access_lists"
    paths: Mapping[str, AccessList | None]


def access_list(descriptor: str) -> AccessList:
    """The list of a security descriptor in SDDL; ValueError for one with entries of other kinds, conditions say."""
    match = _DESCRIPTOR.fullmatch(descriptor)
    if match is None:
        raise ValueError(f"no security descriptor: {shown(descriptor)}")
    owner, control, entries = match.groups()
    if control == "NO_ACCESS_CONTROL":
        return AccessList(_account(owner), (AccessEntry("WD", allows=True, mask=_ALL),))
    return AccessList(_account(owner), tuple(_entry(entry) for entry in entries.strip("()").split(")(") if entry))


def _entry(entry: str) -> AccessEntry:
    match = _ENTRY.fullmatch(entry)
    if match is None:
        raise ValueError(f"no entry of an access list: {shown(entry)}")
    kind, flags, rights, account = match.groups()
    if rights.startswith("0x"):
        mask = int(rights, 16)
    else:
        mask = 0
        for at in range(0, len(rights), 2):
            mask |= chosen(_RIGHTS, rights[at : at + 2])
    inherited_only = "IO" in (flags[at : at + 2] for at in range(0, len(flags), 2))
    return AccessEntry(_account(account), kind == "A", mask, inherited_only)


def _account(account: str) -> str:
    if not account.startswith("S-"):
        if account not in _ALIASES:
            raise ValueError(f"no account: {shown(account)}")
        return account
    relative = _ALIAS_IN_DOMAIN.get(account.rpartition("-")[2]) if account.startswith("S-1-5-21-") else None
    return relative or _ALIAS_OF.get(account, account)


def _access_lists(received: list[Row]) -> AccessLists:
    paths: dict[str, AccessList | None] = {}
    for row in received:
        path = nonempty(shape(row, "path", "there", "list")["path"])
        if path in paths or flag(row["there"]) != (row["list"] is not None):
            raise ValueError(f"{shown(path)} twice, or a list of nothing")
        paths[path] = access_list(nonempty(row["list"])) if row["list"] is not None else None
    return AccessLists(paths)


PROBES = (probe(AccessLists, _access_lists, cost=25, arguments=Asking.places),)
