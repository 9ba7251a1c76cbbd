"""The reader: one root-owned script that reads what needs root on a host, and what the login may do there besides."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.core.text import one_line
from readiness.probes.reading import chosen, complaints, fields, lines, no_tool, number, summed, tag_of

FILE = "/usr/local/sbin/readiness-read"
RULE_FILE = "/etc/sudoers.d/readiness"
# In sudoers(5) a name in capitals may be an alias, ALL is everybody, and some words begin a line of another kind.
_LOGIN = re.compile(r"(?![A-Z][A-Z0-9_]*$|Defaults|\w+_Alias$)[A-Za-z_][A-Za-z0-9_.@-]{0,127}")
_NO_TTY = re.compile(r"must have a tty")
_PASSWORD = re.compile(
    r"^sudo: (?:a password|a terminal|interactive authentication) is required|no tty present and no ask"
)
_NO_RULE = re.compile(
    rf"is not allowed to execute '{FILE}'|not in the sudoers file|may not run sudo|afraid I can't do that"
)
_INTERCEPTED = re.compile(r"is not allowed to execute '|argv\[\d+\] mismatch")
_SUDO_SAYS = (_NO_TTY, _PASSWORD, _NO_RULE, _INTERCEPTED)
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
        return self.owner == "root" and (self.is_link or not int(self.mode, 8) & 0o022)

    @property
    def is_link(self) -> bool:
        """Whether it is a link, whose mode says nothing."""
        return self.kind == "symbolic link"

    @property
    def remedy(self) -> str:
        """What makes it safe."""
        return f"chown -h root:root {self.path}" + ("" if self.is_link else f"; chmod go-w {self.path}")

    def __str__(self) -> str:
        """It, and who may change it."""
        return f"{self.path} ({self.kind}) {self.owner}:{self.group} {self.mode}"


@dataclass(frozen=True, slots=True)
class SudoRule:
    """A rule of sudo for the login: for the reader, one of an older version's, or another one.

    `command` is without its arguments, which may hold a secret; `users` are those it may be run as. A setting that
    lets the login do more than a rule says is told as another one.
    """

    kind: str
    users: str
    options: str
    command: str

    def __str__(self) -> str:
        """Whom and what it allows, and how."""
        return f"({self.users}) {self.options}{': ' if self.options else ''}{self.command}"


@dataclass(frozen=True, slots=True)
class Reader(Fact):
    """The reader on a host, whether it was run, and what sudo lets the login do besides.

    For root there is nothing to tell: it runs the reader's text itself. `places` lead to the file, which is the last
    of them, and is left out where it is not there; `sha256` is empty where the file cannot be read. `refused` is what
    sudo said instead of running it, and what mends it. `rules` is Missing where sudo does not list them.
    """

    name: ClassVar[str] = "reader"
    is_root: bool
    login: str
    tools: tuple[str, ...]
    places: tuple[Place, ...]
    sha256: str
    wanted: str
    rules: tuple[SudoRule, ...] | Missing
    refused: Missing | None

    @property
    def installed(self) -> Place | None:
        """The file itself."""
        return next((place for place in self.places if place.path == FILE), None)

    def hindrance(self) -> Missing | None:
        """Why the reader did not run, and what mends it; None where it did."""
        if self.is_root:
            return None
        if "sudo" not in self.tools:
            doas = ", and doas is not used" if "doas" in self.tools else ""
            return Missing(Why.NOT_PERMITTED, f"no sudo{doas}", "install sudo, or log in as root")
        return self._hindrance_of_file() or self.refused

    def _hindrance_of_file(self) -> Missing | None:
        """What is wrong with the host's copy."""
        file = self.installed
        if file is None:
            return self._not_there()
        if not file.kind.startswith("regular"):
            return Missing(Why.NOT_PERMITTED, f"{FILE} is a {file.kind}, no file", f"remove it, and {_INSTALL}")
        for place in self.places:
            if not place.is_safe:
                message = f"others than root may change {place}, so {FILE} is not run"
                return Missing(Why.NOT_PERMITTED, message, place.remedy)
        return self._hindrance_of_text(file)

    def _hindrance_of_text(self, file: Place) -> Missing | None:
        """What is wrong with what stands in it."""
        if not self.sha256:
            return Missing(Why.NOT_PERMITTED, f"{self.login} may not read {FILE}", f"chmod 755 {FILE}")
        if self.sha256 != self.wanted:
            message = f"{FILE} is not the one that this version prints for the host: its sha256 is {self.sha256}"
            return Missing(Why.NOT_PERMITTED, message, _RENEW)
        if not int(file.mode, 8) & 0o111:
            return Missing(Why.NOT_PERMITTED, f"{FILE} may not be executed: {file}", f"chmod 755 {FILE}")
        return None

    def _not_there(self) -> Missing:
        """That there is no file, or that the login cannot look."""
        folder = next(
            (place for place in self.places[-1:] if not place.is_link and not int(place.mode, 8) & 0o001), None
        )
        if folder:
            message = f"{self.login} may not look into {folder}"
            return Missing(Why.NOT_PERMITTED, message, f"chmod a+rx {folder.path}, and {_INSTALL}")
        return Missing(Why.NOT_PERMITTED, f"{FILE} is not there", _INSTALL)


def _remedy(refusal: str, login: str) -> str:
    """What makes sudo run it."""
    if not _LOGIN.fullmatch(login):
        return f"a login whose name means nothing else in sudoers(5) than {login!r} may, or root"
    if _NO_TTY.search(refusal):
        return f"in {RULE_FILE}, read after every other requiretty: Defaults:{login} !requiretty"
    if _PASSWORD.search(refusal) or _NO_RULE.search(refusal):
        return f"in {RULE_FILE}, read after every other rule for the login: {rule_for(login)}"
    if _INTERCEPTED.search(refusal):
        return f"in {RULE_FILE}: Defaults!{FILE} !intercept, !log_subcmds"
    return "mend sudo on the host, or log in as root"


_INSTALL = "install what `readiness reader ESTATE --host HOST` prints, with its rule"
_RENEW = "renew it: install what `readiness reader ESTATE --host HOST` prints"


def rule_for(login: str) -> str:
    """The one rule of sudoers(5) that the login needs; ValueError for what is no login name.

    EXEC, since hardened hosts set `Defaults noexec`; the empty pair of quotes, so that it takes no argument.
    """
    if not _LOGIN.fullmatch(login):
        raise ValueError(f"not a login name: {login!r}")
    return f'{login} ALL=(root) NOPASSWD:EXEC: {FILE} ""'


def parse_reader(output: Output) -> Reader | Missing:
    """What the login saw of the reader, before the reader's own output."""
    received = lines(replace(output, stdout=output.stdout.partition(b"\n@")[0]))
    if missing := no_tool(received):
        return missing
    if received == ["root\t."]:
        return Reader(is_root=True, login="root", tools=(), places=(), sha256="", wanted="", rules=(), refused=None)
    first, *rows, last = summed(received)
    own = {
        tag: [row for row in rows if tag_of(row) == tag]
        for tag in ("tool", "place", "no_place", "wanted", "installed", "rule", "rules", "no_rules")
    }
    if sum(map(len, own.values())) != len(rows):
        raise ValueError("a line out of its place")
    wanted, installed = (_sum(_only(own[tag])) for tag in ("wanted", "installed"))
    (login,) = fields(first, "login", 1)
    was_run = chosen({"run\t.": True, "not_run\t.": False}, last)
    reader = Reader(
        is_root=False,
        login=login,
        tools=tuple(fields(row, "tool", 1)[0] for row in own["tool"]),
        places=tuple(_place(*fields(row, "place", 5)) for row in own["place"]),
        sha256=installed,
        wanted=wanted,
        rules=_rules(login, own["rule"], _only([*own["rules"], *own["no_rules"]])),
        refused=_refused(output, login) if was_run else None,
    )
    if not was_run and reader.hindrance() is None:
        raise ValueError("it was not run, and nothing says why")
    if was_run and not reader.refused and not reader.rules:
        return replace(reader, rules=Missing(Why.UNREADABLE, "sudo ran the reader, and sudo -l shows no rule for it"))
    return reader


def _only(rows: list[str]) -> str:
    if len(rows) != 1:
        raise ValueError(f"{len(rows)} lines of what is told once")
    return rows[0]


def _sum(row: str) -> str:
    (text,) = fields(row, tag_of(row), 1)
    if not _SUM.fullmatch(text):
        raise ValueError(f"no sum: {text!r}")
    return text


def _place(path: str, kind: str, owner: str, group: str, mode: str) -> Place:
    if not _MODE.fullmatch(mode):
        raise ValueError(f"no mode: {mode!r}")
    return Place(path, kind, owner, group, mode)


def _rules(login: str, rows: list[str], count: str) -> tuple[SudoRule, ...] | Missing:
    """The rules; Missing where sudo does not list them without a password."""
    if tag_of(count) == "no_rules":
        remedy = f"in {RULE_FILE}, read after every other listpw: Defaults:{login} listpw=any"
        return Missing(Why.NOT_PERMITTED, "sudo -l lists no rules without a password", remedy)
    if number(*fields(count, "rules", 1)) != len(rows):
        raise ValueError(f"{count!r}, and {len(rows)} came")
    every = (fields(row, "rule", 4) for row in rows)
    return tuple(SudoRule(chosen(_KINDS, kind), *others) for kind, *others in every)


def _refused(output: Output, login: str) -> Missing | None:
    """What sudo, or the reader, said instead of the first part; None where there is one."""
    if _BEGUN.search(output.stdout):
        return None
    every = complaints(output)
    telling = [line for line in every if any(pattern.search(line) for pattern in _SUDO_SAYS)]
    refusal = one_line(" ".join(telling or every), 200) or "the reader printed nothing"
    return Missing(Why.NOT_PERMITTED, refusal, _remedy(refusal, login))
