"""From a document to a model, or to our own words for what pydantic found, each at its line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from readiness.core.text import one_line
from readiness.estate.fields import SAID
from readiness.estate.yaml_lines import Document, Path, kind_of, quote

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
_ASKED_AT_MOST = 100

M = TypeVar("M", bound=BaseModel)


class Known:
    """Names that exist, and the one that was perhaps meant; comparing is slow, so only so many words are looked up."""

    def __init__(self, names: Iterable[str], what: str) -> None:
        self.names = frozenset(names)
        self._all, self._what = sorted(self.names), what
        self._hints: dict[str, str] = {}

    def hint(self, word: str) -> str:
        """`did you mean x`, or what there is."""
        if word not in self._hints and len(self._hints) < _ASKED_AT_MOST:
            self._hints[word] = self._meant(word)
        return self._hints.get(word, "")

    def _meant(self, word: str) -> str:
        folded = {name.lower(): name for name in self._all}
        if near := get_close_matches(word[:100].lower(), folded, n=1):
            return f"did you mean {folded[near[0]]}"
        if not self._all:
            return f"there are no {self._what}"
        more = ", ..." if len(self._all) > 12 else ""
        return f"{self._what}: {', '.join(self._all[:12])}{more}"


def validate(document: Document, model: type[M]) -> M | None:
    """The model, or None with every mistake reported to the document."""
    if document.root is None:
        return None
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        keys: dict[type[BaseModel], Known] = {}
        for one in error.errors(include_url=False):
            _report(document, model, one, keys)
    return None


def _report(
    document: Document, model: type[BaseModel], error: Mapping[str, Any], keys: dict[type[BaseModel], Known]
) -> None:
    path: tuple[str | int, ...] = error["loc"]
    kind = error["type"]
    on_key = bool(path) and path[-1] == "[key]"
    if on_key:
        path = path[:-1]
    if kind == SAID:
        document.report(path, error["ctx"]["message"], error["ctx"]["hint"], key=on_key)
    elif kind == "missing":
        document.report(path, f"{path[-1]} is missing", _example(model, path))
    elif kind == "extra_forbidden":
        word = str(path[-1])
        holder = _model_at(model, path[:-1])
        known = keys.setdefault(holder, Known(holder.model_fields, "known keys"))
        hint = _CREDENTIALS if any(secret in word.lower() for secret in _SECRETS) else known.hint(word)
        document.report(path, f"unknown key {quote(word)}", hint, key=True)
    else:
        message, hint = _told(document, path, error)
        document.report(path, f"{_subject(path)} {message}", hint)


def _told(document: Document, path: Path, error: Mapping[str, Any]) -> tuple[str, str]:
    kind, value = error["type"], error["input"]
    node = document.node(path)
    text = one_line(node.text, 60) if node is not None else ""
    if kind in _WANTED:
        wanted = _WANTED[kind]
        number = isinstance(value, int | float)
        hint = f'quote it: "{text}"' if kind == "string_type" and number else ""
        found = f"the number {text}" if number and not isinstance(value, bool) else kind_of(value)
        return f"must be {wanted}, not {found}", hint or _shape_hint(kind, value, text)
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"must be {words} {error['ctx'][name]:g}", ""
    if kind == "literal_error":
        known = error["ctx"]["expected"].replace("'", "")
        return f"must be {known}, not {quote(str(value))}", ""
    if kind == "finite_number":
        return "must be a finite number", ""
    return f"cannot be used: {error['msg']}", ""


def _shape_hint(kind: str, value: Any, text: str) -> str:
    if kind == "tuple_type" and isinstance(value, str):
        return f"write [{text}]"
    if kind in {"int_type", "float_type"} and isinstance(value, str):
        return "write it in plain decimal digits, without quotes"
    return ""


def _subject(path: Path) -> str:
    """The last key and what follows it: `groups[1]`."""
    keys = [at for at, part in enumerate(path) if isinstance(part, str)]
    if not keys:
        return "the file"
    return f"{quote(str(path[keys[-1]]))}" + "".join(f"[{part}]" for part in path[keys[-1] + 1 :])


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    """The model that a path of a file leads to."""
    annotation: Any = model
    for part in path:
        annotation = _inside(_bare(annotation), part)
    found: type[BaseModel] = _bare(annotation)
    return found


def _bare(annotation: Any) -> Any:
    """An annotation without Annotated and None."""
    while (origin := get_origin(annotation)) is Annotated or type(None) in get_args(annotation):
        arguments = get_args(annotation)
        annotation = arguments[0] if origin is Annotated else next(one for one in arguments if one is not type(None))
    return annotation


def _inside(annotation: Any, part: str | int) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.model_fields[str(part)].annotation
    return get_args(annotation)[0 if isinstance(part, int) else -1]


def _example(model: type[BaseModel], path: Path) -> str:
    examples = _model_at(model, path[:-1]).model_fields[str(path[-1])].examples
    return f"for example {path[-1]}: {examples[0]}" if examples else ""
