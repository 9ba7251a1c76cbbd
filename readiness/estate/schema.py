"""JSON Schema of the two files, for editors that complete and check while people type: `readiness schema` prints it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel

from readiness.estate.baseline import Baseline
from readiness.estate.estate import Estate

_MODELS: Mapping[Literal["estate", "baseline"], type[BaseModel]] = {"estate": Estate, "baseline": Baseline}


def json_schema(name: Literal["estate", "baseline"]) -> dict[str, object]:
    """The schema of estate.yaml or baseline.yaml; what only shows across entries is left to the loader."""
    schema: dict[str, object] = _as_written(_MODELS[name].model_json_schema(mode="validation"))
    _describe(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": f"readiness {name}.yaml"}


def _as_written(part: Any) -> Any:
    """The schema as people write: without null, since a key without a value is an error, and without empty defaults."""
    if isinstance(part, list):
        return [_as_written(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _as_written(item) for key, item in part.items() if key != "default" or _is_written(item)}
    if "patternProperties" in kept:
        kept.setdefault("additionalProperties", False)
    branches = [branch for branch in kept.get("anyOf", []) if branch != {"type": "null"}]
    if "anyOf" in kept:
        del kept["anyOf"]
        return {**branches[0], **kept} if len(branches) == 1 else {**kept, "anyOf": branches}
    return kept


def _is_written(default: Any) -> bool:
    return isinstance(default, bool | int | float) or (isinstance(default, str) and bool(default))


def _describe(part: Any, description: str = "") -> None:
    """Give every value of a list or mapping its key's description, where it has none of its own, for editors."""
    if isinstance(part, list):
        for item in part:
            _describe(item, description)
        return
    if "$ref" not in part and description:
        part.setdefault("description", description)
    own = part.get("description", "")
    for key in ("items", "additionalProperties", "anyOf"):
        if isinstance(part.get(key), dict | list):
            _describe(part[key], own)
    for key in ("properties", "patternProperties", "$defs"):
        for inner in part.get(key, {}).values():
            _describe(inner, own if key == "patternProperties" else "")
