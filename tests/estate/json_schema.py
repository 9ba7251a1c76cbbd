"""As much of JSON Schema as our two schemas use, to see that they say what they should."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (tuple,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_KNOWN = {
    *("$schema", "$defs", "$ref", "title", "description", "default", "examples", "anyOf", "type", "enum", "const"),
    *("pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "properties", "required"),
    *("additionalProperties", "propertyNames", "patternProperties", "items", "minProperties", "maxProperties"),
}


def complaints(schema: Mapping[str, Any], value: Any) -> list[str]:
    """What the schema has against a value."""
    return list(_complaints(schema, value, schema, "$"))


def _complaints(part: Mapping[str, Any], value: Any, whole: Mapping[str, Any], at: str) -> Iterator[str]:
    assert not part.keys() - _KNOWN, f"{part.keys() - _KNOWN} at {at} is not understood here"
    if "$ref" in part:
        yield from _complaints(whole["$defs"][part["$ref"].rsplit("/", 1)[1]], value, whole, at)
    if "anyOf" in part and all(list(_complaints(one, value, whole, at)) for one in part["anyOf"]):
        yield f"{at}: none of the alternatives"
    wanted = _TYPES.get(part.get("type", ""), (object,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and part.get("type") in {"integer", "number"}):
        yield f"{at}: not {part['type']}"
    elif "const" in part and value != part["const"]:
        yield f"{at}: not {part['const']}"
    elif "enum" in part and value not in part["enum"]:
        yield f"{at}: not one of {part['enum']}"
    elif isinstance(value, str):
        yield from _text(part, value, at)
    elif isinstance(value, dict) and not _has_as_many(part, value):
        yield f"{at}: says nothing, or too much"
    elif isinstance(value, dict):
        yield from _object(part, value, whole, at)
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _complaints(part.get("items", {}), item, whole, f"{at}[{number}]")
    elif isinstance(value, int | float):
        low, high = part.get("minimum", value), part.get("maximum", value)
        if not low <= value <= high or value <= part.get("exclusiveMinimum", value - 1):
            yield f"{at}: out of bounds"


def _has_as_many(part: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    return part.get("minProperties", 0) <= len(value) <= part.get("maxProperties", len(value))  # type: ignore[no-any-return]


def _text(part: Mapping[str, Any], value: str, at: str) -> Iterator[str]:
    if not re.search(part.get("pattern", ""), value):
        yield f"{at}: not like {part['pattern']}"
    if not part.get("minLength", 0) <= len(value) <= part.get("maxLength", len(value)):
        yield f"{at}: too short or long"


def _object(part: Mapping[str, Any], value: Mapping[str, Any], whole: Mapping[str, Any], at: str) -> Iterator[str]:
    yield from (f"{at}: {key} is missing" for key in part.get("required", []) if key not in value)
    for key, entry in value.items():
        inner = part.get("properties", {}).get(key)
        patterns = [one for pattern, one in part.get("patternProperties", {}).items() if re.search(pattern, key)]
        yield from _complaints(part.get("propertyNames", {}), key, whole, f"{at} key {key}")
        if inner is None and not patterns and part.get("additionalProperties") is False:
            yield f"{at}: unknown key {key}"
            continue
        rest = part.get("additionalProperties", {})
        for one in [inner] if inner is not None else patterns or [rest if isinstance(rest, dict) else {}]:
            yield from _complaints(one, entry, whole, f"{at}.{key}")
