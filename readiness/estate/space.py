"""What is agreed about space in filesystems."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from readiness.estate import texts
from readiness.estate.hosts import Host
from readiness.estate.names import Group, RoleOfProduct
from readiness.yaml_text.document import quote
from readiness.yaml_text.models import Strict, stated
from readiness.yaml_text.shapes import ListOf, refusal


class SpaceDemand(Strict):
    """What must be left in the filesystem of a path, for everybody or for the hosts of roles or groups."""

    path: texts.PlacePath = stated("The path on the host.", example="/var/lib/bacula")
    roles: ListOf[RoleOfProduct] = stated("The roles it is for, as product.role.", (), example="[bacula.storage]")
    groups: ListOf[Group] = stated(
        "The groups it is for; without roles and groups every host.", (), example="[clients]"
    )
    mounted: bool = stated("Whether the path must be a mount point of its own.", default=False, example="true")
    min_free_percent: texts.Percent = stated("The least part of the bytes that is free, in percent.", example="10")
    min_free_bytes: Annotated[int, Field(ge=0)] = stated(
        "The least number of bytes that are free.", 0, example="1073741824"
    )
    min_free_inodes_percent: texts.Percent = stated(
        "The least part of the inodes that is free, in percent.", example="5"
    )

    @model_validator(mode="after")
    def _demands_something(self) -> Self:
        """What every filesystem has is no demand, and would stand there as one that was met."""
        if not (self.mounted or self.min_free_percent or self.min_free_bytes or self.min_free_inodes_percent):
            hint = "state more than 0 of something, or not_agreed: space with the reason"
            raise refusal(f"the demand on {quote(self.path)} asks for nothing", hint)
        return self

    def concerns(self, host: Host) -> bool:
        """Whether the host has one of the roles or groups, and paths of this kind."""
        if (self.path[0] != "/") != (host.os == "windows"):
            return False
        own = {f"{product}.{role}" for product, roles in host.products.items() for role in roles}
        return not (self.roles or self.groups) or bool(own & set(self.roles) or set(host.groups) & set(self.groups))
