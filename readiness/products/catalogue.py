"""Reading the catalogue: a mistake in a product's file is an InputError with its place, all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from readiness.core.errors import InputError, Problem
from readiness.core.text import canonical
from readiness.products.models import Product
from readiness.yaml_text.document import Document, Path, quote
from readiness.yaml_text.known import Known
from readiness.yaml_text.reader import read_yaml
from readiness.yaml_text.sources import check_sources
from readiness.yaml_text.validate import validate

NOT_LEAVING = "its value does not leave the host"
Formats = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Catalogue:
    """All products by name, and the files they were read from by file name."""

    products: Mapping[str, Product]
    files: Mapping[str, bytes]


def load(formats: Formats, extra: Mapping[str, bytes] | None = None) -> Catalogue:
    """The catalogue that comes with the tool, and `extra` files by name; a product that is there twice is refused."""
    shipped = {
        file.name: file.read_bytes() for file in files("readiness.products").iterdir() if file.name.endswith(".yaml")
    }
    if twice := sorted(shipped.keys() & (extra or {}).keys()):
        raise InputError([Problem(name, 0, 0, "the catalogue has this product already") for name in twice])
    return load_bytes({**shipped, **(extra or {})}, formats)


def load_bytes(contents: Mapping[str, bytes], formats: Formats) -> Catalogue:
    """The catalogue from files by name (`bacula.yaml`); raises InputError with every mistake of every file.

    `formats` are the configuration formats that can be read, with the systems on which their files can be masked.
    """
    problems: list[Problem] = []
    products: dict[str, Product] = {}
    for name, data in sorted(contents.items()):
        document = read_yaml(name, data)
        product = validate(document, Product)
        if product is not None:
            _check_names(document, product, formats)
            products[product.product] = product
        problems += document.problems
    if problems:
        raise InputError(problems)
    return Catalogue(products, dict(contents))


def _check_names(document: Document, product: Product, formats: Formats) -> None:
    """Report names that stand for nothing: of the file, of sources, of roles in rules."""
    if document.file != f"{product.product}.yaml" and not document.is_incomplete(("product",)):
        message = f"the file of {product.product} must be named {product.product}.yaml"
        document.report(("product",), message)
    check_sources(document, product)
    for message, hint in _unread(product, formats):
        document.report(("configuration_format", "name"), message, hint)
    _check_directives(document, product)
    if not document.is_incomplete(("roles",)):
        _check_roles(document, product)


def _check_roles(document: Document, product: Product) -> None:
    """Report rules about roles that the product does not have."""
    roles = Known(product.roles, "roles")
    for section in ("version_rules", "peers", "same_on_cluster_nodes"):
        for number, rule in enumerate(getattr(product, section)):
            for key in ("role", "other"):
                role = getattr(rule, key, None)
                if role is not None and role not in roles.names:
                    document.report((section, number, key), f"unknown role {quote(role)}", roles.hint(role))


def _check_directives(document: Document, product: Product) -> None:
    """Report a directive that leaves in two ways, and those that outcomes rest on whose values do not leave at all."""
    first: dict[str, Path] = {}
    for section in ("open_directives", "certificate_directives", "secret_directives"):
        for number, entry in enumerate(getattr(product, section)):
            many = section == "open_directives"
            for at, name in enumerate(entry.directives if many else (entry.directive,)):
                path: Path = (section, number, *(("directives", at) if many else ("directive",)))
                for key in entry.keys_of(name):
                    if (twin := first.setdefault(key, path)) != path:
                        line, _ = document.locate(twin)
                        document.report(path, f"{quote(name)} of {key.partition('.')[0]} is at line {line} already")
    leaving = product.opened()
    known = Known(leaving.values(), "directives whose values leave a host")
    wanted: list[tuple[Path, tuple[str, ...]]] = []
    for number, peer in enumerate(product.peers):
        wanted.append((("peers", number, "address"), peer.keys_of(peer.address)))
        wanted.append((("peers", number, "switch"), peer.keys_of(peer.switch) if peer.switch else ()))
        wanted.append((("peers", number, "resources"), peer.keys_of("Name")))
    secrets = {key for entry in product.secret_directives for key in entry.keys_of(entry.directive)}
    for number, peer in enumerate(product.peers):
        keys = (*peer.keys_of(peer.secret), canonical(f"{peer.answer}.{peer.secret}"))
        if lacking := [key for key in keys if key not in secrets]:
            document.report(("peers", number, "secret"), f"{lacking[0]} is none of secret_directives", "add it there")
    for number, same in enumerate(product.same_on_cluster_nodes):
        keys = same.keys_of(same.directive)
        wanted.append((("same_on_cluster_nodes", number, "directive"), () if secrets.issuperset(keys) else keys))
    for number, safe in enumerate(product.safe_directives):
        wanted.append((("safe_directives", number, "directive"), safe.keys_of(safe.directive)))
    for path, keys in wanted:
        if lacking := [key for key in keys if key not in leaving]:
            document.report(path, f"{NOT_LEAVING}: {lacking[0]}", known.hint(lacking[0]))


def _unread(product: Product, formats: Formats) -> Iterator[tuple[str, str]]:
    """Why the product's configuration could not be read on hosts of its roles, and what would be right."""
    if product.configuration_format is None:
        return
    known = Known(formats, "formats")
    name = product.configuration_format.name
    if name not in known.names:
        yield f"unknown format {quote(name)}", known.hint(name)
        return
    families = {family for role in product.roles.values() for family in role.configuration}
    systems = {"windows" if family == "windows" else "linux" for family in families}
    for system in sorted(systems - formats[name]):
        yield f"files of the format {name} cannot be masked on {system}", ""
