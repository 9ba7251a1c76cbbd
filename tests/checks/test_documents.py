"""Every source of a check, a policy or the catalogue is a document that anybody can open, or a file of the product."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness import policies
from readiness.configs import SYSTEMS
from readiness.estate.keys import File, find
from readiness.products import load
from readiness.products.models import Product, Role

from .harness import shipped

ROOT = Path(__file__).parents[2]
PUBLIC = re.compile(
    r"""
    [a-z][a-z0-9_.-]*\([1-8]\)                      # a manual page
    | RFC\ \d+(\ sections?\ \d[\d.]*|$|,)
    | NIST\ (SP|IR)\ \d | CIS\ [A-Z] | Debian\ Policy\ Manual,
    | .*https://[a-z0-9-]+(\.[a-z0-9-]+)+(/|,|$)
    | Bacula\ \d[\d.]*,\ src/ | VMware\ vSphere\ \d[\d.]*,\ vSphere\b
    """,
    re.VERBOSE,
)
# Of the catalogue and the policies besides: packages, programs and repositories by their names and versions.
OF_DATA = re.compile(
    r'Debian \d+, packages |[a-z]+\.spec of |"?[a-z]+\.nsi of |docs\.bareos\.org, |the directives that b\S+json'
    r"|MicrosoftDocs/|github\.com/\w+/|Microsoft KB \d+|elatov\.github\.io, "
)
GENERAL = "general knowledge"  # told as not verified with every outcome that rests on it
FILES: dict[str, File] = {"estate.yaml": "estate", "baseline.yaml": "baseline"}
FOLDERS = {"readiness/products/*.yaml": {*Product.model_fields, *Role.model_fields}}


def parts() -> Iterator[tuple[str, str]]:
    for name, shown in shipped().items():
        yield from ((name, part) for part in shown.check.source.split("; "))


def is_of_the_product(part: str) -> bool:
    """A file of the product, a key of the estate's own files, or a key of the catalogue."""
    file, _, key = part.partition(", ")
    if file in FILES:
        return bool(find(FILES[file], key))
    if file in FOLDERS:
        return key.partition(",")[0] in FOLDERS[file]
    return file.startswith("readiness/") and (ROOT / file).is_file()


@pytest.mark.parametrize(("check_id", "part"), list(parts()))
def test_every_source_of_a_check_is_a_public_document_or_a_file_of_the_product(check_id: str, part: str) -> None:
    assert PUBLIC.match(part) or is_of_the_product(part), f"{check_id}: {part}"


def test_every_source_of_the_catalogue_and_of_the_policies_is_a_public_document() -> None:
    files = [*load(SYSTEMS).products.values(), policies.schannel_defaults()]
    files += [policies.cluster_events(), policies.certificate_strength()]
    every = {text for file in files for text in file.sources.values()}
    assert [text for text in every if not (PUBLIC.match(text) or OF_DATA.match(text) or text == GENERAL)] == []


@pytest.mark.parametrize(
    "text",
    ["DESIGN: an unreachable host is never green", "shared/domain/products.md", "general practice: more than 30 days"],
)
def test_what_nobody_else_can_open_is_no_source(text: str) -> None:
    assert not PUBLIC.match(text)
    assert not OF_DATA.match(text)
    assert not is_of_the_product(text)


@pytest.mark.parametrize("text", ["readiness/gone.yaml", "baseline.yaml, clocks", "readiness/products/*.yaml, pears"])
def test_a_file_or_key_that_is_not_there_is_no_source(text: str) -> None:
    assert not is_of_the_product(text)
