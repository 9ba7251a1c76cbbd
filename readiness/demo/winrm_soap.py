"""WS-Management messages as Windows writes them: what a request asks, replies, and faults with their codes and texts.

Replies and faults are retyped after captures that published clients carry in their tests.
"""

from __future__ import annotations

import base64
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from xml.sax.saxutils import escape

WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_ADDRESS = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_NAMES = {
    "s": _SOAP,
    "a": _ADDRESS,
    "w": WSMAN,
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "rsp": SHELL,
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
}
_SPACES = " ".join(f'xmlns:{short}="{full}"' for short, full in _NAMES.items())
_OPENING = f'<s:Envelope xml:lang="en-US" {_SPACES}>'
_PROVIDER = 'provider="Shell provider" path="%systemroot%\\system32\\WsmSvc.dll"'


@dataclass(frozen=True)
class Asked:
    """A request, as far as it is looked at here."""

    action: str
    message_id: str
    shell_id: str
    operation_s: float
    options: dict[str, str]
    body: ET.Element

    @classmethod
    def read(cls, text: bytes) -> Asked:
        """The request of a message; ValueError for anything else."""
        root = ET.fromstring(text)  # noqa: S314 - our own client's, on loopback
        header, body = root.find("s:Header", _NAMES), root.find("s:Body", _NAMES)
        if header is None or body is None:
            raise ValueError("no envelope with header and body")
        timeout = header.findtext("w:OperationTimeout", "PT60S", _NAMES)
        selectors = {
            selector.get("Name"): selector.text or "" for selector in header.findall("w:SelectorSet/w:Selector", _NAMES)
        }
        options = header.findall("w:OptionSet/w:Option", _NAMES)
        return cls(
            header.findtext("a:Action", "", _NAMES),
            header.findtext("a:MessageID", "", _NAMES),
            selectors.get("ShellId", ""),
            float(timeout.removeprefix("PT").removesuffix("S")),
            {option.get("Name", ""): option.text or "" for option in options},
            body,
        )

    def find(self, path: str) -> ET.Element | None:
        """An element of the body."""
        return self.body.find(path, _NAMES)

    def text(self, path: str) -> str:
        """The text of an element of the body, empty where there is none."""
        return self.body.findtext(path, "", _NAMES)


class Fault(Exception):
    """A refusal: the words of the fault's code, WSManFault's number, and the text."""

    def __init__(self, code: str, subcode: str, number: int, text: str, detail: str = "", *, message: str = "") -> None:
        self.code, self.subcode, self.number, self.text = code, subcode, number, text
        self.detail, self.message = detail, message or text
        super().__init__(text)


_INVALID_SELECTORS = (
    "The WS-Management service cannot process the request because the request contained invalid selectors for the "
    "resource. "
)
_UNEXPECTED = f"<w:FaultDetail>{WSMAN.removesuffix('.xsd')}/faultDetail/UnexpectedSelectors</w:FaultDetail>"


def unknown_shell() -> Fault:
    """What is said of a shell that was closed."""
    return Fault("s:Sender", "w:InvalidSelectors", 2150858843, _INVALID_SELECTORS, _UNEXPECTED)


def unknown_command() -> Fault:
    """What is said of a command that has ended."""
    message = (
        "The Windows Remote Shell received a request to perform an operation on a command identifier that does not "
        "exist. Either the command has completed execution or the client specified an invalid command identifier. "
    )
    return Fault("s:Sender", "w:InvalidSelectors", 2150858843, _INVALID_SELECTORS, _UNEXPECTED, message=message)


def _message(action: str, to: Asked | None, body: str) -> bytes:
    relates = f"<a:RelatesTo>{escape(to.message_id)}</a:RelatesTo>" if to else ""
    return (
        f"{_OPENING}<s:Header><a:Action>{action}</a:Action>"
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        f"<a:To>{_ADDRESS}/role/anonymous</a:To>{relates}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def reply(to: Asked, body: str = "") -> bytes:
    """An answer."""
    return _message(f"{to.action}Response", to, body)


def fault(to: Asked | None, error: Fault) -> bytes:
    """A refusal as a message."""
    provider = f'<f:ProviderFault {_PROVIDER}><f:WSManFault Code="{error.number}"/></f:ProviderFault>'
    inner = provider if error.detail else ""
    return _message(
        f"{WSMAN.removesuffix('.xsd')}/fault",
        to,
        f"<s:Fault><s:Code><s:Value>{error.code}</s:Value><s:Subcode><s:Value>{error.subcode}</s:Value></s:Subcode>"
        f'</s:Code><s:Reason><s:Text xml:lang="en-US">{escape(error.text)}</s:Text></s:Reason>'
        f'<s:Detail>{error.detail}<f:WSManFault Code="{error.number}" Machine="host">'
        f"<f:Message>{escape(error.message)}{inner}</f:Message></f:WSManFault></s:Detail></s:Fault>",
    )


def created(shell_id: str, user: str) -> str:
    """A new shell."""
    return (
        f"<x:ResourceCreated><a:Address>http://host:5985/wsman</a:Address><a:ReferenceParameters><w:ResourceURI>"
        f'{SHELL}/cmd</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
        f"</a:ReferenceParameters></x:ResourceCreated><rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId><rsp:ResourceUri>"
        f"{SHELL}/cmd</rsp:ResourceUri><rsp:Owner>{escape(user)}</rsp:Owner><rsp:ClientIP>127.0.0.1</rsp:ClientIP>"
        "<rsp:IdleTimeOut>PT180.000S</rsp:IdleTimeOut><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>"
        "stdout stderr</rsp:OutputStreams><rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime><rsp:ShellInactivity>"
        "P0DT0H0M0S</rsp:ShellInactivity></rsp:Shell>"
    )


def received(command_id: str, pieces: list[tuple[str, bytes]], status: int | None) -> str:
    """Output so far; with a status, the end of both streams and of the command."""
    streams = "".join(
        f'<rsp:Stream Name="{name}" CommandId="{command_id}">{base64.b64encode(data).decode()}</rsp:Stream>'
        for name, data in pieces
    )
    state, code = "Running", ""
    if status is not None:
        state, code = "Done", f"<rsp:ExitCode>{status}</rsp:ExitCode>"
        streams += "".join(
            f'<rsp:Stream Name="{name}" CommandId="{command_id}" End="true"></rsp:Stream>'
            for name in ("stdout", "stderr")
        )
    return (
        f'<rsp:ReceiveResponse>{streams}<rsp:CommandState CommandId="{command_id}" State="{SHELL}/CommandState/'
        f'{state}">{code}</rsp:CommandState></rsp:ReceiveResponse>'
    )
