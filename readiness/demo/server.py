"""An SSH server of the real protocol that answers a batch with recorded outputs, and anything else with an error."""

from __future__ import annotations

import io
import re
import shlex
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import paramiko
from paramiko import common

from readiness.core.scripts import Script
from readiness.demo.reader import parts_of, replayed

_LOGIN_S = 20
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Answers:
    """One host's recorded answers by script; its clock is this machine's, off by `clock_offset_s`."""

    recorded: Mapping[str, Mapping[str, Any]]
    clock_offset_s: float

    def answer(self, name: str, text: str, nonce: str) -> tuple[str, str, int]:
        """Standard output, standard error and exit status; a script other than the recorded one is an error."""
        recorded = self.recorded.get(name)
        digest = parts_of(text)[0] if name == "reader" else Script(name, text).sha256
        if recorded is None or recorded["sha256"] != digest:
            return "", f"no recording of this script {name}", 1
        if name == "clock":
            return self.clock(), "", 0
        if name == "reader":
            return *replayed(self.recorded, text, nonce), recorded["status"]
        return recorded["stdout"], recorded["stderr"], recorded["status"]

    def clock(self) -> str:
        """What the script of that name says now."""
        return f"now\t{time.time() + self.clock_offset_s:.9f}\t.\nend\n"


class _Server(paramiko.ServerInterface):
    """Lets one login in by one key, to run a shell that reads a batch."""

    def __init__(self, user: str, public_key: str, answers: Answers) -> None:
        self._user, self._public_key, self._answers = user, public_key, answers

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002 - the same for all
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        offered = f"{key.get_name()} {key.get_base64()}"
        welcome = username == self._user and offered == self._public_key
        return common.AUTH_SUCCESSFUL if welcome else common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return common.OPEN_SUCCEEDED if kind == "session" else common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        if not command.endswith(b" sh -s"):
            return False
        threading.Thread(target=_replay, args=(channel, self._answers), daemon=True).start()
        return True


def _replay(channel: paramiko.Channel, answers: Answers) -> None:
    """Play the shell's part: say ready, read the batch to its end, answer each script."""
    with suppress(OSError, EOFError, paramiko.SSHException):
        head = ""
        while "m ready 0 0\n" not in head:
            head += channel.recv(_CHUNK).decode()
        nonce = re.findall(r"@([0-9a-f]{32}) ", head)[0]

        def mark(word: str, index: int, status: int) -> None:
            line = f"\n@{nonce} {word} {index} {status}\n".encode()
            channel.sendall(line)
            channel.sendall_stderr(line)

        mark("ready", 0, 0)
        body = ""
        while chunk := channel.recv(_CHUNK):
            body += chunk.decode()
        salt = re.findall(r"^NONCE=([0-9a-f]{64}) ", body, re.MULTILINE)[0]
        for index, (name, text) in enumerate(_scripts(body)):
            mark("begin", index, 0)
            stdout, stderr, status = answers.answer(name, text, salt)
            channel.sendall(stdout.encode())
            channel.sendall_stderr(stderr.encode())
            mark("end", index, status)
        channel.send_exit_status(0)
    with suppress(OSError, EOFError, paramiko.SSHException):  # the client may be gone by now
        channel.close()


def _scripts(body: str) -> Iterator[tuple[str, str]]:
    """The scripts of a batch by name, as `transports.posix` composes it."""
    words = shlex.split(body)
    for index, word in enumerate(words):
        if word == "-c" and words[index - 1] == "sh":
            yield words[index + 2], words[index + 1]


@contextmanager
def serve(host_key: bytes, user: str, public_key: str, answers: Answers, *, up: bool) -> Iterator[int]:
    """A server on a loopback port until the end; one that is not `up` holds a port that refuses connections."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    if not up:
        with listener:  # bound and not listening: whoever knocks is refused, and nobody else gets the port
            yield listener.getsockname()[1]
        return
    listener.listen(16)
    key = paramiko.Ed25519Key.from_private_key(io.StringIO(host_key.decode()))
    transports: list[paramiko.Transport] = []
    ended = threading.Event()

    def accept() -> None:
        while not ended.is_set():
            with suppress(OSError, paramiko.SSHException, EOFError):
                peer, _ = listener.accept()
                transport = paramiko.Transport(peer)
                transports.append(transport)
                transport.add_server_key(key)
                transport.start_server(event=threading.Event(), server=_Server(user, public_key, answers))

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(_LOGIN_S)
        for transport in transports:
            transport.close()
