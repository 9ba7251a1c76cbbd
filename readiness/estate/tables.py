"""Plain data as it was written, passed over where it has another type than it should."""

from __future__ import annotations

from typing import Any


def table(value: Any) -> dict[str, Any]:
    """A mapping, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}
