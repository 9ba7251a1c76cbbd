"""Running the scripts that read configuration, for real: by each awk there is, and by the stand-in for PowerShell."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from readiness.core.scripts import Output, Script
from readiness.probes import PROBES_OF
from readiness.probes.configuration import Configuration
from tests.bench import machine, stand_in
from tests.probes import real
from tests.probes.askings import asking

PROBE_OF = {shell: probe for shell, probes in PROBES_OF.items() for probe in probes if probe.kind is Configuration}
AWKS = {"mawk": ["mawk"], "gawk": ["gawk"], "original-awk": ["original-awk"], "busybox": ["busybox", "awk"]}
Files = Mapping[str, bytes]
NONE: Files = MappingProxyType({})


class Read(Protocol):
    """Reads `files` with some arguments, in a folder in which those `beside` lie, too."""

    def __call__(self, folder: Path, files: Files, arguments: Sequence[str], beside: Files = NONE) -> Output: ...


def by(awk: str) -> Read:
    """Reading with this awk; what the script calls is kept in the file `called`, with its arguments."""

    def read(folder: Path, files: Files, arguments: Sequence[str], beside: Files = NONE) -> Output:
        real.need(AWKS[awk][0])
        (folder / "bin").mkdir()
        for name in ("tr", "cat", "sha256sum", "getent", "id", "awk"):
            program = " ".join(AWKS[awk]) if name == "awk" else name
            tool = folder / "bin" / name
            tool.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >>{folder}/called\nexec /usr/bin/{program} "$@"\n')
            tool.chmod(0o755)
        for name, data in {**files, **beside}.items():
            (folder / name).write_bytes(data)
        probe = PROBE_OF["posix"]
        command = ["dash", "-c", probe.text_for(asking()), "readiness", *arguments]
        command += [f"file={folder / name}" for name in files]
        environment = {"PATH": f"{folder / 'bin'}:{real.PATH}", "LC_ALL": "C", "NONCE": real.NONCE}
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False)
        return Output(probe.name, done.returncode, done.stdout, done.stderr, 0.0, 0.1, 0.1)

    return read


def on_windows(folder: Path, files: Files, arguments: Sequence[str], beside: Files = NONE) -> Output:
    """Reading on a machine of the bench."""
    stand_in.executable()
    described = machine.Machine.load("win2022", folder / "machine")
    (folder / "machine" / "C" / "conf").mkdir()
    for name, data in {**files, **beside}.items():
        (folder / "machine" / "C" / "conf" / name).write_bytes(data)
    probe = PROBE_OF["powershell"]
    given = (*arguments, *(f"file=C:\\conf\\{name}" for name in files))
    text = probe.text_for(asking(system="windows"))
    script = Script(probe.name, text, given, 300.0, 4 << 20, shell="powershell", nonce=real.NONCE)  # noqa: S604 - a name
    return stand_in.run(script, env=described.environment(), timeout_s=300)[0]


READERS: Mapping[str, Read] = {**{awk: by(awk) for awk in AWKS}, "powershell": on_windows}


def configuration(reader: str, output: Output) -> Configuration:
    """What the parser makes of it."""
    fact = PROBE_OF["powershell" if reader == "powershell" else "posix"].parse(output)
    assert isinstance(fact, Configuration), output
    return fact
