"""The plan, made before any host is contacted: expected pairs, and the scripts for each host. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property

from readiness.core.checks import Check
from readiness.core.errors import InputError, Problem
from readiness.core.outcomes import Target
from readiness.core.scripts import Script
from readiness.planning.inputs import Inputs
from readiness.planning.scripts import scripts_of


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a run was narrowed to; empty for a whole run.

    `hosts` is a list of names, shell patterns or groups, joined by commas. `deselected` are check ids or pairs
    that pytest was told to leave out. `by` says in words who narrowed it otherwise. `not_looked_at` are the folders of
    custom checks for which nobody outside the estate gave the word.
    """

    areas: tuple[str, ...] = ()
    hosts: str = ""
    deselected: tuple[str, ...] = ()
    by: str = ""
    not_looked_at: tuple[str, ...] = ()

    @property
    def unseen(self) -> tuple[str, ...]:
        """The folders that are not looked at, in words."""
        return tuple(f"custom checks in {folder} (give --custom-checks)" for folder in self.not_looked_at)


@dataclass(frozen=True)
class Plan:
    """Every expected pair in order, and each host's scripts, cheapest first.

    `partial` says what was left out; an estate without a role has no backup service, which is left out, too. `idle` are
    checks of the plan that find no target in this estate.
    """

    pairs: tuple[tuple[Check, Target], ...]
    scripts: Mapping[str, tuple[Script, ...]]
    partial: Mapping[str, object] | None
    idle: tuple[str, ...] = ()
    narrowing: Narrowing = Narrowing()

    @property
    def expected(self) -> tuple[tuple[str, str], ...]:
        """The pairs by id."""
        return tuple((check.id, target.id) for check, target in self.pairs)

    @cached_property
    def targets_of(self) -> Mapping[str, Sequence[Target]]:
        """The targets of each check by its id, in order."""
        by_check: dict[str, list[Target]] = {}
        for check, target in self.pairs:
            by_check.setdefault(check.id, []).append(target)
        return by_check


def make_plan(
    inputs: Inputs, checks: Sequence[Check], narrowing: Narrowing, selected: frozenset[tuple[str, str]] | None = None
) -> Plan:
    """The plan of a run, of the `selected` pairs only where some were.

    Raises InputError for two checks with one id, for a selector that breaks, and for a narrowing that matches nothing.
    """
    problems = _twice(checks)
    unseen = [f"not looked at: {what}" for what in narrowing.unseen]
    areas = sorted({check.area for check in checks})
    problems += [
        Problem(f"--area {area}", 0, 0, "no such area", "; ".join((f"areas: {', '.join(areas)}", *unseen)))
        for area in narrowing.areas
        if area not in areas
    ]
    wanted = _matching(inputs, narrowing.hosts)
    if narrowing.hosts and not wanted:
        known = ", ".join([*inputs.estate.hosts, *inputs.estate.groups])
        problems.append(Problem(f"--hosts {narrowing.hosts}", 0, 0, "matches no host", f"hosts and groups: {known}"))
    if problems:
        raise InputError(problems)
    ordered = sorted(checks, key=lambda check: not check.explains)  # what others are blocked by comes first
    chosen = [check for check in ordered if not narrowing.areas or check.area in narrowing.areas]
    pairs = tuple(
        (check, target)
        for check in chosen
        for target in _targets(check, inputs)
        if (not narrowing.hosts or target.host in wanted) and (selected is None or (check.id, target.id) in selected)
    )
    busy = {check.id for check, _ in pairs}
    idle = tuple(check.id for check in chosen if check.id not in busy)
    return Plan(_unique(pairs), scripts_of(inputs, pairs), _left_out(inputs, checks, pairs, narrowing), idle, narrowing)


def _targets(check: Check, inputs: Inputs) -> tuple[Target, ...]:
    """What the check looks at; InputError for a selector that breaks."""
    try:
        return tuple(check.targets(inputs))
    except Exception as error:
        file, line = check.location.rsplit(":", 1)
        message = f"the selector of {check.id} breaks: {type(error).__name__}: {error}"
        hint = "some are made by a call: targets=each_role()"
        raise InputError([Problem(file, int(line), 1, message, hint)]) from error


def as_planned_then(plan: Plan, earlier: Collection[tuple[str, str]]) -> Plan:
    """The plan kept to the pairs of an earlier run that is judged again; what either has alone makes it partial."""
    then = frozenset(earlier)
    kept = tuple((check, target) for check, target in plan.pairs if (check.id, target.id) in then)
    partial = dict(plan.partial or {})
    if len(kept) < len(plan.pairs) and not plan.narrowing.by:
        partial["the run had not planned"] = f"{len(plan.pairs) - len(kept)} pairs that this version checks"
    if gone := sorted(then - set(plan.expected)):
        partial["no longer checked"] = [" ".join(pair) for pair in gone]
    return replace(plan, pairs=kept, partial=partial or None)


def _twice(checks: Sequence[Check]) -> list[Problem]:
    first: dict[str, Check] = {}
    problems = []
    for check in checks:
        if check.id in first:
            file, line = check.location.rsplit(":", 1)
            message = f"{check.id} is also at {first[check.id].location}"
            problems.append(Problem(file, int(line), 1, message, "give each check an id of its own"))
        first.setdefault(check.id, check)
    return problems


def _unique(pairs: tuple[tuple[Check, Target], ...]) -> tuple[tuple[Check, Target], ...]:
    seen: set[tuple[str, str]] = set()
    for check, target in pairs:
        if (check.id, target.id) in seen:
            raise InputError([Problem(check.location, 0, 0, f"{check.id} has the target {target.id} twice")])
        seen.add((check.id, target.id))
    return pairs


def _matching(inputs: Inputs, expression: str) -> frozenset[str]:
    patterns = [pattern.strip() for pattern in expression.split(",") if pattern.strip()]
    return frozenset(
        host.name
        for host in inputs.estate.hosts.values()
        if any(fnmatchcase(name, pattern) for pattern in patterns for name in (host.name, *host.groups))
    )


def _left_out(
    inputs: Inputs, checks: Sequence[Check], pairs: Iterable[tuple[Check, Target]], narrowing: Narrowing
) -> Mapping[str, object] | None:
    partial: dict[str, object] = {}
    if not inputs.roles:
        partial["backup service"] = "none to look at, since no host has a role of a product"
    if narrowing == Narrowing():
        return partial or None
    kept = set(narrowing.areas) or {check.area for check in checks}
    if areas := sorted({check.area for check in checks} - kept):
        partial["areas left out"] = areas
    if narrowing.hosts:
        judged = {target.host for _, target in pairs}
        partial["hosts left out"] = [name for name in inputs.estate.hosts if name not in judged]
        partial["targets left out"] = "those without a host"
    if narrowing.deselected:
        partial["deselected"] = list(narrowing.deselected)
    if narrowing.unseen:
        partial["not looked at"] = list(narrowing.unseen)
    if narrowing.by:
        partial["run"] = narrowing.by
    return partial or {"narrowed": "to all there is"}
