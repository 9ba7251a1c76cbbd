"""What a check is: a function with an id, a severity, what it needs and how to mend what it finds."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from readiness.core.facts import Fact, Why
from readiness.core.outcomes import Severity, Target

Selector = Callable[[Any], Iterable[Target]]
_ID = re.compile(r"[A-Z]{2,5}-\d{3}")
_MARK = "__readiness_check__"
# Every check that was made in this process, by file and line: one that pytest then does not collect is a mistake.
_MADE: dict[tuple[str, int], str] = {}


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the go-live checklist.

    `targets` is a pure function of the run's inputs; `needs` are the facts it may ask for; `explains` are reasons for
    missing facts that this check reports itself, so that other checks name it in `blocked_by`; `why` is the docstring.
    `live` is a user's own test, which asks a host itself and not the facts.
    """

    id: str
    severity: Severity
    targets: Selector
    needs: tuple[type[Fact], ...]
    remedy: str
    source: str
    explains: frozenset[Why]
    title: str
    why: str
    area: str = ""
    place: str = ""
    live: bool = False


def check(
    check_id: str,
    *,
    severity: str,
    targets: Selector,
    remedy: str,
    source: str,
    needs: tuple[type[Fact], ...] = (),
    explains: Iterable[Why] = (),
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function a check; its docstring's first line is the title, its file's name the area.

    Raises ValueError for what is not usable as one of these, so that the file fails to load.
    """
    if not _ID.fullmatch(check_id):
        raise ValueError(f"check id {check_id!r} is not like VER-001")
    kinds: object = needs
    are_facts = isinstance(kinds, tuple) and all(isinstance(kind, type) and issubclass(kind, Fact) for kind in kinds)
    for is_usable, wrong in (
        (severity in list(Severity), f"severity {severity!r} is none of {', '.join(Severity)}"),
        (callable(targets), "targets is no selector, such as each_host"),
        (are_facts, "needs is no tuple of fact types, such as (Clock,) with its comma"),
        (remedy.strip(), "remedy says nothing"),
        (source.strip(), "source says nothing"),
    ):
        if not is_usable:
            raise ValueError(f"{check_id}: {wrong}")

    def mark(function: Callable[..., None]) -> Callable[..., None]:
        text = inspect.cleandoc(function.__doc__ or "").strip()
        if not text:
            raise ValueError(f"{check_id} has no docstring: its first line is the check's title")
        made = Check(
            id=check_id,
            severity=Severity(severity),
            targets=targets,
            needs=needs,
            remedy=remedy,
            source=source,
            explains=frozenset(explains),
            title=text.splitlines()[0].rstrip("."),
            why=text,
        )
        setattr(function, _MARK, made)
        _MADE[function.__code__.co_filename, function.__code__.co_firstlineno] = check_id
        return function

    return mark


def made_in(file: str) -> Mapping[int, str]:
    """The ids of the checks that were made in a file, by line."""
    return {line: check_id for (path, line), check_id in _MADE.items() if path == file}


def check_of(function: object, *, area: str, place: str) -> Check | None:
    """The check that a function was made, with its area and the place it stands at; None for another function."""
    made = getattr(function, _MARK, None)
    return replace(made, area=area, place=place) if isinstance(made, Check) else None


def explaining(checks: Iterable[Check]) -> Mapping[Why, Check]:
    """Which check reports which reason for missing facts."""
    return {why: check for check in checks for why in check.explains}
