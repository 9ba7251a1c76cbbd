"""The product's configuration as far as the catalogue says that it may leave the host."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import ClassVar

from readiness.configs import FORMATS
from readiness.configs.model import ConfigurationFile
from readiness.configs.statements import ABSENT, Statement, statement
from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.core.text import canonical
from readiness.probes.asking import Asking
from readiness.probes.guard import Refusal, refusal
from readiness.probes.probe import Probe
from readiness.probes.reading import chosen, fields, lines, no_tool, number, script, shown, summed, tag_of
from readiness.products.models import Product

_NAMES = "names\t."
_SUM = re.compile(r"([0-9a-f]{64})  -")
_STATUS = re.compile(r"0|[1-9][0-9]{0,2}|absent")


@dataclass(frozen=True, slots=True)
class Configuration(Fact):
    """The configuration files asked for, by path, and what the names that they call peers by resolve to.

    `resolved` has no addresses for a name that does not resolve on the host.
    """

    name: ClassVar[str] = "configuration"
    files: Mapping[str, ConfigurationFile]
    resolved: Mapping[str, tuple[str, ...]]


def parse_configuration(output: Output) -> Configuration | Missing:
    """Statements product by product and file by file, then the names.

    The sum over all of it shows when anything is lost or changed.
    """
    received = lines(output)
    if missing := no_tool(received):
        return missing
    body = summed(received)
    at = body.index(_NAMES)
    files: dict[str, ConfigurationFile] = {}
    for format_name, read in _products([line for line in body[:at] if line]):
        unreadable = {path: file.reason for path, file in read.items() if file.reason}
        asked = [path for path, file in read.items() if file.is_asked]
        if refused := [path for path in asked if unreadable.get(path, ABSENT) != ABSENT]:
            return _missing(refused[0], read[refused[0]])
        if twice := files.keys() & asked:
            raise ValueError(f"{shown(min(twice))} twice")
        statements = {path: file.statements for path, file in read.items()}
        reader = chosen(FORMATS, format_name).read
        files |= {path: reader(path, statements, unreadable) for path in asked}
    return Configuration(files, _resolved(body[at + 1 :]))


@dataclass(frozen=True, slots=True)
class _Read:
    """One file as it was read: `is_asked` unless it was only included; `reason` says why it was not read."""

    statements: tuple[Statement, ...]
    is_asked: bool
    reason: str
    refused: Refusal | None = None


def _missing(path: str, file: _Read) -> Missing:
    if file.refused is None:
        return Missing(Why.UNREADABLE, f"{path}: {file.reason}")
    return Missing(Why.NOT_PERMITTED, f"{path}: {file.refused.why}", file.refused.remedy)


def _products(body: list[str]) -> Iterator[tuple[str, dict[str, _Read]]]:
    """Each product's format and files; ValueError where not all that were asked for came."""
    if not body or tag_of(body[0]) != "format":
        if body:
            raise ValueError(f"no format: {shown(body[0])}")
        return
    starts = [at for at, line in enumerate(body) if tag_of(line) == "format"]
    for start, end in zip(starts, [*starts[1:], len(body)], strict=True):
        name, count = fields(body[start], "format", 2)
        files = _files(body[start + 1 : end])
        if sum(file.is_asked for file in files.values()) != number(count):
            raise ValueError(f"not {count} files of {name}: {shown(' '.join(files))}")
        yield name, files


def _files(section: list[str]) -> dict[str, _Read]:
    files: dict[str, _Read] = {}
    rest = iter(section)
    for line in rest:
        is_asked = chosen({"file": True, "part": False}, tag_of(line))
        _, path = fields(line, tag_of(line), 2)
        statements = []
        for row in rest:
            if tag_of(row) in {"status", "refused"}:
                break
            statements.append(_statement(row, rest))
        else:
            raise ValueError(f"{path} has no end")
        reason, refused = _ending(row)
        if path in files or (reason and statements):
            raise ValueError(f"{path} twice, or not read and yet with statements")
        files[path] = _Read(tuple(statements), is_asked, reason, refused)
    return files


def _ending(row: str) -> tuple[str, Refusal | None]:
    """Why a file was not read, empty where it was; and the guard's reason."""
    if tag_of(row) == "refused":
        _, *why = fields(row, "refused", 4)
        refused = refusal(*why)
        return str(refused), refused
    _, status = fields(row, "status", 2)
    if not _STATUS.fullmatch(status):
        raise ValueError(f"no status: {shown(status)}")
    return {"0": "", "absent": ABSENT}.get(status, "it cannot be read"), None


def _statement(line: str, rest: Iterator[str]) -> Statement:
    """One statement; the digest of a secret stands on the line after it, as sha256sum prints it."""
    kind, at, *parts = line.split("\t")
    if parts[-1:] != ["."]:
        raise ValueError(f"no statement: {shown(line)}")
    given = parts[:-1]
    if kind == "secret":
        match = _SUM.fullmatch(next(rest, ""))
        if match is None:
            raise ValueError(f"no digest after {shown(line)}")
        given.append(match[1])
    return statement(kind, number(at), given)


def _resolved(names: list[str]) -> dict[str, tuple[str, ...]]:
    resolved: dict[str, list[str]] = {}
    for line in names:
        if not line:
            continue
        if tag_of(line) == "asked":
            resolved[fields(line, "asked", 1)[0]] = []
            continue
        name, address = fields(line, "forward", 2)
        ip_address(address.partition("%")[0])
        if name not in resolved:
            raise ValueError(f"nobody asked for {shown(name)}")
        resolved[name].append(address)
    return {name: tuple(addresses) for name, addresses in resolved.items()}


def _products_of(asking: Asking) -> Iterator[tuple[Product, str, tuple[str, ...]]]:
    """The products whose configuration can be read on this host, with its format and files."""
    for product in asking.products:
        files = asking.configuration_files(product)
        if product.configuration_format and files:
            yield product, product.configuration_format.name, files


def arguments_of(asking: Asking) -> tuple[str, ...]:
    """By product which directives leave the host and how, those with a peer's address, and its files."""
    return tuple(
        argument
        for product, format_name, files in _products_of(asking)
        for argument in (
            f"format={format_name}",
            *_leaving(product, [role.name for owner, role in asking.roles if owner is product]),
            *_each("address", (canonical(entry.address) for entry in product.peers)),
            *_each("folder", _folders(product, asking, files)),
            *_each("file", files),
        )
    )


def _leaving(product: Product, roles: Collection[str]) -> Iterator[str]:
    """The directives of a product by what leaves of them; of two that are one, the later counts."""
    for entry in product.open_directives:
        yield _directives(entry.shape, entry.resources, entry.directives)
    for certificate in product.certificate_directives:
        yield _directives("path", certificate.resources, [certificate.directive])
    for secret in product.secret_directives:
        yield _directives("secret", secret.resources, [secret.directive])
    secrets = {key for secret in product.secret_directives for key in secret.keys_of(secret.directive)}
    for same in product.same_on_cluster_nodes:
        if same.role in roles and secrets.issuperset(same.keys_of(same.directive)):
            yield _directives("digest", same.resources, [same.directive])
    for peer in product.peers:
        if peer.role in roles:
            yield _directives("digest", peer.resources, [peer.secret])
        if peer.other in roles:
            yield _directives("digest", [peer.answer], [peer.secret])


def _directives(shape: str, resources: Iterable[str], names: Iterable[str]) -> str:
    return f"directive={shape}:{','.join(map(canonical, resources))}:{','.join(map(canonical, names))}"


def maskings_of(asking: Asking) -> tuple[str, ...]:
    """The masking of each format that the host's products are configured in."""
    names = sorted({format_name for _, format_name, _ in _products_of(asking)})
    return tuple(FORMATS[name].masking(asking.host.os) for name in names)


def _before(asking: Asking) -> tuple[str, ...]:
    return (script("guard"), *maskings_of(asking))


def _each(key: str, values: Iterable[str]) -> list[str]:
    return sorted({f"{key}={value}" for value in values})


def _folders(product: Product, asking: Asking, files: tuple[str, ...]) -> list[str]:
    """The folders below which a host's files are read: those of the files, and those of included ones.

    Not one that others share, such as /etc: of what lies there only the file itself is read.
    """
    if asking.host.os == "windows":
        return []
    included = product.include_folders.paths if product.include_folders else ()
    parents = {path.rpartition("/")[0] for path in files}
    own = [*(path for path in included if path.startswith("/")), *(path for path in parents if path.count("/") > 1)]
    return [*own, *asking.host.reads]


PROBES = (
    Probe(
        Configuration,
        script("configuration"),
        parse_configuration,
        cost=50,
        as_root=True,
        arguments=arguments_of,
        after=_before,
    ),
)
