"""What bounds a visit: the stop that ends all of them, what one of them may still use, and how its end is raised."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from readiness.core.facts import Missing, Why


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
        """While inside, `set` calls `close`, which must wake whatever waits there and never raise."""
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


@dataclass(frozen=True, slots=True)
class Budget:
    """What one visit may still use: until `deadline` on the monotonic clock, and only while nobody says stop."""

    deadline: float
    host_s: float
    stop: Stop

    @classmethod
    def of(cls, host_s: float, stop: Stop) -> Budget:
        """A budget of `host_s` seconds from now."""
        return cls(time.monotonic() + host_s, host_s, stop)

    def until(self, limit_s: float) -> float:
        """The monotonic time at which something that may take `limit_s` must have ended."""
        return min(self.deadline, time.monotonic() + limit_s)

    def left(self, limit_s: float) -> float:
        """Seconds for something that may take `limit_s`."""
        return max(0.0, min(limit_s, self.deadline - time.monotonic()))

    def spent(self, detail: str = "") -> Missing | None:
        """Why nothing may go on, or None while it may."""
        if self.stop.why is not None:
            return Missing(self.stop.why, detail)
        if time.monotonic() >= self.deadline:
            return Missing(Why.HOST_TIMED_OUT, f"after {self.host_s:g} s, {detail}" if detail else f"{self.host_s:g} s")
        return None

    def cause(self, missing: Missing) -> Missing:
        """The budget's own reason when it is spent, else the given one."""
        return self.spent(missing.detail) or missing


class Failed(Exception):
    """A connection that failed or ended; `again` when a new one may well do better."""

    def __init__(self, missing: Missing, *, again: bool = False) -> None:
        self.missing, self.again = missing, again
        super().__init__(str(missing))
