"""The reader's text for a host, made of the scripts that read as root, and its output taken apart again."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Output
from readiness.core.text import decode, one_line
from readiness.probes.asking import Asking
from readiness.probes.probe import Probe
from readiness.probes.reader import FILE, Reader, parse_reader
from readiness.probes.reading import script

_PART_S, _WAITED_S = 30, 35  # as they stand in reader_tail.sh
_SLACK_S = 15.0
_LINE = " \\\n            "
_TIMED_OUT = (124, 137, 143)
_OPENING = """\
#!/bin/sh
# readiness-read: what readiness reads as root on a host with these roles: {roles}.
# Install it as {file}, owner root, mode 0755.
"""


def reader_text(asking: Asking, parts: Sequence[Probe]) -> str:
    """One plain script for a host's roles; what was agreed changes nothing in it."""
    roles = sorted(f"{product.product} {role.name}" for product, role in asking.roles)
    functions = (f"part_{part.name}() (\n{part.text_for(asking)})\n\n" for part in parts)
    return "".join(
        [
            _OPENING.format(roles=", ".join(roles) or "none", file=FILE),
            script("reader_head"),
            "\n",
            *functions,
            *_calls(asking, parts),
            script("reader_tail"),
            *(f"part {part.name}\n" for part in parts),
        ]
    )


def _calls(asking: Asking, parts: Sequence[Probe]) -> Iterator[str]:
    """Each part's function with its arguments, an argument a line."""
    yield "case $1 in\n"
    for part in parts:
        words = [f"part_{part.name}", *map(shlex.quote, part.arguments(asking))]
        yield f"    {part.name})\n        {_LINE.join(words)}\n        exit\n        ;;\n"
    yield "esac\n"


def about(parts: Sequence[Probe]) -> Probe:
    """The probe that has the reader read all of these."""
    ordered = tuple(sorted(parts, key=lambda part: (part.cost, part.name)))
    return Probe(
        Reader,
        script("reader"),
        parse_reader,
        cost=60,
        needs_s=_WAITED_S * len(ordered) + _SLACK_S,
        after=lambda asking: (f"reader={shlex.quote(reader_text(asking, ordered).removesuffix(chr(10)))}\n",),
        parts=ordered,
    )


def taken_apart(output: Output, nonce: str, parts: Sequence[Probe], max_bytes: int) -> tuple[Output, ...]:
    """What the script itself says, with the marks but nothing that root read; then each part's output, in order.

    It is Missing with the reason for a part that has none, or not all of it.
    """
    mark = hashlib.sha256(f"mark {nonce}".encode()).hexdigest().encode()
    marks, stdout = _sections(output.stdout, mark)
    _, stderr = _sections(output.stderr, mark)
    head = output.stdout.partition(b"\n@")[0]
    whole = replace(output, stdout=head + marks, stderr=output.stderr.partition(b"\n@%s " % mark)[0])
    why = output.missing or _hindrance(whole)
    return whole, *(_part(replace(output, name=part.name), stdout, stderr, why, max_bytes) for part in parts)


def _sections(stream: bytes, mark: bytes) -> tuple[bytes, dict[str, _Section]]:
    """The marks, and by its name what each part printed."""
    pieces = re.split(rb"(\n@%s (?:begin|end|done) [a-z0-9_]{1,60}(?: [0-9]{1,3})?\n)" % mark, stream)
    sections = {}
    ends = [*pieces[3::2], b""]  # one too many where there is no mark at all
    for begin, data, end in zip(pieces[1::2], pieces[2::2], ends, strict=False):
        _, word, name, *_ = begin.split()
        if word == b"begin":
            *ended, status = end.split()[1:] or [b""]
            sections[name.decode()] = _Section(data, int(status) if ended == [b"end", name] else None)
    return b"".join(pieces[1::2]), sections


@dataclass(frozen=True, slots=True)
class _Section:
    """What a part printed on one stream, and its exit status, None where its end was not marked."""

    data: bytes = b""
    status: int | None = None


def _part(
    output: Output, stdout: Mapping[str, _Section], stderr: Mapping[str, _Section], why: Missing | None, max_bytes: int
) -> Output:
    printed, errors = stdout.get(output.name, _Section()), stderr.get(output.name, _Section())
    if output.name not in stdout:
        missing: Missing | None = why or Missing(Why.UNREADABLE, "the reader ended before it")
    elif printed.status is None or errors.status is None:
        missing = output.missing or Missing(Why.TIMED_OUT, f"after {_WAITED_S} s: it did not end when told to")
    elif len(printed.data) > max_bytes:
        missing = Missing(Why.OUTPUT_CUT, f"more than {max_bytes} bytes")
    else:
        missing = _missing(printed.status, errors.data)
    return replace(output, status=printed.status, stdout=printed.data[:max_bytes], stderr=errors.data, missing=missing)


def _missing(status: int, errors: bytes) -> Missing | None:
    """What an exit status says about the tools; any other one is the parser's to judge."""
    last_line = one_line(decode(errors[-2000:]).strip().rpartition("\n")[2], 200)
    if status in _TIMED_OUT:
        return Missing(Why.TIMED_OUT, f"after {_PART_S} s")
    if status == 127:
        return Missing(Why.TOOL_ABSENT, last_line or "a command was not found")
    return None


def _hindrance(output: Output) -> Missing | None:
    """Why the reader did not run; None where it did."""
    try:
        reader = parse_reader(output)
        return reader if isinstance(reader, Missing) else reader.hindrance()
    except Exception as error:  # noqa: BLE001 - whatever a host prints costs its own facts, and no other host's
        return Missing(Why.UNREADABLE, f"{Reader.name}: {error}")
