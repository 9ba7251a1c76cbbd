"""What a run sealed: every file by its digest in the manifest, and `verdict.json`, which follows from sealed files."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from readiness.core.errors import ToolFault
from readiness.core.text import one_line
from readiness.run_folder import safe_files
from readiness.run_folder.names import (
    MANIFEST,
    RUN,
    SIGNATURES,
    UNSEALED,
    VERDICT,
    json_object,
    verdict_in,
    verdict_json,
)

_KINDS = {stat.S_IFREG: "a file", stat.S_IFDIR: "a folder", stat.S_IFLNK: "a link", stat.S_IFIFO: "a pipe"}
_VALUE = 200


def changes(path: Path) -> list[str]:
    """Every file of a run's folder that is not as the run left it, a line each; empty when all are.

    InputError for a folder that is no run's.
    """
    with safe_files.opened(path) as directory:
        manifest, verdict = _bytes(directory, MANIFEST), verdict_in(directory)
        here = dict(safe_files.entries(directory, ()))
        if MANIFEST not in here and verdict is None:
            safe_files.refuse(path, f"holds no {VERDICT} that this version wrote", "name the folder of a run")
        if MANIFEST not in here:
            word = verdict and verdict["judgement"]["verdict"]
            return [f"{MANIFEST}: missing; the verdict is {word}", *_leftovers(here)]
        listed = _listed(manifest)
        if manifest is None or listed is None:
            return [
                f"{MANIFEST}: is not the one that {VERDICT} was written with: it lists nothing of a run's",
                *_leftovers(here),
            ]
        return [*_changed_verdict(directory, manifest, listed), *_changed_files(directory, listed)]


def differing(there: Any, sealed: Any, above: str = "") -> Iterator[tuple[str, str, str]]:
    """Each key of two JSON documents whose values differ, with both values, in short."""
    if isinstance(there, dict) and isinstance(sealed, dict):
        for key in sorted(there.keys() | sealed.keys()):
            yield from differing(there.get(key, ...), sealed.get(key, ...), f"{above}.{key}" if above else key)
    elif _short(there, None) != _short(sealed, None):
        yield above, _short(there), _short(sealed)


def _short(value: Any, limit: int | None = _VALUE) -> str:
    try:
        text = "nothing" if value is ... else json.dumps(value, sort_keys=True)
    except RecursionError:
        text = "nested too deep"
    return text if limit is None else one_line(text, limit)


def _listed(manifest: bytes | None) -> Mapping[str, str] | None:
    """The digests by file; None for what no run wrote."""
    listed = (json_object(manifest or b"") or {}).get("sha256")
    if not isinstance(listed, dict) or not all(isinstance(digest, str) for digest in listed.values()):
        return None
    try:
        return listed if all(safe_files.parts(name) for name in listed) else None
    except ToolFault:
        return None


def _changed_verdict(directory: int, manifest: bytes, listed: Mapping[str, str]) -> Iterator[str]:
    """How `verdict.json` differs from what the sealed files say; while `run.json` is changed, only in its seal."""
    data = _bytes(directory, VERDICT)
    if data is None:
        yield f"{VERDICT}: missing, or no file that can be read"
        return
    try:
        there = json.loads(data)
    except (ValueError, RecursionError):
        yield f"{VERDICT}: is not JSON"
        return
    seal = hashlib.sha256(manifest).hexdigest()
    stated = there.get("manifest_sha256") if isinstance(there, dict) else None
    if stated != seal:
        yield f"{MANIFEST}: is not the one that {VERDICT} was written with"
    run = _bytes(directory, RUN) or b""
    if hashlib.sha256(run).hexdigest() != listed.get(RUN):
        return
    try:
        rewritten = verdict_json(json_object(run) or {}, manifest)
    except (ValueError, RecursionError):
        rewritten = b""
    if json_object(rewritten) is None:
        yield f"{RUN}: is no end of a run that this version wrote"
        return
    keys = list(differing(there, json.loads(rewritten)))
    yield from (f"{VERDICT}: {key} is {value}, and by the sealed files {sealed}" for key, value, sealed in keys)
    if data != rewritten and not keys:
        yield f"{VERDICT}: has the values of the sealed files, and not the bytes that the run wrote"


def _changed_files(directory: int, listed: Mapping[str, str]) -> Iterator[str]:
    folders = {"/".join(parts[:depth]) for parts in map(safe_files.parts, listed) for depth in range(1, len(parts))}
    here = dict(safe_files.entries(directory, sorted(folders)))
    yield from _leftovers(here)
    for name in sorted(here.keys() | listed.keys() | {RUN}):
        kind = here.get(name)
        if kind is None:
            yield f"{name}: missing"
        elif name in listed or name in UNSEALED:
            if kind != stat.S_IFREG:
                yield f"{name}: should be a file, and is {_KINDS.get(kind, 'a device or a socket')}"
            elif name in listed and _digest(directory, name) != listed[name]:
                yield f"{name}: changed"
        elif name not in folders and not _is_own(name):
            yield f"{name}: not in the manifest" + (", a folder" if kind == stat.S_IFDIR else "")


def _leftovers(names: Iterable[str]) -> list[str]:
    """Our own lock and temporary files, which a run that ended removes."""
    left = "left by a run that was killed, or by one that is writing"
    return [f"{name}: {left}" for name in sorted(names) if _is_own(name)]


def _is_own(name: str) -> bool:
    return name.rpartition("/")[2].startswith(safe_files.OWN)


def _bytes(directory: int, name: str) -> bytes | None:
    try:
        return safe_files.read(directory, name)
    except OSError:
        return None


def _digest(directory: int, name: str) -> str | None:
    """The digest of a file, None where it cannot be read."""
    try:
        return safe_files.digest(directory, name)
    except OSError:
        return None


def unchecked_signatures(path: Path) -> list[str]:
    """Signatures beside the manifest, which nothing here looks at."""
    with safe_files.opened(path) as directory:
        return sorted(SIGNATURES & dict(safe_files.entries(directory, ())).keys())
