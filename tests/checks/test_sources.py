"""An outcome that rests on a value which nobody has verified says so: of every value of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from readiness.configs import SYSTEMS
from readiness.core.outcomes import Result
from readiness.planning.inputs import Inputs
from readiness.probes.system import OsRelease
from readiness.products import load
from readiness.products.models import Product
from readiness.yaml_text.sources import Sourced

from .changes import LINUX_HOSTS, with_estate
from .harness import Clean, Store, changed, judged
from .test_cluster import clean_cluster

Path = tuple[str | int, ...]
# What only says what is read and masked, so that no outcome rests on it.
ONLY_ASKED_FOR = {
    "open_directives",
    "secret_directives",
    "certificate_folders",
    "include_folders",
    "configuration_format",
}
# What no check of today judges by; `safe_directives` say what `readiness propose` proposes.
UNUSED = {
    ("roles", "client", "users", "debian"),  # root, whose shell nobody takes away
    ("roles", "client", "users", "windows"),
    *(("safe_directives", number) for number in range(3)),
}
BACULA = load(SYSTEMS).products["bacula"]


def entries(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where each value with a source stands."""
    if isinstance(value, Sourced):
        yield path
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from entries(getattr(value, name), (*path, name))
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield from entries(entry, (*path, key))
    elif isinstance(value, tuple):
        for index, entry in enumerate(value):
            yield from entries(entry, (*path, index))


def marked(value: Any, path: Path = (), *, verified: bool = False) -> Any:
    """The same with every entry unverified, or all verified, and its path for its source."""
    if isinstance(value, Sourced):
        return value.model_copy(update={"source": label(path), "verified": verified})
    if isinstance(value, BaseModel):
        names = type(value).model_fields
        return value.model_copy(
            update={name: marked(getattr(value, name), (*path, name), verified=verified) for name in names}
        )
    if isinstance(value, Mapping):
        return {key: marked(entry, (*path, key), verified=verified) for key, entry in value.items()}
    if isinstance(value, tuple):
        return tuple(marked(entry, (*path, index), verified=verified) for index, entry in enumerate(value))
    return value


def label(path: Path) -> str:
    return "<" + ".".join(map(str, path)) + ">"


def with_product(inputs: Inputs, product: Product) -> Inputs:
    catalogue = replace(inputs.catalogue, products={product.product: product})
    hosts = dict(inputs.estate.hosts)
    for name, roles in (("dir01", ("director", "console")),):
        if name in hosts:
            hosts[name] = hosts[name].model_copy(update={"products": {"bacula": roles}})
    return replace(with_estate(inputs, hosts=hosts), catalogue=catalogue)


def red_hat(clean: Clean) -> Store:
    """The Linux hosts as hosts of the Red Hat family."""
    store = dict(clean.store)
    for host in LINUX_HOSTS:
        changed(store, host, OsRelease, lambda release: replace(release, id="rhel", id_like=("fedora",)))
    return store


def texts(clean: Clean, product: Product) -> list[str]:
    """What all checks say of Debian, Red Hat and Windows hosts and of a cluster."""
    cluster = clean_cluster()
    outcomes = [
        *judged(with_product(clean.inputs, product), clean.store).values(),
        *judged(with_product(clean.inputs, product), red_hat(clean)).values(),
        *judged(with_product(cluster.inputs, product), cluster.store, "CLU-006", "CLU-007").values(),
    ]
    return [outcome.message for outcome in outcomes]


def test_every_value_that_nobody_verified_is_told_where_it_is_used(clean: Clean) -> None:
    every = "\n".join(texts(clean, marked(BACULA)))
    untold = {path for path in entries(BACULA) if label(path) not in every}
    assert {path for path in untold if path[0] not in ONLY_ASKED_FOR} == UNUSED


def test_nothing_is_told_where_all_was_verified(clean: Clean) -> None:
    every = texts(clean, marked(BACULA, verified=True))
    assert not [text for text in every if "unverified values" in text and "<" in text]


def test_the_source_is_told_in_words(clean: Clean) -> None:
    message = judged(clean.inputs, clean.store, "SVC-002")["SVC-002 fd01/bacula.client"].message
    assert message.endswith("(rests on unverified values: general knowledge)")
    assert "verified" not in judged(clean.inputs, clean.store, "SVC-002")["SVC-002 client01/bacula.client"].message


def test_a_value_of_a_policy_is_told_as_one_of_the_catalogue(clean: Clean) -> None:
    outcome = judged(clean.inputs, clean.store, "WIN-003")["WIN-003 fd01"]
    assert outcome.outcome is Result.PASS
    assert "unverified values: general knowledge" in outcome.message


def test_a_rule_says_why(clean: Clean) -> None:
    outcome = judged(clean.inputs, clean.store, "VER-004")["VER-004 client01/bacula.client~director"]
    assert "a protocol that the director does not know" in outcome.expected
