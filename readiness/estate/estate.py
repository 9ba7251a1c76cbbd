"""The file estate.yaml: the backup service under review, its hosts, and how they are reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, cast

from pydantic import AfterValidator, Field

from readiness.core.scripts import Limits
from readiness.estate import texts
from readiness.estate.backups import FailoverCluster, check_clusters
from readiness.estate.custom import CustomChecks, check_custom
from readiness.estate.cutover import Cutover, check_cutover
from readiness.estate.hosts import Host, check_hosts, completed
from readiness.estate.login import EstateSsh, Ssh, Winrm
from readiness.estate.names import Names
from readiness.estate.uses import check_uses, effective_uses, holders_of
from readiness.yaml_text.document import Document, quote
from readiness.yaml_text.models import Strict, WrittenAs, keyed, merged, stated
from readiness.yaml_text.shapes import ListOf, filled

_LIMITS = Limits()
_IN_ORDER = (
    ("connect_s", "host_s"),
    ("login_s", "host_s"),
    ("probe_s", "host_s"),
    ("host_s", "run_s"),
    ("probe_bytes", "host_bytes"),
)
_Bytes = Annotated[int, Field(ge=1024, le=1 << 30)]


class Titled(Strict):
    """A zone of the network, or a group of hosts that something was agreed about together."""

    title: texts.Line | None = stated("What it is, in words.", None, example="File daemons")


class WrittenLimits(Strict):
    """Deadlines and byte limits that differ from the defaults."""

    connect_s: texts.Seconds = stated("Seconds for a connection.", _LIMITS.connect_s, example="10")
    login_s: texts.Seconds = stated("Seconds for a login.", _LIMITS.login_s, example="20")
    probe_s: texts.Seconds = stated("Seconds for a probe.", _LIMITS.probe_s, example="30")
    host_s: texts.Seconds = stated("Seconds for all of a host.", _LIMITS.host_s, example="120")
    run_s: texts.Seconds = stated("Seconds for the whole run.", _LIMITS.run_s, example="900")
    probe_bytes: _Bytes = stated("Bytes that are read of a probe.", _LIMITS.probe_bytes, example="1048576")
    host_bytes: _Bytes = stated("Bytes that are read of a host.", _LIMITS.host_bytes, example="16777216")


class Estate(Strict):
    """The file estate.yaml; `note` is shown with every report, `hosts` are in the order as written."""

    stand_in: ClassVar[Mapping[str, Any]] = {
        "service": "left out",
        "change": "left out",
        "cutover": {"start": "2000-01-01T00:00Z", "end": "2000-01-02T00:00Z"},
        "hosts": {},
    }

    service: texts.Words = stated("The backup service under review.", example="corporate backup")
    change: texts.Words = stated("The number of the change.", example="CHG0012345")
    cutover: Cutover = stated(
        "When the service goes live, or since when it is in operation.",
        example='{start: "2026-12-01T20:00:00+01:00", end: "2026-12-02T04:00:00+01:00"}',
    )
    note: texts.Line = stated("A line that is shown with every report.", "", example="second attempt")
    zones: dict[texts.Name, Titled] = stated("Zones of the network.", {}, example="{core: {title: Core network}}")
    groups: dict[texts.Name, Titled] = stated(
        "Groups of hosts that something was agreed about together.", {}, example="{clients: {title: File daemons}}"
    )
    ssh: Annotated[Ssh, WrittenAs(EstateSsh)] = stated(
        "How to log in to all hosts over SSH.",
        EstateSsh(),
        example="{user: readiness, identity_file: ~/.ssh/id_ed25519}",
    )
    winrm: Winrm = stated("How to log on to all hosts over WinRM.", Winrm(), example="{user: readiness}")
    limits: Annotated[Limits, WrittenAs(WrittenLimits)] = stated(
        "How long reading may take, and how much is read.", WrittenLimits(), example="{probe_s: 20}"
    )
    jobs: Annotated[int, Field(ge=1, le=512)] = stated("Hosts visited side by side.", 32, example="8")
    hosts: Annotated[dict[texts.HostName, Host], AfterValidator(keyed)] = stated(
        "Every host of the service by its name.", example="{dir01: {fqdn: dir01.example.com}}"
    )
    clusters: Annotated[dict[texts.HostName, FailoverCluster], AfterValidator(keyed), AfterValidator(filled)] = stated(
        "Windows failover clusters by their own name.", {}, example="{sql: {nodes: [node1, node2]}}"
    )
    custom_checks: ListOf[CustomChecks] = stated(
        "Folders of the users' own tests.", (), example="[{folder: tests/infra}]"
    )


def complete(document: Document, written: Estate, names: Names) -> Estate:
    """The estate with the settings in force for every host; reports what does not fit together."""
    limits = cast("WrittenLimits", written.limits)
    for section in ("zones", "groups", "hosts"):
        _differ_by_more_than_case(document, section)
    check_cutover(document)
    _check_limits(document, limits)
    ssh, winrm = merged(Ssh(), written.ssh), written.winrm
    hosts = {name: completed(host, ssh, winrm, names) for name, host in written.hosts.items()}
    _check_groups(document, written, hosts)
    check_hosts(document, written.hosts, hosts, names, winrm_is_stated="winrm" in written.model_fields_set)
    check_uses(document, hosts, names)
    for name in written.clusters:
        if name in hosts or name in written.groups:
            message = f"the cluster {quote(name)} has the name of a host or group"
            hint = "it is the cluster's own name: call the other otherwise"
            document.report(("clusters", name), message, hint, key=True)
    check_clusters(document, written.clusters, [host.name for host in hosts.values() if host.os == "windows"], hosts)
    check_custom(document, written.custom_checks, hosts)
    holders = holders_of(hosts)
    update = {
        "ssh": ssh,
        "limits": Limits(**dict(limits)),
        "hosts": {
            name: host.model_copy(update={"uses": effective_uses(host, holders, names)[0]})
            for name, host in hosts.items()
        },
        "custom_checks": tuple(entry.completed(hosts, names.command_transports) for entry in written.custom_checks),
    }
    return written.model_copy(update=update)


def _differ_by_more_than_case(document: Document, section: str) -> None:
    first: dict[str, str] = {}
    for name in document.keys(section) or ():
        twin = first.setdefault(name.lower(), name)
        if twin != name:
            message = f"{quote(name)} differs from {twin} only by case"
            document.report((section, name), message, "choose another name", key=True)


def _check_limits(document: Document, limits: WrittenLimits) -> None:
    values, given = dict(limits), limits.model_fields_set
    for small, big in _IN_ORDER:
        if values[small] <= values[big] or not {small, big} & given:
            continue
        if document.is_incomplete(("limits", small)) or document.is_incomplete(("limits", big)):
            continue
        at = small if small in given else big
        words = [f"{key} {values[key]:.10g}{'' if key in given else ' (the default)'}" for key in (small, big)]
        document.report(("limits", at), " is more than ".join(words), f"{small} is at most {big}")


def _check_groups(document: Document, estate: Estate, hosts: Mapping[str, Host]) -> None:
    """Each group has a member: one without would be checked and say nothing."""
    members = {group for host in hosts.values() for group in host.groups} | set(document.texts_left_out())
    for group in estate.groups:
        if group in hosts:
            hint = "--hosts takes both: give one another name"
            document.report(("groups", group), f"the group {quote(group)} has the name of a host", hint, key=True)
        elif hosts and group not in members:
            hint = "give it hosts, or remove it: nothing would be checked"
            document.report(("groups", group), f"the group {quote(group)} has no members", hint, key=True)
