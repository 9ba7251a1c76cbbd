"""Where text goes: a stream whose reader may leave and whose disk may be full, and that may not be there at all."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO


class Output:
    """A text stream that remembers what went wrong and never raises it: whoever writes last asks for `error`.

    After the first error nothing more is written. What the encoding has no character for is written as an escape.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.error: Exception | None = None
        if stream is None:  # so it is when the process was started with a closed one
            self.error = OSError(errno.EBADF, os.strerror(errno.EBADF))
            stream = Path(os.devnull).open("w")  # noqa: SIM115 - it stays for the whole process
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or remember why not."""
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Hand on what was written, or remember why not."""
        self._try(self._stream.flush)

    def _try(self, step: Callable[[], object]) -> None:
        if self.error is None:
            try:
                step()
            except (OSError, ValueError) as error:  # ValueError: somebody closed it
                self.error = error
                self.forget()

    def forget(self) -> None:
        """Send what is still buffered nowhere, or Python would fail on it once more at its end, with exit code 120."""
        try:
            number = self._stream.fileno()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)
        except (OSError, ValueError):
            return

    def __getattr__(self, name: str) -> Any:
        """Everything else is the stream's own."""
        return getattr(self._stream, name)


def claim_closed_streams() -> None:
    """Put nothing in the place of closed standard streams: the next file opened, a journal, would take their place."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 - takes no name
