"""The run folder: written so that no older verdict passes for this run's, and read back."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from readiness.core.errors import InputError, Problem, ToolFault
from readiness.core.facts import Fact, HostFacts
from readiness.core.outcomes import EXIT_CODES, EXIT_FAULT, Verdict
from readiness.journals import (
    Journal,
    facts_from_json,
    facts_to_json,
    parse_journal,
    read_journal,
    write_all,
    write_fault,
)

__all__ = ["SCHEMA", "RunFolder", "SavedRun", "facts_from_json", "facts_to_json", "read_journal", "to_json"]

SCHEMA = 1
VERDICT, MANIFEST, FACTS, TRANSCRIPT, INPUTS = (
    "verdict.json",
    "manifest.json",
    "facts.jsonl",
    "transcript.jsonl",
    "inputs",
)
_OUTPUTS = frozenset(
    {VERDICT, MANIFEST, FACTS, TRANSCRIPT, INPUTS, "plan.json", "results.jsonl", "junit.xml", "report.html", "summary.md"}
)
_SIGNATURES = frozenset({f"{VERDICT}.sig", f"{MANIFEST}.sig"})
_OWN = ".readiness-"  # our lock and temporary files; never part of a run
_LOCK = f"{_OWN}lock"
_LARGEST_VERDICT = 16 << 20
_NO_JUDGEMENT: Mapping[str, Any] = dict.fromkeys(("estate", "change", "valid_until", "counts", "partial", "inputs"))


def to_json(document: Mapping[str, Any]) -> bytes:
    """A document as all files of a run are written: the same content is the same bytes."""
    return json.dumps(document, sort_keys=True, indent=2, allow_nan=False).encode() + b"\n"


class RunFolder:
    """The folder of one run while it is written; nobody else can write to it until `close`."""

    def __init__(self, path: Path, directory: int, lock: int, old: Sequence[str], clock: Callable[[], datetime]) -> None:
        self.path = path
        self._directory, self._lock, self._old, self._clock = directory, lock, old, clock
        self._head: dict[str, Any] = dict.fromkeys(("run_id", "started_at", "tool_version"))
        self._journals: dict[str, Journal] = {}
        self._sealed = False

    @classmethod
    def create(cls, path: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Self:
        """Take a new or empty folder, or an older run's; InputError for any other, and while another run has it."""
        path = path.absolute()
        with contextlib.ExitStack() as undo:
            directory = _make_folder(path)
            undo.callback(os.close, directory)
            _old_outputs(path, directory)  # before the lock, so that nothing is written into a foreign folder
            lock = _take_lock(path, directory, clock())
            undo.callback(os.close, lock)
            made = cls(path, directory, lock, _old_outputs(path, directory), clock)
            undo.pop_all()
        return made

    @staticmethod
    def open(path: Path) -> SavedRun:
        """A run that was written earlier, for reading."""
        return SavedRun.open(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self, run_id: str, started_at: datetime, tool_version: str) -> None:
        """Say RUNNING, which ends what an older verdict said, and only then remove the older run's files."""
        self._head = {"run_id": run_id, "started_at": started_at.isoformat(), "tool_version": tool_version}
        self._say(Verdict.RUNNING, ["the run has not ended"], exit_code=None, finished_at=None)
        for name in self._old:
            if name != VERDICT:
                self._remove(name)
        self._sync()
        for name in (FACTS, TRANSCRIPT):
            self._journals[name] = self._new_journal(name)

    @property
    def facts(self) -> Journal:
        """The journal of facts, a line a host."""
        return self._journal(FACTS)

    @property
    def transcript(self) -> Journal:
        """The journal of what was sent and what came back, a line a command."""
        return self._journal(TRANSCRIPT)

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole or not at all; `name` may lie in folders below."""
        if not self._journals or self._sealed or name in {VERDICT, MANIFEST, FACTS, TRANSCRIPT}:
            raise ToolFault(f"{self.path}: {name} cannot be written between the runs or in place of the run's own files")
        self._put(name, data)

    def inputs(self, files: Mapping[str, bytes]) -> None:
        """Keep the estate's files as they were read, under `inputs/`."""
        for name, data in files.items():
            self.write(f"{INPUTS}/{name}", data)

    def finish(self, judgement: Mapping[str, Any], *, as_of: datetime) -> str:
        """Write the manifest, then the final verdict that carries its digest, which is returned.

        `judgement` is the object as it stands in `verdict.json`.
        """
        verdict = Verdict(judgement["verdict"])
        if verdict not in EXIT_CODES or not self._journals or self._sealed:
            raise ToolFault(f"{self.path}: a run cannot end here with {verdict}")
        for journal in self._journals.values():
            journal.close()
        self._sealed = True
        digests = {name: _digest(self._directory, name) for name in _files(self.path, self._directory)}
        manifest = to_json({"schema": SCHEMA, "sha256": digests})
        self._put(MANIFEST, manifest)
        seal = hashlib.sha256(manifest).hexdigest()
        self._put_verdict(judgement, finished_at=self._now(), as_of=as_of.isoformat(), seal=seal)
        return seal

    def error(self, message: str, *, exit_code: int = EXIT_FAULT) -> None:
        """End the run as ERROR: a fault of the tool, or with `exit_code` 4 wrong input."""
        self._say(Verdict.ERROR, [message], exit_code=exit_code, finished_at=self._now())

    def nothing_to_check(self, reasons: Sequence[str]) -> None:
        """End the run as NOTHING_TO_CHECK, when there is no judgement to end it with."""
        code = EXIT_CODES[Verdict.NOTHING_TO_CHECK]
        self._say(Verdict.NOTHING_TO_CHECK, reasons, exit_code=code, finished_at=self._now())

    def close(self) -> None:
        """Let go of the folder; closing twice does nothing."""
        if self._lock < 0:
            return
        with contextlib.ExitStack() as last:
            last.callback(os.close, self._directory)
            last.callback(os.close, self._lock)  # after its removal, so that nobody takes a lock that is gone
            self._lock = -1
            for journal in self._journals.values():
                last.callback(journal.close)
            with contextlib.suppress(OSError):
                os.unlink(_LOCK, dir_fd=self._directory)

    def _now(self) -> str:
        return self._clock().isoformat()

    def _say(self, verdict: Verdict, reasons: Sequence[str], *, exit_code: int | None, finished_at: str | None) -> None:
        judgement = {**_NO_JUDGEMENT, "verdict": verdict, "exit_code": exit_code, "reasons": list(reasons)}
        self._put_verdict(judgement, finished_at=finished_at, as_of=None, seal=None)

    def _put_verdict(
        self, judgement: Mapping[str, Any], *, finished_at: str | None, as_of: str | None, seal: str | None
    ) -> None:
        own = {"schema": SCHEMA, "finished_at": finished_at, "as_of": as_of, "manifest_sha256": seal}
        self._put(VERDICT, to_json({**self._head, **own, "judgement": judgement}))

    def _put(self, name: str, data: bytes) -> None:
        *folders, last = _parts(self.path, name)
        try:
            with _folder_below(self._directory, folders) as directory:
                _replace(directory, last, data)
        except OSError as error:
            raise write_fault(self.path / name, error) from error

    def _remove(self, name: str) -> None:
        try:
            if stat.S_ISDIR(os.stat(name, dir_fd=self._directory, follow_symlinks=False).st_mode):
                shutil.rmtree(name, dir_fd=self._directory)
            else:
                os.unlink(name, dir_fd=self._directory)
        except OSError as error:
            raise write_fault(self.path / name, error) from error

    def _sync(self) -> None:
        try:
            os.fsync(self._directory)
        except OSError as error:
            raise write_fault(self.path, error) from error

    def _new_journal(self, name: str) -> Journal:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return Journal(os.open(name, flags, 0o644, dir_fd=self._directory), self.path / name)
        except OSError as error:
            raise write_fault(self.path / name, error) from error

    def _journal(self, name: str) -> Journal:
        if name not in self._journals:
            raise ToolFault(f"{self.path}: {name} is only there after begin()")
        return self._journals[name]


class SavedRun:
    """A run folder as it was left; what it lacks or holds broken is an InputError."""

    def __init__(self, path: Path, verdict: Mapping[str, Any]) -> None:
        self.path, self.verdict = path, verdict

    @classmethod
    def open(cls, path: Path) -> Self:
        """The run in a folder, whatever its verdict; InputError when it is no run of this schema."""
        with _opened(path) as directory:
            verdict = _verdict_in(directory)
        if verdict is None:
            _refuse(path, "holds no verdict.json that this version wrote", "name the folder of a run")
        return cls(path, verdict)

    @property
    def plan(self) -> dict[str, Any]:
        """The plan as it was written before any host was contacted."""
        plan = json.loads(self._read("plan.json"))
        if not isinstance(plan, dict) or plan.get("schema") != SCHEMA:
            _refuse(self.path / "plan.json", "is no plan of this version", "")
        return plan

    @property
    def inputs(self) -> dict[str, bytes]:
        """The estate's files as they were read, by their path in the estate's folder."""
        with _opened(self.path) as directory:
            names = [name for name in _files(self.path, directory) if name.startswith(f"{INPUTS}/")]
        return {name.removeprefix(f"{INPUTS}/"): self._read(name) for name in names}

    def facts(self, kinds: Mapping[str, type[Fact]]) -> tuple[dict[str, HostFacts], bool]:
        """The facts by host, and whether the last line was torn; `kinds` are the fact types by name."""
        place = str(self.path / FACTS)
        lines, torn = parse_journal(self._read(FACTS), place)
        found: dict[str, HostFacts] = {}
        for number, line in enumerate(lines, start=1):
            facts = facts_from_json(line, kinds, place=place, line=number)
            if facts.host in found:
                raise InputError([Problem(place, number, 1, f"{facts.host} stands there twice")])
            found[facts.host] = facts
        return found, torn

    def transcript(self) -> tuple[list[dict[str, Any]], bool]:
        """What was sent and what came back, and whether the last line was torn."""
        return parse_journal(self._read(TRANSCRIPT), str(self.path / TRANSCRIPT))

    def results(self) -> list[dict[str, Any]]:
        """The outcomes as they were written."""
        lines, torn = parse_journal(self._read("results.jsonl"), str(self.path / "results.jsonl"))
        if torn:
            _refuse(self.path / "results.jsonl", "is cut off", "")
        return lines

    def check_manifest(self) -> list[str]:
        """What differs from the manifest and from the digest of it in the verdict, a line each; empty when all agree."""
        with _opened(self.path) as directory:
            here = {name: _digest(directory, name) for name in _files(self.path, directory)}
        try:
            data = self._read(MANIFEST)
        except InputError:
            return [f"{MANIFEST}: missing; the verdict is {self.verdict['judgement'].get('verdict')}"]
        listed = _json_object(data).get("sha256")
        if hashlib.sha256(data).hexdigest() != self.verdict.get("manifest_sha256") or not isinstance(listed, dict):
            return [f"{MANIFEST}: is not the one that {VERDICT} was written with"]
        changed = [f"{name}: changed" for name in here.keys() & listed.keys() if here[name] != listed[name]]
        gone = [f"{name}: missing" for name in listed.keys() - here.keys()]
        added = [f"{name}: not in the manifest" for name in here.keys() - listed.keys()]
        return sorted(changed + gone + added)

    def _read(self, name: str) -> bytes:
        try:
            with _opened(self.path) as directory:
                return _read_below(directory, name)
        except OSError as error:
            _refuse(self.path / name, f"cannot be read: {error.strerror}", "the run may not have come that far")
