"""The lab as a pytest fixture: one lab for the whole session."""

import os
from collections.abc import Iterator

import pytest

from tests.lab.errors import LabError
from tests.lab.kernel import cgroup_mount
from tests.lab.lab import Lab
from tests.lab.packages import missing


def why_not() -> str | None:
    """Why no lab can be brought up here; None when one can."""
    if os.geteuid() != 0:
        return "the lab needs root"
    if wanted := missing():
        return f"packages are missing (python -m tests.lab prepare): {' '.join(wanted)}"
    try:
        cgroup_mount()
    except LabError as error:
        return str(error)
    return None


def require_lab() -> None:
    """Skip where no lab can be; fail instead where READINESS_REQUIRE=all asks for everything."""
    reason = why_not()
    if reason and os.environ.get("READINESS_REQUIRE") == "all":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab with three clients."""
    require_lab()
    with Lab.up(tmp_path_factory.mktemp("lab") / "state") as running:
        yield running
