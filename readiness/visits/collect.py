"""Collecting: one visit a host, hosts side by side; errors become Missing, and everything sent is in the transcript."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import Any

from readiness.core.facts import Fact, HostFacts, HostKey, Login, Missing, Reached, Why, WinrmListener
from readiness.core.scripts import Limits, Output, Script, Visit
from readiness.core.text import decode
from readiness.probes import PROBES_OF
from readiness.probes.probe import Probe
from readiness.probes.reader_text import taken_apart
from readiness.transports import Route, Stop, TransportKind
from readiness.visits.sealing import sealed

CONNECTION_FACTS: tuple[type[Fact], ...] = (Reached, HostKey, Login, WinrmListener)
_POLL_S = 0.2
_PROBES = {(shell, probe.name): probe for shell, probes in PROBES_OF.items() for probe in probes}


@dataclass(frozen=True)
class Collected:
    """What one host gave: its facts, the transcript's lines and how long the visit took."""

    facts: HostFacts
    transcript: tuple[dict[str, Any], ...]
    seconds: float


@dataclass(frozen=True)
class _Read:
    """What came of one probe by a script: its own, or the reader's, of which it is a part; None where nothing did."""

    script: Script
    probe: Probe
    output: Output | None


def collect(
    scripts: Mapping[str, tuple[Script, ...]],
    routes: Mapping[str, Route],
    limits: Limits,
    *,
    jobs: int,
    stop: Stop,
) -> Iterator[Collected]:
    """Visit every host of `scripts`, `jobs` at a time, and give each one's facts as it finishes.

    Ends within `limits.run_s` and a little: what is left by then is Missing with that reason. `stop` ends it early.
    The scripts get a nonce that nobody keeps, and what they make of secrets by it is sealed under a key that no host
    sees: secrets can be compared in this run, and not guessed after.
    """
    nonce, key = secrets.token_hex(32), secrets.token_bytes(32)
    deadline = time.monotonic() + limits.run_s
    ended: SimpleQueue[Future[Collected]] = SimpleQueue()
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="visit") as pool:
        try:
            for host, batch in scripts.items():
                visit = pool.submit(_visit, host, routes[host], _salted(batch, nonce), limits, stop, key)
                visit.add_done_callback(ended.put)
            for _ in scripts:
                yield _next(ended, deadline, stop).result()
        except BaseException:
            stop.set(Why.INTERRUPTED)
            raise


def _next(ended: SimpleQueue[Future[Collected]], deadline: float, stop: Stop) -> Future[Collected]:
    """The next visit that ends; at the run's deadline all of them are made to end."""
    while True:
        if time.monotonic() > deadline:
            stop.set(Why.RUN_TIMED_OUT)
        with contextlib.suppress(Empty):
            return ended.get(timeout=_POLL_S)


def _salted(batch: tuple[Script, ...], nonce: str) -> tuple[Script, ...]:
    return tuple(replace(script, nonce=nonce) for script in batch)


def _visit(host: str, route: Route, scripts: tuple[Script, ...], limits: Limits, stop: Stop, key: bytes) -> Collected:
    begun = time.monotonic()
    if stop.why is not None:
        visit = Visit(host, missing=Missing(stop.why, "before this host was contacted"))
    else:
        try:
            visit = route.transport.visit(scripts, limits, lambda _: None)
        except Exception as error:  # noqa: BLE001 - a fault of ours with one host must not lose the others
            reason = Missing(Why.UNREADABLE, f"the transport broke: {type(error).__name__}: {error}")
            visit = Visit(host, missing=reason)
    every = (
        replace(read, output=read.output and sealed(read.output, key, read.script.most_secrets))
        for read in _read(visit, scripts, limits)
    )
    return _collected(visit, route.kind, every, time.monotonic() - begun)


def _read(visit: Visit, scripts: tuple[Script, ...], limits: Limits) -> Iterator[_Read]:
    """What came of each script, and of each part of the reader after it."""
    by_script = {output.name: output for output in visit.outputs}
    for script in scripts:
        probe, output = _PROBES[script.shell, script.name], by_script.get(script.name)
        if output is None or not probe.parts:
            yield from (_Read(script, read, output) for read in (probe, *probe.parts))
        else:
            own, *outputs = taken_apart(output, script.nonce, probe.parts, limits.probe_bytes)
            yield from map(_Read, [script] * (len(outputs) + 1), (probe, *probe.parts), (own, *outputs))


def _collected(visit: Visit, kind: TransportKind, every: Iterable[_Read], seconds: float) -> Collected:
    values: dict[str, Fact | Missing] = {
        fact.name: visit.fact(fact) if fact in kind.proves else kind.lacks(fact) for fact in CONNECTION_FACTS
    }
    connection = f"{visit.host}#0"
    evidence = dict.fromkeys(values, connection)
    transcript = [_connection_line(connection, visit)]
    for number, read in enumerate(every, start=1):
        values[read.probe.name] = _fact(read, visit)
        evidence[read.probe.name] = f"{visit.host}#{number}" if read.output else connection
        if read.output is not None:
            transcript.append(_script_line(f"{visit.host}#{number}", visit.host, read, read.output))
    return Collected(HostFacts(visit.host, values, evidence), tuple(transcript), seconds)


def _fact(read: _Read, visit: Visit) -> Fact | Missing:
    if read.output is None:
        return visit.login if isinstance(visit.login, Missing) else Missing(Why.NOT_ASKED, "the visit ended before")
    if read.output.missing is not None:
        return read.output.missing
    try:
        return read.probe.parse(read.output)
    except Exception as error:  # noqa: BLE001 - whatever a host's output does to a parser, it is not understood
        return Missing(Why.UNREADABLE, f"{read.probe.name}: {error}")


def _connection_line(ref: str, visit: Visit) -> dict[str, Any]:
    reached, login = visit.reached, visit.login
    return {
        "ref": ref,
        "host": visit.host,
        "what": "connection",
        "address": f"{reached.address}:{reached.port}" if isinstance(reached, Reached) else None,
        "command": visit.command,
        "attempts": list(visit.attempts),
        "result": str(login) if isinstance(login, Missing) else "logged in",
    }


def _script_line(ref: str, host: str, read: _Read, output: Output) -> dict[str, Any]:
    script = read.script
    return {
        "ref": ref,
        "host": host,
        "what": "script",
        "script": script.file,
        "fact": read.probe.name,
        "sha256": script.sha256,
        "arguments": list(script.arguments),
        "status": output.status,
        "sent_s": output.sent_s,
        "begun_s": output.begun_s,
        "duration_s": output.duration_s,
        "stdout": decode(output.stdout),
        "stderr": decode(output.stderr),
        "missing": str(output.missing) if output.missing else None,
    }
