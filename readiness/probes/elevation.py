"""Commands that need root: found in the scripts, allowed by a sudoers fragment, asked about on the host."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output, Probe
from readiness.core.text import decode, one_line
from readiness.probes.reading import LONGEST_LINE, chosen, fields, lines, number, script, tag_of

_USE = re.compile(r"^[ \t]*\$SUDO[ \t]+(.*)$")
# A test for root is the one other use of the variable.
_TEST = '[ -z "$SUDO" ]'
# Neither a space nor anything the shell, sudo's patterns or sudoers(5) would take for more than itself.
_LITERAL = re.compile(r"[A-Za-z0-9_./%\\:=,+@-]+|\{\}|;")
# find(1) ends the command that it starts for each file with this, and with it may a line end.
_FOR_EACH_FILE = " \\;"
_LOGIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.@-]{0,127}")
_FRAGMENT = """\
# The commands that readiness runs as root, to read what a login may not; nothing else, and no argument but these.
# Install as /etc/sudoers.d/readiness, owner root, mode 0440, after `visudo -cf` on it.
"""
_REFUSED = re.compile(
    r"sudo: (?:a (?:password|terminal) is required|sorry, you must have a tty|no tty present|you do not exist)"
    r"|is not (?:allowed to|in the sudoers)|may not run sudo|sudo: (?:.*: )?[Pp]ermission denied",
)
_NO_SUDO = re.compile(r"sudo: (?:command )?not found|sudo: No such file or directory")
# sudo's own grumbling, that hinders nothing.
_HARMLESS = re.compile(r"sudo: unable to resolve host .*")


def elevated(text: str) -> tuple[str, ...]:
    """The commands of a script that run as root, each with its arguments as the command gets them, a space between.

    Raises ValueError for one that is not spelt out: a variable, a pattern, a redirection, a relative path, a space in
    an argument, or one that does not stand on a line of its own.
    """
    found = []
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        use = _USE.match(line)
        if "SUDO" in line.replace(_TEST, "").replace("$SUDO", "", 1 if use else 0):
            raise ValueError(f"$SUDO must begin a line of its own: {line.strip()!r}")
        if use:
            found.append(_spelt_out(use[1]))
    return tuple(found)


def _spelt_out(line: str) -> str:
    words = shlex.split(line)
    plain = ";" not in line.removesuffix(_FOR_EACH_FILE) and all(map(_LITERAL.fullmatch, words))
    if not plain or not words or not words[0].startswith("/"):
        raise ValueError(f"a command for root is not spelt out: {line!r}")
    return " ".join(words)


def spelt_out(text: str, commands: Mapping[str, Mapping[str, str]]) -> str:
    """A script whose places for commands of the catalogue are filled in, each command a branch of the `case` there.

    `commands` has, by the comment that marks a place, commands by the pattern they are for.
    """
    for mark, branches in commands.items():
        place = f"        # {mark}\n"
        if text.count(place) != 1:
            raise ValueError(f"the script has no one place for {mark}")
        lines = (f"        {pattern})\n            $SUDO {one}\n            ;;\n" for pattern, one in branches.items())
        text = text.replace(place, place + "".join(lines))
    return text


def sudoers(user: str, commands: Iterable[str]) -> str:
    """The fragment that lets `user` run exactly these commands as root without a password, one a line."""
    if not _LOGIN.fullmatch(user):
        raise ValueError(f"not a login name: {user!r}")
    return _FRAGMENT + "".join(f"{_rule(user, command)}\n" for command in commands)


def _rule(user: str, command: str) -> str:
    return f"{user} ALL=(root) NOPASSWD: {_escaped(command)}"


def _escaped(command: str) -> str:
    r"""A command in sudoers(5)'s terms; a backslash twice, for its parser and for its patterns: `\n` is `\\\\n`."""
    words = command.split(" ")
    if not words[0].startswith("/") or not all(map(_LITERAL.fullmatch, words)):
        raise ValueError(f"a command for root is not spelt out: {command!r}")
    path, *arguments = (re.sub(r"([,:=])", r"\\\1", word.replace("\\", "\\" * 4)) for word in words)
    none = ['""']  # without this pair, a command without arguments might be run with any
    return " ".join([path, *(arguments or none)])


def complaints(output: Output) -> list[str]:
    """The lines of a script's stderr, without those that hinder nothing."""
    found = [line[:LONGEST_LINE] for line in decode(output.stderr).splitlines()]
    return [line for line in found if line and not _HARMLESS.fullmatch(line)]


def refusal(output: Output, login: str, command: str) -> Missing | None:
    """Why a command that needs root did not run, by what sudo says; None when it says nothing of the kind."""
    for line in complaints(output):
        if _NO_SUDO.search(line):
            remedy = f"install sudo, and in /etc/sudoers.d/readiness: {_rule(login, command)}"
            return Missing(Why.TOOL_ABSENT, "sudo", remedy)
        if _REFUSED.search(line):
            remedy = f"in /etc/sudoers.d/readiness: {_rule(login, command)}"
            return Missing(Why.NOT_PERMITTED, one_line(line, 200), remedy)
    return None


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
    told: dict[str, list[str]] = {"allowed": [], "refused": []}
    for line in answers:
        chosen(told, tag_of(line)).extend(fields(line, tag_of(line), 1))
    commands = {*told["allowed"], *told["refused"]}
    if not len(answers) == len(commands) == count:
        raise ValueError(f"asked about {count} commands, told of {len(commands)} in {len(answers)} lines")
    allowed, refused = (tuple(sorted(told[word])) for word in ("allowed", "refused"))
    return SudoRules(allowed, refused, is_root=False, has_sudo=has_sudo)


PROBES = (Probe(SudoRules, script("sudo_rules"), parse_sudo_rules, cost=10),)
