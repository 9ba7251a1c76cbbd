"""What this machine knows of host keys by itself, which no estate weakens: other keys of a host, and revoked ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from shlex import quote

from readiness.core.errors import InputError, Problem
from readiness.core.facts import Missing, Why
from readiness.files import guarded
from readiness.files.guarded import Kind, Unusable
from readiness.transports.kind import Surroundings
from readiness.transports.ssh.config import Written, values_anywhere
from readiness.transports.ssh.known_hosts import REVOKED, Entry, KnownHosts
from readiness.transports.ssh.login import fingerprint
from readiness.transports.ssh.revoked import Revoked

CONTRADICTED = "@contradicted"
_USERS, _SYSTEMS, _LISTS = "userknownhostsfile", "globalknownhostsfile", "revokedhostkeys"
_REVOKED_KEYS = Kind("a list of revoked keys", 16 << 20)
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class Machine:
    """The keys that the user and the system know and revoke, whatever their ssh_config says under which condition.

    Its `revoked` counts what the estate's ssh_config names, too: that adds restrictions, and trusts nothing.
    Raises InputError with what cannot be read.
    """

    def __init__(self, surroundings: Surroundings, estates_config: Path | None, within_s: float) -> None:
        self._surroundings, self._within_s = surroundings, within_s
        self._problems: list[Problem] = []
        home, system = surroundings.home / ".ssh", surroundings.system_ssh
        own = [*self._written(home / "config"), *self._written(system / "ssh_config")]
        estates = self._written(estates_config) if estates_config else []
        defaults = [folder / name for folder, name in _defaults(home, system)]
        self.known = self._load([*defaults, *self._paths(own, {_USERS, _SYSTEMS})])
        also = self._load(self._paths(estates, {_USERS, _SYSTEMS}))
        self.revoked = Revoked({**also.revoked, **self.known.revoked})
        self._read_lists([*own, *estates])
        if self._problems:
            raise InputError(self._problems)

    def weigh(
        self, names: Sequence[str], port: int, pinned: Sequence[str], *, agreed: bool, alias: str | None = None
    ) -> tuple[tuple[str, ...], Missing | None]:
        """The pins, marked where this machine revokes or contradicts them, and why none is left to be trusted.

        Where the machine knows a host by keys of its own, what the estate pins (`agreed`) only counts if it is one of
        those, of whatever type; the user's own known_hosts contradict nothing.
        """
        revoked = {pin: place for pin in pinned if (place := self.revoked.place_of(pin))}
        good = [pin for pin in pinned if pin not in revoked and not pin.startswith(REVOKED)]
        known = self._entries(names, port, alias) if agreed else []
        keys = {entry.key for _, entry in known}
        contradicted = set(good) - keys if known else set()
        marker = {**dict.fromkeys(contradicted, f"{CONTRADICTED} "), **dict.fromkeys(revoked, f"{REVOKED} ")}
        marked = [pin if pin.startswith(REVOKED) else marker.get(pin, "") + pin for pin in pinned]
        distrust = None
        if contradicted.issuperset(good) and contradicted:
            distrust = _contradiction(good, known)
        elif revoked and not good:
            pin, place = next(iter(revoked.items()))
            detail = f"{fingerprint(pin.removeprefix(f'{REVOKED} '))}, which is pinned, is revoked by {place}"
            distrust = Missing(Why.HOST_KEY_DIFFERS, detail, "agree on a new key of the host, and pin that")
        return tuple(marked), distrust

    def _entries(self, names: Sequence[str], port: int, alias: str | None) -> list[tuple[str, Entry]]:
        """The entries of a host with the names that ssh-keygen finds them by; a HostKeyAlias has no port."""
        wanted = [(name, port) for name in names] + ([(alias, 22)] if alias else [])
        return [
            (name if at == 22 else f"[{name}]:{at}", entry)
            for name, at in wanted
            for entry in self.known.entries([name], at)
            if not self._revokes(entry.key)
        ]

    def _revokes(self, key: str) -> bool:
        return key.startswith(REVOKED) or self.revoked.place_of(key) is not None

    def _written(self, config: Path) -> list[Written]:
        options, problems = values_anywhere(config, {_USERS, _SYSTEMS, _LISTS}, self._surroundings.home, self._within_s)
        self._problems += problems
        return options

    def _load(self, paths: Iterable[Path]) -> KnownHosts:
        try:
            return KnownHosts.load(dict.fromkeys(paths), self._within_s, strictly=False)
        except InputError as error:
            self._problems += error.problems
            return KnownHosts()

    def _paths(self, options: Iterable[Written], wanted: set[str]) -> list[Path]:
        return [path for option in options if option.key in wanted for path in self._paths_of(option)]

    def _read_lists(self, options: Iterable[Written]) -> None:
        """A list that is not there is a mistake, as OpenSSH has it: nobody could say what is revoked."""
        for option in options:
            for path in self._paths_of(option) if option.key == _LISTS else ():
                try:
                    self.revoked.add(guarded.read(path, _REVOKED_KEYS, self._within_s), str(path))
                except Unusable as error:
                    self._problems.append(error.at(option.file, option.line, 1))
                except ValueError as error:
                    self._problems.append(Problem(option.file, option.line, 1, str(error), "a text of keys, or a KRL"))

    def _paths_of(self, option: Written) -> list[Path]:
        """The paths of an option; where a name depends on the host, all that there are."""
        paths: list[Path] = []
        for word in option.words:
            if word.lower() == "none":
                continue
            try:
                paths += self._expanded(word)
            except Unusable as error:
                self._problems.append(error.at(option.file, option.line, 1))
        return paths

    def _expanded(self, word: str) -> list[Path]:
        environment, home = self._surroundings.environment, str(self._surroundings.home)
        if unset := [name for name in _VARIABLE.findall(word) if name not in environment]:
            raise Unusable(Path(word), f"the environment variable {unset[0]} is not set", "write the path out")
        text = _VARIABLE.sub(lambda match: environment[match[1]], word)
        text = re.sub(r"^~/", f"{home}/", text)
        if text.startswith("~"):
            raise Unusable(Path(word), "another user's home is not looked up", "write the path out")
        pattern = re.sub("%(.)", lambda match: {"%": "%", "d": home}.get(match[1], "*"), text)
        return guarded.matching(pattern) if re.search("%[^%d]", text.replace("%%", "")) else [Path(pattern)]


def _contradiction(pinned: Sequence[str], known: Sequence[tuple[str, Entry]]) -> Missing:
    """Both keys, the line that knows another one, and how to take it out."""
    own = ", ".join(f"{fingerprint(entry.key)} ({entry.place})" for _, entry in known[:3])
    detail = f"the estate pins {', '.join(map(fingerprint, pinned[:3]))}, and this machine knows {own}"
    known_as, entry = known[0]
    file = entry.place.rpartition(":")[0]
    remedy = f"if the host has a new key, and its owner confirms it: ssh-keygen -f {quote(file)} -R {quote(known_as)}"
    return Missing(Why.HOST_KEY_DIFFERS, detail, remedy)


def _defaults(home: Path, system: Path) -> list[tuple[Path, str]]:
    own = [(home, name) for name in ("known_hosts", "known_hosts2")]
    return own + [(system, f"ssh_{name}") for _, name in own]
