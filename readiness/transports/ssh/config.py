"""The user's ssh_config as far as it says how to reach a host; nothing in it weakens the comparison of host keys.

`Match exec` and `ProxyCommand` would run commands on this machine and are refused, wherever they stand, before
anything is used. `StrictHostKeyChecking no`, `CheckHostIP`, `KnownHostsCommand` and their like are not read at all:
a host key that is not pinned is refused whatever they say.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from readiness.core.errors import InputError, Problem
from readiness.files import guarded
from readiness.files.guarded import Absent, Kind, Unusable
from readiness.transports.ssh.patterns import matches

_READ = {
    *("hostname", "port", "user", "identityfile", "identitiesonly", "identityagent"),
    *("proxyjump", "userknownhostsfile", "hostkeyalias"),
}
_MATCHES = {"host", "originalhost", "user"}
_MAX_DEPTH = 16
_MAX_FILES = 1000
CONFIG = Kind("an ssh_config", 1 << 20)
_HOP = re.compile(
    r"(?:(?P<login>[^\s,]+)@)?(?:\[(?P<address>[^\s,@/\[\]]+)\]|(?P<host>[^\s,:@/\[\]]+))(?::(?P<port>\d*))?/?"
)
_TOKENS = "%dhnpr"


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What the file says of one host; None where it says nothing, `proxy_jump` in the order of the hops.

    Paths are as written but for their `%` tokens: `~/` stays for the caller, who knows the home.
    """

    host_name: str | None = None
    port: int | None = None
    user: str | None = None
    identity_files: tuple[str, ...] = ()
    proxy_jump: tuple[str, ...] = ()
    identities_only: bool = False
    identity_agent: str | None = None
    known_hosts_files: tuple[str, ...] = ()
    host_key_alias: str | None = None
    identity_places: tuple[tuple[str, int], ...] = field(default=(), compare=False)  # file and line of each


@dataclass(frozen=True, slots=True)
class Written:
    """An option as it stands in a file."""

    key: str
    value: str
    file: str
    line: int

    @property
    def words(self) -> list[str]:
        """The words of its value."""
        return _words(self.value)


@dataclass(frozen=True, slots=True)
class _Condition:
    """`Host` or one criterion of `Match`: patterns for the alias, the host name or the user."""

    what: str
    patterns: tuple[str, ...]

    def holds(self, alias: str, values: dict[str, list[str]]) -> bool:
        """Whether it fits; the host name and the user are those found so far, as in OpenSSH."""
        name = alias
        if self.what == "host":
            name = values.get("hostname", [alias])[0].replace("%h", alias)
        elif self.what == "user":
            name = values.get("user", [""])[0]
        return matches(self.patterns, name)


@dataclass(frozen=True)
class _Section:
    """Options and all the conditions under which they count."""

    conditions: tuple[_Condition, ...]
    options: list[Written] = field(default_factory=list)


@dataclass(frozen=True)
class SshConfig:
    """Sections in the order in which they count."""

    sections: tuple[_Section, ...] = ()

    def lookup(self, alias: str, stated: Mapping[str, str] | None = None) -> HostSettings:
        """The first value of each option whose section applies; identity files add up, as in OpenSSH.

        What is `stated` elsewhere comes before the file, as what stands on ssh's command line.
        """
        values = {key: [value] for key, value in (stated or {}).items()}
        identities: list[Written] = []
        for section in self.sections:
            if all(condition.holds(alias, values) for condition in section.conditions):
                for option in section.options:
                    values.setdefault(option.key, []).append(option.value)
                    if option.key == "identityfile" and option.value.lower() != "none":
                        identities.append(option)
        first = {key: stated[0] for key, stated in values.items()}
        host_name = first["hostname"].replace("%h", alias) if "hostname" in first else None
        tokens = {"h": host_name or alias, "n": alias, "p": first.get("port", "22"), "r": first.get("user", "")}
        agent = first.get("identityagent")
        return HostSettings(
            host_name=host_name,
            port=int(first["port"]) if "port" in first else None,
            user=first.get("user"),
            identity_files=tuple(_expanded(option.value, tokens) for option in identities),
            identity_places=tuple((option.file, option.line) for option in identities),
            proxy_jump=_hops(first.get("proxyjump", "none")),
            identities_only=first.get("identitiesonly", "no").lower() == "yes",
            identity_agent=_expanded(agent, tokens) if agent else None,
            known_hosts_files=tuple(_expanded(path, tokens) for path in _words(first.get("userknownhostsfile", ""))),
            host_key_alias=first.get("hostkeyalias"),
        )


def load(path: Path | None, home: Path | None = None, within_s: float = guarded.ANSWER_S) -> SshConfig:
    """Read the file and what it includes; no file is no settings. Raises InputError with every refused line.

    `home` is what `~` means in `Include`; by default the folder above the file's own, as for ~/.ssh/config.
    """
    if path is None:
        return SshConfig()
    reader = _Reader(path.parent, home or path.parent.parent, within_s)
    reader.read(path, (), 0)
    if reader.problems:
        raise InputError(reader.problems)
    return SshConfig(tuple(reader.sections))


def values_anywhere(path: Path, keys: set[str], home: Path, within_s: float) -> tuple[list[Written], list[Problem]]:
    """Each of these options in the file and what it includes, under whichever condition, and what cannot be read.

    Nothing else in it is looked at: the rest of a file that the estate does not name is not ours to judge.
    """
    reader = _Reader(path.parent, home, within_s, frozenset(keys))
    reader.read(path, (), 0)
    return [option for section in reader.sections for option in section.options], reader.problems


class _Reader:
    """Collects sections and problems of a file and of what it includes."""

    def __init__(self, base: Path, home: Path, within_s: float, only: frozenset[str] | None = None) -> None:
        self._base, self._home, self._within_s, self._only = base, home, within_s, only
        self._files = 0
        self.sections: list[_Section] = []
        self.problems: list[Problem] = []

    def read(self, path: Path, outer: tuple[_Condition, ...], depth: int, place: tuple[str, int] | None = None) -> None:
        """Read one file whose lines count only under the conditions `outer`; `place` is what includes it."""
        self._files += 1
        if depth > _MAX_DEPTH or self._files > _MAX_FILES:
            self.problems.append(Problem(str(path), 0, 0, f"includes itself, too deep or more than {_MAX_FILES} files"))
            return
        section = self._open(outer)
        for number, key, value, column in self._lines(path, place):
            option = Written(key, value, str(path), number)
            if key == "include":
                self._include(option, section.conditions, depth)
                section = self._open(section.conditions)
            elif self._only is not None:
                section.options.extend([option] if key in self._only else [])
            elif problem := _refused(key, value):
                self.problems.append(Problem(str(path), number, column, *problem))
            elif key == "host":
                section = self._open((*outer, _Condition("originalhost", tuple(_words(value)))))
            elif key == "match":
                section = self._open(outer + _criteria(value))
            elif key in _READ:
                section.options.append(option)

    def _open(self, conditions: tuple[_Condition, ...]) -> _Section:
        section = _Section(conditions)
        self.sections.append(section)
        return section

    def _lines(self, path: Path, place: tuple[str, int] | None) -> Iterator[tuple[int, str, str, int]]:
        try:
            text = guarded.read(path, CONFIG, self._within_s).decode(errors="replace")
        except Absent:
            return
        except Unusable as error:
            self.problems.append(error.at(*place, 1) if place else error.here())
            return
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            match = re.fullmatch(r"""(\s*)"?([A-Za-z]\w*)"?(?:\s*=\s*|\s+)(.*?)\s*""", line)
            if match is None and self._only is not None:
                continue
            if match is None:
                self.problems.append(Problem(str(path), number, 1, "no option with a value", "Option value"))
                continue
            value = match[3] if '"' in match[3] else re.sub(r"\s+#.*", "", match[3])
            if len(value) > 1 and value[0] == value[-1] == '"' and '"' not in value[1:-1]:
                value = value[1:-1]
            yield number, match[2].lower(), value, len(match[1]) + 1

    def _include(self, option: Written, conditions: tuple[_Condition, ...], depth: int) -> None:
        for pattern in option.words:
            where = self._home / pattern[2:] if pattern.startswith("~/") else self._base / pattern
            try:
                included = guarded.matching(str(where))
            except Unusable as error:
                self.problems.append(error.at(option.file, option.line, 1))
                continue
            for path in included:
                if self._files <= _MAX_FILES:
                    self.read(path, conditions, depth + 1, (option.file, option.line))


def _refused(key: str, value: str) -> tuple[str, str] | None:
    """Message and hint for a line that cannot be used."""
    if key == "proxycommand" and value.lower() != "none":
        return "ProxyCommand would run a command on this machine", "ProxyJump"
    if key == "match":
        words = _words(value.lower())
        names = [word.lstrip("!") for word in words[::2]]
        if "exec" in [word.lstrip("!") for word in words]:
            return "Match exec would run a command on this machine", "Host, Match host"
        if words != ["all"] and (not words or len(words) % 2 or set(names) - _MATCHES):
            return "this Match is not supported", "Host, Match all, Match host, Match originalhost, Match user"
        if any(word.startswith("!") for word in words[::2]):
            return "a negated word of Match is not supported", "a negated pattern: Match host *,!name"
    if key == "port" and not _is_port(value):
        return "no port", "a number from 1 to 65535"
    return _refused_value(key, value)


def _refused_value(key: str, value: str) -> tuple[str, str] | None:
    if key == "proxyjump" and not all(map(hop_of, _hops(value))):
        return "no ProxyJump", "host, user@host:port, user@[IPv6 address]:port, several with commas between them"
    if key not in {"identityfile", "identityagent", "userknownhostsfile"}:
        return None
    if "${" in value or value.startswith("$"):
        return "variables of the environment are not read", "a path"
    unknown = set(re.findall(r"%(.?)", value.replace("%%", ""))) - set(_TOKENS)
    return (f"%{min(unknown)} is not supported here", "%d %h %n %p %r") if unknown else None


def _criteria(value: str) -> tuple[_Condition, ...]:
    words = _words(value)
    if words[0].lower() == "all":
        return ()
    pairs = zip(words[::2], words[1::2], strict=True)
    return tuple(_Condition(what.lower(), tuple(patterns.split(","))) for what, patterns in pairs)


def _words(value: str) -> list[str]:
    """Words of a value, quoted ones whole."""
    try:
        return shlex.split(value, posix=True)
    except ValueError:
        return value.split()


def hop_of(text: str) -> tuple[str, str, str] | None:
    """Login, host and port of a hop of ProxyJump, empty where it leaves them out; None where ssh would refuse it."""
    match = _HOP.fullmatch(text)
    if match is None or (match["port"] and not _is_port(match["port"])):
        return None
    return match["login"] or "", match["address"] or match["host"], match["port"] or ""


def _is_port(text: str) -> bool:
    return text.isdecimal() and 0 < int(text[:6]) < 65536


def _hops(value: str) -> tuple[str, ...]:
    return () if value.lower() == "none" else tuple(hop.strip().removeprefix("ssh://") for hop in value.split(","))


def _expanded(path: str, tokens: dict[str, str]) -> str:
    """`%d` is the home, which the caller knows as `~`."""
    values = {**tokens, "d": "~", "%": "%"}
    return re.sub(r"%(.)", lambda match: values.get(match[1], match[0]), path)
