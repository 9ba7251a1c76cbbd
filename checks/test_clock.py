"""Do all clocks agree: certificates, Kerberos and retention depend on it."""

from collections.abc import Iterator

import pytest

from readiness.checking import (
    Baseline,
    Clock,
    ClockSync,
    Estate,
    Facts,
    Inputs,
    Target,
    agreed,
    check,
    clocks,
    each_host,
    expect_that,
    unknown,
)


@pytest.fixture(scope="session")
def reference(all_facts: Facts, estate: Estate) -> clocks.Reference:
    """The median of all clocks that were read; each of them is evidence of what is compared with it."""
    return clocks.reference_of(all_facts.every(Clock).values(), len(estate.hosts))


def _enough(reference: clocks.Reference) -> None:
    if not reference.is_enough:
        unknown(f"no reference: only {reference.hosts} of {reference.of} clocks were read")


def _judge(offset_s: float, uncertainty_s: float, limit_s: float) -> None:
    """Expect an offset that is certainly within the limit; UNKNOWN where it is too uncertain to say."""
    offset = f"{offset_s:+.3f} s (uncertain by {uncertainty_s:.3f} s)"
    if abs(offset_s) + uncertainty_s > limit_s >= abs(offset_s) - uncertainty_s:
        unknown(f"the clock is off by {offset}: too uncertain to hold against {limit_s} s")
    expect_that(
        abs(offset_s) + uncertainty_s <= limit_s,
        expected=f"a clock within {limit_s} s of the estate's median",
        found=offset,
    )


@check(
    "CLK-001",
    severity="blocker",
    targets=each_host,
    needs=(Clock,),
    remedy="Mend the time service of the host; step the clock outside the backup window.",
    source="RFC 4120 section 1.6 (Kerberos: 5 minutes)",
)
def test_clock_agrees_with_the_estate(
    target: Target, facts: Facts, baseline: Baseline, reference: clocks.Reference
) -> None:
    """The clock agrees with the estate's.

    The reference is the median of all hosts' clocks; the round trip bounds the uncertainty.
    """
    limit_s = agreed(baseline, "clock.max_offset_s", target, facts)
    clock = facts.need(Clock)
    _enough(reference)
    _judge(clock.offset_s - reference.offset_s, clock.uncertainty_s + reference.uncertainty_s, limit_s)


@check(
    "CLK-002",
    severity="major",
    targets=each_host,
    needs=(ClockSync,),
    remedy="Enable chrony or systemd-timesyncd with the site's time servers.",
    source="chronyc(1); timedatectl(1)",
)
def test_clock_is_synchronised(facts: Facts) -> None:
    """The clock is synchronised.

    A clock that is right today and follows nobody is wrong by the next quarter.
    """
    sync = facts.need(ClockSync)
    by = f"by {sync.source}, says {sync.tool}" if sync.source else f"says {sync.tool}"
    expect_that(
        sync.synchronised,
        expected="a synchronised clock",
        found=f"synchronised {by}" if sync.synchronised else f"not synchronised, {by}",
    )


def controller(inputs: Inputs) -> Iterator[Target]:
    """The engineer's own machine, whose clock is compared with those of all hosts."""
    yield Target("controller", peers=tuple(inputs.estate.hosts))


@check(
    "CLK-003",
    severity="major",
    targets=controller,
    needs=(Clock,),
    remedy="Mend the time service of the machine that runs this: the times in the report are its own.",
    source="RFC 4120 section 1.6 (Kerberos: 5 minutes)",
)
def test_own_clock_agrees_with_the_estate(
    target: Target, facts: Facts, baseline: Baseline, reference: clocks.Reference
) -> None:
    """The clock of the machine that runs this agrees with the estate's.

    Every time in the report is this machine's.
    """
    limit_s = agreed(baseline, "clock.max_offset_s", target, facts)
    _enough(reference)
    _judge(-reference.offset_s, reference.uncertainty_s, limit_s)
