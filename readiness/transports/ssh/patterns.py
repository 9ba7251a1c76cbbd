"""Patterns of names, as OpenSSH reads them in ssh_config and known_hosts."""

from __future__ import annotations

from fnmatch import fnmatchcase


def matches(patterns: tuple[str, ...], name: str) -> bool:
    """Any negated match excludes, else any match includes; brackets, as those of a port, are literal."""

    def fits(pattern: str) -> bool:
        return fnmatchcase(name, pattern.replace("[", "[[]"))

    if any(fits(pattern[1:]) for pattern in patterns if pattern.startswith("!")):
        return False
    return any(fits(pattern) for pattern in patterns if not pattern.startswith("!"))
