"""Values as YAML on one line, whatever they hold: no text becomes a key, a tag, an anchor, a comment or a line."""

from __future__ import annotations

import re
from typing import Any

import yaml

_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./]+)*")
_TRUTH_OR_NOTHING = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})


class _Dumper(yaml.SafeDumper):
    """Writes no aliases, and quotes every text that is not plainly a word."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as PyYAML calls it
        """What stands there twice is written twice."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    is_word = _WORDS.fullmatch(text) is not None and text.lower() not in _TRUTH_OR_NOTHING
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_word else '"')


_Dumper.add_representer(str, _text)


def flow(value: Any) -> str:
    """A value on one line, as it may stand behind a key; its keys in their order."""
    lists = list(value) if isinstance(value, tuple) else value
    text: str = yaml.dump(lists, Dumper=_Dumper, default_flow_style=True, width=1 << 30, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")
