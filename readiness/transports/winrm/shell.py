"""A remote shell over a logon, by pywinrm's protocol: commands with a deadline, ended and closed on every way out."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Limits
from readiness.transports.budget import Failed
from readiness.transports.shells.powershell import ARGUMENTS, PROGRAM
from readiness.transports.winrm.faults import missing_of
from readiness.transports.winrm.login import BY_CERTIFICATE, HEADERS, log_on
from readiness.transports.winrm.target import WinrmTarget
from readiness.transports.winrm.wire import Wire
from readiness.transports.winrm.xml import plain_xml

if TYPE_CHECKING:
    import requests

IDLE_S = 180  # how long the host keeps a shell that we could not close
_OPERATION_S = 20
_RECEIVE_S = 1  # so short that a deadline is never far from an answer, after which the shell can be closed
_ANSWER_S = 10.0
_SEND_BYTES = 100_000  # in base64 it fits the smallest envelope there is, 150 kB
_UTF8 = 65001


class Session:
    """One connection that is logged on, as a batch is run over it; `shell_id` while a shell of ours is open."""

    def __init__(self, target: WinrmTarget, wire: Wire, limits: Limits) -> None:
        """Log on; raises Failed."""
        self.wire, self.shell_id = wire, ""
        self.took_input = False  # whether the host ever took in what a command is to read
        self._target = target
        self._logged_on = False
        context = log_on(target, wire, limits)
        self.protocol = _protocol(target, _Adapter(wire, self._limit_s), context)
        self._opening_s = limits.login_s

    def _limit_s(self) -> float:
        return self._opening_s if not self._logged_on else self.protocol.operation_timeout_sec + _ANSWER_S

    def ask(
        self,
        what: Callable[..., Any],
        *arguments: Any,
        operation_s: int = _OPERATION_S,
        tidy: bool = False,
        **named: Any,
    ) -> Any:
        """One request by a method of pywinrm's protocol; raises Failed, whatever goes wrong."""
        self.wire.tidying = tidy
        self.protocol.operation_timeout_sec = operation_s
        try:
            return what(*arguments, **named)
        except Failed:
            raise
        except Exception as error:
            missing, again = missing_of(error, self._target, logged_on=self._logged_on)
            if missing.why is Why.LOGIN_REFUSED:
                self.wire.broken = True  # each request over it might be one more refused logon, tidying up included
            raise Failed(missing, again=again) from error

    def close_left(self, shell_id: str) -> None:
        """Close a shell that an earlier connection left behind, so that it does not count against the quota."""
        with contextlib.suppress(Failed):
            self.ask(self.protocol.close_shell, shell_id, close_session=False, tidy=True)

    def open(self) -> None:
        """Open the shell; raises Failed."""
        opened = self.ask(self.protocol.open_shell, codepage=_UTF8, noprofile=True, idle_timeout=f"PT{IDLE_S}S")
        self._logged_on, self.shell_id = True, str(opened)
        self.wire.grace_s = _RECEIVE_S + 0.2

    def close(self) -> str:
        """End the shell; gives the id of one that may still be open, or an empty text."""
        if self.shell_id and not self.wire.broken:
            with contextlib.suppress(Failed):
                self.ask(self.protocol.close_shell, self.shell_id, close_session=False, tidy=True)
                self.shell_id = ""
        return self.shell_id

    @contextlib.contextmanager
    def shell(self) -> Iterator[Command]:
        """PowerShell, waiting for a batch on its standard input; see `batch_run.Start`."""
        command_id = self.ask(
            self.protocol.run_command,
            self.shell_id,
            PROGRAM,
            ARGUMENTS,
            console_mode_stdin=False,
            skip_cmd_shell=False,
        )
        command = Command(self, str(command_id))
        try:
            yield command
        finally:
            command.end()


class Command:
    """A command in a shell; `ended` once the host has said its exit code."""

    def __init__(self, session: Session, command_id: str) -> None:
        self._session, self._id = session, command_id
        self.finished_sending = False
        self.ended = False
        self._status = -1

    def send(self, text: str, *, last: bool = False) -> None:
        """Standard input, in pieces that fit an envelope; raises Failed."""
        data, self.finished_sending = text.encode(), last
        for at in range(0, len(data), _SEND_BYTES):
            end = last and at + _SEND_BYTES >= len(data)
            self._ask("send_command_input", data[at : at + _SEND_BYTES], end=end)
        self._session.took_input = self._session.took_input or last

    def read(self) -> Iterator[tuple[bytes, bool]]:
        """What it printed on both streams; nothing when nothing came for a second. Raises Failed."""
        from winrm.exceptions import WinRMOperationTimeoutError  # noqa: PLC0415 - slow

        try:
            answer = self._ask("get_command_output_raw", operation_s=_RECEIVE_S)
        except Failed as failed:
            if isinstance(failed.__cause__, WinRMOperationTimeoutError):
                return
            raise
        stdout, stderr, self._status, self.ended = answer
        yield stderr, True
        yield stdout, False

    def _ask(self, what: str, *arguments: Any, **named: Any) -> Any:
        protocol = self._session.protocol
        return self._session.ask(getattr(protocol, what), self._session.shell_id, self._id, *arguments, **named)

    def gather(self) -> None:
        """Nothing: the host itself gathers what it answers with."""

    def how_it_ended(self) -> str:
        """By its exit code; the connection stands, since the host has just said so over it."""
        return f"exit code {self._status}"

    def end(self) -> None:
        """Tell it to end; the host frees what it kept for the command, for one that has ended, too."""
        if not self._session.wire.broken:
            with contextlib.suppress(Failed):
                self._ask("cleanup_command", tidy=True)


class _Adapter:
    """The wire as `requests` sends through it; whole answers only, nothing followed."""

    def __init__(self, wire: Wire, limit_s: Callable[[], float]) -> None:
        self._wire, self._limit_s = wire, limit_s

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        import requests  # noqa: PLC0415 - slow

        body = request.body or b""
        data = body.encode() if isinstance(body, str) else bytes(body)  # type: ignore[arg-type]
        headers = {str(name): str(value) for name, value in request.headers.items() if name != "Content-Length"}
        reply = self._wire.exchange(data, headers, self._limit_s(), Why.CONNECTION_LOST)
        if 300 <= reply.status < 400:
            raise Failed(Missing(Why.NOT_WINRM, f"HTTP {reply.status}: it sends us elsewhere"))
        response = requests.Response()
        response.status_code, response.reason = reply.status, reply.reason
        response.headers.update({"Content-Type": "", **dict(reply.headers.items())})
        response.raw, response.request, response.url = None, request, str(request.url)
        response._content = reply.body  # noqa: SLF001 - it reads from urllib3 only
        return response

    def close(self) -> None:
        """Nothing: the wire is closed by who opened it."""


class _Keys:
    """An NTLM logon as pywinrm's encryption uses it."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self.session_security = self

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Nothing to add to a request: the connection is logged on."""
        return request

    def wrap(self, message: bytes) -> tuple[bytes, bytes]:
        """Sealed message and signature."""
        sealed = self._context.wrap(message, encrypt=True).data
        return sealed[16:], sealed[:16]

    def unwrap(self, message: bytes, signature: bytes) -> bytes:
        """The message, proved to be the host's."""
        return bytes(self._context.unwrap(signature + message).data)


def _protocol(target: WinrmTarget, adapter: _Adapter, context: Any) -> Any:
    """Pywinrm's protocol over our connection: without environment, proxy, netrc or a logon of its own."""
    import requests  # noqa: PLC0415 - slow
    from winrm.encryption import Encryption  # noqa: PLC0415
    from winrm.protocol import Protocol  # noqa: PLC0415

    session = requests.Session()
    session.trust_env = False
    session.adapters.clear()
    session.mount(f"{target.scheme}://", adapter)  # type: ignore[arg-type]
    session.headers.clear()
    session.headers.update(HEADERS)
    if target.auth == "basic":
        pair = base64.b64encode(f"{target.user}:{target.password}".encode()).decode()
        session.headers["Authorization"] = f"Basic {pair}"
    elif target.auth == "certificate":
        session.headers["Authorization"] = BY_CERTIFICATE
    else:
        session.auth = _Keys(context)
    # These settings do not matter: session and encryption of the protocol's own transport are replaced below.
    nobody = "-"
    protocol: Any = Protocol(target.url, transport="plaintext", username=nobody, password=nobody, proxy=None)
    protocol.transport.session = session
    unsealed = protocol.transport._get_message_response_text  # noqa: SLF001 - every answer comes by it, before parsing
    protocol.transport._get_message_response_text = lambda response: plain_xml(unsealed(response), response.status_code)  # noqa: SLF001
    if target.sealed:
        protocol.transport.encryption = Encryption(session, "ntlm")
    return protocol
