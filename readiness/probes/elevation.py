"""Commands that need root: found in the scripts, allowed by a sudoers fragment, probed for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output, Probe
from readiness.probes.reading import fields, lines, only, script, tag

_LINE = re.compile(r"^\s*\$SUDO (.*)$", re.MULTILINE)
_REFUSED = re.compile(
    r"sudo: (a password is required|a terminal is required|sorry|\S+ is not allowed|.*not in the sudoers"
    r"|.*may not run sudo|.*no tty present|.*must have a tty)|is not allowed to execute|may not run sudo",
)
_NO_SUDO = re.compile(r"sudo: (command )?not found|sudo: No such file")
# sudoers(5): these are escaped in a command's arguments.
_SPECIAL = re.compile(r"([,:=\\*?\[\]!\"#])")


def elevated(text: str) -> tuple[str, ...]:
    """The commands of a script that run as root, with the arguments as the command gets them, one space between.

    Raises ValueError for one that is not spelt out: a variable, a pattern, a relative path, a space in an argument.
    """
    found = []
    for line in _LINE.findall(text):
        arguments = shlex.split(line)
        literal = all(re.fullmatch(r"[A-Za-z0-9_./%\\:=,+-]+", argument) for argument in arguments)
        if not literal or not arguments[0].startswith("/"):
            raise ValueError(f"not spelt out: {line!r}")
        found.append(" ".join(arguments))
    return tuple(found)


def sudoers(user: str, commands: Iterable[str]) -> str:
    """The fragment that lets `user` run exactly these commands as root without a password, and nothing else."""
    if not re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", user):
        raise ValueError(f"no login name: {user!r}")
    head = [
        "# Read-only commands of `readiness`; install as /etc/sudoers.d/readiness, mode 0440, checked by visudo -cf.",
        "# Every argument is literal: no other one is allowed.",
    ]
    rules = [f"{user} ALL=(root) NOPASSWD: {_escaped(command)}" for command in commands]
    return "\n".join([*head, *rules]) + "\n"


def _escaped(command: str) -> str:
    path, *arguments = command.split(" ")
    return " ".join([path, *(_SPECIAL.sub(r"\\\1", argument) for argument in arguments)])


def refused(output: Output, text: str) -> Missing | None:
    """Why a command that needs root did not run, by what sudo says; None when sudo did not complain."""
    said = output.stderr.decode("utf-8", "backslashreplace")
    if _NO_SUDO.search(said):
        return Missing(Why.NOT_PERMITTED, "the host has no sudo", "log in as root, or install sudo and its rules")
    if _REFUSED.search(said):
        rules = sudoers("readiness", elevated(text)).splitlines()[-1]
        return Missing(Why.NOT_PERMITTED, said.strip().splitlines()[-1], f"sudoers: {rules}")
    return None


@dataclass(frozen=True, slots=True)
class SudoRules(Fact):
    """Which commands that need root the login may run; `is_root` when it needs no sudo at all."""

    name: ClassVar[str] = "sudo_rules"
    is_root: bool
    allowed: tuple[str, ...]
    refused: tuple[str, ...]


def parse_sudo_rules(output: Output) -> SudoRules | Missing:
    """One line a command, and how many were asked for."""
    found = lines(output)
    if found == ["root\t."]:
        return SudoRules(is_root=True, allowed=(), refused=())
    if found == ["no_tool\tsudo\t."]:
        return Missing(Why.NOT_PERMITTED, "the host has no sudo", "log in as root, or install sudo and its rules")
    (asked,) = fields(only([line for line in found if tag(line) == "asked"], "of how many"), 1)
    said: dict[str, list[str]] = {"allowed": [], "refused": []}
    for line in found:
        if tag(line) != "asked":
            said[tag(line)].append(fields(line, 1)[0])
    commands = [*said["allowed"], *said["refused"]]
    if len(commands) != int(asked) or len(set(commands)) != len(commands):
        raise ValueError(f"asked for {asked}, answered {len(commands)}")
    return SudoRules(is_root=False, allowed=tuple(said["allowed"]), refused=tuple(said["refused"]))


PROBES = (Probe(SudoRules, script("sudo_rules"), parse_sudo_rules, cost=10),)
