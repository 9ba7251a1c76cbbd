"""Names that exist, and a hint for a word that is none of them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_ASKED_AT_MOST = 100


class Known:
    """Names that exist, and the name that was perhaps meant; comparing is slow, so only so many words are looked up."""

    def __init__(self, names: Iterable[str], what: str) -> None:
        self.names = frozenset(names)
        self._all, self._what = sorted(self.names), what
        self._hints: dict[str, str] = {}

    def hint(self, word: str) -> str:
        """`did you mean x`, or what there is."""
        if word not in self._hints and len(self._hints) < _ASKED_AT_MOST:
            self._hints[word] = self._meant(word)
        return self._hints.get(word, "")

    def _meant(self, word: str) -> str:
        folded = {name.lower(): name for name in self._all}
        if near := get_close_matches(word[:100].lower(), folded, n=1):
            return f"did you mean {folded[near[0]]}"
        if not self._all:
            return f"there are no {self._what}"
        more = ", ..." if len(self._all) > 12 else ""
        return f"{self._what}: {', '.join(self._all[:12])}{more}"
