"""The kinds of text that people write in an estate, each with what is wrong with a bad one."""

from __future__ import annotations

import base64
import binascii
import contextlib
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from readiness.core.text import clean
from readiness.estate.yaml_lines import quote

SAID = "said"
RESERVED = frozenset({"estate", "gate", "controller"})

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
_TIME = r"2[0-9]{3}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})"


def refusal(message: str, hint: str = "") -> PydanticCustomError:
    """The error that carries our own words through pydantic."""
    return PydanticCustomError(SAID, "{message}", {"message": message, "hint": hint})


def flaw(text: str, allowed: str, longest: int) -> str:
    """Why a text is no name, in words; `allowed` is a class of characters of a regular expression."""
    if not text:
        return "is empty"
    if text.startswith("-"):
        return "starts with '-', like an option"
    if len(text) > longest:
        return f"is longer than {longest} characters"
    wrong = re.search(f"[^{allowed}]", text)
    return _named(wrong.group()) if wrong is not None else "is malformed"


def _named(character: str) -> str:
    if clean(character) != character or character in "\n\t":
        return "contains a control character"
    if character.isspace():
        return "contains white space"
    return f"contains {character!r}" + ("" if character.isascii() else ", which is not ASCII")


@dataclass(frozen=True)
class Shape:
    """Text that must match a pattern as a whole; `what` names it in messages, `allowed` are its characters."""

    what: str
    pattern: str
    allowed: str
    longest: int = 253
    hint: str = ""

    def __call__(self, text: str) -> str:
        """The text, or an error that says what is wrong with it."""
        if len(text) > self.longest or not re.fullmatch(self.pattern, text):
            raise refusal(f"{self.what} {quote(text)} {flaw(text, self.allowed, self.longest)}", self.hint)
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate as text first, then by the pattern."""
        return core_schema.no_info_after_validator_function(self, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Tell editors the pattern."""
        return {**handler(schema), "pattern": f"^{self.pattern}$", "maxLength": self.longest}


def _id(what: str) -> Shape:
    return Shape(what, r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?", "A-Za-z0-9_.-", 63, "letters, digits, . _ -")


def _free_name(name: str) -> str:
    if name.lower() in RESERVED:
        raise refusal(f"host name {quote(name)} is a word of the reports", "give the host another name")
    return name


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _fqdn(name: str) -> str:
    if _is_ip(name):
        raise refusal(f"fqdn {quote(name)} is an address", "the name goes here, the address in 'address'")
    if name.endswith("."):
        raise refusal(f"fqdn {quote(name)} ends with a dot", f"write {name.rstrip('.')}")
    return _FQDN(name)


_FQDN = Shape("fqdn", _NAME, "A-Za-z0-9_.-", hint="a DNS name such as dir01.example.com")
_ADDRESS = Shape("address", _NAME, "A-Za-z0-9_.:-", hint="an IPv4 or IPv6 address, or a DNS name")


def _address(text: str) -> str:
    # Characters first: ipaddress takes anything at all after the % of an IPv6 zone.
    if not re.fullmatch(r"[A-Za-z0-9.:]+", text) or not _is_ip(text):
        return _ADDRESS(text)
    address = ipaddress.ip_address(text)
    if address.is_unspecified or address.is_multicast or text == "255.255.255.255":
        raise refusal(f"address {quote(text)} is not one host's", _ADDRESS.hint)
    return text


def canonical_address(text: str) -> str:
    """One spelling an address, so that two entries for one host are seen."""
    if not re.fullmatch(r"[A-Za-z0-9.:]+", text) or not _is_ip(text):
        return text.lower()
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


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


def _time(value: Any) -> datetime:
    hint = 'write it like "2026-12-01T20:00:00+01:00"'
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise refusal("a time must be text", hint)
    if not re.fullmatch(_TIME, value):
        local = re.fullmatch(r"[0-9-]{10}[T ][0-9:.]+", value) is not None
        raise refusal(f"the time {quote(value)} has no offset" if local else f"{quote(value)} is not a time", hint)
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise refusal(f"{quote(value)} is not a time: {error}", hint) from None


def _day(value: Any) -> date:
    if isinstance(value, str) and re.fullmatch(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}", value):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(value)
    raise refusal(f"{quote(str(value))} is not a day", 'write it like "2026-11-24"')


def _line(longest: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not text.strip():
            raise refusal("the text is empty", "say something, or leave the key out")
        if text != text.strip() or "\n" in text or "\t" in text or clean(text) != text:
            raise refusal(
                f"{quote(text)} has white space at an end, or a line break or control character", "write it on one line"
            )
        if len(text) > longest:
            raise refusal(f"{quote(text)} is longer than {longest} characters")
        return text

    return check


def _path(text: str) -> str:
    _line(4096)(text)
    if text.startswith("-") or (wrong := re.search(r"[%$`*?\"'<>|;&\\]", text)):
        what = "starts with '-'" if text.startswith("-") else f"contains {wrong.group()!r}"  # type: ignore[union-attr]
        raise refusal(f"path {quote(text)} {what}", "only a leading ~ is expanded: write the path out")
    if text.startswith("~") and not text.startswith("~/"):
        raise refusal(f"path {quote(text)} is another user's home", "write the path out")
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise refusal(f"there is no time zone {quote(name)}", "one of the IANA list, like Europe/Berlin") from None
    return name


def unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values, or an error when there is none or one stands there twice."""
    if not values:
        raise refusal("the list is empty", "name at least one, or leave the key out")
    return different(values)


def different(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values, perhaps none, or an error when one stands there twice."""
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            what = quote(value) if isinstance(value, str) else "an entry"
            raise refusal(f"{what} stands in the list twice", "remove one of the two")
        seen.add(value)
    return values


def filled(entries: dict[str, Any]) -> dict[str, Any]:
    """The entries, or an error when there is none."""
    if not entries:
        raise refusal("the mapping is empty and states nothing", "state something, or leave the key out")
    return entries


Name = Annotated[str, _id("name")]
HostName = Annotated[str, _id("host name"), AfterValidator(_free_name)]
Fqdn = Annotated[str, AfterValidator(_fqdn), WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$"})]
Address = Annotated[str, AfterValidator(_address)]
Line = Annotated[str, AfterValidator(_line(200)), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200})]
Reason = Annotated[str, AfterValidator(_line(2000)), WithJsonSchema({"type": "string", "minLength": 1})]
FilePath = Annotated[str, AfterValidator(_path)]
WindowsPath = Annotated[
    str, Shape("folder", r"[A-Za-z]:\\[A-Za-z0-9 ()+._\\-]*", r"A-Za-z0-9 ()+._:\\-", 260, r"like D:\Backup")
]
User = Annotated[
    str,
    Shape("user", r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:@[A-Za-z0-9][A-Za-z0-9.-]*)?", "A-Za-z0-9_.@-", 128),
]
WindowsUser = Annotated[
    str,
    Shape(
        "user",
        r"(?:[A-Za-z0-9._-]{1,64}\\)?[A-Za-z0-9_][A-Za-z0-9_. $-]*(?:@[A-Za-z0-9][A-Za-z0-9.-]*)?",
        r"A-Za-z0-9_.@$\\ -",
        128,
        "user, DOMAIN\\user or user@domain",
    ),
]
Variable = Annotated[str, Shape("environment variable", r"[A-Za-z_][A-Za-z0-9_]*", "A-Za-z0-9_", 128)]
MachineId = Annotated[
    str, Shape("machine_id", r"[0-9a-f]{32}", "0-9a-f", 32, "the 32 small hexadecimal digits of /etc/machine-id")
]
DirectiveName = Annotated[
    str,
    Shape(
        "directive",
        r"[A-Za-z][A-Za-z0-9 ]{0,59}(\.[A-Za-z][A-Za-z0-9 ]{0,59}){1,4}",
        "A-Za-z0-9 .",
        hint="write Resource.Directive, such as FileDaemon.TLS Require",
    ),
]
Version = Annotated[
    str, Shape("version", r"[0-9][A-Za-z0-9.+:~^_-]*", "A-Za-z0-9.+:~^_-", 128, "it starts with a digit, like 9.6.7-7")
]
SystemId = Annotated[
    str, Shape("id", r"[a-z0-9][a-z0-9._-]*", "a-z0-9._-", 64, "the ID of /etc/os-release, like debian")
]
ProgramName = Annotated[
    str,
    Shape("process", r"[A-Za-z0-9_][A-Za-z0-9._+:-]*", "A-Za-z0-9._+:-", 255, "the name of the program's file"),
]
PlacePath = Annotated[
    str,
    Shape(
        "path",
        r"/|(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9_.+:@-]+)+"
        r"|[A-Z]:\\(?:(?!\.{1,2}(?:\\|$))[A-Za-z0-9_.+@() -]+(?:\\(?!\.{1,2}(?:\\|$))[A-Za-z0-9_.+@() -]+)*)?",
        r"A-Za-z0-9_.+:@/() \\-",
        1024,
        "a path on the host, from / or C:\\ on, without . and .. and without a / or \\ at its end",
    ),
]
RoleOfProduct = Annotated[
    str, Shape("role", r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", "A-Za-z0-9_.-", 127, "a product's role, like bacula.storage")
]
TimeZone = Annotated[
    str,
    Shape("time_zone", r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*", "A-Za-z0-9_+/-", 64, "like Europe/Berlin or Etc/UTC"),
]
Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "pattern": "^2[0-9]{3}-[0-9]{2}-[0-9]{2}$", "examples": ["2026-11-24"]}),
]
ClockTime = Annotated[
    str, Shape("start", r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", "0-9:", 5, 'hours and minutes, like "22:00"')
]
Zone = Annotated[TimeZone, AfterValidator(_zone)]
Keyword = Annotated[str, Shape("keyword", r"[A-Za-z][A-Za-z0-9]*", "A-Za-z0-9", 64, "one of sshd_config(5)")]
HostKeyText = Annotated[
    str,
    AfterValidator(_host_key),
    WithJsonSchema({"type": "string", "pattern": f"^(?:{'|'.join(_KEY_FIELDS)}) [A-Za-z0-9+/]+=*$"}),
]
Time = Annotated[
    datetime,
    BeforeValidator(_time),
    WithJsonSchema({"type": "string", "pattern": f"^{_TIME}$", "examples": ["2026-12-01T20:00:00+01:00"]}),
]
