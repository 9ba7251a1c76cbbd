"""Reading what PowerShell scripts give: a JSON list of flat objects, or the record of the error that ended the script.

No real Windows was at hand when this was written: shapes and error ids come from recordings of others and from
Microsoft's documentation, and ran on a stand-in for Windows PowerShell 5.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.core.text import clean, decode, one_line
from readiness.probes.asking import Asking
from readiness.probes.probe import Probe, nothing
from readiness.probes.reading import LONGEST_LINE, chosen, script, shown

Row = dict[str, Any]
F = TypeVar("F", bound=Fact)

ADMINISTRATOR = "log in with an account of the host's Administrators group; a local one is cut down by UAC"
_ACCESS_DENIED = -2147024891  # 0x80070005
_DENIED = re.compile(
    r"UnauthorizedAccess|Access ?Denied|SecurityException|0x80070005|open Service Control Manager", re.IGNORECASE
)
_NOT_FOUND = "CommandNotFoundException"
_ERROR = ("id", "category", "type", "hresult", "native", "message")
# `o` of .NET: seven digits of a second, and Z for UTC.
_STAMP = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})\.([0-9]{7})Z")


def probe(
    kind: type[F],
    parse: Callable[[list[Row]], F | Missing],
    *,
    cost: int,
    needs_s: float = 0.0,
    arguments: Callable[[Asking], tuple[str, ...]] = nothing,
    after: Callable[[Asking], tuple[str, ...]] = nothing,
) -> Probe:
    """The probe whose script in the package has the fact's name; `parse` reads the rows that the script gave."""

    def parser(output: Output) -> F | Missing:
        received = rows(output)
        return received if isinstance(received, Missing) else parse(received)

    return Probe(kind, script(kind.name, "ps1"), parser, cost, "powershell", needs_s, arguments=arguments, after=after)


def rows(output: Output) -> list[Row] | Missing:
    """The objects a script gave, or why it gave none; ValueError for anything else."""
    if output.status == 1:
        return failure(output)
    if output.status != 0 or output.stderr.strip():
        raise ValueError(f"exit status {output.status}: {shown(decode(output.stderr))}")
    received = _json(output.stdout)
    if not isinstance(received, list) or not all(isinstance(row, dict) for row in received):
        raise ValueError(f"not a list of objects: {shown(decode(output.stdout))}")
    return received


def failure(output: Output) -> Missing:
    """What the error record says: the ids and numbers in it count, the texts are translated."""
    record = _json(output.stderr)
    if not isinstance(record, dict) or set(_ERROR) - record.keys():
        raise ValueError(f"no error record: {shown(decode(output.stderr))}")
    kinds = " ".join(str(record[key]) for key in ("id", "category", "type"))
    message = one_line(f"{record['id']}: {record['message']}", 300)
    denied = record["category"] == "PermissionDenied" or _ACCESS_DENIED in (record["hresult"], record["native"])
    if denied or record["native"] == 5 or _DENIED.search(f"{kinds} {record['message']}"):
        return Missing(Why.NOT_PERMITTED, message, ADMINISTRATOR)
    if "NativeTimedOut" in kinds:
        return Missing(Why.TIMED_OUT, message)
    if _NOT_FOUND in kinds:
        return Missing(Why.TOOL_ABSENT, message)
    return Missing(Why.UNREADABLE, message)


def _json(data: bytes) -> Any:
    """JSON in ASCII; ValueError for keys that are there twice, for what is no number, and for what is too deep."""
    if not data.isascii():
        raise ValueError("bytes that have no place in it")
    try:
        return json.loads(data, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _once(pairs: list[tuple[str, Any]]) -> Row:
    received = dict(pairs)
    if len(received) != len(pairs):
        raise ValueError(f"a key twice among {', '.join(key for key, _ in pairs)}")
    return received


def _no_constant(text: str) -> Any:
    raise ValueError(f"no whole number: {shown(text)}")


def only(received: list[Row], *keys: str) -> Row:
    """The only row; where keys are given, when it has these and no others."""
    if len(received) != 1:
        raise ValueError(f"{len(received)} rows, and not one")
    return shape(received[0], *keys) if keys else received[0]


def shape(row: Row, *keys: str) -> Row:
    """The row, when it has these keys and no others."""
    if row.keys() != set(keys):
        raise ValueError(f"not {', '.join(keys)}: {shown(str(sorted(row)))}")
    return row


def by_what(received: list[Row], *kinds: str) -> dict[str, list[Row]]:
    """The rows of each of these kinds, which their `what` says; ValueError for a row of another kind."""
    rows_of: dict[str, list[Row]] = {kind: [] for kind in kinds}
    for row in received:
        chosen(rows_of, nonempty(row.get("what"))).append(row)
    return rows_of


def named(received: list[Row], *keys: str) -> dict[str, Row]:
    """The rows by their `name`, when each has `what` and these keys and no others; ValueError for a name twice."""
    by_name = {nonempty(shape(row, "what", "name", *keys)["name"]): row for row in received}
    if len(by_name) != len(received):
        raise ValueError(f"a name twice among {', '.join(by_name)}")
    return by_name


def text(value: Any, *, lines: bool = False) -> str:
    """A text without control characters, on one line unless `lines` allows several."""
    if not isinstance(value, str):
        raise ValueError(f"no text: {shown(str(value))}")  # noqa: TRY004 - the contract of parsers
    plain = value.replace("\r\n", "\n") if lines else value
    if clean(plain) != plain or (not lines and (len(plain) > LONGEST_LINE or "\n" in plain or "\t" in plain)):
        raise ValueError(f"characters that have no place in it: {shown(value)}")
    return plain


def nonempty(value: Any) -> str:
    """A text that is not empty."""
    if not (received := text(value)):
        raise ValueError("an empty text")
    return received


def natural(value: Any) -> int:
    """A number that is not negative, of a length that counts, sizes and ids have."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 63:
        raise ValueError(f"no number: {shown(str(value))}")
    return value


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(f"neither true nor false: {shown(str(value))}")  # noqa: TRY004 - the contract of parsers
    return value


def items(value: Any) -> list[Any]:
    """A list in each of the shapes that Windows PowerShell 5.1 gives it.

    `{"value": [...], "Count": n}` is an array that was extended, and a single element stands for a list of one.
    None stands for nothing, and so does `{}`.
    """
    if isinstance(value, list):
        return value
    if value is None or value == {}:
        return []
    if isinstance(value, dict) and value.keys() == {"value", "Count"}:
        inner = value["value"]
        if not isinstance(inner, list) or len(inner) != value["Count"]:
            raise ValueError(f"not {value['Count']} values")
        return inner
    return [value]


def objects(value: Any) -> list[Row]:
    """A list of objects."""
    received = items(value)
    if not all(isinstance(row, dict) for row in received):
        raise ValueError(f"no objects: {shown(str(value))}")
    return received


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts, none of them empty."""
    return tuple(nonempty(entry) for entry in items(value))


def unix_time(value: Any) -> float:
    """Seconds since 1970 of a time in UTC as .NET's format `o` writes it."""
    match = _STAMP.fullmatch(text(value))
    if match is None:
        raise ValueError(f"no time: {shown(str(value))}")
    return datetime.fromisoformat(match[1]).replace(tzinfo=UTC).timestamp() + int(match[2]) / 1e7
