"""The command that says which keys the estate's files may have."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from readiness.core.errors import InputError, Problem
from readiness.estate.keys import File, Key, find, keys_of, near


def keys(
    file: Annotated[
        Literal["estate", "baseline"] | None, typer.Argument(metavar="[estate|baseline]", show_default=False)
    ] = None,
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="Such as hosts.web01.ssh.port, or port.", show_default=False)
    ] = None,
) -> int:
    """List the keys of estate.yaml and baseline.yaml; with one, say all of it and of those below it."""
    files: tuple[File, ...] = ("estate", "baseline") if file is None else (file,)
    found = {name: keys_of(name) if key is None else find(name, key) for name in files}
    if key is not None and not any(found.values()):
        meant = near(files, key)
        hint = f"did you mean {', '.join(meant)}" if meant else "readiness keys lists them"
        where = " and ".join(f"{name}.yaml" for name in files)
        raise InputError([Problem(where, 0, 0, f"no key {key}", hint)])
    for name, entries in found.items():
        print(f"# {name}.yaml")
        widest = max((len(entry.path) for entry in entries), default=0)
        for entry in entries:
            print(f"{entry.path:{widest}}  {entry.description}" if key is None else _all_of(entry))
    return 0


def _all_of(key: Key) -> str:
    facts = [key.kind, "required" if key.required else f"{key.default} when left out" if key.default else "optional"]
    facts += [f"stated {key.scope}"] if key.scope else []
    example = f"\n    Example: {key.name}: {key.example}" if key.example else ""
    return f"{key.path}\n    {key.description}\n    {'; '.join(facts)}{example}"
