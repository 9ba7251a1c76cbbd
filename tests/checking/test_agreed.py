"""What was agreed not to agree on holds to the end of its last day, in UTC, and no longer."""

from __future__ import annotations

from datetime import datetime

import pytest

from readiness.checking import agreed, counterpart
from readiness.core.evaluate import NotApplicable, Unjudged
from readiness.core.outcomes import Target
from readiness.estate import BASELINE, Baseline, load_bytes
from tests.estate.samples import GOOD, NAMES

DIR01 = Target("dir01", "dir01")
UNTIL = "{reason: a test, by: J. Doe, day: 2026-11-01, until: 2026-11-25}"
FOR_ALL = f"not_agreed: {{sshd: {UNTIL}, hosts.bareos.director: {UNTIL}}}"
ANOTHER = "not_agreed: {sshd: {reason: a test, by: J. Doe, day: 2026-11-01}}"
STATED = 'sshd: {PermitRootLogin: "no"}'


def baseline(text: str, as_of: str) -> Baseline:
    return load_bytes({**GOOD, BASELINE: text.encode()}, NAMES, datetime.fromisoformat(as_of)).baseline


@pytest.mark.parametrize("as_of", ["2026-11-25T00:00:00+00:00", "2026-11-25T23:59:59+00:00", "2026-11-26T03:00+04:00"])
def test_it_is_good_to_the_end_of_its_last_day(as_of: str) -> None:
    own = baseline(FOR_ALL, as_of)
    with pytest.raises(NotApplicable, match=r"^not agreed: a test \(J. Doe, 2026-11-01, until 2026-11-25\)$"):
        agreed(own, "sshd", DIR01)
    with pytest.raises(
        NotApplicable, match=r"^the estate has no bareos director, not agreed: a test \(J. Doe, 2026-11-01, until"
    ):
        counterpart(own, DIR01, "bareos", "director", None)


@pytest.mark.parametrize("as_of", ["2026-11-26T00:00:00+00:00", "2026-11-25T23:00:00-04:00", "2027-01-01T00:00+00:00"])
def test_past_it_the_demand_is_unknown(as_of: str) -> None:
    own = baseline(FOR_ALL, as_of)
    over = "until 2026-11-25, which is over: agree on {}, or on a later day; it was: a test .J. Doe, 2026-11-01, until"
    with pytest.raises(Unjudged, match=f"^not agreed {over}".format("sshd")):
        agreed(own, "sshd", DIR01)
    with pytest.raises(
        Unjudged, match=f"^the estate has no bareos director, not agreed {over}".format("hosts.bareos.director")
    ):
        counterpart(own, DIR01, "bareos", "director", None)


@pytest.mark.parametrize("more", [ANOTHER, STATED])
@pytest.mark.parametrize("where", ["groups: {late: {%s}}", "hosts: {dir01: {%s}}"])
def test_one_that_is_over_gives_way_to_nothing_that_is_more_general(more: str, where: str) -> None:
    text = (where % FOR_ALL).replace("late", "clients")
    with pytest.raises(Unjudged, match="which is over"):
        agreed(baseline(f"{more}\n{text}\n", "2026-11-26T00:00+00:00"), "sshd", DIR01)


def test_one_that_is_over_does_not_outdo_what_the_host_states() -> None:
    text = f"{FOR_ALL}\nhosts: {{dir01: {{{STATED}}}}}\n"
    assert agreed(baseline(text, "2026-11-26T00:00+00:00"), "sshd", DIR01) == {"PermitRootLogin": "no"}
