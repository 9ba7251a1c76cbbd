"""The HTTP side of a WinRM listener of our own: the real protocol with NTLM, sealed messages and channel bindings."""

from __future__ import annotations

import base64
import contextlib
import socket
import socketserver
import ssl
import struct
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import spnego
from cryptography import x509
from spnego.channel_bindings import GssChannelBindings

SEALED = "application/HTTP-SPNEGO-session-encrypted"
_KIND = "application/soap+xml;charset=UTF-8"
_BOUNDARY = b"--Encrypted Boundary"


class Server(socketserver.ThreadingTCPServer):
    """Listens on an address, over TLS with a certificate; each connection is a `Handler`'s."""

    allow_reuse_address = True

    def __init__(self, address: str, handler: type[Handler], certificate: tuple[Path, Path] | None = None) -> None:
        self._peers = list[socket.socket]()
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.tls: ssl.SSLContext | None = None
        self.bindings: GssChannelBindings | None = None
        if certificate:
            self.tls, self.bindings = _tls(*certificate)
        super().__init__((address, 0), handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection; the handshake is the handler's: a bad client must not hold up the others."""
        peer, address = super().get_request()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls:
            peer = self.tls.wrap_socket(peer, server_side=True, do_handshake_on_connect=False)
        self._peers.append(peer)
        return peer, address

    def close_all(self) -> None:
        """End every connection there was."""
        for peer in self._peers:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(peer, socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may leave in the middle."""


def _tls(certificate: Path, key: Path) -> tuple[ssl.SSLContext, GssChannelBindings]:
    """What proves the listener, and what binds a logon to it, RFC 5929."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    own = x509.load_pem_x509_certificate(certificate.read_bytes())
    proof = own.fingerprint(own.signature_hash_algorithm)  # type: ignore[arg-type] # ours always have one
    return context, GssChannelBindings(application_data=b"tls-server-end-point:" + proof)


class Handler(BaseHTTPRequestHandler):
    """One connection; a logon by NTLM holds for all of it."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Microsoft-HTTPAPI/2.0", ""
    wbufsize = -1
    server: Server
    challenges: tuple[str, ...] = ("Negotiate",)

    def setup(self) -> None:
        """Begin, with the handshake of TLS."""
        self.context: Any = None
        self.user = ""
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        super().setup()

    def handle(self) -> None:
        """Answer until the client has gone."""
        with contextlib.suppress(OSError):
            super().handle()

    def finish(self) -> None:
        """Close, whoever did first."""
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_POST(self) -> None:
        """A logon, or a message of one who is logged on."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path != "/wsman":
            self.send(404, b"", {})
        elif (refused := self.logon()) is not None:
            self.send(401, b"", {"WWW-Authenticate": refused})
        else:
            self.message(body)

    def answer(self, text: bytes) -> tuple[int, bytes]:
        """HTTP status and message for a message: the host's own."""
        raise NotImplementedError

    def attempted(self, user: str, *, worked: bool) -> None:
        """Somebody tried to log on."""

    # Logons.

    def logon(self) -> tuple[str, ...] | None:
        """None once this connection is logged on, else the challenges of a 401."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Negotiate":
            return self._ntlm(base64.b64decode(token))
        return None if self.user and not scheme else self.challenges

    def _ntlm(self, token: bytes) -> tuple[str, ...] | None:
        first = token[8:12] == b"\x01\0\0\0"
        if first:
            self.user = ""
            self.context = spnego.server(channel_bindings=self.server.bindings, protocol="negotiate")
        try:
            challenge = self.context.step(token)
        except Exception:  # noqa: BLE001 - a wrong password, another channel, an unknown user
            self.attempted(_user_of(token), worked=False)
            return self.challenges
        if not first:
            self.user = str(self.context.client_principal)
            self.attempted(self.user, worked=True)
            return None
        return (f"Negotiate {base64.b64encode(challenge or b'').decode()}", *self.challenges[1:])

    # Messages.

    def message(self, body: bytes) -> None:
        """Answer what a client that is logged on says, sealed as it was asked."""
        sealed = self.headers.get("Content-Type", "").startswith("multipart/encrypted")
        if not body:
            self.send(200, b"", {})
            return
        if not sealed and not self.server.tls and not self.takes_plain():
            return
        try:
            text = self._unsealed(body) if sealed else body
        except Exception:  # noqa: BLE001 - sealed with a key that this connection has not
            self.send(400, b"", {})
            return
        status, answer = self.answer(text)
        if sealed:
            self.send(status, self._sealed(answer), {"Content-Type": _SEALED_KIND})
        else:
            self.send(status, answer, {"Content-Type": _KIND})

    def takes_plain(self) -> bool:
        """Whether a message that is neither sealed nor inside TLS is answered; here it is refused."""
        self.send(500, b"", {"WWW-Authenticate": self.challenges})
        return False

    def _unsealed(self, body: bytes) -> bytes:
        payload = body.split(_BOUNDARY + b"\r\n")[2].removesuffix(_BOUNDARY + b"--\r\n")
        data = payload.removeprefix(b"\tContent-Type: application/octet-stream\r\n")
        size = struct.unpack("<I", data[:4])[0]
        return bytes(self.context.unwrap_winrm(data[4 : 4 + size], data[4 + size :]))

    def _sealed(self, text: bytes) -> bytes:
        header, data, _ = self.context.wrap_winrm(text)
        kind = f"\tContent-Type: {SEALED}\r\n"
        original = f"\tOriginalContent: type={_KIND};Length={len(text)}\r\n"
        size = struct.pack("<I", len(header))
        payload = b"\tContent-Type: application/octet-stream\r\n" + size + bytes(header) + bytes(data)
        return b"\r\n".join((_BOUNDARY, (kind + original).encode() + _BOUNDARY, payload + _BOUNDARY + b"--\r\n"))

    def send(self, status: int, body: bytes, headers: Mapping[str, str | tuple[str, ...]]) -> None:
        """An HTTP answer."""
        self.send_response(status, "")
        for name, value in headers.items():
            for text in (value,) if isinstance(value, str) else value:
                self.send_header(name, text)
        self.send_body(body)
        self.wfile.flush()

    def send_body(self, body: bytes) -> None:
        """The end of the headers, and the body."""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


_SEALED_KIND = f'multipart/encrypted;protocol="{SEALED}";boundary="Encrypted Boundary"'


def _user_of(token: bytes) -> str:
    """The user named in an NTLM type 3 message."""
    size, _, at = struct.unpack("<HHI", token[36:44])
    return token[at : at + size].decode("utf-16-le", "replace")
