"""From the files of an estate folder to the estate and its baseline, or to every mistake in all of them at once."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import time
from functools import cached_property
from pathlib import Path

from readiness.core.errors import InputError, Problem
from readiness.core.scripts import Limits
from readiness.estate import files as written
from readiness.estate import models
from readiness.estate.backups import Backup, BackupWindow, FailoverCluster, Looked, check_backups
from readiness.estate.custom import check_custom, chosen, custom_folders, read_custom
from readiness.estate.references import check_baseline, check_estate, effective_uses, holders_of, names_in
from readiness.estate.tables import inside, table
from readiness.estate.validate import validate
from readiness.estate.ways import TRANSPORTS, check_ways
from readiness.estate.yaml_lines import Document, read_yaml, too_big
from readiness.estate.yaml_lines import Path as KeyPath

ESTATE, BASELINE = "estate.yaml", "baseline.yaml"
DEFAULT_JOBS = 32
# 50,000 hosts are some 12 MiB, and as many pinned keys.
_MAX_BYTES = 16 << 20
_MAX_BYTES_OF = {BASELINE: 1 << 20}


@dataclass(frozen=True)
class LoadedEstate:
    """An estate whose files hold no mistake that can be seen in them; `files` are the bytes as read, by name."""

    estate: models.Estate
    baseline: models.Baseline
    files: Mapping[str, bytes]

    @cached_property
    def _documents(self) -> Mapping[str, Document]:
        # Read again when somebody asks: the lines of 50,000 hosts are too much to keep for a question seldom asked.
        return _documents(self.files)

    def locate(self, file: str, path: KeyPath, *, key: bool = False) -> tuple[int, int]:
        """Line and column of what stands at a path such as ("hosts", "dir01", "fqdn"), or of its nearest parent."""
        return self._documents[file].locate(path, key=key)

    def problem(self, file: str, path: KeyPath, message: str, hint: str = "") -> Problem:
        """A problem at that place."""
        line, column = self.locate(file, path)
        return Problem(file, line, column, message, hint)


def load(folder: Path, names: models.CatalogueNames) -> LoadedEstate:
    """Read an estate folder; raises InputError with every mistake of every file, its paths as terminals open them."""
    try:
        entries = sorted(entry.name for entry in os.scandir(folder))
    except OSError as error:
        hint = f"an estate is a folder with {ESTATE} and {BASELINE}"
        raise InputError([Problem(str(folder), 0, 0, f"not a readable folder: {error.strerror}", hint)]) from error
    problems: list[Problem] = []
    files = {name: data for name in (ESTATE, BASELINE) if (data := _read(folder, name, problems)) is not None}
    documents = _documents(files)
    named = _named(documents.get(ESTATE))
    if named is not None:
        problems += _strangers(folder, entries, named)
        known_hosts = _known_hosts(documents[ESTATE])
        if known_hosts and (data := _read(folder, known_hosts, problems)) is not None:
            files[known_hosts] = data
        for name in read_custom(folder, documents[ESTATE]):
            if (data := _read(folder, name, problems)) is not None:
                files[name] = data
    try:
        return _finish(files, documents, problems, names)
    except InputError as error:
        raise InputError([replace(one, file=str(folder / one.file)) for one in error.problems]) from None


def load_bytes(files: Mapping[str, bytes], names: models.CatalogueNames) -> LoadedEstate:
    """The same from the bytes of a saved run; raises InputError."""
    problems = [_missing(name) for name in (ESTATE, BASELINE) if name not in files]
    documents = _documents(files)
    known_hosts = _known_hosts(documents.get(ESTATE))
    if known_hosts and known_hosts not in files:
        problems.append(_missing(known_hosts))
    if _named(documents.get(ESTATE)) is not None:
        own = tuple(f"{folder}/" for folder in custom_folders(documents[ESTATE]).values())
        known = {ESTATE, BASELINE, known_hosts}
        problems += [_stranger(name) for name in files if name not in known and not name.startswith(own)]
    return _finish(dict(files), documents, problems, names)


def _max_bytes(name: str) -> int:
    return _MAX_BYTES_OF.get(name, _MAX_BYTES)


def _documents(files: Mapping[str, bytes]) -> dict[str, Document]:
    return {name: read_yaml(name, files[name], _max_bytes(name)) for name in (ESTATE, BASELINE) if name in files}


def _missing(name: str) -> Problem:
    hint = f"an estate has {ESTATE} and {BASELINE}" if name in {ESTATE, BASELINE} else f"{ESTATE} names it"
    return Problem(name, 0, 0, "the file is missing", hint)


def _stranger(name: str) -> Problem:
    stem, _, ending = name.rpartition(".")
    hint = f"rename it to {stem}.yaml" if f"{stem}.yaml" in {ESTATE, BASELINE} and ending == "yml" else ""
    return Problem(name, 0, 0, f"this version cannot judge {name}", hint or "remove it, or use a version that can")


def _read(folder: Path, name: str, problems: list[Problem]) -> bytes | None:
    """The bytes of a regular file, or None and why not; nothing else is opened, since opening a device may act."""
    path = folder / name
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            problems.append(Problem(name, 0, 0, "not a regular file"))
            return None
        with path.open("rb") as file:
            data = file.read(_max_bytes(name) + 1)
    except FileNotFoundError:
        problems.append(_missing(name))
        return None
    except OSError as error:
        problems.append(Problem(name, 0, 0, f"cannot be read: {error.strerror}"))
        return None
    return data


def _known_hosts(document: Document | None) -> str | None:
    return inside(table(table(document.value).get("ssh")).get("known_hosts")) if document is not None else None


def _named(document: Document | None) -> frozenset[str] | None:
    """The files of the folder that estate.yaml names; None when it cannot be read: then none is called a stranger."""
    if document is None or document.root is None:
        return None
    estate = table(document.value)
    hosts = tuple(table(estate.get("hosts")).values())
    sections = [table(estate.get("ssh")), *(table(table(host).get("ssh")) for host in hosts)]
    paths: list[object] = []
    for section in sections:
        identities = section.get("identity_file")
        paths += identities if isinstance(identities, tuple) else [identities]
        paths += [section.get("known_hosts"), section.get("config")]
    for section in [table(estate.get("winrm")), *(table(table(host).get("winrm")) for host in hosts)]:
        paths += [section.get(key) for key in ("ca", "certificate", "key")]
    paths += custom_folders(document).values()
    return frozenset(short for path in paths if (short := inside(path)))


def _strangers(folder: Path, entries: Iterable[str], named: frozenset[str], under: str = "") -> Iterator[Problem]:
    """What the folder holds and this version would not look at."""
    for entry in entries:
        name = f"{under}{entry}"
        if entry.startswith((".", "README")) or name in named or name in {ESTATE, BASELINE}:
            continue
        if any(path.startswith(f"{name}/") for path in named) and (folder / name).is_dir():
            inner = sorted(one.name for one in os.scandir(folder / name))
            yield from _strangers(folder, inner, named, f"{name}/")
        else:
            yield _stranger(f"{name}/" if (folder / name).is_dir() else name)


def _finish(
    files: Mapping[str, bytes],
    documents: Mapping[str, Document],
    problems: list[Problem],
    names: models.CatalogueNames,
) -> LoadedEstate:
    estate, baseline = documents.get(ESTATE), documents.get(BASELINE)
    groups, hosts = None, {}
    estate_file = baseline_file = None
    if estate is not None:
        estate_file = validate(estate, written.EstateFile)
        check_estate(estate, names)
        check_ways(estate)
        check_custom(estate)
        check_backups(estate)
        groups, hosts = names_in(estate, "groups"), table(table(estate.value).get("hosts"))
    if baseline is not None:
        baseline_file = validate(baseline, written.BaselineFile)
        check_baseline(baseline, groups, names, hosts)
    for document in documents.values():
        problems += document.problems
    problems += [too_big(name, _max_bytes(name)) for name, data in files.items() if len(data) > _max_bytes(name)]
    if problems or estate_file is None or baseline_file is None:
        raise InputError(problems)
    return LoadedEstate(_estate(estate_file, names), _baseline(baseline_file), dict(files))


def _estate(file: written.EstateFile, names: models.CatalogueNames) -> models.Estate:
    default = _ssh(models.Ssh(), file.ssh)
    default_winrm = _winrm(models.Winrm(), file.winrm)
    holders = holders_of({name: {"products": host.products} for name, host in file.hosts.items()})
    hosts = {}
    for name, host in file.hosts.items():
        products = host.products or {}
        uses, _ = effective_uses(products, host.uses or {}, holders, names)
        hosts[name] = models.Host(
            name=name,
            fqdn=host.fqdn,
            address=host.address or host.fqdn,
            os=host.os,
            transport=host.transport or TRANSPORTS[host.os],
            ssh=_ssh(default, host.ssh),
            winrm=_winrm(default_winrm, host.winrm),
            machine_id=host.machine_id,
            zone=host.zone,
            groups=host.groups or (),
            site=host.site,
            owner=host.owner,
            products=products,
            uses=uses,
            backup=_backup(host.backup) if host.backup is not None else None,
        )
    return models.Estate(
        service=file.service,
        change=file.change,
        note=file.note or "",
        cutover=models.Window(file.cutover.start, file.cutover.end),
        zones={name: models.Zone(zone.title or "") for name, zone in (file.zones or {}).items()},
        groups={name: models.Group(group.title or "") for name, group in (file.groups or {}).items()},
        ssh=default,
        winrm=default_winrm,
        limits=_limits(file.limits),
        jobs=file.jobs or DEFAULT_JOBS,
        hosts=hosts,
        custom_checks=tuple(
            models.CustomChecks(
                inside(one.folder) or "", chosen(hosts, one.groups, one.hosts, names.command_transports)
            )
            for one in file.custom_checks or ()
        ),
        clusters={
            name: FailoverCluster(name, one.nodes, one.preferred_owners) for name, one in (file.clusters or {}).items()
        },
    )


def _ssh(default: models.Ssh, entry: written.SshEntry | written.HostSshEntry | None) -> models.Ssh:
    """The default with what the entry states in its place."""
    stated = entry.model_dump(exclude_none=True) if entry is not None else {}
    if identities := stated.pop("identity_file", None):
        stated["identity_files"] = identities
    return replace(default, **stated)


def _winrm(default: models.Winrm, entry: written.WinrmEntry | None) -> models.Winrm:
    return replace(default, **(entry.model_dump(exclude_none=True) if entry is not None else {}))


def _backup(entry: written.BackupEntry) -> Backup:
    window, looked = entry.window, entry.nothing_left_behind
    return Backup(
        entry.method,
        quiesce=bool(entry.quiesce),
        memory=bool(entry.memory),
        window=BackupWindow(time.fromisoformat(window.start), window.hours, window.zone)
        if window is not None
        else None,
        nothing_left_behind=Looked(looked.by, looked.day) if looked is not None else None,
    )


def _limits(entry: written.LimitsEntry | None) -> Limits:
    stated = entry.model_dump(exclude_none=True) if entry is not None else {}
    return Limits(**{one.name: stated[one.name] for one in fields(Limits) if one.name in stated})


def _space(entry: written.SpaceEntry) -> models.SpaceDemand:
    return models.SpaceDemand(**{**entry.model_dump(), "roles": entry.roles or (), "groups": entry.groups or ()})


def _baseline(file: written.BaselineFile) -> models.Baseline:
    systems = file.operating_systems
    return models.Baseline(
        operating_systems=tuple(models.OperatingSystem(one.id, one.version, one.groups or ()) for one in systems)
        if systems is not None
        else None,
        versions=file.versions,
        same_version_groups=file.same_version_groups,
        clock=models.ClockDemand(file.clock.max_offset_s) if file.clock is not None else None,
        listening_also=tuple(models.Listener(one.port, one.process, one.groups or ()) for one in file.listening.also)
        if file.listening is not None
        else None,
        space=tuple(_space(one) for one in file.space) if file.space is not None else None,
        host=models.HostDemand(**file.host.model_dump()) if file.host is not None else None,
        sshd=file.sshd,
        no_login_shell=file.no_login_shell,
        configuration=file.configuration,
        not_agreed=dict(file.not_agreed or {}),
        windows=models.WindowsDemand(**file.windows.model_dump()) if file.windows else models.WindowsDemand(),
    )
