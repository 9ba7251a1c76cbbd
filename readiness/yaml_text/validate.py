"""From a document to a model: every mistake is reported where it stands, and what remains is validated all the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from readiness.core.text import one_line
from readiness.yaml_text.document import Document, Path, kind_of, quote
from readiness.yaml_text.known import Known
from readiness.yaml_text.models import fields_of, model_at
from readiness.yaml_text.references import UNKNOWN_NAME, References
from readiness.yaml_text.shapes import REFUSED

_SECRETS = ("pass", "pasw", "pwd", "secret", "token", "credential", "private")
_CREDENTIALS = "credentials never stand here: use agent, identity_file or ~/.ssh/config"
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
}
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}

_SIMPLE = {
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
    "finite_number": "must be a finite number",
}

M = TypeVar("M", bound=BaseModel)


def validate(document: Document, model: type[M], references: References | None = None) -> M | None:
    """The model, with every mistake reported to the document; None where nothing of it can be used.

    Faulty values are left out of the document and the rest is validated again, so that the caller can cross-check what
    remains. The value may only be used where the document has no problems. Names are looked up in `references`.
    """
    if document.root is None:
        return None
    try:
        return model.model_validate(document.value, context=references)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    while _report_and_leave_out(document, model, errors):
        try:
            return model.model_validate(document.value)  # without references: an unknown name is a value all the same
        except ValidationError as error:
            errors = error.errors(include_url=False)
    return None


def _report_and_leave_out(document: Document, model: type[BaseModel], errors: Sequence[Mapping[str, Any]]) -> bool:
    """Report the errors and leave out what is faulty; whether anything remains to be validated."""
    keys: dict[type[BaseModel], Known] = {}
    faulty: list[tuple[Path, Any]] = []
    for error in errors:
        path: tuple[str | int, ...] = error["loc"]
        kind = error["type"]
        on_key = bool(path) and path[-1] == "[key]"
        if on_key:
            path = path[:-1]
        if not document.is_incomplete(path):  # otherwise it follows from what was left out
            _report(document, model, path, error, keys, on_key=on_key)
        if kind == "missing":
            holder, key = model_at(model, path[:-1]), str(path[-1])
            stand_in = getattr(holder, "stand_in", {}).get(key)
            faulty.append((path, stand_in) if stand_in is not None else (path[:-1], None))
        elif kind != UNKNOWN_NAME:
            faulty.append((path, None))
    if not all(path for path, _ in faulty):
        return False
    return document.leave_out(faulty) or not faulty


def _report(
    document: Document,
    model: type[BaseModel],
    path: tuple[str | int, ...],
    error: Mapping[str, Any],
    keys: dict[type[BaseModel], Known],
    *,
    on_key: bool,
) -> None:
    kind = error["type"]
    if kind in {REFUSED, UNKNOWN_NAME}:
        document.report(path, error["ctx"]["message"], error["ctx"]["hint"], key=on_key)
    elif kind == "missing":
        document.report(path, f"{path[-1]} is missing", _example(model, path))
    elif kind == "extra_forbidden":
        word = str(path[-1])
        holder = model_at(model, path[:-1])
        known = keys.setdefault(holder, Known(fields_of(holder), "known keys"))
        own = getattr(holder, "if_unknown", {}).items()
        hint = next((hint for part, hint in own if part in word.lower()), "")
        hint = hint or (
            _CREDENTIALS if any(secret in word.lower() for secret in _SECRETS) else _one_below(holder, word)
        )
        hint = hint or known.hint(word)
        document.report(path, f"unknown key {quote(word)}", hint, key=True)
    elif kind == "value_error":
        document.report(path, error["msg"].removeprefix("Value error, "))
    else:
        message, hint = _words(document, path, error)
        if kind in _WANTED and not on_key:
            hint = hint or _example(model, path)
        document.report(path, f"{_subject(path)} {message}", hint, key=on_key)


def _one_below(holder: type[BaseModel], word: str) -> str:
    """Where the key stands, if it is one of a section of the place that it was written at."""
    below = []
    for name in fields_of(holder):
        try:
            below += [name] if word in fields_of(model_at(holder, (name,))) else []
        except TypeError:
            continue  # a value, no section
    return f"it is a key of {', '.join(below)}: {below[0]}: {{{word}: ...}}" if below else ""


def _words(document: Document, path: Path, error: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong with a value, and what would be right."""
    kind, value = error["type"], error["input"]
    node = document.node(path)
    text = one_line(node.text, 60) if node is not None else ""
    if kind in _WANTED:
        number = isinstance(value, int | float)
        hint = f'quote it: "{text}"' if kind == "string_type" and number else ""
        given = f"the number {text}" if number and not isinstance(value, bool) else kind_of(value)
        return f"must be {_WANTED[kind]}, not {given}", hint or _shape_hint(kind, value, text)
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"must be {words} {error['ctx'][name]:g}", ""
    if kind == "literal_error":
        known = error["ctx"]["expected"].replace("'", "")
        if isinstance(value, int | float) and not isinstance(value, bool):
            hint = f'quote it: "{text}"' if f"'{text}'" in error["ctx"]["expected"] else ""
            return f"must be {known} as text, not the number {text}", hint
        return f"must be {known}, not {quote(str(value))}", ""
    if kind == "string_pattern_mismatch":
        return f"{quote(str(value))} is malformed", f"it must match {error['ctx']['pattern']}"
    return _SIMPLE.get(kind, f"cannot be used: {error['msg']}"), ""


def _shape_hint(kind: str, value: Any, text: str) -> str:
    if kind == "tuple_type" and isinstance(value, str):
        return f"write [{text}]"
    if kind == "dict_type" and isinstance(value, list | tuple):
        return "write key: value, one a line, without - and brackets"
    if kind in {"int_type", "float_type"} and isinstance(value, str):
        return "write it in plain decimal digits, without quotes"
    return ""


def _subject(path: Path) -> str:
    """The last key and what follows it: `groups[1]`."""
    keys = [at for at, part in enumerate(path) if isinstance(part, str)]
    if not keys:
        return "the file"
    return f"{quote(str(path[keys[-1]]))}" + "".join(f"[{part}]" for part in path[keys[-1] + 1 :])


def _example(model: type[BaseModel], path: Path) -> str:
    """How the key at the end of the path is written; empty for an entry that is none of a model's keys."""
    try:
        holder, key = model_at(model, path[:-1]), str(path[-1])
    except (TypeError, IndexError):
        return ""
    if hint := getattr(holder, "if_missing", {}).get(key):
        return str(hint)
    examples = fields_of(holder)[key].examples
    return f"for example {path[-1]}: {examples[0]}" if examples else ""
