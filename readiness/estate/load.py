"""From the files of an estate folder to the estate and its baseline, or to every mistake in all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from readiness.core.errors import InputError, Problem
from readiness.estate import folder as files_of
from readiness.estate.agreement import check_baseline
from readiness.estate.baseline import Baseline
from readiness.estate.custom import folders, read_custom
from readiness.estate.estate import Estate, complete
from readiness.estate.folder import BASELINE, ESTATE
from readiness.estate.names import Names, references
from readiness.files.guarded import Unusable
from readiness.yaml_text.document import Document
from readiness.yaml_text.document import Path as KeyPath
from readiness.yaml_text.reader import read_yaml, too_big
from readiness.yaml_text.validate import validate


@dataclass(frozen=True)
class LoadedEstate:
    """An estate whose files hold no mistake that can be seen in them; `files` are the bytes as read, by name."""

    estate: Estate
    baseline: Baseline
    files: Mapping[str, bytes]

    @cached_property
    def _documents(self) -> Mapping[str, Document]:
        # Read again when somebody asks: the lines of 50,000 hosts are too much to keep for a question seldom asked.
        return _documents(self.files)

    def locate(self, file: str, path: KeyPath, *, key: bool = False) -> tuple[int, int]:
        """Line and column of what stands at a path such as ("hosts", "dir01", "fqdn"), or of its nearest parent."""
        return self._documents[file].locate(path, key=key)

    def states(self, file: str, path: KeyPath) -> bool:
        """Whether the file itself states something at a path."""
        return self._documents[file].node(path) is not None


def load(folder: Path, names: Names, as_of: datetime) -> LoadedEstate:
    """Read an estate folder at this time; raises InputError with every mistake, its paths as terminals open them."""
    entries = files_of.entries_of(folder)
    problems: list[Problem] = []
    files = {name: data for name in (ESTATE, BASELINE) if (data := files_of.read(folder, name, problems)) is not None}
    reading = _Reading(files, names, as_of)
    written, document = reading.written, reading.documents.get(ESTATE)
    if written is not None and document is not None:
        try:
            known_hosts = files_of.known_hosts_of(written, entries)
            expected = {*files_of.named_files(written, document.texts_left_out()), *filter(None, [known_hosts])}
            problems += files_of.strangers(folder, entries, frozenset(expected))
            named = read_custom(folder, document, written.custom_checks)
        except Unusable as error:
            raise InputError([error.here()]) from error
        if known_hosts:
            named = {known_hosts: ("ssh", "known_hosts"), **named}
        for name, path in named.items():
            if (data := files_of.read(folder, name, problems, document.locate(path))) is not None:
                files[name] = data
    try:
        return reading.finish(files, problems)
    except InputError as error:
        raise InputError([replace(problem, file=str(folder / problem.file)) for problem in error.problems]) from None


def load_bytes(files: Mapping[str, bytes], names: Names, as_of: datetime) -> LoadedEstate:
    """The same from the bytes of a saved run and its time; raises InputError."""
    problems = [files_of.missing(name) for name in (ESTATE, BASELINE) if name not in files]
    reading = _Reading(files, names, as_of)
    if (written := reading.written) is not None:
        known_hosts = files_of.known_hosts_of(written, files)
        if known_hosts and known_hosts not in files:
            problems.append(files_of.missing(known_hosts))
        own = tuple(f"{folder}/" for folder in folders(written.custom_checks).values())
        known = {ESTATE, BASELINE, known_hosts}
        problems += [files_of.stranger(name) for name in files if name not in known and not name.startswith(own)]
    return reading.finish(dict(files), problems)


def _documents(files: Mapping[str, bytes]) -> dict[str, Document]:
    names = [name for name in (ESTATE, BASELINE) if name in files]
    return {name: read_yaml(name, files[name], files_of.max_bytes(name)) for name in names}


class _Reading:
    """Both files while they are checked: `written` is the estate as far as it can be read, None where it cannot."""

    def __init__(self, files: Mapping[str, bytes], names: Names, as_of: datetime) -> None:
        self.documents = _documents(files)
        self._names, self._as_of = names, as_of
        document = self.documents.get(ESTATE)
        self._references = references(names, document)
        self.written = validate(document, Estate, self._references) if document is not None else None

    def finish(self, files: Mapping[str, bytes], problems: list[Problem]) -> LoadedEstate:
        """The estate and its baseline; InputError with every mistake."""
        estate = baseline = None
        if self.written is not None:
            estate = complete(self.documents[ESTATE], self.written, self._names)
            if pins := files_of.known_hosts_of(estate, files):
                ssh = estate.ssh.model_copy(update={"known_hosts": estate.ssh.known_hosts or pins})
                estate = estate.model_copy(update={"ssh": ssh})
        if (document := self.documents.get(BASELINE)) is not None:
            baseline = validate(document, Baseline, self._references)
            if baseline is not None:
                hosts = estate.hosts if estate is not None else {}
                sound = estate is not None and not self.documents[ESTATE].problems
                check_baseline(document, baseline, self._names, hosts, self._as_of, all_hosts=sound)
        for read in self.documents.values():
            problems += read.problems
        limits = {name: files_of.max_bytes(name) for name in files if name not in self.documents}
        problems += [too_big(name, limit) for name, limit in limits.items() if len(files[name]) > limit]
        left_out = any(document.is_incomplete(()) for document in self.documents.values())
        if problems or left_out or estate is None or baseline is None:
            raise InputError(problems)
        return LoadedEstate(estate, baseline.of_estate(estate.hosts, self._as_of), dict(files))
