"""Commands that need root: those in the scripts, the sudoers fragment that allows them, and what sudo says of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Output
from readiness.core.text import decode, one_line
from readiness.probes.asking import Asking
from readiness.probes.probe import Probe
from readiness.probes.reading import LONGEST_LINE

_USE = re.compile(r"^[ \t]*\$SUDO[ \t]+(.*)$")
# A test for root is the one other use of the variable.
_TEST = '[ -z "$SUDO" ]'
# Neither a space nor anything the shell, sudo's patterns or sudoers(5) would take for more than itself.
_LITERAL = re.compile(r"[A-Za-z0-9_./%\\:=,+@-]+|\{\}|;")
_PATH = re.compile(r"/[A-Za-z0-9/+._-]*")
# An argument that the script was given, alone in its quotes, so that it stays one word.
_VARIABLE = re.compile(r'"\$([a-z]+)"')
# find(1) ends the command that it starts for each file with this, and with it may a line end.
_FOR_EACH_FILE = " \\;"
_LOGIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.@-]{0,127}")
_FRAGMENT = """\
# The commands that readiness runs as root, to read what a login may not; nothing else, and no argument but these.
# Install as /etc/sudoers.d/readiness, owner root, mode 0440, after `visudo -cf` on it.
"""
_REFUSED = re.compile(
    r"sudo: (?:a (?:password|terminal) is required|sorry, you must have a tty|no tty present|you do not exist)"
    r"|is not (?:allowed to|in the sudoers)|may not run sudo|sudo: (?:.*: )?[Pp]ermission denied"
)
_NO_SUDO = re.compile(r"sudo: (?:command )?not found|sudo: No such file or directory")
# A warning of sudo that stops no command.
_HARMLESS = re.compile(r"sudo: unable to resolve host .*")


def elevated(text: str, **paths: Iterable[str]) -> tuple[str, ...]:
    """The commands of a script that run as root, each with its arguments as the command gets them, a space between.

    A command with a variable, `"$path"` say, stands for one command for each of those `paths`.
    Raises ValueError for one that is not spelt out: another variable, a pattern, a redirection, a relative path, a
    space in an argument, or one that does not stand on a line of its own.
    """
    return tuple(command for template, variable in _templates(text) for command in _commands(template, variable, paths))


def _commands(template: str, variable: str, paths: Mapping[str, Iterable[str]]) -> Iterator[str]:
    if not variable:
        yield template
        return
    if variable not in paths:
        raise ValueError(f"a command for root is not spelt out: ${variable} in {template!r}")
    for path in paths[variable]:
        if not _PATH.fullmatch(path):
            raise ValueError(f"no path that a command for root may have: {path!r}")
        yield template.replace(f"${variable}", path)


@cache
def _templates(text: str) -> tuple[tuple[str, str], ...]:
    """Each command of a script that runs as root, and the name of the variable in it, empty for none."""
    templates = []
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        use = _USE.match(line)
        if "SUDO" in line.replace(_TEST, "").replace("$SUDO", "", 1 if use else 0):
            raise ValueError(f"$SUDO must begin a line of its own: {line.strip()!r}")
        if use:
            templates.append(_template(use[1]))
    return tuple(templates)


def _template(line: str) -> tuple[str, str]:
    words, variables = shlex.split(line), _VARIABLE.findall(line)
    literal = [word for word in words if word not in {f"${name}" for name in variables}]
    if (
        not all(map(_LITERAL.fullmatch, literal))
        or not line.startswith("/")
        or len(variables) > 1
        or line.count("$") > len(variables)
        or ";" in line.removesuffix(_FOR_EACH_FILE)
    ):
        raise ValueError(f"a command for root is not spelt out: {line!r}")
    return " ".join(words), "".join(variables)


def all_as_root(probes: Iterable[Probe], asking: Asking) -> tuple[str, ...]:
    """Every command that any of these probes runs as root on a host, in order."""
    del probes, asking
    return ()


def sudoers(user: str, commands: Iterable[tuple[Iterable[str], Iterable[str]]]) -> str:
    """The fragment that lets `user` run exactly these commands as root without a password, one a line.

    `commands` are those of each kind of host, after the names of the hosts.
    """
    if not _LOGIN.fullmatch(user):
        raise ValueError(f"not a login name: {user!r}")
    parts = (
        "".join([f"# On {', '.join(hosts)}:\n", *(f"{_rule(user, command)}\n" for command in own)])
        for hosts, own in commands
    )
    return _FRAGMENT + "".join(parts)


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
    messages = [line[:LONGEST_LINE] for line in decode(output.stderr).splitlines()]
    return [line for line in messages if line and not _HARMLESS.fullmatch(line)]


def unread(output: Output, login: str, path: str, command: str, why: Why = Why.UNREADABLE) -> Missing:
    """Why a path could not be read: what sudo says of the command, or what the command itself says."""
    message = f"{path}: {one_line(' '.join(complaints(output)), 200)}"
    return refusal(output, login, command) or Missing(why, message)


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
