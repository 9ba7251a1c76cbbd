"""Whether what was found could stand in baseline.yaml: by the file's own models, so that what is proposed loads."""

from __future__ import annotations

import functools
from typing import Any

from readiness.estate.baseline import Demands
from readiness.estate.folder import BASELINE
from readiness.yaml_text.reader import read_yaml
from readiness.yaml_text.validate import validate
from readiness.yaml_text.writing import flow


def refused(key: str, value: Any) -> str:
    """Why a value cannot be stated for a demand; empty where it can."""
    return _refusal(flow(nested(key, value)))


def nested(key: str, value: Any) -> dict[str, Any]:
    """A value where its key has it in the file."""
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


@functools.lru_cache(maxsize=4096)
def _refusal(text: str) -> str:
    document = read_yaml(BASELINE, text.encode())
    validate(document, Demands)
    return document.problems[0].message if document.problems else ""
