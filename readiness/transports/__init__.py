"""Ways to a host: each runs a batch of scripts in one visit, with a deadline on everything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from readiness.core.facts import Why


class Stop:
    """Ends all visits early, with the reason that what is left will carry; the first reason stays."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._why: Why | None = None
        self._closers: dict[int, Callable[[], None]] = {}

    @property
    def why(self) -> Why | None:
        """The reason, or None while visits go on."""
        return self._why

    def set(self, why: Why) -> None:
        """End all visits, whatever they wait for."""
        with self._lock:
            if self._why is not None:
                return
            self._why = why
            closers = list(self._closers.values())
        for close in closers:
            close()

    @contextmanager
    def closing(self, close: Callable[[], None]) -> Iterator[None]:
        """While inside, `set` calls `close`, which must wake whatever waits there."""
        key = id(close)
        with self._lock:
            self._closers[key] = close
            stopped = self._why is not None
        try:
            if stopped:
                close()
            yield
        finally:
            with self._lock:
                self._closers.pop(key, None)
