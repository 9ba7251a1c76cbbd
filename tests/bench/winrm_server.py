"""A WinRM listener of our own: the real protocol down to sealed NTLM and channel bindings, and real ones' troubles.

Its accounts are those of every listener in this process: the NTLM library reads them from one file.
"""

from __future__ import annotations

import base64
import contextlib
import email.utils
import os
import socket
import socketserver
import ssl
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self

import spnego
from cryptography import x509
from spnego.channel_bindings import GssChannelBindings

from tests.bench.stand_in import PLAIN
from tests.bench.winrm_shells import Program, Settings, Shells

SEALED = "application/HTTP-SPNEGO-session-encrypted"
MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
_BOUNDARY = b"--Encrypted Boundary"
_ACCOUNTS: dict[str, str] = {}
_ACCOUNTS_LOCK = threading.Lock()


@dataclass
class Troubles:
    """What goes wrong with a listener; a number of requests counts those after the logon."""

    silent_after: int | None = None  # answers nothing any more
    drop_after: set[int] = field(default_factory=set)  # cuts the connection instead of answering, half way
    refuse_after: Mapping[int, int] = field(default_factory=dict)  # says 401 or 400 though the logon had worked
    answer: bytes | None = None  # these bytes to whatever comes, not HTTP perhaps
    endless: bool = False  # an answer without end
    dribble: bool = False  # an answer a byte at a time
    garbled: bool = False  # an answer that is no envelope


@dataclass
class Listener:
    """How one host listens and whom it lets in, `DOMAIN\\user` or local `user` by password."""

    users: Mapping[str, str]
    environment: Callable[[], Mapping[str, str]] = lambda: {**PLAIN, "PATH": "/usr/bin:/bin"}
    certificate: tuple[Path, Path] | None = None  # TLS with it
    client_ca: Path | None = None  # logon by certificates of this authority
    schemes: tuple[str, ...] = ("Negotiate", 'Basic realm="WSMAN"')
    allow_unencrypted: bool = False
    plain_refusal: int = 500  # what it says to a message that should have been sealed: 500 or 401
    chunked: bool = False
    clock_s: float = 0.0  # its clock minus ours
    settings: Settings = field(default_factory=Settings)
    program: Program | None = None  # instead of the stand-in
    troubles: Troubles = field(default_factory=Troubles)
    address: str = "127.0.0.1"


class Host:
    """A listener that listens; it counts what it was asked."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.shells = Shells(listener.settings, listener.environment, listener.program)
        self.logons: list[tuple[str, bool]] = []  # each attempt: the user as far as known, and whether it worked
        self.requests = 0  # after a logon
        self.connections = 0
        self.plain_messages = 0  # that a wire would show: no TLS, not sealed, not empty
        self.stopped = self.shells.stopped
        self._server = _Server(self, listener.address)
        self.port = int(self._server.server_address[1])

    def refused(self) -> int:
        return sum(not worked for _, worked in self.logons)

    def __enter__(self) -> Self:
        _add_accounts(self.listener.users)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shells.end()
        self._server.shutdown()
        self._server.close_all()
        self._server.server_close()
        self._thread.join()


def _add_accounts(users: Mapping[str, str]) -> None:
    with _ACCOUNTS_LOCK:
        _ACCOUNTS.update(users)
        named = os.environ.get("NTLM_USER_FILE")
        if named is None:
            number, named = tempfile.mkstemp(prefix="accounts-")
            os.close(number)
            os.environ["NTLM_USER_FILE"] = named
        rows = [(*user.rpartition("\\")[::2], password) for user, password in _ACCOUNTS.items()]
        Path(named).write_text("".join(f"{domain}:{user}:{password}\n" for domain, user, password in rows))


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False
    request_queue_size = 256

    def __init__(self, host: Host, address: str) -> None:
        self.host, self._peers = host, list[socket.socket]()
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.tls, self.bindings = _tls(host.listener)
        super().__init__((address, 0), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        peer, address = super().get_request()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls:  # the handshake is the handler's: a bad client must not hold up the others
            peer = self.tls.wrap_socket(peer, server_side=True, do_handshake_on_connect=False)
        self._peers.append(peer)
        return peer, address

    def close_all(self) -> None:
        for peer in self._peers:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(peer, socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave in the middle are what the tests are about."""


def _tls(listener: Listener) -> tuple[ssl.SSLContext | None, GssChannelBindings | None]:
    if listener.certificate is None:
        return None, None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*listener.certificate)
    if listener.client_ca:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(listener.client_ca)
    certificate = x509.load_pem_x509_certificate(listener.certificate[0].read_bytes())
    assert certificate.signature_hash_algorithm is not None
    proof = certificate.fingerprint(certificate.signature_hash_algorithm)
    return context, GssChannelBindings(application_data=b"tls-server-end-point:" + proof)


class _Handler(BaseHTTPRequestHandler):
    """One connection; a logon by NTLM holds for all of it."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Microsoft-HTTPAPI/2.0", ""
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        self.host = self.server.host
        self.listener, self.troubles = self.host.listener, self.host.listener.troubles
        self.context: Any = None
        self.user = ""
        self.host.connections += 1
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        super().setup()

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            if self.troubles.answer is not None:
                self.request.recv(65536)
                self.request.sendall(self.troubles.answer)
                return
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return email.utils.formatdate((timestamp or time.time()) + self.listener.clock_s, usegmt=True)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path != "/wsman":
            self._send(404, b"", {})
        elif (refused := self._logon()) is not None:
            self._send(401, b"", {"WWW-Authenticate": refused})
        elif self._in_trouble():
            self._message(body)

    # Logons.

    def _logon(self) -> tuple[str, ...] | None:
        """None once this connection or request is logged on, else the challenges of a 401."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Negotiate":
            return self._ntlm(base64.b64decode(token))
        if scheme == "Basic" and any(one.startswith("Basic") for one in self.listener.schemes):
            user, _, password = base64.b64decode(token).decode().partition(":")
            return self._known(user, self.listener.users.get(user) == password and "\\" not in user)
        if scheme == MUTUAL and isinstance(self.request, ssl.SSLSocket):
            certificate: Any = self.request.getpeercert()
            names = [value for _, value in (certificate or {}).get("subjectAltName", ())]
            user = names[0].partition("@")[0] if names else ""
            return self._known(user, user in self.listener.users)
        return None if self.user and not scheme else self.listener.schemes

    def _known(self, user: str, known: bool) -> tuple[str, ...] | None:
        if not known or not self.user:
            self.host.logons.append((user, known))
        self.user = user if known else ""
        return None if known else self.listener.schemes

    def _ntlm(self, token: bytes) -> tuple[str, ...] | None:
        first = token[8:12] == b"\x01\0\0\0"
        if first:
            self.user = ""
            self.context = spnego.server(channel_bindings=self.server.bindings, protocol="negotiate")
        try:
            challenge = self.context.step(token)
        except Exception:  # noqa: BLE001 - a wrong password, another channel, an unknown user
            self.host.logons.append((_user_of(token), False))
            return self.listener.schemes
        if not first:
            self.user = str(self.context.client_principal)
            self.host.logons.append((self.user, True))
            return None
        return (f"Negotiate {base64.b64encode(challenge or b'').decode()}", *self.listener.schemes[1:])

    # Messages.

    def _in_trouble(self) -> bool:
        """Whether the request shall be answered at all."""
        self.host.requests += 1
        number, troubles = self.host.requests, self.troubles
        if troubles.silent_after is not None and number > troubles.silent_after:
            self.host.stopped.wait()
            self.close_connection = True
            return False
        if number in troubles.refuse_after:
            self._send(troubles.refuse_after[number], b"", {"WWW-Authenticate": self.listener.schemes})
            return False
        if number in troubles.drop_after:
            self.wfile.write(b"HTTP/1.1 200 \r\nContent-Length: 500\r\n\r\n<s:Envelope")
            self.close_connection = True
            return False
        return True

    def _message(self, body: bytes) -> None:
        if not body:
            self._send(200, b"", {})
            return
        sealed = self.headers.get("Content-Type", "").startswith("multipart/encrypted")
        if not sealed and not self.server.tls:
            self.host.plain_messages += 1
            if not self.listener.allow_unencrypted:
                self._send(self.listener.plain_refusal, b"", {"WWW-Authenticate": self.listener.schemes})
                return
        try:
            text = self._unsealed(body) if sealed else body
        except Exception:  # noqa: BLE001 - sealed with a key that this connection has not
            self._send(400, b"", {})
            return
        status, answer = self.host.shells.answer(self.user, text)
        if self.troubles.garbled:
            answer = b"<s:Envelope>" + answer[:200]
        self._answer(status, answer, sealed=sealed)

    def _unsealed(self, body: bytes) -> bytes:
        payload = body.split(_BOUNDARY + b"\r\n")[2].removesuffix(_BOUNDARY + b"--\r\n")
        data = payload.removeprefix(b"\tContent-Type: application/octet-stream\r\n")
        size = struct.unpack("<I", data[:4])[0]
        return bytes(self.context.unwrap_winrm(data[4 : 4 + size], data[4 + size :]))

    def _answer(self, status: int, text: bytes, *, sealed: bool) -> None:
        kind = "application/soap+xml;charset=UTF-8"
        if sealed:
            header, data, _ = self.context.wrap_winrm(text)
            kind = f'multipart/encrypted;protocol="{SEALED}";boundary="Encrypted Boundary"'
            text = (
                _BOUNDARY
                + b"\r\n\tContent-Type: "
                + SEALED.encode()
                + b"\r\n\tOriginalContent: type=application/soap+xml;"
                b"charset=UTF-8;Length=" + str(len(text)).encode() + b"\r\n" + _BOUNDARY + b"\r\n\tContent-Type: "
                b"application/octet-stream\r\n" + struct.pack("<I", len(header)) + header + data + _BOUNDARY + b"--\r\n"
            )
        self._send(status, text, {"Content-Type": kind})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str | tuple[str, ...]]) -> None:
        self.send_response(status, "")
        for name, value in headers.items():
            for one in (value,) if isinstance(value, str) else value:
                self.send_header(name, one)
        if self.troubles.endless and self.user:
            self._endless()
        elif self.listener.chunked and body:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for at in range(0, len(body), 1000):
                piece = body[at : at + 1000]
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self._write(body)
        self.wfile.flush()

    def _write(self, body: bytes) -> None:
        for number in range(len(body)) if self.troubles.dribble and self.user else ():
            self.wfile.write(body[number : number + 1])
            self.wfile.flush()
            if self.host.stopped.wait(0.05):
                return
        if not (self.troubles.dribble and self.user):
            self.wfile.write(body)

    def _endless(self) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not self.host.stopped.is_set():
            self.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def _user_of(token: bytes) -> str:
    """The user named in an NTLM type 3 message."""
    size, _, at = struct.unpack("<HHI", token[36:44])
    return token[at : at + size].decode("utf-16-le", "replace")


@contextlib.contextmanager
def listening(**changes: Any) -> Iterator[Host]:
    """A host that listens as `Listener` is told; ends with its threads and processes."""
    with Host(Listener(**changes)) as host:
        yield host
