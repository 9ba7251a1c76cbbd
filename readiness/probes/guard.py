"""Why root did not read a path that others name, and the line that mends it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from readiness.probes.reading import chosen

_OUTSIDE = "{place} lies in none of the folders that are read"
_ADD = "reads: [{whom}] at the host in estate.yaml"
# By the guard's word, from the place because of which it is, and whom or what else it is about.
_REASONS = {
    "owner": ("{place} may be changed by {whom}", "chown root {word}"),
    "group": ("{place} may be changed by the group {whom}", "chmod go-w {word}"),
    "list": ("{place} may be changed by the group {whom} or its access list", "chmod go-w {word}"),
    "all": ("{place} may be changed by everybody", "chmod go-w {word}"),
    "sticky": ("{place} is a folder for everybody", "keep it where only root may write"),
    "fuse": ("{place} lies in a filesystem that a user may have made", "keep it in another filesystem"),
    "outside": (_OUTSIDE, _ADD),
    "deep": ("{place} lies too deep in a folder", _ADD),
    "many": ("{place} holds more than {whom} files", "remove what is not needed there"),
    "kind": ("{place} is a {whom} and no file", "name a file"),
    "long": ("{place} is longer than {whom} bytes", "name a shorter file"),
    "name": ("its name, or that of a link, holds what is not printable", "rename it"),
    "relative": ("it is no absolute path", "write it with all its folders"),
    "endless": ("its links have no end", "remove them"),
    "failed": ("{place} cannot be read", "look at it as root"),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a path was not read, and the line that mends it."""

    why: str
    remedy: str

    def __str__(self) -> str:
        """Both."""
        return f"{self.why}: {self.remedy}"


def refusal(word: str, place: str, whom: str) -> Refusal:
    """From the guard's fields; ValueError for a word that it does not have."""
    why, remedy = chosen(_REASONS, word)
    given = {"place": place, "whom": whom, "word": shlex.quote(place)}
    return Refusal(why.format(**given), remedy.format(**given))
