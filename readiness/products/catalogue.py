"""Reading the catalogue: a mistake in a product's file is an InputError with its place, all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from readiness.core.errors import InputError, Problem
from readiness.products.models import Product
from readiness.yaml_text.document import Document, quote
from readiness.yaml_text.known import Known
from readiness.yaml_text.reader import read_yaml
from readiness.yaml_text.sources import check_sources
from readiness.yaml_text.validate import validate

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
