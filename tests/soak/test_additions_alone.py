"""Each addition in a copy of the tree of its own: what is tested of all of them together holds for each alone, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.additions.test_additions import NEARBY, TOUCHES, Tree


@pytest.mark.parametrize("name", TOUCHES)
def test_an_addition_alone_breaks_nothing_near_by(tmp_path: Path, name: str) -> None:
    addition, _, proof = TOUCHES[name]
    tree = Tree(tmp_path / "tree", addition)
    tree.tests_pass(*NEARBY)
    tree.tests_pass(*proof)
