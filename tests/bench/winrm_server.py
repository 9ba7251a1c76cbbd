"""A WinRM listener of our own: the real protocol down to sealed NTLM and channel bindings, and real ones' troubles.

Its accounts are those of every listener in this process: the NTLM library reads them from one file.
"""

from __future__ import annotations

import base64
import contextlib
import email.utils
import os
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from readiness.demo.winrm_http import Handler, Server
from tests.bench.stand_in import PLAIN
from tests.bench.winrm_shells import Program, Settings, Shells

MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
_ACCOUNTS: dict[str, str] = {}
_ACCOUNTS_LOCK = threading.Lock()


@dataclass
class Troubles:
    """What goes wrong with a listener; a number of requests counts those after the logon."""

    silent_after: int | None = None  # answers nothing any more
    drop_after: set[int] = field(default_factory=set)  # cuts the connection instead of answering, half way
    rewrite: Callable[[int, bytes], tuple[int, bytes]] | None = None  # changes each answer before it is sealed
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


class _Server(Server):
    daemon_threads = False
    request_queue_size = 256

    def __init__(self, host: Host, address: str) -> None:
        self.host = host
        super().__init__(address, _Handler, host.listener.certificate)
        if self.tls and host.listener.client_ca:
            self.tls.verify_mode = ssl.CERT_OPTIONAL
            self.tls.load_verify_locations(host.listener.client_ca)


class _Handler(Handler):
    """One connection, with the other ways to log on and what goes wrong."""

    server: _Server

    def setup(self) -> None:
        self.host = self.server.host
        self.listener, self.troubles = self.host.listener, self.host.listener.troubles
        self.challenges = self.listener.schemes
        self.host.connections += 1
        super().setup()

    def handle(self) -> None:
        if self.troubles.answer is None:
            super().handle()
            return
        with contextlib.suppress(OSError):
            self.request.recv(65536)
            self.request.sendall(self.troubles.answer)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return email.utils.formatdate((timestamp or time.time()) + self.listener.clock_s, usegmt=True)

    # Logons.

    def attempted(self, user: str, *, worked: bool) -> None:
        self.host.logons.append((user, worked))

    def logon(self) -> tuple[str, ...] | None:
        """Each request may bring its own logon, besides NTLM's."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic" and any(one.startswith("Basic") for one in self.listener.schemes):
            user, _, password = base64.b64decode(token).decode().partition(":")
            return self._known(user, self.listener.users.get(user) == password and "\\" not in user)
        if scheme == MUTUAL and isinstance(self.request, ssl.SSLSocket):
            certificate: Any = self.request.getpeercert()
            names = [value for _, value in (certificate or {}).get("subjectAltName", ())]
            user = names[0].partition("@")[0] if names else ""
            return self._known(user, user in self.listener.users)
        return super().logon()

    def _known(self, user: str, known: bool) -> tuple[str, ...] | None:
        if not known or not self.user:
            self.attempted(user, worked=known)
        self.user = user if known else ""
        return None if known else self.challenges

    # Messages.

    def message(self, body: bytes) -> None:
        if not self._in_trouble():
            super().message(body)

    def _in_trouble(self) -> bool:
        """Whether the request is answered in another way, or not at all."""
        self.host.requests += 1
        number, troubles = self.host.requests, self.troubles
        if troubles.silent_after is not None and number > troubles.silent_after:
            self.host.stopped.wait()
            self.close_connection = True
            return True
        if number in troubles.refuse_after:
            self.send(troubles.refuse_after[number], b"", {"WWW-Authenticate": self.challenges})
            return True
        if number in troubles.drop_after:
            self.wfile.write(b"HTTP/1.1 200 \r\nContent-Length: 500\r\n\r\n<s:Envelope")
            self.close_connection = True
            return True
        return False

    def takes_plain(self) -> bool:
        self.host.plain_messages += 1
        if not self.listener.allow_unencrypted:
            self.send(self.listener.plain_refusal, b"", {"WWW-Authenticate": self.challenges})
        return self.listener.allow_unencrypted

    def answer(self, text: bytes) -> tuple[int, bytes]:
        status, answer = self.host.shells.answer(self.user, text)
        if self.troubles.rewrite is not None:
            status, answer = self.troubles.rewrite(status, answer)
        return status, b"<s:Envelope>" + answer[:200] if self.troubles.garbled else answer

    def send_body(self, body: bytes) -> None:
        if self.troubles.endless and self.user:
            self._endless()
        elif self.listener.chunked and body:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for at in range(0, len(body), 1000):
                piece = body[at : at + 1000]
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        elif self.troubles.dribble and self.user:
            self._dribble(body)
        else:
            super().send_body(body)

    def _dribble(self, body: bytes) -> None:
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for number in range(len(body)):
            self.wfile.write(body[number : number + 1])
            self.wfile.flush()
            if self.host.stopped.wait(0.05):
                return

    def _endless(self) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not self.host.stopped.is_set():
            self.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")


@contextlib.contextmanager
def listening(**changes: Any) -> Iterator[Host]:
    """A host that listens as `Listener` is told; ends with its threads and processes."""
    with Host(Listener(**changes)) as host:
        yield host
