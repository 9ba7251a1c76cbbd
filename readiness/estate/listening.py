"""What is agreed about listening ports."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from readiness.estate import texts
from readiness.estate.demands import Section, demand
from readiness.estate.names import Group
from readiness.yaml_text.models import Strict, stated
from readiness.yaml_text.shapes import ListOf, different


class Listener(Strict):
    """A listening port that was agreed on beside the products' and SSH's, for everybody or for groups."""

    port: texts.Port = stated("The TCP port.", example="9100")
    process: texts.ProgramName = stated("The file name of the program that listens.", example="node_exporter")
    groups: ListOf[Group] = stated("The groups it is for; without them every host.", (), example="[clients]")


class Listening(Section):
    """What may listen beside the products and SSH."""

    also: Annotated[tuple[Listener, ...], AfterValidator(different)] | None = demand(
        "The ports and programs that may listen besides; an empty list says that nothing may.",
        example="[{port: 9100, process: node_exporter}]",
    )
