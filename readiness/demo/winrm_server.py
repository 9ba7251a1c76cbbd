"""A WinRM listener of the real protocol that answers a batch with recorded outputs, and anything else with an error."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from readiness.demo import winrm_soap as soap
from readiness.demo.server import Answers
from readiness.demo.winrm_batch import Batch, Call
from readiness.demo.winrm_http import Handler, Server

_POWERSHELL = r"\windowspowershell\v1.0\powershell.exe"


@dataclass(frozen=True)
class WindowsAnswers(Answers):
    """Recorded answers of a Windows host, whose scripts come without their names and answer in JSON."""

    def to(self, call: Call) -> tuple[int, bytes]:
        """Status and output of a script; PowerShell's error for a script or arguments that were not recorded."""
        digest = hashlib.sha256(call.text.encode()).hexdigest()
        wanted = {"sha256": digest, "arguments": list(call.arguments)}
        for name, answer in self.recorded.items():
            if {key: answer[key] for key in wanted} == wanted:
                stdout, stderr, status = self.answer(name, call.text, "")
                return status, (stderr if status else stdout).encode()
        message = f"no recording of this script {digest} with {wanted['arguments']}"
        record = {"id": "NotRecorded", "category": "", "type": "", "hresult": 0, "native": None, "message": message}
        return 1, json.dumps(record).encode()

    def clock(self) -> str:
        """What the script of that name says now."""
        now = datetime.now(UTC) + timedelta(seconds=self.clock_offset_s)
        return json.dumps([{"utc": f"{now:%Y-%m-%dT%H:%M:%S.%f}0Z", "age_ms": 0}])


@dataclass
class Shells:
    """The shells of one host with what was sent to each command in them; a command answers once its input ended."""

    answers: WindowsAnswers
    inputs: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def answer(self, user: str, text: bytes) -> tuple[int, bytes]:
        """HTTP status and message for a request's message."""
        asked = soap.Asked.read(text)
        try:
            return 200, soap.reply(asked, self._act(user, asked))
        except soap.Fault as error:
            return 500, soap.fault(asked, error)

    def _act(self, user: str, asked: soap.Asked) -> str:
        action = asked.action.rpartition("/")[2]
        if action == "Create":
            self.inputs[shell_id := str(uuid.uuid4()).upper()] = {}
            return soap.created(shell_id, user)
        if asked.shell_id not in self.inputs:
            raise soap.unknown_shell()
        commands = self.inputs[asked.shell_id]
        if action == "Command":
            return self._command(commands, asked)
        if action == "Delete":
            del self.inputs[asked.shell_id]
            return ""
        return self._to_command(action, commands, asked)

    def _command(self, commands: dict[str, bytes], asked: soap.Asked) -> str:
        line = asked.text("rsp:CommandLine/rsp:Command").strip('"')
        if not line.lower().endswith(_POWERSHELL):
            raise soap.Fault("s:Receiver", "w:InternalError", 2, f"nothing of the name {line} was recorded")
        commands[command_id := str(uuid.uuid4()).upper()] = b""
        return f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"

    def _to_command(self, action: str, commands: dict[str, bytes], asked: soap.Asked) -> str:
        element = {"Send": "rsp:Send/rsp:Stream", "Receive": "rsp:Receive/rsp:DesiredStream", "Signal": "rsp:Signal"}
        stream = asked.find(element.get(action, "none"))
        command_id = stream.get("CommandId", "") if stream is not None else ""
        if stream is None or command_id not in commands:
            raise soap.unknown_command()
        if action == "Send":
            commands[command_id] += base64.b64decode(stream.text or "")
        elif action == "Signal":
            del commands[command_id]
        else:
            return soap.received(command_id, [("stdout", self._replay(commands[command_id]))], 0)
        return f"<rsp:{action}Response/>"

    def _replay(self, stdin: bytes) -> bytes:
        """What PowerShell prints of a batch."""
        batch = Batch.read(stdin)
        answers = (batch.answer(call, *self.answers.to(call)) for call in batch.calls)
        return batch.mark("ready", 0) + b"".join(answers)


@contextmanager
def serve_winrm(answers: WindowsAnswers, certificate: tuple[Path, Path] | None) -> Iterator[int]:
    """A listener on a loopback port until the end, over HTTPS with a certificate and its key."""
    shells = Shells(answers)

    class Replaying(Handler):
        def answer(self, text: bytes) -> tuple[int, bytes]:
            return shells.answer(self.user, text)

    with Server("127.0.0.1", Replaying, certificate) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            server.close_all()
            thread.join()
