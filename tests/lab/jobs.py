"""Running a real backup job."""

import re

from tests.lab.errors import LabError
from tests.lab.lab import Lab

_DIRECTOR = "dir01"


def backup(lab: Lab, client: str) -> str:
    """Back a client up and return how the job ended: "Backup OK" when all went well."""
    started = console(lab, f"run job=backup-{client} yes")
    found = re.search(r"JobId=(\d+)", started)
    if found is None:
        raise LabError(f"the director did not start the job: {started}")
    log = console(lab, f"wait jobid={found[1]}", f"list joblog jobid={found[1]}")
    ended = re.search(r"Termination:\s+([^|]*?)\s*(?:\||$)", log, re.MULTILINE)
    if ended is None:
        raise LabError(f"the job {found[1]} has no end in its log: {log}")
    return ended[1]


def console(lab: Lab, *commands: str) -> str:
    """Give the director's console commands; returns all it said."""
    text = "\n".join((*commands, "quit", ""))
    return lab.exec(_DIRECTOR, "bconsole", stdin=text).stdout
