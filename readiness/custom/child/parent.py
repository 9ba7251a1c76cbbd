"""The run, as the process of its tests sees it: it is told what happens, and asked for what only it can do."""

from __future__ import annotations

import base64
import os
import queue
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.custom.pipe import receive, send


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command gave back, or why there is nothing usable."""

    status: int
    stdout: bytes
    stderr: bytes
    missing: str


class Parent:
    """The two pipes to the run; when the run is gone, so is this process with all of its group."""

    def __init__(self, listen: int, talk: int) -> None:
        self._listen, self._talk = listen, talk
        self._process = os.getpid()
        self._heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._one_asks, self._one_talks = threading.Lock(), threading.Lock()
        self._number = 0
        threading.Thread(target=self._hear, daemon=True).start()

    def job(self) -> dict[str, Any]:
        """What is to be done."""
        return self._heard.get()

    def say(self, kind: str, **values: object) -> None:
        """Tell what happened; a process that a test forked has nothing to say."""
        if os.getpid() != self._process:
            raise RuntimeError("a process that a test forked can ask no host")
        with self._one_talks:
            send(self._talk, {"kind": kind, **values})

    def open(self) -> str:
        """Why the host of the test that began cannot be asked, empty where it can."""
        return str(self._ask("open")["missing"])

    def run(self, host: str, command: str) -> Answer:
        """Have a command run on the host of the test that began."""
        said = self._ask("run", host=host, command=command)
        stdout, stderr = (base64.b64decode(said[key]) for key in ("stdout", "stderr"))
        return Answer(said["status"], stdout, stderr, said["missing"])

    def _ask(self, kind: str, **values: object) -> Mapping[str, Any]:
        with self._one_asks:
            self._number += 1
            self.say(kind, number=self._number, **values)
            while (answer := self._heard.get())["number"] != self._number:
                pass  # for a question whose asker was interrupted
            return answer

    def _hear(self) -> None:
        try:
            while (message := receive(self._listen)) is not None:
                self._heard.put(message)
        finally:
            os.killpg(os.getpgid(self._process), signal.SIGKILL)
