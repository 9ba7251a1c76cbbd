"""What can go wrong with the tool or its input, as opposed to what is wrong with an estate.

ReadinessError
├── InputError        what people wrote cannot be used: every mistake at once, exit 4
├── NothingToCheck    no pair, or every pair not applicable, exit 5
└── ToolFault         a promise of the tool's own is broken, exit 3
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One mistake in a file that people write; line and column count from 1, 0 means the whole file."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """`file:line:column: what is wrong (what would be right)`."""
        location = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{location}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class ReadinessError(Exception):
    """Base of all errors that end a run."""


class InputError(ReadinessError):
    """Files or arguments that cannot be used; `problems` holds every mistake found, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class NothingToCheck(ReadinessError):
    """There is no pair to judge, so there is no verdict."""


class ToolFault(ReadinessError):
    """The tool itself is broken; do not believe anything it wrote."""
