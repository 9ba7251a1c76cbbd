"""The stand-in for Windows PowerShell: where it is, and running scripts on it as a WinRM client would."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Output, Script
from readiness.transports.shells import DIALECTS, powershell
from readiness.transports.shells.batch import Batch

ROOT = Path(__file__).parents[2]
PLAIN = {"SystemRoot": r"C:\Windows", "COMPUTERNAME": "BKP01", "USERDOMAIN": "BKP01", "USERNAME": "check"}


def find() -> Path | None:
    """The stand-in's program, or None where it is not."""
    shared = Path(os.environ.get("READINESS_SHARED", ROOT.parent / "shared"))
    found = shared / "tools" / "powershell" / "powershell"
    return found if found.exists() else None


def executable() -> Path:
    """The stand-in's program; where it is not, the test skips, or fails when everything is asked for."""
    found = find()
    if found is None:
        reason = "the stand-in for PowerShell is not there: READINESS_SHARED says where tools/powershell is"
        (pytest.fail if os.environ.get("READINESS_REQUIRE") == "all" else pytest.skip)(reason)
    return found


def run(*scripts: Script, env: Mapping[str, str] | None = None, timeout_s: float = 60.0) -> tuple[Output, ...]:
    """The scripts as one batch on a machine that `env` describes; what did not end is TIMED_OUT or UNREADABLE."""
    nonce = secrets.token_hex(16)
    batch = Batch(DIALECTS["powershell"], scripts, nonce)
    missing = Missing(Why.UNREADABLE, "PowerShell ended under this script")
    batch.sent(time.time(), time.monotonic())
    try:
        printed = subprocess.run(
            [executable(), *powershell.ARGUMENTS],
            input=powershell.packed(powershell.compose(scripts, nonce)).encode(),
            env={**PLAIN, "PATH": "/usr/bin:/bin", **(env or {})},
            capture_output=True,
            timeout=timeout_s,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired as error:
        printed, missing = error.stdout or b"", Missing(Why.TIMED_OUT, f"after {timeout_s:g} s")
    outputs = list(batch.feed(printed, stderr=False, now_s=time.time(), now=time.monotonic()))
    if not batch.finished:
        outputs.append(batch.unfinished(missing, time.time(), time.monotonic()))
    return tuple(outputs)
