"""The process of a folder's tests: it has no credentials and no connection, and ends at the latest with the run."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import readiness
from readiness.core.text import decode, one_line
from readiness.custom.pipe import Broken, Messages, framed

# All that it is given of the environment; the rest may hold what nobody's tests need, such as passwords and agents.
ENVIRONMENT = frozenset({"PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM", "LD_LIBRARY_PATH"})
_TICK_S = 0.5
_KEPT_BYTES = 1 << 16  # of what it prints
_CHUNK = 1 << 16
# -I: nothing of the environment and of the current folder changes what runs, and assertions always do.
_START = "import sys; sys.path[:0] = {sys.argv[1]} - {*sys.path}; from readiness.custom.child.main import main; main()"

Late = Callable[[], str | None]


class Process:
    """A running child; use `started`, which ends it."""

    def __init__(self, child: subprocess.Popen[bytes], listen: int, talk: int) -> None:
        self._child, self._listen, self._talk = child, listen, talk
        self._messages, self._waiting = Messages(), deque[dict[str, Any]]()
        self._printed = b""
        self._streams = {listen, child.stdout.fileno()} if child.stdout else {listen}
        self.ending = ""

    def receive(self, late: Late) -> dict[str, Any] | None:
        """The child's next message; None when it has ended, and `ending` says how.

        `late` is asked again and again whether the child has had its time; its reason then is how it ended.
        """
        while not self._waiting and not self.ending:
            if reason := late():
                self._kill(reason)
            elif not self._read(_TICK_S) and self._has_exited():
                while self._read(0):
                    pass
                self._kill("")
        return self._waiting.popleft() if self._waiting else None

    def send(self, message: Mapping[str, Any], late: Late) -> None:
        """Say something to the child; one that does not listen ends."""
        rest = memoryview(framed(message))
        while rest and not self.ending:
            if reason := late():
                self._kill(reason)
                return
            try:
                if _ready({self._talk}, select.POLLOUT, _TICK_S):
                    rest = rest[os.write(self._talk, rest) :]
            except BlockingIOError:  # ready for less than that
                continue
            except OSError:  # it has ended, or closed its end
                return

    def end(self) -> None:
        """End the child and all that it started and did not put into a session of its own."""
        with contextlib.suppress(OSError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def _kill(self, reason: str) -> None:
        self.end()
        self.ending = reason or self._how()

    def _how(self) -> str:
        code = self._child.returncode
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"its process {how}{self.last_words()}"

    def last_words(self) -> str:
        """The last line that it printed, behind a colon."""
        lines = decode(self._printed).strip().splitlines()
        return f": {one_line(lines[-1], 200)}" if lines else ""

    def _has_exited(self) -> bool:
        """Whether it has ended, without forgetting it, so that its group can still be ended."""
        return os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _read(self, wait_s: float) -> bool:
        """Take in what there is; whether there was something."""
        ready = _ready(self._streams, select.POLLIN, wait_s)
        for stream in ready:
            data = os.read(stream, _CHUNK)
            if not data:
                self._streams.discard(stream)
            elif stream != self._listen:
                self._printed = (self._printed + data)[-_KEPT_BYTES:]
            else:
                self._take(data)
        return bool(ready)

    def _take(self, data: bytes) -> None:
        try:
            self._waiting.extend(self._messages.of(data))
        except Broken as error:
            self._streams.discard(self._listen)
            self._kill(f"its process said what is not understood: {error}")


def _ready(descriptors: Iterable[int], event: int, wait_s: float) -> list[int]:
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, event)
    return [descriptor for descriptor, _ in poll.poll(wait_s * 1000)]


@contextmanager
def started(root: Path, environment: Mapping[str, str], inventory: str) -> Iterator[Process]:
    """A child for the tests below `root`; it has ended, with all that it started, when this is left."""
    with tempfile.TemporaryDirectory(prefix="readiness-tests-") as scratch:
        home, written = Path(scratch) / "home", Path(scratch) / "inventory.json"
        home.mkdir()
        written.write_text(inventory)
        own = {"HOME": str(home), "MOLECULE_INVENTORY_FILE": str(written)}
        given = {name: value for name, value in environment.items() if name in ENVIRONMENT or name.startswith("LC_")}
        (listen, its_talk), (its_listen, talk) = os.pipe(), os.pipe()
        os.set_blocking(talk, False)
        package = str(Path(readiness.__file__).absolute().parents[1])
        try:
            child = subprocess.Popen(  # noqa: S603 - Python itself, with words of our own
                [sys.executable, "-I", "-c", _START, package, str(its_listen), str(its_talk)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=given | own,
                cwd=root,
                pass_fds=(its_listen, its_talk),
                start_new_session=True,
            )
            with child:
                os.close(its_listen)
                os.close(its_talk)
                process = Process(child, listen, talk)
                try:
                    yield process
                finally:
                    process.end()
        finally:
            os.close(listen)
            os.close(talk)
