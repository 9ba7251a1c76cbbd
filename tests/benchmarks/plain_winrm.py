"""Pywinrm as it is used plainly, on the hosts of a fleet: `python -m tests.benchmarks.plain_winrm FOLDER`.

What `Session.run_ps` does, with one protocol and one shell a host: a PowerShell for each script, which stands on its
command line. Every host's facts are held against what was recorded.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from winrm.protocol import Protocol

from readiness.core.scripts import Output
from readiness.probes import PROBES_OF

_POWERSHELL = r"%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe"
_PARSE = {probe.name: probe.parse for probe in PROBES_OF["powershell"]}


def main(folder: Path) -> None:
    """Read every host, as many side by side as ours."""
    given = json.loads((folder / "given.json").read_text())
    with ThreadPoolExecutor(given["parallel"]) as pool:
        found = pool.map(lambda address: _read(address, given), given["hosts"])
        if wrong := [address for address, one in zip(given["hosts"], found, strict=True) if one != given["expected"]]:
            sys.exit(f"{', '.join(wrong)} not as recorded")


def _read(address: str, given: Mapping[str, Any]) -> dict[str, str]:
    """The facts of one host in words."""
    url = f"http://{address}:{given['port']}/wsman"
    protocol = Protocol(url, transport="ntlm", username=given["user"], password=given["password"])
    shell = protocol.open_shell(codepage=65001)
    try:
        return {name: str(_PARSE[name](_run(protocol, shell, name, text))) for name, text in given["scripts"].items()}
    finally:
        protocol.close_shell(shell)


def _run(protocol: Any, shell: str, name: str, text: str) -> Output:
    encoded = base64.b64encode(text.encode("utf-16-le")).decode()
    command = protocol.run_command(shell, _POWERSHELL, ["-NoProfile", "-encodedcommand", encoded])
    stdout, stderr, status = protocol.get_command_output(shell, command)
    protocol.cleanup_command(shell, command)
    return Output(name, status, stdout, stderr, 0.0, 0.0, 0.0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
