"""The run folder as it is written: an older verdict never passes for this run's."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from readiness.core.errors import ToolFault
from readiness.core.judge import ended_by
from readiness.core.outcomes import EXIT_CODES, Verdict
from readiness.run_folder import place, safe_files
from readiness.run_folder.journals import Journal
from readiness.run_folder.names import (
    FACTS,
    INPUTS,
    MANIFEST,
    PLAN,
    RUN,
    SCHEMA,
    SIGNATURES,
    TRANSCRIPT,
    UNSEALED,
    VERDICT,
    json_object,
    to_json,
    verdict_in,
    verdict_json,
)
from readiness.run_folder.safe_files import refuse, write_fault

_OWN = frozenset({VERDICT, MANIFEST, FACTS, TRANSCRIPT, PLAN, RUN, INPUTS}) | SIGNATURES
_NO_JUDGEMENT: Mapping[str, Any] = {
    **dict.fromkeys(("estate", "change", "valid_until", "counts", "partial", "inputs", "no_cutover")),
    "report_only": False,
}


class RunFolder:
    """The folder of one run while it is written; no other run can write to it until `close`.

    As a context it keeps in `verdict.json` what ended a run before its verdict.

    `reports` are the names of the reports: nothing else is written beside the run's own files, so that the files of an
    interrupted run are recognised as a run's.
    """

    def __init__(
        self, path: Path, reports: Collection[str], directory: int, lock: int, clock: Callable[[], datetime]
    ) -> None:
        self.path, self._reports = path, frozenset(reports)
        self._directory, self._lock, self._clock = directory, lock, clock
        self._head: dict[str, Any] = dict.fromkeys(("run_id", "started_at", "tool_version"))
        self._journals: dict[str, Journal] = {}
        self._sealed = self._ended = self._closed = False

    @classmethod
    def create(
        cls,
        path: Path,
        reports: Collection[str],
        *,
        apart_from: Collection[Path] = (),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Self:
        """Take a new or empty folder, or an older run's; InputError for any other, and while another run has it.

        `apart_from` are folders that the run reads: it is not written into one of them, nor in the place of one.
        """
        if taken := sorted(_OWN & set(reports)):
            raise ToolFault(f"a report may not be called {taken[0]}")
        if outside := [name for name in reports if Path(name).name != name]:
            raise ToolFault(f"{outside[0]!r} is no name of a file in the run folder")
        path = place.chosen(path, apart_from)
        with contextlib.ExitStack() as undo:
            directory = place.make_folder(path)
            undo.callback(os.close, directory)
            _refuse_foreign(path, directory)  # before the lock, so that nothing is written into a foreign folder
            try:
                lock = safe_files.take_lock(path, directory, clock())
            except ToolFault:
                _old_files(path, directory, reports)
                safe_files.put_aside(path, directory, VERDICT)  # the older verdict is not this run's
                raise
            undo.callback(os.close, lock)
            undo.callback(safe_files.forget_lock, directory)
            _old_files(path, directory, reports)
            _make_private(path, directory)
            undo.pop_all()
        return cls(path, reports, directory, lock, clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None and self._journals and not self._ended:
                self.ended_by(error)
        finally:
            self.close()

    def ended_by(self, error: BaseException) -> None:
        """Keep what ended the run before its verdict."""
        verdict, code, reason = ended_by(error)
        self._say(verdict, reason, exit_code=code, finished_at=self._now())

    def begin(self, run_id: str, started_at: datetime, tool_version: str) -> None:
        """Say RUNNING, which ends what an older verdict said, and only then remove the older run's files.

        Where that cannot be written, the older run's files give their room on the disk, its verdict first.
        """
        old = _old_files(self.path, self._directory, self._reports)
        self._head = {"run_id": run_id, "started_at": started_at.isoformat(), "tool_version": tool_version}
        try:
            self._say(Verdict.RUNNING, "the run has not ended", exit_code=None, finished_at=None)
        except ToolFault:
            safe_files.put_aside(self.path, self._directory, VERDICT)
            self._remove(name for name in old if name != safe_files.ASIDE)
            self._say(Verdict.RUNNING, "the run has not ended", exit_code=None, finished_at=None)
            old = [safe_files.ASIDE]
        self._remove(old)
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
        """Write the plan, a report, or a file below `inputs/`, whole or not at all."""
        known = name in {PLAN, *self._reports} or name.startswith(f"{INPUTS}/")
        if not self._journals or self._sealed or not known:
            raise ToolFault(f"{self.path}: {name} is not written now, or not this way")
        self._put(name, data)

    def inputs(self, files: Mapping[str, bytes]) -> None:
        """Keep the estate's files as they were read, under `inputs/`."""
        for name, data in files.items():
            self.write(f"{INPUTS}/{name}", data)

    def finish(self, judgement: Mapping[str, Any], *, as_of: datetime) -> str:
        """Write `run.json`, the manifest, then the final verdict that carries its digest, which is returned.

        `judgement` is the object as it stands in `verdict.json`. Nothing can be written afterwards.
        """
        verdict = Verdict(judgement["verdict"])
        if verdict not in EXIT_CODES or not self._journals or self._sealed:
            raise ToolFault(f"{self.path}: a run does not end here with {verdict}")
        for journal in self._journals.values():
            journal.close()
        self._sealed = True
        run = self._run(judgement, finished_at=self._now(), as_of=as_of.isoformat())
        self._put(RUN, to_json(run))
        with self._faults(MANIFEST):
            names = [name for name in safe_files.names_below(self._directory) if name not in UNSEALED]
            digests = {name: safe_files.digest(self._directory, name) for name in names}
        manifest = to_json({"schema": SCHEMA, "sha256": digests})
        self._put(MANIFEST, manifest)
        self._put(VERDICT, verdict_json(run, manifest))
        self._ended = True
        return hashlib.sha256(manifest).hexdigest()

    @property
    def verdict(self) -> Mapping[str, Any]:
        """What `verdict.json` says now."""
        verdict = verdict_in(self._directory)
        if verdict is None:
            raise ToolFault(f"{self.path}: {VERDICT} is not what the run wrote")
        return verdict

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

    def _say(self, verdict: Verdict, reason: str, *, exit_code: int | None, finished_at: str | None) -> None:
        judgement = {**_NO_JUDGEMENT, "verdict": verdict, "exit_code": exit_code, "reasons": [reason]}
        self._put(VERDICT, verdict_json(self._run(judgement, finished_at=finished_at, as_of=None), None))

    def _run(self, judgement: Mapping[str, Any], *, finished_at: str | None, as_of: str | None) -> dict[str, Any]:
        return {**self._head, "schema": SCHEMA, "finished_at": finished_at, "as_of": as_of, "judgement": judgement}

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            with self._faults(name), contextlib.suppress(FileNotFoundError):
                safe_files.remove(self._directory, name)

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


def _make_private(path: Path, directory: int) -> None:
    """What others may read of an older run's folder, or of an empty one, is closed to them."""
    try:
        os.fchmod(directory, safe_files.PRIVATE_FOLDER)
    except OSError as error:
        refuse(path, f"cannot be closed to others: {error.strerror}", "name a new folder")


def _refuse_foreign(path: Path, directory: int) -> None:
    """InputError unless the folder is empty or an older run's."""
    known = verdict_in(directory) is not None or safe_files.is_aside(directory)
    if not known and any(not name.startswith(safe_files.OWN) for name in os.listdir(directory)):
        refuse(path, "is not empty, and no run folder", "name a new or an empty folder")


def _old_files(path: Path, directory: int, reports: Collection[str]) -> list[str]:
    """What is removed when a new run takes the folder; InputError when any of it is not an older run's."""
    _refuse_foreign(path, directory)
    names = sorted(set(os.listdir(directory)) - {safe_files.LOCK, VERDICT})
    known = _OWN | set(reports) | {name.split("/")[0] for name in _listed(directory)}
    strange = [name for name in names if name not in known and not name.startswith(safe_files.OWN)]
    if strange:
        refuse(path, f"holds files that are no run's: {', '.join(strange[:5])}", "move them, or name another folder")
    return names


def _listed(directory: int) -> Iterable[str]:
    """The files that an older run's manifest names."""
    with contextlib.suppress(OSError):
        listed = (json_object(safe_files.read(directory, MANIFEST)) or {}).get("sha256")
        return listed if isinstance(listed, dict) else ()
    return ()
