"""The reader: one root-owned script that reads what needs root on a host, and what the login may do there besides."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.core.text import one_line
from readiness.probes.reading import chosen, complaints, fields, lines, number, tag_of

FILE = "/usr/local/sbin/readiness-read"
RULE_FILE = "/etc/sudoers.d/readiness"
_LOGIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.@-]{0,127}")
_SUM = re.compile(r"([0-9a-f]{64})?")
_MODE = re.compile(r"[0-7]{1,4}")
_BEGUN = re.compile(rb"\n@[0-9a-f]{64} begin ")
_KINDS = {kind: kind for kind in ("reader", "old", "other")}


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder that leads to the reader: its kind in stat's words, owner, group, and mode in octal."""

    path: str
    kind: str
    owner: str
    group: str
    mode: str

    @property
    def is_safe(self) -> bool:
        """Whether nobody but root can change it."""
        return self.kind != "symbolic link" and self.owner == "root" and not int(self.mode, 8) & 0o022

    def __str__(self) -> str:
        """It, and who may change it."""
        return f"{self.path} ({self.kind}) {self.owner}:{self.group} {self.mode}"


@dataclass(frozen=True, slots=True)
class SudoRule:
    """A rule of sudo for the login: for the reader, one of an older version's, or another one.

    `command` is without its arguments, which may hold a secret; `users` are those it may be run as.
    """

    kind: str
    users: str
    options: str
    command: str

    def __str__(self) -> str:
        """It as sudo -l shows it."""
        return f"({self.users}) {self.command}"


@dataclass(frozen=True, slots=True)
class Reader(Fact):
    """The reader on a host, whether it was run, and what sudo lets the login do besides.

    For root there is nothing to tell: it runs the reader's text itself. `places` lead to the file, which is the last
    of them, and is left out where it is not there; `sha256` is empty where the file cannot be read. `refusal` is what
    sudo said instead of running it. `rules` is Missing where sudo does not list them.
    """

    name: ClassVar[str] = "reader"
    is_root: bool
    login: str
    tools: tuple[str, ...]
    places: tuple[Place, ...]
    sha256: str
    wanted: str
    rules: tuple[SudoRule, ...] | Missing
    refusal: str

    @property
    def is_there(self) -> bool:
        """Whether there is such a file."""
        return any(place.path == FILE for place in self.places)

    def hindrance(self) -> Missing | None:
        """Why the reader did not run, and what mends it; None where it did."""
        if self.is_root:
            return None
        if "sudo" not in self.tools:
            doas = ", and doas is not used" if "doas" in self.tools else ""
            return Missing(Why.TOOL_ABSENT, f"no sudo{doas}", "install sudo, or log in as root")
        return self._hindrance_of_file() or self._refused()

    def _hindrance_of_file(self) -> Missing | None:
        """What is wrong with the host's copy."""
        unsafe = [place for place in self.places if not place.is_safe]
        if not self.is_there:
            return Missing(Why.NOT_PERMITTED, f"{FILE} is not there", _INSTALL)
        if unsafe:
            path, message = unsafe[0].path, f"others than root may change {unsafe[0]}, so {FILE} is not run"
            return Missing(Why.NOT_PERMITTED, message, f"chown root:root {path}; chmod go-w {path}")
        if not self.sha256:
            return Missing(Why.NOT_PERMITTED, f"{self.login} may not read {FILE}", f"chmod 755 {FILE}")
        if self.sha256 != self.wanted:
            message = f"{FILE} is not the one that this version prints for the host: its sha256 is {self.sha256}"
            return Missing(Why.NOT_PERMITTED, message, _RENEW)
        return None

    def _refused(self) -> Missing | None:
        """What sudo said instead of running it."""
        if not self.refusal:
            return None
        rule = f"Defaults:{self.login} !requiretty" if "tty" in self.refusal else rule_for(self.login)
        after = ", after every other rule for the login" if "password" in self.refusal else ""
        return Missing(Why.NOT_PERMITTED, self.refusal, f"in {RULE_FILE}{after}: {rule}")


_INSTALL = "install what `readiness reader ESTATE --host HOST` prints, with its rule"
_RENEW = "renew it: install what `readiness reader ESTATE --host HOST` prints"


def rule_for(login: str) -> str:
    """The one rule of sudoers(5) that the login needs; ValueError for what is no login name.

    EXEC, since hardened hosts set `Defaults noexec`; the empty pair of quotes, so that it takes no argument.
    """
    if not _LOGIN.fullmatch(login):
        raise ValueError(f"not a login name: {login!r}")
    return f'{login} ALL=(root) NOPASSWD:EXEC: {FILE} ""'


def parse_reader(output: Output) -> Reader:
    """What the login saw of the reader, before the reader's own output."""
    first, *rest = lines(replace(output, stdout=output.stdout.partition(b"\n@")[0], status=0))
    if tag_of(first) == "root" and not rest:
        return Reader(is_root=True, login="root", tools=(), places=(), sha256="", wanted="", rules=(), refusal="")
    *rows, last = rest
    own = {
        tag: [row for row in rows if tag_of(row) == tag]
        for tag in ("tool", "place", "no_place", "wanted", "installed", "rule", "rules", "no_rules")
    }
    if sum(map(len, own.values())) != len(rows):
        raise ValueError("a line out of its place")
    wanted, installed = (_sum(*own[tag]) for tag in ("wanted", "installed"))
    return Reader(
        is_root=False,
        login=fields(first, "login", 1)[0],
        tools=tuple(fields(row, "tool", 1)[0] for row in own["tool"]),
        places=tuple(_place(*fields(row, "place", 5)) for row in own["place"]),
        sha256=installed,
        wanted=wanted,
        rules=_rules(own["rule"], *own["rules"], *own["no_rules"]),
        refusal=_refusal(output) if chosen({"run\t.": True, "not_run\t.": False}, last) else "",
    )


def _sum(row: str) -> str:
    (text,) = fields(row, tag_of(row), 1)
    if not _SUM.fullmatch(text):
        raise ValueError(f"no sum: {text!r}")
    return text


def _place(path: str, kind: str, owner: str, group: str, mode: str) -> Place:
    if not _MODE.fullmatch(mode):
        raise ValueError(f"no mode: {mode!r}")
    return Place(path, kind, owner, group, mode)


def _rules(rows: list[str], count: str) -> tuple[SudoRule, ...] | Missing:
    """The rules; Missing where sudo does not list them without a password."""
    if tag_of(count) == "no_rules":
        return Missing(Why.NOT_PERMITTED, "sudo -l lists no rules without a password")
    if number(*fields(count, "rules", 1)) != len(rows):
        raise ValueError(f"{count!r}, and {len(rows)} came")
    every = (fields(row, "rule", 4) for row in rows)
    return tuple(SudoRule(chosen(_KINDS, kind), *others) for kind, *others in every)


def _refusal(output: Output) -> str:
    """What sudo, or the reader, said instead of the first part; empty where there is one."""
    if _BEGUN.search(output.stdout):
        return ""
    return one_line(" ".join(complaints(output)), 200) or "the reader printed nothing"
