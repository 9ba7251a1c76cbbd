"""SSH servers that misbehave, on loopback: each one a way to hold up, flood or mislead who connects."""

from __future__ import annotations

import io
import os
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from paramiko import common

Behaviour = Callable[[socket.socket, threading.Event], None]
Shell = Callable[[paramiko.Channel, str, threading.Event], None]


@contextmanager
def listening(behave: Behaviour) -> Iterator[int]:
    """A server on a loopback port that treats each connection as `behave` says; ends with its threads."""
    ended = threading.Event()
    threads: list[threading.Thread] = []
    peers: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def one(peer: socket.socket) -> None:
            with suppress(OSError, EOFError, paramiko.SSHException), peer:
                behave(peer, ended)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    peer, _ = listener.accept()
                    peers.append(peer)
                    threads.append(threading.Thread(target=one, args=(peer,)))
                    threads[-1].start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            ended.set()
            for opened in (listener, *peers):
                with suppress(OSError):
                    opened.shutdown(socket.SHUT_RDWR)
            acceptor.join()
            for thread in threads:
                thread.join()


def silent(_: socket.socket, ended: threading.Event) -> None:
    ended.wait()


def dribbling_banner(peer: socket.socket, ended: threading.Event) -> None:
    """A banner that never comes to its end, a byte at a time."""
    while not ended.wait(0.05):
        peer.sendall(b"S")


def endless_lines_before_the_banner(peer: socket.socket, ended: threading.Event) -> None:
    while not ended.is_set():
        peer.sendall(b"welcome\r\n")
        time.sleep(0.001)


def banner_then_silence(peer: socket.socket, ended: threading.Event) -> None:
    peer.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    ended.wait()


def steering_banner(peer: socket.socket, ended: threading.Event) -> None:
    """A banner that would steer a terminal."""
    peer.sendall(b"\x1b[2J\x1b]0;owned\x07::error::x\r\nSSH-2.0-\x1b[31mred\r\n")
    ended.wait()


def not_ssh(peer: socket.socket, _: threading.Event) -> None:
    peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def closes_at_once(_: socket.socket, __: threading.Event) -> None:
    return


def legacy_only(peer: socket.socket, ended: threading.Event) -> None:
    """A server from 2005: SHA-1, CBC and MD5, and nothing else."""
    peer.sendall(b"SSH-2.0-OpenSSH_4.2\r\n")
    lists = [
        b"diffie-hellman-group1-sha1",
        b"ssh-dss",
        *[b"3des-cbc"] * 2,
        *[b"hmac-md5"] * 2,
        *[b"none"] * 2,
        b"",
        b"",
    ]
    payload = b"\x14" + os.urandom(16) + b"".join(struct.pack(">I", len(one)) + one for one in lists) + b"\0" * 5
    padding = 8 - (len(payload) + 5) % 8 + 8
    peer.sendall(struct.pack(">IB", len(payload) + padding + 1, padding) + payload + b"\0" * padding)
    ended.wait()


def host_key() -> paramiko.Ed25519Key:
    private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return paramiko.Ed25519Key.from_private_key(io.StringIO(private.decode()))


class _Server(paramiko.ServerInterface):
    """Lets anybody in, after a while if so asked, and counts who tried."""

    def __init__(self, shell: Shell, ended: threading.Event, tries: list[str], login_s: float) -> None:
        self._shell, self._ended, self._tries, self._login_s = shell, ended, tries, login_s

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002 - paramiko's
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:  # noqa: ARG002 - anybody
        self._tries.append(username)
        self._ended.wait(self._login_s)
        return int(common.AUTH_SUCCESSFUL)

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002 - any
        return int(common.OPEN_SUCCEEDED)

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        threading.Thread(target=self._run, args=(channel, command.decode()), daemon=True).start()
        return True

    def _run(self, channel: paramiko.Channel, command: str) -> None:
        with suppress(OSError, EOFError, paramiko.SSHException):
            self._shell(channel, command, self._ended)


def ssh_server(key: paramiko.PKey, shell: Shell, tries: list[str] | None = None, login_s: float = 0.0) -> Behaviour:
    """A server of the real protocol whose shell is `shell`; `login_s` is how long it ponders each login."""

    def behave(peer: socket.socket, ended: threading.Event) -> None:
        transport = paramiko.Transport(peer)
        transport.add_server_key(key)
        try:
            server = _Server(shell, ended, [] if tries is None else tries, login_s)
            transport.start_server(event=threading.Event(), server=server)
            while transport.is_alive() and not ended.wait(0.05):
                pass
        finally:
            transport.close()

    return behave


def _nonce(channel: paramiko.Channel) -> str:
    """Read what is sent first, say ready, and give the batch's nonce."""
    text = ""
    while "m ready 0 0\n" not in text:
        text += channel.recv(65536).decode()
    found = re.findall(r"@([0-9a-f]{32}) ", text)[0]
    mark(channel, found, "ready", 0, 0)
    return str(found)


def mark(channel: paramiko.Channel, nonce: str, word: str, index: int, status: int) -> None:
    line = f"\n@{nonce} {word} {index} {status}\n".encode()
    channel.sendall(line)
    channel.sendall_stderr(line)


def never_ready(channel: paramiko.Channel, _: str, ended: threading.Event) -> None:
    channel.sendall(b"Last login: yesterday\n")
    ended.wait()


def never_ends(channel: paramiko.Channel, _: str, ended: threading.Event) -> None:
    """The first script begins and nothing more is heard."""
    mark(channel, _nonce(channel), "begin", 0, 0)
    ended.wait()


def floods(channel: paramiko.Channel, _: str, ended: threading.Event) -> None:
    """The first script prints without end."""
    mark(channel, _nonce(channel), "begin", 0, 0)
    while not ended.is_set():
        channel.sendall(b"x" * 32768)


def floods_errors(channel: paramiko.Channel, _: str, ended: threading.Event) -> None:
    mark(channel, _nonce(channel), "begin", 0, 0)
    while not ended.is_set():
        channel.sendall_stderr(b"x" * 32768)


def dies_half_way(channel: paramiko.Channel, _: str, __: threading.Event) -> None:
    """The first script is answered, and then the connection is gone."""
    nonce = _nonce(channel)
    mark(channel, nonce, "begin", 0, 0)
    channel.sendall(b"fine\n")
    mark(channel, nonce, "end", 0, 0)
    mark(channel, nonce, "begin", 1, 0)
    time.sleep(0.1)
    channel.get_transport().close()


def no_shell(channel: paramiko.Channel, _: str, __: threading.Event) -> None:
    channel.sendall(b"This account is currently not available.\n")
    channel.send_exit_status(1)
    channel.close()
