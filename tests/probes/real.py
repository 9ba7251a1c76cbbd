"""Running scripts for real, as a transport would: LC_ALL=C, no input, arguments as "$@"."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from readiness.core.scripts import Output

from .askings import asking, by_name

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NONCE = "0" * 64
SHELLS = {"dash": ["dash"], "bash": ["bash"], "busybox": ["busybox", "sh"]}


def need(tool: str, package: str | None = None) -> None:
    """Skip without the tool; where nothing may be skipped, install it, or fail."""
    if shutil.which(tool, path=PATH):
        return
    if os.environ.get("READINESS_REQUIRE") != "all":
        pytest.skip(f"no {tool} here")
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package or tool], check=True, capture_output=True
    )


def need_root() -> None:
    if os.geteuid() != 0:
        if os.environ.get("READINESS_REQUIRE") == "all":
            pytest.fail("this test needs root")
        pytest.skip("needs root")


@contextmanager
def roots_folder() -> Iterator[Path]:
    """One below folders that only root may change, which /tmp is not: elsewhere root reads nothing."""
    with tempfile.TemporaryDirectory(dir="/run", prefix="readiness-") as folder:
        yield Path(folder)


def run(
    fact: str,
    arguments: Sequence[str] = (),
    *,
    shell: str = "dash",
    path: str | None = None,
    within: Sequence[str] = (),
) -> Output:
    """One script's output; `within` is what starts the shell."""
    environment = {"PATH": path or PATH, "LC_ALL": "C", "NONCE": NONCE}
    command = [*within, *SHELLS[shell], "-c", by_name[fact].text_for(asking()), "readiness", *arguments]
    sent_s = time.time()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False)
    begun_s, took_s = sent_s, time.time() - sent_s
    return Output(fact, done.returncode, done.stdout, done.stderr, sent_s, begun_s, took_s)
