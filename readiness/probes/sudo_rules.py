"""Which of the commands that need root the login may run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact
from readiness.core.scripts import Output
from readiness.probes.elevation import all_as_root
from readiness.probes.probe import Probe
from readiness.probes.reading import chosen, fields, lines, number, script, tag_of


@dataclass(frozen=True, slots=True)
class SudoRules(Fact):
    """Which of the commands that need root the login may run.

    Root may run them all. `has_sudo` is false on a host without sudo, where every command is refused to others.
    A rule that would ask for a password counts as allowed where another rule does not: sudo -l cannot tell.
    """

    name: ClassVar[str] = "sudo_rules"
    allowed: tuple[str, ...]
    refused: tuple[str, ...]
    is_root: bool
    has_sudo: bool


def parse_sudo_rules(output: Output) -> SudoRules:
    """One line a command, and how many were asked about."""
    asked, who, *answers = lines(output)
    count = number(*fields(asked, "asked", 1))
    if tag_of(who) == "root" and not answers:
        fields(who, "root", 0)
        return SudoRules(allowed=(), refused=(), is_root=True, has_sudo=True)
    has_sudo = chosen({"yes": True, "no": False}, *fields(who, "sudo", 1))
    answers_by_word: dict[str, list[str]] = {"allowed": [], "refused": []}
    for line in answers:
        chosen(answers_by_word, tag_of(line)).extend(fields(line, tag_of(line), 1))
    commands = {*answers_by_word["allowed"], *answers_by_word["refused"]}
    if not len(answers) == len(commands) == count:
        raise ValueError(f"asked about {count} commands, told of {len(commands)} in {len(answers)} lines")
    allowed, refused = (tuple(sorted(answers_by_word[word])) for word in ("allowed", "refused"))
    return SudoRules(allowed, refused, is_root=False, has_sudo=has_sudo)


def about(probes: Sequence[Probe]) -> Probe:
    """The probe that asks about every command that these others run as root."""
    return Probe(
        SudoRules, script("sudo_rules"), parse_sudo_rules, cost=10, arguments=lambda asking: all_as_root(probes, asking)
    )
