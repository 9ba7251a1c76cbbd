"""Windows hosts that answer from a recording: `python -m tests.benchmarks.windows_hosts ADDRESS`; says its port.

One WinRM listener is every host: NTLM with sealed bodies over HTTP. What stands for PowerShell takes no time, so that
the client's work is what is measured: it gives the recorded answers to a batch on its standard input, and to a script
on its command line. The hosts are there until this process's standard input ends.
"""

from __future__ import annotations

import base64
import binascii
import sys
from collections.abc import Iterator, Mapping
from functools import cache

from readiness.core.scripts import Output
from tests.bench import record
from tests.bench.fleet import USER, WORD
from tests.bench.winrm_programs import replay
from tests.bench.winrm_server import Host, Listener
from tests.bench.winrm_shells import MadeUp, Shell, Shells, Step
from tests.bench.winrm_soap import Asked

MACHINE = "win2022"


@cache
def recorded() -> Mapping[str, Output]:
    """The answers by the script's text."""
    saved = record.saved(MACHINE)
    return {script.text: saved[script.name] for script in record.scripts()}


class _Answering(Shells):
    """Shells in which a known script on the command line is answered, too."""

    def _command(self, shell: Shell, asked: Asked) -> str:
        reply = super()._command(shell, asked)
        _, _, encoded = asked.text("rsp:CommandLine/rsp:Arguments").rpartition(" ")
        *_, command = shell.commands.values()
        if (output := recorded().get(_decoded(encoded))) and isinstance(command, MadeUp):
            command._program = lambda _: _said(output)
            command.feed(b"", end=True)
        return reply


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text).decode("utf-16-le")
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _said(output: Output) -> Iterator[Step]:
    yield "stdout", output.stdout
    yield output.status or 0


def main(address: str) -> None:
    """Serve until standard input ends."""
    with Host(Listener({USER: WORD}, program=replay(recorded()), address=address)) as host:
        host.shells = _Answering(host.listener.settings, host.listener.environment, host.listener.program)
        host.stopped = host.shells.stopped
        print(host.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
