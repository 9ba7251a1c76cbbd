"""What is agreed about the hosts themselves: their systems, resources and settings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from readiness.estate import texts
from readiness.estate.demands import Section, demand
from readiness.estate.names import Group
from readiness.yaml_text.models import Strict, stated
from readiness.yaml_text.shapes import ListOf, different


class OperatingSystem(Strict):
    """A release that was agreed on, for everybody or for groups."""

    id: texts.SystemId = stated("ID of os-release(5), or windows.", example="debian")
    version: texts.Version = stated("VERSION_ID of os-release(5).", example='"12"')
    groups: ListOf[Group] = stated("The groups it is for; without them every host.", (), example="[clients]")


class Machines(Section):
    """What was agreed about every host."""

    min_memory_bytes: Annotated[int, Field(ge=1)] | None = demand("The least memory, in bytes.", example="4294967296")
    min_swap_bytes: Annotated[int, Field(ge=0)] | None = demand("The least swap, in bytes.", example="1073741824")
    min_open_files: Annotated[int, Field(ge=1)] | None = demand(
        "How many files a daemon may at least have open.", example="4096"
    )
    time_zone: texts.ZoneName | None = demand("The time zone of the host.", example="Etc/UTC")
    mandatory_access_control: Literal["enforcing", "permissive", "apparmor", "none"] | None = demand(
        "How SELinux or AppArmor is set.", example="apparmor"
    )


class Sudo(Section):
    """What was agreed about sudo."""

    also: Annotated[tuple[texts.Line, ...], AfterValidator(different)] | None = demand(
        "The commands besides the reader that sudo may let the login run, without their arguments.",
        example="[/usr/bin/id]",
    )


class Windows(Section):
    """What was agreed about Windows hosts."""

    tls_min: Literal["1.0", "1.1", "1.2", "1.3"] | None = demand(
        "The oldest protocol of TLS that may be on.", example='"1.2"'
    )
    firewall_profiles: ListOf[Literal["Domain", "Private", "Public"]] | None = demand(
        "The profiles in which the firewall is on.", example="[Domain, Private, Public]"
    )
    excluded_folders: ListOf[texts.WindowsPath] | None = demand(
        "The folders that the antivirus leaves alone besides those of the product's programs.", example=r"['D:\Backup']"
    )
