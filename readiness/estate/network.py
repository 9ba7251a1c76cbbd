"""Names and addresses of hosts, and their pinned keys."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from readiness.yaml_text.document import quote
from readiness.yaml_text.shapes import Shape, refusal

# Type of a host key to the number of fields on the wire, the type itself included.
_KEY_FIELDS = {
    "ssh-ed25519": 2,
    "ssh-rsa": 3,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
}
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
# The last label starts with a letter, or 192.0.2 and 0x7f.1 would pass for names and connect somewhere else.
_NAME = rf"(?:{_LABEL}\.)*(?=[A-Za-z_])(?:{_LABEL})"


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a text is; None for any other text."""
    # Characters first: ipaddress takes anything at all after the % of an IPv6 zone.
    if not re.fullmatch(r"[A-Za-z0-9.:]+", text):
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _fqdn(name: str) -> str:
    if _ip(name.partition("%")[0]):
        raise refusal(f"fqdn {quote(name)} is an address", "the name goes here, the address in 'address'")
    if name.endswith("."):
        raise refusal(f"fqdn {quote(name)} ends with a dot", f"write {name.rstrip('.')}")
    return _FQDN(name)


_FQDN = Shape("fqdn", _NAME, "A-Za-z0-9_.-", hint="a DNS name such as dir01.example.com")
_ADDRESS = Shape("address", _NAME, "A-Za-z0-9_.:-", hint="an IPv4 or IPv6 address, or a DNS name")


def _address(text: str) -> str:
    address = _ip(text)
    if address is None:
        return _ADDRESS(text)
    if address.is_unspecified or address.is_multicast or text == "255.255.255.255":
        raise refusal(f"address {quote(text)} is not one host's", _ADDRESS.hint)
    return text


def canonical_address(text: str) -> str:
    """One spelling an address, so that two entries for one host are seen."""
    address = _ip(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address or text.lower())


def _wire_fields(blob: bytes) -> list[bytes] | None:
    """The length-prefixed fields of an SSH public key; None when they do not add up."""
    fields: list[bytes] = []
    at = 0
    while at < len(blob):
        end = at + 4 + int.from_bytes(blob[at : at + 4], "big")
        if end > len(blob) or end < at + 4 or at + 4 > len(blob):
            return None
        fields.append(blob[at + 4 : end])
        at = end
    return fields


def _host_key(text: str) -> str:
    kind, _, encoded = text.partition(" ")
    if not encoded or not encoded.isascii() or " " in encoded:
        raise refusal("host_key must be a type and base64", "the second and third word of a line of known_hosts")
    if kind not in _KEY_FIELDS:
        raise refusal(f"host_key type {quote(kind)} is not supported", f"one of {', '.join(_KEY_FIELDS)}")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise refusal("host_key is not base64", "copy it whole, without line breaks") from None
    fields = _wire_fields(blob)
    if not fields or base64.b64encode(blob).decode() != encoded:
        raise refusal("host_key is damaged or cut", "copy it whole, without line breaks")
    inner = fields[0].decode("ascii", "replace")
    if inner != kind:
        raise refusal(f"host_key is of type {quote(inner)} inside, not {kind}", "copy type and key from one line")
    if len(fields) != _KEY_FIELDS[kind] or (kind == "ssh-ed25519" and len(fields[1]) != 32):
        raise refusal("host_key is damaged or cut", "copy it whole, without line breaks")
    return text


Fqdn = Annotated[str, AfterValidator(_fqdn), WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$"})]
Address = Annotated[str, AfterValidator(_address)]
HostKeyText = Annotated[
    str,
    AfterValidator(_host_key),
    WithJsonSchema({"type": "string", "pattern": f"^(?:{'|'.join(_KEY_FIELDS)}) [A-Za-z0-9+/]+=*$"}),
]
