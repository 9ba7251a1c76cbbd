"""Plain data as it was written, passed over where it has another type than it should."""

from __future__ import annotations

import posixpath
from typing import Any


def table(value: Any) -> dict[str, Any]:
    """A mapping, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def inside(path: object) -> str | None:
    """A path within the estate folder in its shortest form; None for others."""
    if not isinstance(path, str) or not path or path.startswith(("~", "/")) or "\0" in path:
        return None
    short = posixpath.normpath(path)
    return None if short == "." or short.split("/")[0] == ".." else short
