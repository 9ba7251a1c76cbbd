"""The reader's part in the demo: its text taken apart, so that what was recorded of each part is known by itself."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Mapping
from typing import Any

_SCRIPT = "\n# What needs root"  # begins reader.sh, after the text of the reader
_FUNCTION = re.compile(r"^part_([a-z0-9_]+)\(\) \(\n", re.MULTILINE)
_CALL = re.compile(r"^    ([a-z0-9_]+)\)\n        (part_.*?)\n        exit\n        ;;\n", re.MULTILINE | re.DOTALL)
_PART = re.compile(r"^part [a-z0-9_]+\n", re.MULTILINE)


def parts_of(text: str) -> tuple[str, Mapping[str, str]]:
    """The digest of what is the same for every reader, and by its name that of each part with its arguments."""
    quoted, _, script = text.partition(_SCRIPT)
    (reader,) = shlex.split(quoted)
    head, *pieces = _FUNCTION.split(reader)
    pieces[-1], _, tail = pieces[-1].rpartition("\ncase $1 in\n")
    functions = dict(zip(pieces[::2], pieces[1::2], strict=True))
    calls = dict(_CALL.findall(tail))
    frame = "".join([head.partition("\n# It only reads")[2], _PART.sub("", _CALL.sub("", tail)), script])
    return _digest(frame), {name: _digest(body.strip() + calls[name]) for name, body in functions.items()}


def replayed(recorded: Mapping[str, Mapping[str, Any]], text: str, nonce: str) -> tuple[str, str]:
    """Standard output and standard error of the reader as it is asked for now; a part that was not recorded fails."""
    mark = hashlib.sha256(f"mark {nonce}".encode()).hexdigest()
    stdout, stderr = [recorded["reader"]["stdout"].partition("\n@")[0]], [recorded["reader"]["stderr"]]
    for name, digest in parts_of(text)[1].items():
        part = recorded.get(name, {})
        if part.get("sha256") != digest:
            part = {"stdout": "", "stderr": f"no recording of this script {name}", "status": 1}
        begin, end = f"\n@{mark} begin {name}\n", f"\n@{mark} end {name} {part['status']}\n"
        stdout += [begin, part["stdout"], end]
        stderr += [begin, part["stderr"], end]
    return "".join([*stdout, f"\n@{mark} done 0\n"]), "".join(stderr)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
