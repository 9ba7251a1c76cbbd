"""Which hosts users' tests are run on: those that were logged in to, however that was proved."""

from __future__ import annotations

import pytest

from readiness.core.facts import Fact, HostFacts, HostKey, Login, Missing, Reached, Why
from readiness.core.outcomes import Target
from readiness.custom.suites import _unreached

LOGIN, REACHED = Login("ops", "agent"), Reached("10.0.0.1", 22, 0.001)
NO_KEY = Missing(Why.NOT_ASKED, "The local shell has no host key")
NO_TCP = Missing(Why.NOT_ASKED, "The local shell has no TCP connection")
CUT_SHORT = Missing(Why.HOST_TIMED_OUT, "120 s")
DIFFERS = Missing(Why.HOST_KEY_DIFFERS, "not what is pinned")


@pytest.mark.parametrize(
    ("reached", "host_key", "login", "reason"),
    [
        (REACHED, HostKey("k", "f", (), ()), LOGIN, None),
        (NO_TCP, NO_KEY, LOGIN, None),
        (CUT_SHORT, NO_KEY, LOGIN, CUT_SHORT),
        (REACHED, DIFFERS, DIFFERS, DIFFERS),
        (NO_TCP, NO_KEY, Missing(Why.NOT_ASKED), Missing(Why.NOT_ASKED)),
    ],
)
def test_a_login_is_what_counts(
    reached: Fact | Missing, host_key: Fact | Missing, login: Fact | Missing, reason: Missing | None
) -> None:
    values = {"reached": reached, "host_key": host_key, "login": login}
    store = {"bk01": HostFacts("bk01", values, dict.fromkeys(values, "bk01#0"))}
    assert _unreached(Target("bk01", "bk01"), store) == (reason, ("bk01#0",) if reason else ())


def test_a_host_that_nobody_contacted_was_not_logged_in_to() -> None:
    missing, _ = _unreached(Target("bk01", "bk01"), {})
    assert missing is not None
    assert missing.why is Why.NOT_ASKED
