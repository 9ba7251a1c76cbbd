"""Start the hosts behind a delay."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.main_job.job import ROOT

RTT_S, WORK_S = 0.020, 0.100


@contextmanager
def delayed(host_key: Path, answers: Path, listen: str = "0.0.0.0") -> Iterator[int]:  # noqa: S104 - for namespaces
    """The port at which every address answers as saved, after a round trip of 20 ms and 100 ms of work."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = [str(host_key), listen, str(port), str(answers), str(RTT_S), str(WORK_S)]
    process = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.slow_hosts", *told], cwd=ROOT)
    try:
        _wait(listen, port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait(listen: str, port: int) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        try:
            socket.create_connection((listen, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the hosts behind a delay did not start")
