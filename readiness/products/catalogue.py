"""Reading the catalogue: a mistake in a product's file is an InputError with its place, all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from readiness.core.errors import InputError, Problem
from readiness.products.models import Product
from readiness.products.places import Path, nearest, read

Formats = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Catalogue:
    """All products by name, and the files they were read from by file name."""

    products: Mapping[str, Product]
    files: Mapping[str, bytes]


def load(formats: Formats, extra: Mapping[str, bytes] | None = None) -> Catalogue:
    """The catalogue that comes with the tool, and `extra` files by name; a product that is there twice is refused."""
    shipped = {
        one.name: one.read_bytes() for one in files("readiness.products").iterdir() if one.name.endswith(".yaml")
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
        try:
            product = _product(name, data, formats)
        except InputError as error:
            problems += error.problems
        else:
            products[product.product] = product
    if problems:
        raise InputError(problems)
    return Catalogue(products, dict(contents))


def _product(file: str, data: bytes, formats: Formats) -> Product:
    document, places = read(file, data)
    try:
        product = Product.model_validate(document)
    except ValidationError as error:
        wrong = [
            Problem(file, *nearest(places, one["loc"]), _message(one["loc"], one["msg"])) for one in error.errors()
        ]
        raise InputError(wrong) from error
    wrong = [Problem(file, *nearest(places, path), message) for path, message in _strange(file, product, document)]
    wrong += [
        Problem(file, *nearest(places, ("configuration_format", "name")), message)
        for message in _unread(product, formats)
    ]
    if wrong:
        raise InputError(wrong)
    return product


def _unread(product: Product, formats: Formats) -> Iterator[str]:
    """Why the product's configuration could not be read on hosts of its roles."""
    if product.configuration_format is None:
        return
    name = product.configuration_format.name
    if name not in formats:
        yield f"no such format: {name} (formats: {', '.join(sorted(formats))})"
        return
    families = {family for role in product.roles.values() for family in role.configuration}
    systems = {"windows" if family == "windows" else "linux" for family in families}
    yield from (
        f"files of the format {name} cannot be masked on {system}" for system in sorted(systems - formats[name])
    )


def _message(path: Path, message: str) -> str:
    return f"{'.'.join(map(str, path))}: {message.removeprefix('Value error, ')}"


def _strange(file: str, product: Product, document: Any) -> Iterator[tuple[Path, str]]:
    """Names that stand for nothing: of the file, of sources, of roles in rules."""
    if file != f"{product.product}.yaml":
        yield ("product",), f"the file of {product.product} must be named {product.product}.yaml"
    used: set[str] = set()
    for path, source in _sources(document, ()):
        used.add(source)
        if source not in product.sources:
            yield path, f"no such source: {source} (sources: {', '.join(product.sources)})"
    yield from ((("sources", name), f"no value comes from {name}") for name in product.sources if name not in used)
    for section in ("version_rules", "peers", "same_on_cluster_nodes"):
        for index, rule in enumerate(getattr(product, section)):
            for key, role in (("role", rule.role), ("other", getattr(rule, "other", None))):
                if role is not None and role not in product.roles:
                    yield (section, index, key), f"no such role: {role} (roles: {', '.join(product.roles)})"


def _sources(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every `source` with its path."""
    if isinstance(value, dict):
        for key, entry in value.items():
            if key == "source":
                yield (*path, key), entry
            else:
                yield from _sources(entry, (*path, key))
    elif isinstance(value, tuple):
        for index, entry in enumerate(value):
            yield from _sources(entry, (*path, index))
