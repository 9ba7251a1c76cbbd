"""What a run has around the estate's files: the environment, and a home folder where there is one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from readiness.transports import CannotReach, Surroundings

_NOWHERE = Path(os.devnull)  # no file can lie in it


@dataclass(frozen=True, slots=True)
class _WithoutHome(Surroundings):
    """Those of a user without a home folder, as in a container: all is well while no file of it is named."""

    def path(self, text: str) -> Path:
        """A path as the estate writes it; CannotReach for one in the home folder."""
        if text.startswith("~/"):
            why = "there is no home folder: HOME is not set, and this user has no entry in /etc/passwd"
            raise CannotReach(f"{text} cannot be looked for: {why}", "set HOME, or write the path without ~")
        return self.folder / text


def surroundings_of(estate: Path, environment: Mapping[str, str]) -> Surroundings:
    """The surroundings of an estate's folder on this machine."""
    try:
        home = Path.home()
    except RuntimeError:
        return _WithoutHome(estate, _NOWHERE, environment)
    return Surroundings(estate, home, environment)
