"""JSON Schema of the two files, for editors that complete and check while one types.

`readiness schema estate > readiness/estate/schemas/estate.json` renews a shipped copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from readiness.estate.files import BaselineFile, EstateFile

SHIPPED = Path(__file__).parent / "schemas"
_MODELS: Mapping[Literal["estate", "baseline"], type[BaseModel]] = {"estate": EstateFile, "baseline": BaselineFile}


def json_schema(name: Literal["estate", "baseline"]) -> dict[str, object]:
    """The schema of estate.yaml or baseline.yaml; what only shows across entries is left to the loader."""
    made: dict[str, object] = _without_null(_MODELS[name].model_json_schema(mode="validation"))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": f"readiness {name}.yaml"}


def _without_null(part: Any) -> Any:
    """The schema without null: an absent key is None inside the program, a key without a value is an error."""
    if isinstance(part, list):
        return [_without_null(one) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _without_null(one) for key, one in part.items() if not (key == "default" and one is None)}
    if "patternProperties" in kept:
        kept.setdefault("additionalProperties", False)
    branches = [one for one in kept.get("anyOf", []) if one != {"type": "null"}]
    if "anyOf" in kept:
        del kept["anyOf"]
        return {**branches[0], **kept} if len(branches) == 1 else {**kept, "anyOf": branches}
    return kept
