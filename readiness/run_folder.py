"""The run folder: written so that no older verdict passes for this run's, and read back."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from readiness import safe_files
from readiness.core.errors import InputError, Problem, ToolFault
from readiness.core.facts import Fact, HostFacts
from readiness.core.outcomes import EXIT_CODES, EXIT_FAULT, Verdict
from readiness.journals import Journal, facts_from_json, facts_to_json, parse_journal, read_journal
from readiness.safe_files import refuse, write_fault

__all__ = ["SCHEMA", "RunFolder", "SavedRun", "facts_from_json", "facts_to_json", "read_journal", "to_json"]

SCHEMA = 1
VERDICT, MANIFEST, FACTS, TRANSCRIPT = "verdict.json", "manifest.json", "facts.jsonl", "transcript.jsonl"
PLAN, RESULTS, INPUTS = "plan.json", "results.jsonl", "inputs"
_OUTPUTS = frozenset(
    {VERDICT, MANIFEST, FACTS, TRANSCRIPT, PLAN, RESULTS, INPUTS, "junit.xml", "report.html", "summary.md"}
)
_SIGNATURES = frozenset({f"{VERDICT}.sig", f"{MANIFEST}.sig"})
_UNSEALED = _SIGNATURES | {VERDICT, MANIFEST}
_NO_JUDGEMENT: Mapping[str, Any] = {
    **dict.fromkeys(("estate", "change", "valid_until", "counts", "partial", "inputs")),
    "report_only": False,
}


def to_json(document: Mapping[str, Any]) -> bytes:
    """A document as all JSON files of a run are written: the same content is the same bytes."""
    return json.dumps(document, sort_keys=True, indent=2, allow_nan=False).encode() + b"\n"


class RunFolder:
    """The folder of one run while it is written; no other run can write to it until `close`."""

    def __init__(self, path: Path, directory: int, lock: int, clock: Callable[[], datetime]) -> None:
        self.path = path
        self._directory, self._lock, self._clock = directory, lock, clock
        self._head: dict[str, Any] = dict.fromkeys(("run_id", "started_at", "tool_version"))
        self._journals: dict[str, Journal] = {}
        self._sealed = self._closed = False

    @classmethod
    def create(cls, path: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Self:
        """Take a new or empty folder, or an older run's; InputError for any other, and while another run has it."""
        path = path.absolute()
        with contextlib.ExitStack() as undo:
            directory = safe_files.make_folder(path)
            undo.callback(os.close, directory)
            _refuse_foreign(path, directory)  # before the lock, so that nothing is written into a foreign folder
            lock = safe_files.take_lock(path, directory, clock())
            undo.callback(os.close, lock)
            undo.callback(safe_files.forget_lock, directory)
            _old_files(path, directory)
            undo.pop_all()
        return cls(path, directory, lock, clock)

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
        old = _old_files(self.path, self._directory)
        self._head = {"run_id": run_id, "started_at": started_at.isoformat(), "tool_version": tool_version}
        self._say(Verdict.RUNNING, ["the run has not ended"], exit_code=None, finished_at=None)
        for name in old:
            with self._faults(name):
                safe_files.remove(self._directory, name)
        self._journals[TRANSCRIPT] = self._new_journal(TRANSCRIPT)
        self._journals[FACTS] = self._new_journal(FACTS, after=self._journals[TRANSCRIPT])
        with self._faults(""):
            os.fsync(self._directory)

    @property
    def facts(self) -> Journal:
        """The journal of facts, a line a host; once it is appended, the host's transcript is on the disk, too."""
        return self._journal(FACTS)

    @property
    def transcript(self) -> Journal:
        """The journal of what was sent and what came back, a line a command."""
        return self._journal(TRANSCRIPT)

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole or not at all; `name` may lie in folders below."""
        if not self._journals or self._sealed or name in {*_UNSEALED, FACTS, TRANSCRIPT}:
            raise ToolFault(f"{self.path}: {name} is not written now, or not this way")
        self._put(name, data)

    def inputs(self, files: Mapping[str, bytes]) -> None:
        """Keep the estate's files as they were read, under `inputs/`."""
        for name, data in files.items():
            self.write(f"{INPUTS}/{name}", data)

    def finish(self, judgement: Mapping[str, Any], *, as_of: datetime) -> str:
        """Write the manifest, then the final verdict that carries its digest, which is returned.

        `judgement` is the object as it stands in `verdict.json`. Nothing can be written afterwards.
        """
        verdict = Verdict(judgement["verdict"])
        if verdict not in EXIT_CODES or not self._journals or self._sealed:
            raise ToolFault(f"{self.path}: a run does not end here with {verdict}")
        for journal in self._journals.values():
            journal.close()
        self._sealed = True
        with self._faults(MANIFEST):
            names = [name for name in safe_files.names_below(self._directory) if name not in _UNSEALED]
            digests = {name: safe_files.digest(self._directory, name) for name in names}
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
        if self._closed:
            return
        self._closed = True
        with contextlib.ExitStack() as last:
            last.callback(os.close, self._directory)
            last.callback(os.close, self._lock)
            # Before the lock is given back: whoever opened this file in between sees that it is gone.
            last.callback(safe_files.forget_lock, self._directory)
            for journal in self._journals.values():
                last.callback(journal.close)

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
        with self._faults(name):
            safe_files.replace(self._directory, name, data)

    @contextlib.contextmanager
    def _faults(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise write_fault(self.path / name, error) from error

    def _new_journal(self, name: str, *, after: Journal | None = None) -> Journal:
        with self._faults(name):
            return Journal(safe_files.new_journal(self._directory, name), self.path / name, after=after)

    def _journal(self, name: str) -> Journal:
        if name not in self._journals:
            raise ToolFault(f"{self.path}: {name} is there after begin()")
        return self._journals[name]


class SavedRun:
    """A run folder as it was left; whatever it lacks or holds broken is an InputError."""

    def __init__(self, path: Path, verdict: Mapping[str, Any]) -> None:
        self.path, self.verdict = path, verdict

    @classmethod
    def open(cls, path: Path) -> Self:
        """The run in a folder, whatever its verdict; InputError when it is no run of this schema."""
        with safe_files.opened(path) as directory:
            verdict = _verdict_in(directory)
        if verdict is None:
            refuse(path, "holds no verdict.json that this version wrote", "name the folder of a run")
        return cls(path, verdict)

    def plan(self) -> dict[str, Any]:
        """The plan as it was written before any host was contacted."""
        return _object(self._read(PLAN)) or refuse(self.path / PLAN, "is no plan that this version wrote")

    def inputs(self) -> dict[str, bytes]:
        """The estate's files as they were read, by their path in the estate's folder."""
        with safe_files.opened(self.path) as directory:
            names = [name for name in safe_files.names_below(directory) if name.startswith(f"{INPUTS}/")]
        return {name.removeprefix(f"{INPUTS}/"): self._read(name) for name in names}

    def facts(self, kinds: Mapping[str, type[Fact]]) -> tuple[dict[str, HostFacts], bool]:
        """The facts by host, and whether the last line was torn; `kinds` are the fact types by name."""
        place = str(self.path / FACTS)
        lines, torn = self._lines(FACTS)
        found: dict[str, HostFacts] = {}
        for number, line in enumerate(lines, start=1):
            facts = facts_from_json(line, kinds, place=place, line=number)
            if facts.host in found:
                raise InputError([Problem(place, number, 1, f"{facts.host} stands there twice")])
            found[facts.host] = facts
        return found, torn

    def transcript(self) -> tuple[list[dict[str, Any]], bool]:
        """What was sent and what came back, and whether the last line was torn."""
        return self._lines(TRANSCRIPT)

    def results(self) -> list[dict[str, Any]]:
        """The outcomes as they were written; they are written at once, so a torn line is no run's."""
        lines, torn = self._lines(RESULTS)
        return refuse(self.path / RESULTS, "is cut off") if torn else lines

    def check_manifest(self) -> list[str]:
        """What differs from the manifest, and from its digest in the verdict, a line each; empty when all agree."""
        with safe_files.opened(self.path) as directory:
            here = {name: _digest(directory, name) for name in safe_files.names_below(directory)}
        if MANIFEST not in here:
            return [f"{MANIFEST}: missing; the verdict is {self.verdict['judgement']['verdict']}"]
        data = self._read(MANIFEST)
        listed = (_object(data) or {}).get("sha256")
        if hashlib.sha256(data).hexdigest() != self.verdict.get("manifest_sha256") or not isinstance(listed, dict):
            return [f"{MANIFEST}: is not the one that {VERDICT} was written with"]
        return [
            f"{name}: {'missing' if name not in here else 'changed' if name in listed else 'not in the manifest'}"
            for name in sorted(here.keys() - _UNSEALED | listed.keys())
            if here.get(name) != listed.get(name) or here.get(name) is None
        ]

    def _lines(self, name: str) -> tuple[list[dict[str, Any]], bool]:
        return parse_journal(self._read(name), str(self.path / name))

    def _read(self, name: str) -> bytes:
        try:
            with safe_files.opened(self.path) as directory:
                return safe_files.read(directory, name)
        except OSError as error:
            refuse(self.path / name, f"cannot be read: {error.strerror}", "the run may have ended before")


def _refuse_foreign(path: Path, directory: int) -> None:
    """InputError unless the folder is empty or an older run's."""
    if any(not name.startswith(safe_files.OWN) for name in os.listdir(directory)) and _verdict_in(directory) is None:
        refuse(path, "is not empty, and no run folder", "name a new or an empty folder")


def _old_files(path: Path, directory: int) -> list[str]:
    """What goes when a new run takes the folder; InputError when anything in it is not an older run's."""
    _refuse_foreign(path, directory)
    names = sorted(set(os.listdir(directory)) - {safe_files.LOCK, VERDICT})
    known = _OUTPUTS | _SIGNATURES | {name.split("/")[0] for name in _listed(directory)}
    strange = [name for name in names if name not in known and not name.startswith(safe_files.OWN)]
    if strange:
        refuse(path, f"holds files that are no run's: {', '.join(strange[:5])}", "move them, or name another folder")
    return names


def _listed(directory: int) -> Iterable[str]:
    """The files that an older run's manifest names."""
    with contextlib.suppress(OSError):
        listed = (_object(safe_files.read(directory, MANIFEST)) or {}).get("sha256")
        return listed if isinstance(listed, dict) else ()
    return ()


def _verdict_in(directory: int) -> dict[str, Any] | None:
    """The folder's `verdict.json` if it is one of ours."""
    try:
        verdict = _object(safe_files.read(directory, VERDICT)) or {}
    except OSError:
        return None
    judgement = verdict.get("judgement")
    known = isinstance(judgement, dict) and judgement.get("verdict") in set(Verdict)
    return verdict if known and {"run_id", "manifest_sha256"} <= verdict.keys() else None


def _object(data: bytes) -> dict[str, Any] | None:
    """A JSON object of this schema; None for anything else."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and document.get("schema") == SCHEMA else None


def _digest(directory: int, name: str) -> str | None:
    """The digest of a file, None for what is no regular file and so cannot be the run's."""
    try:
        return safe_files.digest(directory, name)
    except OSError:
        return None
