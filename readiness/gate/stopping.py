"""Ctrl-C and SIGTERM while hosts are read: the run is judged as interrupted, not lost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from readiness.core.facts import Why
from readiness.transports import Stop


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
