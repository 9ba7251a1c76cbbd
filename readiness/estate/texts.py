"""The kinds of text that people write in an estate, each with what is wrong with a bad one."""

from __future__ import annotations

import contextlib
import re
from datetime import date, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from readiness.estate.sshd import SSHD_KEYWORDS, SSHD_SETTINGS
from readiness.yaml_text.document import quote
from readiness.yaml_text.known import Known
from readiness.yaml_text.shapes import ListOf, Shape, line, refusal

_SSHD = Known(SSHD_KEYWORDS, "settings")
PREFIX = "READINESS_"
"""What the name of every environment variable begins with that an estate may name or that steers a run."""
RESERVED = frozenset({"estate", "gate", "controller"})

_TIME = r"2[0-9]{3}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})"


def _id(what: str) -> Shape:
    return Shape(what, r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?", "A-Za-z0-9_.-", 63, "letters, digits, . _ -")


def _free_name(name: str) -> str:
    if name.lower() in RESERVED:
        raise refusal(f"host name {quote(name)} is a word of the reports", "give the host another name")
    return name


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
    if type(value) is date:
        return value
    if isinstance(value, str) and re.fullmatch(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}", value):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(value)
    raise refusal(f"{quote(str(value))} is not a day", 'write it like "2026-11-24"')


_CLOCK_TIME = Shape("start", r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", "0-9:", 5, 'hours and minutes, like "22:00"')


def _told_by_sshd(keyword: str) -> str:
    """A keyword, or an error where a host does not tell its value, which then cannot be compared."""
    if keyword.lower() not in SSHD_SETTINGS:
        raise refusal(f"the value of {quote(keyword)} does not leave the host", _SSHD.hint(keyword))
    return keyword


def _clock_time(value: Any) -> time:
    if isinstance(value, time):
        return value
    if not isinstance(value, str):
        raise refusal("a time of the day must be text", _CLOCK_TIME.hint)
    return time.fromisoformat(_CLOCK_TIME(value))


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _path(text: str) -> str:
    line(4096)(text)
    wrong = re.search(r"[%$`*?\"'<>|;&\\]", text)
    if text.startswith("-") or wrong is not None:
        what = f"contains {wrong.group()!r}" if wrong is not None and text[0] != "-" else "starts with '-'"
        raise refusal(f"path {quote(text)} {what}", "only a leading ~ is expanded: write the path out")
    if text.startswith("~") and not text.startswith("~/"):
        raise refusal(f"path {quote(text)} is another user's home", "write the path out")
    return text


_VARIABLE = Shape("environment variable", r"[A-Za-z_][A-Za-z0-9_]*", "A-Za-z0-9_", 128)


def _variable(name: str) -> str:
    _VARIABLE(name)
    if not name.startswith(PREFIX):
        hint = f"only such a one is sent to a host: {PREFIX}{name}"
        raise refusal(f"environment variable {quote(name)} does not begin with {PREFIX}", hint)
    return name


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise refusal(f"there is no time zone {quote(name)}", "one of the IANA list, like Europe/Berlin") from None
    return name


Name = Annotated[str, _id("name")]
HostName = Annotated[str, _id("host name"), AfterValidator(_free_name)]
Line = Annotated[str, AfterValidator(line(200)), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200})]
Words = Annotated[
    str, AfterValidator(line(200, "LN")), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200})
]
Reason = Annotated[str, AfterValidator(line(2000, "LN")), WithJsonSchema({"type": "string", "minLength": 1})]
FilePath = Annotated[str, AfterValidator(_path)]
WindowsPath = Annotated[
    str, Shape("folder", r"[A-Za-z]:\\[A-Za-z0-9 ()+._\\-]*", r"A-Za-z0-9 ()+._:\\-", 260, r"like D:\Backup")
]
User = Annotated[
    str, Shape("user", r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:@[A-Za-z0-9][A-Za-z0-9.-]*)?", "A-Za-z0-9_.@-", 128)
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
Variable = Annotated[
    str,
    AfterValidator(_variable),
    WithJsonSchema({"type": "string", "pattern": f"^{PREFIX}[A-Za-z0-9_]*$", "maxLength": _VARIABLE.longest}),
]
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
    str, Shape("process", r"[A-Za-z0-9_][A-Za-z0-9._+:-]*", "A-Za-z0-9._+:-", 255, "the name of the program's file")
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
    time, BeforeValidator(_clock_time), WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK_TIME.pattern}$"})
]
ZoneName = Annotated[TimeZone, AfterValidator(_zone)]
Keyword = Annotated[
    str,
    Shape("keyword", r"[A-Za-z][A-Za-z0-9]*", "A-Za-z0-9", 64, "one of sshd_config(5)"),
    AfterValidator(_told_by_sshd),
]
Time = Annotated[
    datetime,
    BeforeValidator(_time),
    WithJsonSchema({"type": "string", "pattern": f"^{_TIME}$", "examples": ["2026-12-01T20:00:00+01:00"]}),
]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Percent = Annotated[float, Field(ge=0, le=100)]
Port = Annotated[int, Field(ge=1, le=65_535)]
FilePaths = Annotated[
    ListOf[FilePath], BeforeValidator(_one_or_more, json_schema_input_type=FilePath | tuple[FilePath, ...])
]
