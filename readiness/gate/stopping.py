"""What ends a run before its time: Ctrl-C and SIGTERM, and code beside the checks that would end the process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from readiness.core.facts import Why
from readiness.transports import Stop

# Each ends the process at once, with an exit code or a program of its own.
_WAYS_OUT = ("_exit", "execv", "execve")


@contextmanager
def stopped_by_signals(stop: Stop) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the reading, and the run is judged as interrupted; a second one ends it all."""

    def handle(number: int, _: object) -> None:
        if stop.why is not None:
            raise KeyboardInterrupt(number)
        stop.set(Why.INTERRUPTED)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def exit_code_is_ours() -> Iterator[None]:
    """Checks and fixtures cannot end the process past the verdict: os._exit and exec raise SystemExit.

    A process that they fork may end as it likes.
    """
    process = os.getpid()
    originals: dict[str, Callable[..., NoReturn]] = {name: getattr(os, name) for name in _WAYS_OUT}

    def closed(name: str) -> Callable[..., NoReturn]:
        def way_out(*arguments: Any, **named: Any) -> NoReturn:
            if os.getpid() != process:
                originals[name](*arguments, **named)
            raise SystemExit(f"os.{name} would have ended the run")

        return way_out

    for name in _WAYS_OUT:
        setattr(os, name, closed(name))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(os, name, original)
