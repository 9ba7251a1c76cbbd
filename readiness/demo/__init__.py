"""The embedded estate: in-process SSH servers that replay what real hosts of a lab answered; no root, any POSIX."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from readiness.demo.keys import new_key
from readiness.demo.server import Answers, serve

NOTE = "Recorded answers: the hosts of this estate are SSH servers inside this process that replay a run on a lab."
USER = "readiness"


def recordings() -> dict[str, Any]:
    """What the lab's hosts answered, with the estate they belong to."""
    found: dict[str, Any] = json.loads((files("readiness.demo") / "recordings.json").read_text())
    return found


@contextmanager
def embedded_estate(*, planted: bool = True) -> Iterator[Path]:
    """The folder of an estate whose hosts answer on loopback ports until the end.

    `planted`: with the faults that were planted in the lab, and one host that is down; without, all is well.
    """
    recorded = recordings()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="readiness-demo-"))) / "demo"
        folder.mkdir()
        login = new_key()
        identity = folder.parent / "id_ed25519"
        identity.touch(0o600)
        identity.write_bytes(login.private)
        pins = []
        for name, host in recorded["hosts"].items():
            own = new_key()
            answers = Answers(
                host["answers"] | (host["planted"] if planted else {}), host["clock_offset_s"] if planted else 0.0
            )
            up = not planted or name != recorded["down"]
            port = stack.enter_context(serve(own.private, USER, login.public, answers, up=up))
            pins.append(f"[127.0.0.1]:{port} {own.public}\n")
            recorded["estate"]["hosts"][name] |= {"address": "127.0.0.1", "ssh": {"port": port}}
        (folder / "known_hosts").write_text("".join(pins))
        estate = recorded["estate"] | {
            "note": NOTE,
            "ssh": {"user": USER, "identity_file": "../id_ed25519", "known_hosts": "known_hosts"},
        }
        # JSON is YAML, too.
        (folder / "estate.yaml").write_text(json.dumps(estate, indent=2))
        (folder / "baseline.yaml").write_text(json.dumps(recorded["baseline"], indent=2))
        yield folder
